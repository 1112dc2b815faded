from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datasets", "0004_quality_profiles")]

    operations = [
        migrations.RenameField("split", "made_by", "asked_by"),
        migrations.RenameField("split", "made_by_name", "asked_by_name"),
        migrations.AddField("import", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("split", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("qualityprofile", "ended_at", models.DateTimeField(blank=True, null=True)),
    ]
