"""Domain events: what one noun tells all others, on whatever floor, without knowing them. A receiver does its part
inside the sender's transaction; what it cannot do fails the whole act."""

from django.dispatch import Signal

# Something that others rest on was withdrawn. Receivers get `actor`, `cause` (the record of the withdrawal),
# `because`, and `affected`: {kind: ids} of all that rests on it in the project. They answer with what they did about
# each, {(kind, id): words}, or None.
withdrawn = Signal()
# A withdrawal was taken back. Receivers get `actor` and `cause`.
reinstated = Signal()
# Somebody did something that goes on record. Sent inside the act's transaction, before its entry is appended; receivers
# get `actor`, `action`, `subject` (a record, or None) and `facts`, as the entry will have them.
acted = Signal()
