"""Descriptions of datasets as others write them, out and in.

Out: `writing.FORMS`, a closed list. In: `reading.read` takes the text of any of them, and says of each answer where it
stood; nothing of it counts until a person has looked at it and registers a version with it.
"""
