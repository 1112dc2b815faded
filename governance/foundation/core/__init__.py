"""Canonical JSON, digests, the base record, actors and errors."""
