"""A proposed release held against a change envelope: its model's run, and what was measured on the model."""

from governance.delivery.releases.models import Release
from governance.work.envelopes import candidates, rules
from governance.work.envelopes.models import Envelope
from governance.work.envelopes.rules import Check


def checks(envelope: Envelope, release: Release) -> list[Check] | None:
    """None where the envelope says nothing of releases."""
    reference, report = envelope.measured, release.evaluation.report
    if reference is None or report is None:
        return None
    found = candidates.measured_of(report, release.purpose, release.accepted_findings)
    return [
        *candidates.run(envelope, release.model_version.run),
        *rules.of_measured(envelope.bounds, reference, found),
    ]
