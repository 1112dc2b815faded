"""What the documents' templates are given: a document's JSON, put in the order in which it is read. Pure."""
