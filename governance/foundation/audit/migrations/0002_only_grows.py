from django.db import migrations

from governance.foundation.audit import guards


def install(apps, schema_editor):
    guards.install(schema_editor.connection, guards.EVENTS, guards.PERSONAL)


def remove(apps, schema_editor):
    guards.remove(schema_editor.connection, guards.EVENTS, guards.PERSONAL)


class Migration(migrations.Migration):
    """The trail only grows: UPDATE, DELETE, TRUNCATE and INSERT OR REPLACE are refused by the database."""

    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
