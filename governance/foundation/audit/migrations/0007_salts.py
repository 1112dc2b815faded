from django.db import migrations, models

from governance.foundation.audit import guards


def install(apps, schema_editor):
    guards.install(schema_editor.connection, guards.SALTS)


def remove(apps, schema_editor):
    guards.remove(schema_editor.connection, guards.SALTS)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_time_stamps'),
    ]

    operations = [
        migrations.CreateModel(
            name='Salt',
            fields=[
                ('row', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('salt', models.BinaryField()),
            ],
        ),
        migrations.RunPython(install, remove),
    ]
