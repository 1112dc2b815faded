"""Assay's shell: everything that speaks HTTP, Celery or the terminal."""
