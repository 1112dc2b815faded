"""Personal data and secrets in rows: what is there, by kind, and how to take it out.

Patterns and checksums of published formulas, offline and without a model: `recognisers` say what stands where in a
text, `scanning` counts over a file, `redaction` writes a file without it. Names and places need a model that the
operator names (`names`); without one they are not looked for, and the result says so. How much of it is found is
measured on labelled text (`measuring`, figures in data/).

python-stdnum, which knows more national numbers, is LGPL-2.1-or-later and is not used: what Assay ships is free of
GPL and LGPL. Presidio (MIT) is the yardstick in the tests: at work it would load spaCy, take milliseconds a sentence,
and ask the network for a list of domains.
"""
