"""REST under /api/v1/, one module per noun. The same services as the pages."""
