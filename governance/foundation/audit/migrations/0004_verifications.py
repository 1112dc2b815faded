from django.db import migrations, models

from governance.foundation.audit import guards


def install(apps, schema_editor):
    guards.install(schema_editor.connection, guards.VERIFICATIONS)


def remove(apps, schema_editor):
    guards.remove(schema_editor.connection, guards.VERIFICATIONS)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_signed_heads'),
    ]

    operations = [
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('by_name', models.CharField(max_length=200)),
                ('seconds', models.FloatField()),
                ('entries', models.BigIntegerField()),
                ('records', models.BigIntegerField()),
                ('signed_to', models.BigIntegerField(null=True)),
                ('faults', models.JSONField(default=list)),
            ],
            options={
                'ordering': ['-at'],
                'get_latest_by': 'at',
            },
        ),
        migrations.RunPython(install, remove),
    ]
