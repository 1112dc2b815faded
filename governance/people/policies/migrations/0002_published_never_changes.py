from django.db import migrations

SQLITE = """
CREATE TRIGGER published_policy_never_changes BEFORE UPDATE ON policies_policy
WHEN OLD.state <> 'draft' AND (
    NEW.terms_content IS NOT OLD.terms_content OR NEW.organisation_id IS NOT OLD.organisation_id
    OR NEW.project_id IS NOT OLD.project_id OR NEW.risk_class IS NOT OLD.risk_class
    OR NEW.subject_kind IS NOT OLD.subject_kind OR NEW.number IS NOT OLD.number OR NEW.state = 'draft'
)
BEGIN SELECT RAISE(ABORT, 'A published policy never changes.'); END
"""

POSTGRESQL = """
CREATE FUNCTION published_policy_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (
        NEW.state = 'draft'
        OR (NEW.terms_content, NEW.organisation_id, NEW.project_id, NEW.risk_class, NEW.subject_kind, NEW.number)
        IS DISTINCT FROM
        (OLD.terms_content, OLD.organisation_id, OLD.project_id, OLD.risk_class, OLD.subject_kind, OLD.number)
    ) THEN RAISE EXCEPTION 'A published policy never changes.'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_policy_never_changes BEFORE UPDATE ON policies_policy
FOR EACH ROW EXECUTE FUNCTION published_policy_never_changes();
"""


def guard(apps, schema_editor):
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def unguard(apps, schema_editor):
    on = " ON policies_policy" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER published_policy_never_changes{on}")
    if on:
        schema_editor.execute("DROP FUNCTION published_policy_never_changes()")


class Migration(migrations.Migration):

    dependencies = [("policies", "0001_initial")]

    operations = [migrations.RunPython(guard, unguard)]
