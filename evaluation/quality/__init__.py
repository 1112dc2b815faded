"""Quality: what the tuned model gained on its task and lost elsewhere."""
