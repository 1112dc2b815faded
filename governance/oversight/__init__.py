"""What we watch: what has to be kept, and for how long."""
