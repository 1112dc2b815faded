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

# Who may start an act. Who may *decide* on what was made is the approvals' business.
MAY: dict[str, frozenset[Role]] = {
    "describe the project": MAKERS | {Role.COMPLIANCE_OFFICER},
    "appoint people": frozenset({Role.OWNER}),
    "answer the questionnaire": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}),
    "register a base model": MAKERS | {Role.DATA_STEWARD},
    "register data": MAKERS | {Role.DATA_STEWARD},
    "withdraw data": frozenset(
        {Role.OWNER, Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER, Role.DATA_PROTECTION_OFFICER}
    ),
    "scan data": MAKERS | {Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER},
    "answer for personal data": frozenset({Role.OWNER, Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER}),
    "have rows annotated": MAKERS | {Role.DATA_STEWARD},
    "erase rows": frozenset({Role.DATA_PROTECTION_OFFICER}),
    "place a hold": frozenset({Role.COMPLIANCE_OFFICER, Role.DATA_PROTECTION_OFFICER}),
    "search for a person": frozenset({Role.DATA_STEWARD, Role.DATA_PROTECTION_OFFICER}),
    "see searches for persons": frozenset(
        {Role.OWNER, Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR}
    ),
    "look behind pseudonyms": frozenset({Role.DATA_PROTECTION_OFFICER}),
    "write an evaluation plan": MAKERS | {Role.RISK_OWNER, Role.COMPLIANCE_OFFICER},
    "prepare a run": MAKERS,
    "launch a run": MAKERS,
    "cancel a run": MAKERS | {Role.RISK_OWNER, Role.DATA_STEWARD},
    "ask for an approval": MAKERS
    | {Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER, Role.DATA_PROTECTION_OFFICER},
    "pick a licence": frozenset({Role.OWNER, Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}),
    "revoke a waiver": frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER}),
    "declare dossier text": MAKERS
    | {Role.DATA_STEWARD, Role.COMPLIANCE_OFFICER, Role.RISK_OWNER, Role.DATA_PROTECTION_OFFICER},
    "freeze a document": MAKERS | {Role.COMPLIANCE_OFFICER},
    "propose a release": MAKERS | {Role.RISK_OWNER},
    "release a model": frozenset({Role.RISK_OWNER, Role.OWNER}),
    "withdraw a release": frozenset({Role.RISK_OWNER, Role.OWNER, Role.COMPLIANCE_OFFICER}),
    "export evidence": frozenset(Role) - {Role.VIEWER},
}


def may(roles: frozenset[Role] | set[Role], act: str) -> bool:
    """Whether somebody with `roles` may start `act`. An unknown act is a KeyError, never a silent yes."""
    return bool(MAY[act] & roles)


def listing(roles: frozenset[Role] | set[Role]) -> str:
    """“a data steward or an owner”, in the order of the roles above."""
    names = [f"{'an' if SPOKEN[role][0] in 'aeiouM' else 'a'} {SPOKEN[role]}" for role in Role if role in roles]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" or {names[-1]}"
