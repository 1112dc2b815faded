"""What we write: model cards and dossiers, assembled, frozen, rendered."""
