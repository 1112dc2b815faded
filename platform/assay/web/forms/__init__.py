"""Forms, one module per noun. They read what a person typed; services judge it."""
