"""What we do: evaluation plans, runs, model versions, evaluations."""
