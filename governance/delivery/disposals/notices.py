"""Who is told that something is due. Nothing is deleted by that: a person proposes what goes."""

from governance.delivery.disposals import selectors, things
from governance.foundation.core.canonical import digest
from governance.oversight.retention.models import RetentionRule
from governance.people.notifications import services as notifications
from governance.people.notifications.rules import Kind
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import MAY

ACT = "propose a disposal"


def tell_what_is_due() -> int:
    """Tell the people of each project that has a rule what may go now, once for the same things. Returns how many
    projects have something due."""
    told = 0
    for project in Project.objects.filter(pk__in=RetentionRule.objects.values("project")):
        kept = selectors.Kept(things.of_project(project), selectors.listed(project))
        if not (due := kept.due):
            continue
        told += 1
        count = "1 thing is" if len(due) == 1 else f"{len(due):,} things are"
        notifications.give(
            kind=Kind.DUE,
            about=project,
            people={member.user_id for member in projects.people_with(project.pk, MAY[ACT])},
            text=f"{count} due to be deleted in {project}: look under Retention.",
            act=digest(["retention.due", str(project.pk), sorted(str(each.record.pk) for each in due)]),
        )
    return told
