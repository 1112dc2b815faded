"""From frozen records to what people read: pictures, pages of documents, and files.

`assay.rendering.files.render` makes a file from a frozen document; `python -m assay.rendering` does so in a process
that knows no database.
"""
