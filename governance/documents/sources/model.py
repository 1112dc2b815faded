"""What is known of the model itself: identity, lineage, files, architecture, what goes in and out. Pure."""

from evaluation.report import Report
from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, declared, measured, remark
from training.manifest import Manifest


def version(model_version: Source) -> Told:
    """Which version is described, under which identifier and digest."""
    facts = model_version.facts
    return measured(
        f"{facts['name']}, version {n.count(facts['number'])} of its project, identifier {model_version.id}. Composed "
        f"digest over base model, {facts['composition']['output']['kind']} and chat template: {facts['digest']}."
    )


def lineage(model_version: Source, base_model: Source, run: Source, earlier: tuple[Source, ...]) -> Told:
    """How this version relates to its base model and to earlier ones."""
    base = base_model.facts
    said = f"{model_version.name} was made from {base_model.name} (folder digest {n.short(base['folder_sha256'])}) "
    said += f"by run {run.name}. "
    if not earlier:
        return measured(f"{said}It is the first version of its project.")
    before = n.listing(f"{each.name} (digest {n.short(each.facts['digest'])})" for each in earlier)
    return measured(f"{said}Earlier versions of the project: {before}.")


def changes(model_version: Source, base_model: Source, manifest: Source, earlier: tuple[Source, ...]) -> Told:
    """What changed from version to version, by what the versions are composed of."""
    made: Manifest = manifest.facts
    how = made.method["name"] if made.method else "an unnamed method"
    if not earlier:
        template = made.data.template.sha256 if made.data else None
        same = template is not None and template == base_model.facts["architecture"].get("chat_template_sha256")
        return measured(
            f"{model_version.name} is the first version. Against its base model {base_model.name}, the run with "
            f"method “{how}” added or changed {_trained(made)}{'; the chat template is the same' if same else ''}."
        )
    last, now = earlier[-1], model_version.facts["composition"]
    before = last.facts["composition"]
    names = {"base_model": "base model", "output": "trained weights", "chat_template": "chat template"}
    differing = [words for key, words in names.items() if before.get(key) != now.get(key)]
    same = [words for key, words in names.items() if before.get(key) == now.get(key)]
    said = f"From {last.name} to {model_version.name}: "
    said += f"changed are {n.listing(differing)}" if differing else "nothing that the digest covers changed"
    return measured(f"{said}{f'; the same are {n.listing(same)}' if same else ''}.")


def _trained(made: Manifest) -> str:
    return n.counted(made.parameters.trainable, "parameter") if made.parameters else "parameters"


def base(base_model: Source, manifest: Source) -> Told | None:
    """Which pre-trained model was taken: as registered, and as the trainer found it."""
    facts, made = base_model.facts, manifest.facts
    if made.base_model is None:
        return None
    same = made.base_model.sha256 == facts["folder_sha256"]
    found = "the trainer found the same" if same else f"the trainer found another, {made.base_model.sha256}"
    said = (
        f"{base_model.name}: {n.counted(len(facts['files']), 'file')} registered under the folder digest "
        f"{facts['folder_sha256']}; {found} when the run began."
    )
    conversion = facts["conversion"] or {}
    if conversion.get("statement"):
        said += f" {conversion['statement']}"
        made_from = conversion.get("source") or {}
        if made_from.get("file") and made_from.get("sha256"):
            said += f" It was made from the file {made_from['file']}, sha256 {made_from['sha256']}."
    elif conversion:
        said += " Its folder brings a conversion record without a statement of what was done."
    return measured(said)


def base_said(base_model: Source) -> Told | None:
    """From whom it was taken and at which revision, as who registered it stated."""
    facts = base_model.facts
    parts = [
        f"Provider: {facts['provider']}." if facts["provider"] else "",
        f"Revision: {facts['revision']}." if facts["revision"] else "",
        f"Taken from: {facts['source'].rstrip('.')}." if facts["source"] else "",
    ]
    return declared(" ".join(part for part in parts if part))


