"""Data before it is used, as a plain library: `python -m preparation profile FILE`.

What a file holds, row by row, whatever its container and format; what is wrong with it, by line; what it is
called by (digests, Merkle roots); how good it is. Training, evaluation and governance rest on it, so a row is
read one way only. Importing this package loads the standard library and nothing heavy.
"""
