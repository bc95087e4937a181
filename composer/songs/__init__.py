"""Songs, the exchange type of everything, and the files that hold them."""