def files(model_version: Source, base_model: Source) -> Told:
    """Which files make up this version, and how a recipient recognises them."""
    own = model_version.facts["files"]
    named = "".join(f"\n{entry['path']}, {n.size(entry['bytes'])}, sha256 {entry['sha256']}" for entry in own)
    said = f"{n.counted(len(own), 'file')} of this version:{named}"
    if model_version.facts["composition"]["output"]["kind"] == "adapter":
        said += (
            f"\nAn adapter works with its base model only: {n.counted(len(base_model.facts['files']), 'file')} of "
            f"{base_model.name} under the folder digest {base_model.facts['folder_sha256']}."
        )
    return measured(said)


def tampering(model_version: Source) -> Told:
    """How a changed weight file can be noticed."""
    facts = model_version.facts
    return measured(
        f"Each of its {n.counted(len(facts['files']), 'file')} has a sha256 on record, the folder of trained weights "
        f"has the digest {facts['composition']['output']['sha256']}, and all parts together have the composed digest "
        f"{facts['digest']}. A changed byte changes all three. The digests are not signed by themselves."
    )


def architecture(base_model: Source, manifest: Source) -> Told | None:
    """How the model is built."""
    made: Manifest = manifest.facts
    built = base_model.facts["architecture"]
    if made.base_model is None:
        return None
    parts = [
        n.counted(built["layers"], "layer") if built.get("layers") else "",
        f"{n.count(built['hidden_size'])} wide" if built.get("hidden_size") else "",
        n.counted(built["heads"], "attention head") if built.get("heads") else "",
        f"a vocabulary of {n.counted(built['vocabulary'], 'token')}" if built.get("vocabulary") else "",
    ]
    shape = ", ".join(part for part in parts if part) or "no sizes in its configuration"
    stored = n.listing(f"{n.count(number)} as {kind}" for kind, number in made.base_model.stored_as.items())
    name = built.get("class") or built["model_type"]
    said = f"{name} (model type “{built['model_type']}”): {shape}. Stored numbers of the base: {stored}."
    if made.output and made.output.kind == "adapter" and made.parameters:
        said += f" An adapter lies beside {n.listing(made.parameters.adapted) or 'its layers'}."
    return measured(said)


def parameters(manifest: Source) -> Told | None:
    """How many parameters there are, and how many were trained."""
    made: Manifest = manifest.facts
    if made.parameters is None:
        return None
    own = made.parameters
    beside = f", of which {n.count(own.base)} are the base model's" if own.total != own.base else ""
    return measured(
        f"{n.counted(own.total, 'parameter')} in all{beside}. {n.count(own.trainable)} were trained "
        f"({n.percent(own.trainable, own.total)})."
    )


def built(base_model: Source, manifest: Source) -> Told | None:
    """Architecture and size in one answer."""
    shape, number = architecture(base_model, manifest), parameters(manifest)
    return measured(f"{shape.text} {number.text}") if shape and number else None


def formats(base_model: Source, manifest: Source) -> Told | None:
    """Which kinds of input and output there are, and in which format they come."""
    made: Manifest = manifest.facts
    if made.data is None:
        return None
    kind = base_model.facts["modality"]
    template = made.data.template
    if template.sha256:
        said = (
            f"{kind.capitalize()} in, {kind} out. A conversation is laid out by the chat template with the sha256 "
            f"{template.sha256}; an answer ends with {n.listing(f'“{token}”' for token in template.end_tokens)}."
        )
    else:
        said = f"{kind.capitalize()} in, {kind} out, with no chat template: prompts are continued as they are."
    return measured(f"{said} Input is cut into tokens by the tokenizer that lies beside the weights.")


def length(base_model: Source, manifest: Source) -> Told | None:
    """How long input and output may be."""
    made: Manifest = manifest.facts
    context = base_model.facts["architecture"].get("context_length")
    limit = (made.hyperparameters or {}).get("max_length")
    if not context or limit is None or limit.value is None:
        return None
    return measured(
        f"Input and output together: at most {n.counted(context, 'token')}, the context length in the model's own "
        f"configuration. Trained rows were limited to {n.amount(float(limit.value))} tokens; how it behaves beyond "
        f"that was not measured."
    )


def input_kind(base_model: Source, manifest: Source) -> Told | None:
    """What input must look like: kind, format, greatest length."""
    first, second = formats(base_model, manifest), length(base_model, manifest)
    return measured(f"{first.text} {second.text}") if first and second else None


