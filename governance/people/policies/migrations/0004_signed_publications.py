from importlib import import_module

from django.db import migrations, models

guards = import_module("governance.people.policies.migrations.0002_published_never_changes")


class Migration(migrations.Migration):

    dependencies = [("policies", "0003_envelopes")]

    operations = [
        # SQLite adds a column by making the table anew, and a trigger goes with the old one.
        migrations.RunPython(guards.unguard, guards.guard),
        migrations.AddField(
            model_name="policy",
            name="published_by_method",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.RunPython(guards.guard, guards.unguard),
    ]
