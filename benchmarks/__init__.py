"""Benchmarks of the libraries: `make bench`. Ratios are taken side by side in one run, for machines differ."""
