"""Publishing a policy, signed: policies lie below, and do not know how people show who they are."""

from uuid import UUID

from governance.foundation.core.actor import Actor
from governance.people.approvals import reauthentication
from governance.people.approvals.rules import Verdict
from governance.people.policies import services
from governance.people.policies.models import Policy

MEANING = "I put this policy in force, and answer for who decides under it."


def publish(*, actor: Actor, policy_id: UUID, proof: str) -> Policy:
    """Have a policy govern from now on what is asked; `proof` is for its content digest.

    Raises NotFound, NotAllowed (who, or no proof), WrongState, Unusable.
    """

    def signed(digest: str) -> str:
        return reauthentication.consume(proof=proof, actor=actor, subject_digest=digest, verdict=Verdict.APPROVE)

    return services.publish(actor=actor, policy_id=policy_id, signed=signed)
