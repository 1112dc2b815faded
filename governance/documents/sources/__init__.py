"""What records say, in sentences: the one place that card, report and dossier take their words from.

A `Source` is a record as plain values under its content digest; the modules beside it turn sources into sentences
and see nothing else. So a sentence cannot rest on a record that it does not cite.
"""
