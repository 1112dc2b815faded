"""The sealed evidence bundle and its offline verifier."""
