"""From frozen records to what people read: pictures, pages of documents, and files."""
