"""Read and show a training run: its folder, its reports, its film, its TensorBoard files."""
