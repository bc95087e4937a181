"""Training: what is asked, the loop, the ways to train, and what is exported."""
