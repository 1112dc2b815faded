"""What we use: base models and datasets."""