def template(model_version: Source, base_model: Source, manifest: Source) -> Told | None:
    """Which chat template and tokenizer belong to it."""
    made: Manifest = manifest.facts
    if made.data is None:
        return None
    tokenizers = [entry for entry in model_version.facts["files"] if entry["path"].endswith("tokenizer.json")]
    own = f"sha256 {tokenizers[0]['sha256']}, in this version's files" if tokenizers else f"that of {base_model.name}"
    sha256 = made.data.template.sha256
    said = f"Chat template with the sha256 {sha256}" if sha256 else "No chat template"
    return measured(f"{said}. Tokenizer: {own}.")


def runtime(model_version: Source, evaluation: Source) -> Told:
    """With which software and hardware it was run after training; others were not tried."""
    report: Report = evaluation.facts
    around = report.environment
    packages = n.listing(f"{name} {held}" for name, held in sorted((around.get("packages") or {}).items()) if held)
    devices = n.listing(sorted({f"“{model.device}”" for model in report.models if model.device}))
    kind = model_version.facts["composition"]["output"]["kind"]
    needs = " It needs the weights of its base model beside it." if kind == "adapter" else ""
    return measured(
        f"The evaluation loaded and ran it with Python {around.get('python')} on {around.get('system')} "
        f"{around.get('machine')}, {packages}{f', on {devices}' if devices else ''}. Other versions, drivers or "
        f"devices were not tried.{needs}"
    )


def footprint(model_version: Source, base_model: Source, manifest: Source) -> Told | None:
    """Storage as counted, memory as far as measured."""
    made: Manifest = manifest.facts
    own = sum(entry["bytes"] for entry in model_version.facts["files"])
    said = f"{n.size(own)} of files in this version"
    if model_version.facts["composition"]["output"]["kind"] == "adapter":
        said += f", and {n.size(sum(entry['bytes'] for entry in base_model.facts['files']))} of the base model"
    if made.memory is None:
        return measured(f"{said}. Memory while it runs: not measured.")
    peak = n.size(made.memory.peak_rss_bytes)
    return measured(f"{said}. Memory: at most {peak} during training; while it answers, not measured.")


def card(model_card: Source) -> Told:
    """The guidance that comes with the model."""
    return measured(f"{model_card.name}, frozen under the sha256 {model_card.sha256}.")


def upstream(base_model: Source) -> Told | None:
    """What the base model's provider documents, as who registered it noted."""
    return declared(base_model.facts["upstream_notes"])


def released(release: Source) -> Told:
    """When this version was released, and for what."""
    facts = release.facts
    by = f" by {facts['released_by']}" if facts.get("released_by") else ""
    return measured(f"Released on {n.minute(facts['released_at'])}{by}, for this purpose: {facts['purpose']}")


def channels(release: Source, project: Source) -> Told:
    """By which channels it is given out, as the project describes itself."""
    ways = {"none": "not at all", "api": "over a service", "weights": "as weights"}
    return measured(f"{release.name}; the project hands its models on {ways[project.facts['distribution']]}.")


def approved(
    run: Source, base_model: Source, datasets: tuple[Source, ...], decisions: tuple[Source, ...]
) -> Told | None:
    """Who approved what went in and the plan, as they are now; beside the steps, no step itself."""
    subjects = {each.id: each for each in (base_model, *datasets, run)}
    said = [
        f"{subjects[subject['id']].name} {_how_approved(each)} on {n.minute(each.at)}"
        for each in decisions
        if (subject := each.facts["subject"])["id"] in subjects
        and subject["sha256"] == subjects[subject["id"]].sha256
        and each.facts["verdict"] in ("approve", "passed")
        and each.at
    ]
    return remark(f"Approved as they are: {'; '.join(said)}.") if said else None


def _how_approved(decision: Source) -> str:
    """By a decision on it, or because a range that covers it had been approved."""
    if decision.facts["verdict"] == "passed":
        return f"under {decision.facts['envelope']['name']}, approved beforehand by {decision.by}"
    return f"by {decision.by} ({n.listing(decision.facts['roles'])})"
