"""Who may do what inside a project. Pure; read like the policy that it is."""

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ML_ENGINEER = "ml_engineer"
    DATA_STEWARD = "data_steward"
    COMPLIANCE_OFFICER = "compliance_officer"
    RISK_OWNER = "risk_owner"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    AUDITOR = "auditor"
    VIEWER = "viewer"


SPOKEN = {
    Role.OWNER: "owner",
    Role.ML_ENGINEER: "ML engineer",
    Role.DATA_STEWARD: "data steward",
    Role.COMPLIANCE_OFFICER: "compliance officer",
    Role.RISK_OWNER: "risk owner",
    Role.DATA_PROTECTION_OFFICER: "data protection officer",
    Role.AUDITOR: "auditor",
    Role.VIEWER: "viewer",
}

MAKERS = frozenset({Role.OWNER, Role.ML_ENGINEER})

ALL = frozenset(Role)
ANSWERABLE = MAKERS | {
    Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER, Role.DATA_PROTECTION_OFFICER,
}  # fmt: skip
READERS = ALL - ANSWERABLE  # no policy and no loan makes deciders of them

# Who may start an act, part by part: the one table that services ask, and that pages, API and guide print.
# Who may *decide* on what was made is the approvals' business; to read takes any role, or an open audit engagement.
RIGHTS: dict[str, dict[str, frozenset[Role]]] = {
    "The project": {
        "describe the project": MAKERS | {Role.COMPLIANCE_OFFICER},
        "appoint people": frozenset({Role.OWNER}),
        "review access": frozenset({Role.OWNER}),
        "see access reviews": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.AUDITOR}),
        "hold an audit": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER}),
        "answer an auditor": ANSWERABLE,
        "answer the questionnaire": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}),
        "set approval policies": frozenset({Role.OWNER}),
    },
    "Data and base models": {
        "register a base model": MAKERS | {Role.DATA_STEWARD},
        "register data": MAKERS | {Role.DATA_STEWARD},
        "withdraw data": ANSWERABLE - {Role.ML_ENGINEER},
        "have rows annotated": MAKERS | {Role.DATA_STEWARD},
        "pick a licence": frozenset({Role.OWNER, Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}),
        "revoke a waiver": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}),
    },
    "Personal data": {
        "scan data": MAKERS | {Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER},
        "answer for personal data": frozenset({Role.OWNER, Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER}),
        "search for a person": frozenset({Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER}),
        "see searches for persons": frozenset(
            {Role.OWNER, Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR}
        ),
        "erase rows": frozenset({Role.DATA_PROTECTION_OFFICER}),
        "look behind pseudonyms": frozenset({Role.DATA_PROTECTION_OFFICER}),
        "place a hold": frozenset({Role.COMPLIANCE_OFFICER, Role.DATA_PROTECTION_OFFICER}),
    },
    "Keeping and deleting": {
        "set a retention rule": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.DATA_PROTECTION_OFFICER}),
        "propose a disposal": MAKERS | {Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER},
        "confirm a disposal": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.DATA_PROTECTION_OFFICER}),
    },
    "Plans and runs": {
        "write an evaluation plan": MAKERS | {Role.RISK_OWNER, Role.COMPLIANCE_OFFICER},
        "prepare a run": MAKERS,
        "launch a run": MAKERS,
        "write a change envelope": MAKERS | {Role.RISK_OWNER},
        "revoke a change envelope": frozenset(
            {Role.OWNER, Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}
        ),
        "cancel a run": MAKERS | {Role.RISK_OWNER, Role.DATA_STEWARD},
        "ask for an approval": ANSWERABLE,
    },
    "Documents, releases and deployments": {
        "declare dossier text": ANSWERABLE,
        "freeze a document": MAKERS | {Role.COMPLIANCE_OFFICER},
        "propose a release": MAKERS | {Role.RISK_OWNER},
        "release a model": frozenset({Role.RISK_OWNER, Role.OWNER}),
        "withdraw a release": frozenset({Role.RISK_OWNER, Role.OWNER, Role.COMPLIANCE_OFFICER}),
        "deploy a model": MAKERS | {Role.RISK_OWNER},
        "take a model out of use": MAKERS | {Role.RISK_OWNER, Role.COMPLIANCE_OFFICER},
        "export evidence": ALL - {Role.VIEWER},
    },
}
MAY: dict[str, frozenset[Role]] = {act: roles for part in RIGHTS.values() for act, roles in part.items()}
# What an administrator of the organisation may do in each of its projects, without a role there.
ADMINISTRATORS_TOO = frozenset({"appoint people", "hold an audit", "review access", "see access reviews"})


def may(roles: frozenset[Role] | set[Role], act: str) -> bool:
    """Whether somebody with `roles` may start `act`. An unknown act is a KeyError, never a silent yes."""
    return bool(MAY[act] & roles)


def takes(act: str) -> str:
    """“an owner or an ML engineer”: who may start `act`, in words."""
    said = listing(MAY[act])
    return f"{said}, or an administrator of the organisation" if act in ADMINISTRATORS_TOO else said


def clash(held: frozenset[Role], wanted: Role) -> str | None:
    """Why somebody with these roles cannot have another one beside them, or None: nobody audits their own work."""
    if wanted == Role.AUDITOR and (makes := held & ANSWERABLE):
        return f"They are {listing(makes)} there; an auditor has no other part in it."
    if wanted in ANSWERABLE and Role.AUDITOR in held:
        return "They audit this project; an auditor has no other part in it."
    return None


def listing(roles: frozenset[Role] | set[Role]) -> str:
    """“a data steward or an owner”, in the order of the roles above."""
    names = [f"{'an' if SPOKEN[role][0] in 'aeiouM' else 'a'} {SPOKEN[role]}" for role in Role if role in roles]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" or {names[-1]}"
