import django.db.models.deletion
from django.db import migrations, models

from governance.foundation.audit import guards


def install(apps, schema_editor):
    guards.install(schema_editor.connection, guards.STAMPS)


def remove(apps, schema_editor):
    guards.remove(schema_editor.connection, guards.STAMPS)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0005_entries_by_person'),
    ]

    operations = [
        migrations.CreateModel(
            name='TimeStamp',
            fields=[
                ('head', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='stamp', serialize=False, to='audit.treehead')),
                ('at', models.DateTimeField()),
                ('authority', models.CharField(max_length=200)),
                ('response', models.BinaryField()),
            ],
        ),
        migrations.RunPython(install, remove),
    ]
