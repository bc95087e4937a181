"""What a training run leaves: its folder, its reports, its film, its TensorBoard files."""
