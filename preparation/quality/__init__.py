"""How good the rows of a file are: one module for each family of measures, and a checklist over them.

A measure is told of every row in turn and keeps numbers, never text, so that files of millions of rows are measured
in bounded memory. What it gives says `n` (how many rows it looked at), whether those are a sample, and the numbers of
a few example rows; what could not be measured says why under `not_measured`. `quality.profiling.measure` runs them
all; `quality.checklist` reads the result as a person would.
"""
