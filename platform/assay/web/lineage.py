"""What came from what, as a picture: base model and data, the run, the model, its evaluation, dossier, release."""

from django.utils.translation import gettext as _

from assay.rendering import pictures
from assay.rendering.pictures import Edge, Node, Picture
from assay.web import addresses
from governance.foundation.core.records import Record
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run


def of_run(run: Run) -> Picture:
    """From what `run` takes to what it made, so far as it got."""
    nodes, edges = _of_run(run, here=run)
    model = getattr(run, "model_version", None)
    if model is not None:
        nodes, edges = _with_model(model, nodes, edges, here=run)
    return pictures.lineage(nodes, edges, title=_("Lineage of %(run)s") % {"run": run})


def of_model(model: ModelVersion) -> Picture:
    """From what `model` was made of to what was written about it."""
    nodes, edges = _with_model(model, *_of_run(model.run, here=model), here=model)
    return pictures.lineage(nodes, edges, title=_("Lineage of %(model)s") % {"model": model})


def _of_run(run: Run, *, here: Record) -> tuple[list[Node], list[Edge]]:
    inputs = [_node(run.base_model, _("base model"), here=here)]
    inputs += [_node(version, _("data"), here=here) for version in run.data()]
    if run.evaluation_plan is not None:
        inputs.append(_node(run.evaluation_plan, _("evaluation plan"), here=here))
    nodes = [*inputs, _node(run, _("run"), here=here)]
    return nodes, [Edge(node.id, str(run.pk)) for node in inputs]


def _with_model(
    model: ModelVersion, nodes: list[Node], edges: list[Edge], *, here: Record
) -> tuple[list[Node], list[Edge]]:
    nodes = [*nodes, _node(model, _("model"), here=here)]
    edges = [*edges, Edge(str(model.run_id), str(model.pk))]
    about: list[tuple[Record, str]] = [(one, _("evaluation")) for one in model.evaluations.all()[:3]]
    dossier = getattr(model, "dossier", None)
    if dossier is not None:
        about += [(version, _("dossier")) for version in dossier.versions.order_by("-number")[:1]]
    about += [(one, _("release")) for one in model.releases.all()[:2]]
    for record, kind in about:
        nodes.append(_node(record, kind, here=here))
        edges.append(Edge(str(model.pk), str(record.pk)))
    return nodes, edges


def _node(record: Record, kind: str, *, here: Record) -> Node:
    gone = getattr(record, "state", "") == "withdrawn"
    return Node(
        str(record.pk), str(record), kind,
        here=record.pk == here.pk, gone=gone, url="" if record.pk == here.pk else addresses.of(record.kind, record.pk),
    )  # fmt: skip
