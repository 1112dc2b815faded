"""Who may see the rows of a dataset and who may take its file. Pure.

Data is shown to those whose work needs it: rows can hold what people said, so a viewer sees counts and lengths,
and only who makes, answers for or audits the data leaves with a copy (each time on record).
"""

from governance.people.projects.rules import MAKERS, Role

READ_ROWS = frozenset(Role) - {Role.VIEWER}
DOWNLOADERS = MAKERS | {Role.DATA_STEWARD, Role.AUDITOR}
# Paging reads from the start of the file each time; who needs rows further down downloads the file.
ROWS_WITHIN_REACH = 5_000


def may_read_rows(roles: frozenset[Role]) -> bool:
    return bool(roles & READ_ROWS)


def may_download(roles: frozenset[Role]) -> bool:
    return bool(roles & DOWNLOADERS)
