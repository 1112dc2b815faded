"""What is known of the data: as measured in the file and by the trainer, and as its registrant states it. Pure."""

from evaluation.report import Report
from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, declared, measured, not_measured, remark
from governance.materials.datasets import provenance as standards
from training.manifest import FileReport, Manifest, PartReport


def description(dataset: Source) -> Told:
    """What is in the data: size, form, lengths."""
    facts, profile = dataset.facts, dataset.facts["profile"]
    said = (
        f"{dataset.name}: {n.counted(facts['rows'], 'row')} in the format “{facts['format']}”, "
        f"{n.size(facts['file_bytes'])}, file sha256 {facts['file_sha256']}."
    )
    for key, words in (("prompt_characters", "What goes in"), ("answer_characters", "What is learnt")):
        spread = profile.get(key)
        if spread:
            said += (
                f" {words} has {n.count(spread['min'])} to {n.counted(spread['max'], 'character')} a row, median "
                f"{n.count(spread['median'])}."
            )
    turns = profile.get("turns") or {}
    if turns:
        by_turns = n.listing(f"{turn} in {n.counted(rows, 'row')}" for turn, rows in turns.items())
        said += f" Messages a row: {by_turns}."
    return measured(said)


def kinds(evaluation: Source, manifest: Source, datasets: tuple[Source, ...]) -> Told | None:
    """Which kinds of data served for training, validation and testing."""
    found: Manifest = manifest.facts
    report: Report = evaluation.facts
    if found.data is None:
        return None
    text = n.listing(
        f"{each.name} ({n.counted(each.facts['rows'], 'row')}, “{each.facts['format']}”)" for each in datasets
    )
    suites = [f"{task.suite.name} ({n.counted(task.n_used, 'item')})" for task in report.tasks if task.suite]
    return measured(
        f"Training and validation: text rows of {text}, {n.count(found.data.train_rows)} for training and "
        f"{n.count(found.data.validation_rows)} for validation. Testing: {n.listing(suites) or 'no items'}."
    )


def languages(dataset: Source) -> Told | None:
    """Which languages it is in, as stated; they are not measured."""
    said = dataset.facts["provenance"].get("languages")
    return declared(f"{dataset.name}: languages {said}.") if said else None


def origin(dataset: Source) -> Told | None:
    """From where and from whom it comes, and how it was obtained."""
    fields = (
        ("source", "Source"), ("issuer", "Issued by"), ("places", "Countries"), ("origin_geography", "Origin"),
        ("method", "Method"), ("collected_from", "Collected from"), ("collected_to", "Collected until"),
        ("derived_from_versions", "Derived from the versions"), ("derived_from", "Derived from"),
    )  # fmt: skip
    return _stated(dataset, fields)


def rights(dataset: Source) -> Told:
    """Under which terms it may be used: as stated, with what other places say."""
    facts = dataset.facts
    said = f"{dataset.name}: {facts['licence']}"
    checked = facts["provenance"].get("licence_checked_by")
    said += f"; checked by: {checked.rstrip('.')}." if checked else "; who checked the licence is not recorded."
    told = [f"{entry['where']} says {entry['says']}" for entry in facts["licence_told"]]
    if told:
        said += f" Elsewhere: {n.listing(told)}."
    fields = (
        ("processing_allowed", "Allowed"), ("processing_excluded", "Excluded"),
        ("mining_checked", "Text and data mining"), ("mining_checked_on", "Checked on"),
    )  # fmt: skip
    stated = _stated(dataset, fields, named=False)
    return Told(f"{said} {stated.text}" if stated else said, "declared")


def suspended(suspension: Source) -> Told:
    """Why something that the model rests on is not approved any more."""
    facts = suspension.facts
    return remark(f"{suspension.name}, since {facts['at']:%d %B %Y}: {facts['because']}")


def selection(dataset: Source) -> Told | None:
    """How the rows were chosen, in the registrant's words."""
    return _stated(dataset, (("selection", ""),))


def labelling(dataset: Source) -> Told | None:
    """Who wrote or checked the answers, in the registrant's words."""
    return _stated(dataset, (("labelling", ""),))


def synthetic(dataset: Source) -> Told | None:
    """Which rows a model wrote, in the registrant's words."""
    return _stated(dataset, (("synthetic_share", "Share"), ("synthetic_model", "Model"), ("synthetic_by", "")))


def personal(dataset: Source) -> Told | None:
    """What personal data there is, in the registrant's words; the platform's own scan would be measured."""
    fields = (
        ("personal_data", ""), ("legal_bases", "Legal basis"), ("privacy_tools", "Treatment"), ("consent", "Consent")
    )  # fmt: skip
    stated = _stated(dataset, fields)
    return Told(f"Stated at registration. {stated.text}", "declared") if stated else None


