"""What we stand on: canonical JSON, digests, actors, errors, the audit trail, jobs."""
