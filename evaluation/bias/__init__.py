"""Bias: whether a model treats people differently by the group they are named with."""
