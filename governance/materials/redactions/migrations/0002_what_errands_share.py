from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("redactions", "0001_redactions_and_pseudonyms")]

    operations = [migrations.AddField("redaction", "ended_at", models.DateTimeField(blank=True, null=True))]
