import django.db.models.deletion
from django.db import migrations, models

from governance.foundation.core.canonical import digest

# What governed before there were policies: one step for each kind, as the default edition has had it since.
EDITION = "assay/2026-11-26"
OWN = ["asked", "made"]
OF_RUN = ["asked", "edited-data", "launched", "made", "wrote-thresholds"]
OF_DOSSIER = [
    "asked", "brought-model", "classified", "described", "edited-data", "launched", "made", "wrote-thresholds",
]  # fmt: skip
STEPS = {
    "dataset_version": ("Review of the data", ["data_steward"], ["asked", "edited-data", "made"]),
    "base_model": ("Review of the base model", ["data_steward"], OWN),
    "run": ("Review of the run plan", ["risk_owner"], OF_RUN),
    "waiver": ("Acceptance of the use", ["risk_owner"], OWN),
    "erasure": ("Check of the rows", ["data_steward", "owner"], OWN),
    "dossier": ("Review of the dossier", ["compliance_officer"], OF_DOSSIER),
    "release": ("Responsibility for the release", ["risk_owner"], OF_RUN),
}


def keep_what_governed(apps, schema_editor):
    requests = apps.get_model("approvals", "ApprovalRequest").objects
    decisions = apps.get_model("approvals", "Decision").objects
    for kind, (name, roles, barred) in STEPS.items():
        terms = {
            "steps": [{"name": name, "roles": roles, "people": [], "quorum": 1, "stage": 1, "parts": []}],
            "barred": barred,
            "expires_after_days": None,
            "comment_required": False,
            "deadline_days": None,
            "remind_after_days": None,
            "escalate_to": None,
        }
        named = digest({"edition": EDITION, "subject_kind": kind, "terms": terms})
        requests.filter(subject_kind=kind).update(terms_content=terms, policy_digest=named)
        decisions.filter(request__subject_kind=kind).update(step=name)


class Migration(migrations.Migration):

    dependencies = [
        ("approvals", "0004_erasures"),
        ("policies", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="approvalrequest",
            name="policy",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="policies.policy"),
        ),
        migrations.AddField(
            model_name="approvalrequest",
            name="policy_digest",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="approvalrequest",
            name="terms_content",
            field=models.JSONField(default=dict),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="decision",
            name="parts",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="decision",
            name="step",
            field=models.CharField(default="", max_length=80),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="approvalrequest",
            name="subject_kind",
            field=models.CharField(choices=[("dataset_version", "dataset version"), ("base_model", "base model"), ("run", "run plan"), ("waiver", "waiver"), ("erasure", "erasure"), ("dossier", "dossier"), ("release", "release")], max_length=40),
        ),
        migrations.RunPython(keep_what_governed, migrations.RunPython.noop),
    ]
