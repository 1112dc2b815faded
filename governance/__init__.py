"""The records and the rules: no HTTP, no Celery. Eight floors, read from the bottom up."""