def used(manifest: Source, datasets: tuple[Source, ...]) -> Told | None:
    """How many rows and tokens training read, dropped and cut, per file."""
    found: Manifest = manifest.facts
    if found.data is None or found.compute is None:
        return None
    said = [_file(file, datasets) for file in found.data.files]
    said.append(
        f"Training saw {n.counted(found.compute.tokens, 'token')} over all passes, "
        f"{n.count(found.compute.loss_tokens)} of them in the loss."
    )
    return measured(" ".join(said))


def _file(file: FileReport, datasets: tuple[Source, ...]) -> str:
    names = {each.facts["file_sha256"]: each.name for each in datasets}
    name = names.get(file.sha256, f"file {n.short(file.sha256)}")
    dropped = n.listing(f"{n.count(rows)} {reason}" for reason, rows in file.rows_dropped.items())
    if file.part:
        name += f", {_part(file.part)}"
    return (
        f"{name}: {n.counted(file.rows_read, 'row')} read, {n.count(file.rows_used)} trained on, "
        f"{n.count(file.rows_held_out)} held out, {dropped or 'none'} left out; {n.counted(file.tokens, 'token')}, "
        f"{n.count(file.loss_tokens)} of them in the loss; {n.counted(file.truncated, 'row')} cut at the length limit."
    )


def _part(part: PartReport) -> str:
    """Which rows of a file were meant: the parts by name, and the digest of what says so of every row."""
    noun = "part" if len(part.names) == 1 else "parts"
    named = n.listing(f"“{name}”" for name in part.names)
    return (
        f"the {noun} {named} of {n.counted(part.rows_in_file, 'row')}, by the split whose assignment has the sha256 "
        f"{n.short(part.sha256)}"
    )


def cleaning(manifest: Source, datasets: tuple[Source, ...]) -> Told | None:
    """Which steps the platform applied, with counts before and after."""
    found: Manifest = manifest.facts
    if found.data is None:
        return None
    before = sum(each.facts["rows"] for each in datasets)
    read = sum(file.rows_read for file in found.data.files)
    dropped = sum(sum(file.rows_dropped.values()) for file in found.data.files)
    cut = sum(file.truncated for file in found.data.files)
    after = found.data.train_rows + found.data.validation_rows
    aside = " (only the rows of some parts of a split)" if any(file.part for file in found.data.files) else ""
    return measured(
        f"Registered: {n.counted(before, 'row')}, bytes unchanged since. Read by the trainer: {n.count(read)}{aside}; "
        f"left out: {n.count(dropped)}; cut at the length limit: {n.count(cut)}; used for training or validation: "
        f"{n.count(after)}. What was done to the rows before they were registered is told under their origin, if at "
        f"all."
    )


def quality(dataset: Source, manifest: Source) -> Told | None:
    """Which checks looked for unfit rows, and what they found."""
    found: Manifest = manifest.facts
    profile = dataset.facts["profile"]
    if found.data is None:
        return None
    inputs = profile["contradicting_inputs"]
    contradicting = f" Inputs with contradicting answers: {n.count(inputs)}." if inputs is not None else ""
    return measured(
        f"{dataset.name}: every row was read and checked for form when it was registered. Exact duplicates: "
        f"{n.count(profile['exact_duplicates'])}.{contradicting} Held-out rows whose turns also stand in a "
        f"training row: {n.count(found.data.overlap)}. Sources were not searched for unfit ones."
    )


def validation(manifest: Source) -> Told | None:
    """Which rows served for validation, and how they were kept apart."""
    found: Manifest = manifest.facts
    if found.data is None:
        return None
    if not found.data.validation_rows:
        return not_measured("Validation data", found.data.validation_reason or "no rows were held out")
    how = f" Parted by this rule: {found.data.split}." if found.data.split else ""
    for file in found.data.files:
        if file.part and file.role == "validation":
            how += f" Held out: {_part(file.part)}."
    return measured(
        f"{n.counted(found.data.validation_rows, 'row')} with {n.counted(found.data.validation_tokens, 'token')} were "
        f"held out and never trained on; {n.count(found.data.train_rows)} were trained on.{how} Held-out rows that "
        f"are also a training row, turn by turn: {n.count(found.data.overlap)}."
    )


def gaps(dataset: Source) -> Told | None:
    """What the registrant says is missing or rare; a statement, not a search for bias."""
    said = dataset.facts["provenance"].get("known_gaps")
    return remark(f"Known gaps of {dataset.name}, as stated at registration: {said}") if said else None


def _stated(dataset: Source, fields: tuple[tuple[str, str], ...], *, named: bool = True) -> Told | None:
    """The answered fields of the provenance record, labelled, in order."""
    parts = []
    for field, label in fields:
        words = standards.words(dataset.facts["provenance"], field).rstrip(".")
        if words:
            parts.append(f"{label}: {words}." if label else f"{words}.")
    if not parts:
        return None
    return declared(f"{dataset.name}: {' '.join(parts)}" if named else " ".join(parts))
