import django.db.models.deletion
from django.db import migrations, models

from governance.foundation.audit import guards


def install(apps, schema_editor):
    guards.install(schema_editor.connection, guards.KEYS, guards.HEADS, guards.SUBTREES)


def remove(apps, schema_editor):
    guards.remove(schema_editor.connection, guards.KEYS, guards.HEADS, guards.SUBTREES)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_only_grows'),
    ]

    operations = [
        migrations.CreateModel(
            name='Subtree',
            fields=[
                ('place', models.BigIntegerField(primary_key=True, serialize=False)),
                ('hash', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='TrailKey',
            fields=[
                ('number', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('public_key', models.CharField(max_length=64, unique=True)),
                ('since', models.DateTimeField()),
                ('first_size', models.BigIntegerField()),
                ('statement', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='TreeHead',
            fields=[
                ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('root', models.CharField(max_length=64)),
                ('checkpoint', models.TextField()),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='heads', to='audit.trailkey')),
            ],
            options={
                'ordering': ['-size'],
            },
        ),
        migrations.RunPython(install, remove),
    ]
