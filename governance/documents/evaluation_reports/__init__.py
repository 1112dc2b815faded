"""The evaluation report as a document: the evaluator's own report, unchanged, with what a reader needs beside it.

It has no record of its own: the same evaluation gives the same document and the same digest at any time.
"""
