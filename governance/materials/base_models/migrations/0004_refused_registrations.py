from django.db import migrations, models

import governance.materials.base_models.rules


def refuse_what_was_refused(apps, schema_editor):
    """Until now what a folder's owner can mend and what the platform could not do were one state."""
    for registration in apps.get_model("base_models", "Registration").objects.filter(state="failed"):
        if (registration.error or {}).get("fault") == "user":
            registration.state = "refused"
            registration.save(update_fields=["state"])


class Migration(migrations.Migration):
    dependencies = [("base_models", "0003_registration")]

    operations = [
        migrations.AddField("registration", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("registration", "error", models.JSONField(blank=True, null=True)),
        migrations.AlterField(
            "registration",
            "state",
            models.CharField(
                choices=[(s.value, s.value) for s in governance.materials.base_models.rules.State],
                default=governance.materials.base_models.rules.State["QUEUED"],
                max_length=12,
            ),
        ),
        migrations.RunPython(refuse_what_was_refused, migrations.RunPython.noop),
    ]
