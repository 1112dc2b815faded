"""What must hold before a model is taken into use: its release, all that this rests on, and an approval where a policy
asks for one."""

from governance.delivery.deployments.models import Deployment
from governance.delivery.releases import gates as releases
from governance.people.policies import selectors as policies
from governance.work.runs.gates import Gate


def for_deployment(deployment: Deployment) -> list[Gate]:
    """Every gate of a deployment, its own approval last."""
    gates = releases.for_use(deployment.release)
    if policies.asks_for(deployment.kind, deployment.project_id):
        gates.append(releases.stands("Deployment approved", deployment, deployment.project_id))
    return gates
