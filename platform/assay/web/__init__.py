"""Pages, one module per noun. They translate: form -> service -> page; no rules, no writes."""
