"""What must hold before a model is taken into use: its release, all that this rests on, and an approval where a policy
asks for one."""

from governance.delivery.deployments.models import Deployment
from governance.delivery.releases import gates as releases
from governance.people.approvals.selectors import standing
from governance.people.policies import selectors as policies
from governance.work.runs.gates import Gate, Light


def for_deployment(deployment: Deployment) -> list[Gate]:
    """Every gate of a deployment, its own approval last."""
    gates = releases.for_use(deployment.release)
    if policies.asks_for(deployment.kind, deployment.project_id):
        gates.append(_approved(deployment))
    return gates


def _approved(deployment: Deployment) -> Gate:
    answer = standing(deployment, deployment.project_id)
    key, label, pk = f"{deployment.kind}:{deployment.pk}", "Deployment approved", str(deployment.pk)
    if answer.granted:
        return Gate(key, label, Light.GREEN, f"{deployment}: by {answer.by}", answer.remark, deployment.kind, pk)
    needs = " and ".join(answer.missing)
    return Gate(key, label, Light.RED, f"{deployment} needs {needs}", answer.why, deployment.kind, pk)
