"""Safety: complying with harmful requests, and refusing harmless ones."""
