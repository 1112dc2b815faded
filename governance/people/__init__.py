"""Who we are: organisations, projects, approvals."""
