"""What `manage.py check --database default`, every migration and `assay doctor` say about the trail's protection."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from governance.foundation.audit import guards


@register(Tags.database)
def only_grows(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """W001: a trigger is missing or altered. W002: the connected role could switch them off."""
    said: list[CheckMessage] = []
    for name in databases or ():
        connection = connections[name]
        if not guards.UNIQUE.keys() <= set(connection.introspection.table_names()):
            continue  # a migration that makes one of them is about to run
        said += [
            Warning(f"The audit trail is not protected: {why}.", hint=guards.CURE, id="audit.W001")
            for why in guards.objections(connection)
        ]
        said += [
            Warning(f"The audit trail could be switched off: {why}.", hint=guards.ROLE_CURE, id="audit.W002")
            for why in guards.too_much(connection)
        ]
    return said
