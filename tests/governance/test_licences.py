"""Licence verdicts: cases as typed by hand from the licences' own terms, and the properties no table may break.

`licence_cases.csv` speaks about the edition in force, `data/licence_expectations.csv` about the first one, whose
verdicts can be given again. What is expected is never read from a rule file.
"""

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from license_expression import get_spdx_licensing

from governance.law.licences import rule_set as tables
from governance.law.licences.rules import (
    KINDS,
    PURPOSES,
    LicenceSyntaxError,
    LicensedInput,
    NoRuleSet,
    TooManyAlternatives,
    Verdict,
    Waived,
    alternatives,
    in_force,
    named,
    parse,
    verdict,
)

SEVERITY = ["no-rule-against", "needs-review", "rule-against"]
LETTER = {"A": SEVERITY[0], "R": SEVERITY[1], "F": SEVERITY[2]}
FIRST = "2026-11"


def table(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


CASES, EXPECTATIONS = table("licence_cases.csv"), table("data/licence_expectations.csv")


def judge(inputs: list[LicensedInput], purpose: str = "commercial", **facts: Any) -> Verdict:
    return verdict(inputs, purpose, **{"eu_seat": False, **facts})  # type: ignore[arg-type]


def one(expression: str | None, purpose: str = "commercial", *, kind: str = "base_model", **facts: Any) -> Verdict:
    of_input = {name: facts.pop(name) for name in ("chosen", "multimodal", "waivers") if name in facts}
    return judge([LicensedInput("it", kind, expression, **of_input)], purpose, **facts)  # type: ignore[arg-type]


def waive(item: LicensedInput, rule: str, purpose: str, **facts: Any) -> LicensedInput:
    """`item` with a waiver of what `rule` says of it for `purpose`, whether or not that can be waived."""
    row = judge([item], purpose, **facts).per_input[0]
    finding = next((one for one in row.waivable if (one.rule, one.purpose) == (rule, purpose)), None)
    table = facts.get("rule_set") or in_force()
    because = finding.because if finding else row.because
    over = Waived(rule, purpose, item.about, because, table.version, "w-1", "Rita Falk until 31 Jan 2027")  # type: ignore[arg-type]
    return replace(item, waivers=(*item.waivers, over))


def typed(facts: str) -> dict[str, Any]:
    """`eu=1;users=up-to-100m` as arguments."""
    names = {"eu": "eu_seat", "users": "users_band", "revenue": "revenue_band"}
    pairs = dict(item.split("=") for item in facts.split(";") if item)
    found: dict[str, Any] = {}
    for name, value in pairs.items():
        found[names.get(name, name)] = value == "1" if value in ("0", "1") else value
    return found


def inputs_of(case: dict[str, str]) -> list[LicensedInput]:
    """`base_model MIT + dataset CC-BY-4.0`, with the facts about the first of them."""
    facts = typed(case["facts"])
    facts.pop("research", None)
    waived = facts.pop("waived", "")
    found = []
    for number, item in enumerate(case["inputs"].split(" + ")):
        kind, _, expression = item.partition(" ")
        found.append(LicensedInput(f"input {number}", kind, expression, **({} if number else facts)))  # type: ignore[arg-type]
    if waived:
        found[0] = waive(found[0], *waived.split(":"), distribution=case["distribution"], eu_seat=case["seat"] == "eu")
    return found


def test_the_hand_typed_tables_are_long_enough_to_mean_something() -> None:
    assert len(CASES) >= 300
    assert len({tuple(case[name] for name in case if name not in ("expected", "clause")) for case in CASES}) == len(
        CASES
    )
    assert all(row["clause"] for row in (*CASES, *EXPECTATIONS))
    assert {case["expected"] for case in CASES} == set(LETTER)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "|".join(list(case.values())[:7]))
def test_the_verdict_is_the_one_typed_by_hand(case: dict[str, str]) -> None:
    got = judge(
        inputs_of(case),
        case["purpose"],
        distribution=case["distribution"],
        eu_seat=case["seat"] == "eu",
        users_band=case["users"] or None,
        revenue_band=case["revenue"] or None,
        research="research=1" in case["facts"],
    )
    assert got.outcome == LETTER[case["expected"]], f"{case['clause']}; got {got.deciding}"
    assert got.open is (case["expected"] == "A" or case["clause"].startswith("a waiver"))


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("row", EXPECTATIONS, ids=lambda row: f"{row['kind']}:{row['licence'] or '-'}:{row['facts']}")
def test_a_verdict_of_the_first_edition_is_given_again(row: dict[str, str], purpose: str) -> None:
    facts: dict[str, Any] = {"rule_set": named(FIRST), **typed(row["facts"])}
    about = {name: facts.pop(name) for name in ("chosen", "multimodal") if name in facts}
    item = LicensedInput("it", row["kind"], row["licence"] or None, **about)  # type: ignore[arg-type]
    if facts.pop("waiver", ""):
        item = waive(item, "other", purpose, **facts)
    got = judge([item], purpose, **facts)
    assert got.outcome == LETTER[row[purpose]], f"{row['clause']}; got {got.deciding}"
    assert got.rule_set == FIRST


@pytest.mark.parametrize(
    ("licence", "duties"),
    [
        ("CC0-1.0", {"cite"}),
        ("Apache-2.0", {"licence-and-notice", "state-changes"}),
        ("CC-BY-4.0", {"attribution-list"}),
        ("CC-BY-SA-4.0", {"attribution-list", "share-alike-question"}),
        ("GPL-3.0-only", {"source-offer"}),
        ("CC-BY-NC-4.0", {"non-commercial-notice"}),
        ("CC-BY-NC-SA-4.0", {"non-commercial-notice", "attribution-list", "share-alike-question"}),
        ("llama3.1", {"agreement-copy", "built-with-llama", "name-starts-llama", "llama-notice", "acceptable-use"}),
        ("gemma", {"gemma-flow-down", "agreement-copy", "gemma-notice", "modified-notice", "prohibited-uses"}),
        ("deepseek", {"use-restrictions", "use-restrictions-flow-down", "licence-and-notice", "state-changes"}),
        ("qwen", {"agreement-copy", "built-with-qwen", "qwen-notice", "modified-notice"}),
        ("stabilityai-ai-community", {"threshold-attestation"}),
        ("MIT OR GPL-3.0-only", {"licence-and-notice", "state-changes", "source-offer"}),
    ],
)
def test_each_class_carries_its_duties(licence: str, duties: set[str]) -> None:
    assert {duty.id for duty in one(licence).duties} == duties


def test_a_duty_says_where_it_must_appear_whom_it_comes_from_and_whether_it_is_due() -> None:
    inputs = [LicensedInput("base", "base_model", "gemma"), LicensedInput("notes", "dataset", "CC-BY-4.0")]
    kept = {duty.id: duty for duty in judge(inputs, "internal").duties}
    assert kept["gemma-flow-down"].appears_in == ("terms of use",)
    assert kept["attribution-list"].inputs == ("notes",)
    assert (kept["prohibited-uses"].due_now, kept["gemma-flow-down"].due_now) == (True, False)
    served = {duty.id: duty.due_now for duty in judge(inputs, "internal", distribution="api").duties}
    assert (served["gemma-flow-down"], served["attribution-list"]) == (True, False)
    assert all(duty.due_now for duty in judge(inputs, "publish").duties)


def test_the_verdict_names_the_input_and_the_rule_that_decided() -> None:
    inputs = [
        LicensedInput("SmolLM2", "base_model", "Apache-2.0"),
        LicensedInput("faq", "dataset", "CC-BY-NC-4.0"),
        LicensedInput("mail", "dataset", "CC-BY-4.0"),
    ]
    got = judge(inputs)
    assert (got.words, got.deciding.input, got.deciding.rule) == ("rule against it", "faq", "non-commercial")
    assert [(row.name, row.outcome) for row in got.per_input] == [
        ("SmolLM2", "no-rule-against"), ("faq", "rule-against"), ("mail", "no-rule-against"),
    ]  # fmt: skip
    assert "CC BY-NC 4.0" in got.per_input[1].licences[0].source


def test_what_cannot_be_judged_says_how_to_mend_it() -> None:
    assert "Find the licence at the source" in one(None).deciding.because
    assert "no licence expression" in one("((MIT").deciding.because
    assert "is not a known licence" in one("NONE-SUCH-1.0").deciding.because
    assert "has no rule" in one("MPL-2.0").deciding.because
    assert "user band is not stated" in one("llama3.1").deciding.because
    assert "a person picks one alternative and signs" in one("MIT OR AGPL-3.0-only").deciding.because
    assert any("Classpath-exception-2.0 adds was not weighed" in note
               for note in one("GPL-2.0-only WITH Classpath-exception-2.0").per_input[0].notes)  # fmt: skip


def test_a_verdict_never_says_that_something_is_permitted() -> None:
    said = json.dumps(
        [one(row["licence"] or None, p, kind=row["kind"]).as_dict() for row in EXPECTATIONS for p in PURPOSES]
    )
    for word in ("allowed", "compliant", "permitted", "approved", "legal to"):
        assert word not in said.lower()
    assert "not legal advice" in one("MIT").notice


def test_a_verdict_is_plain_json_and_names_its_table() -> None:
    got = one("gemma OR NONE-SUCH-1.0", users_band="up-to-100m", research=True)
    plain = json.loads(json.dumps(got.as_dict()))
    assert plain == got.as_dict()
    assert (plain["schema"], plain["words"]) == ("assay.licence-verdict/1", "needs a choice")
    assert (plain["rule_set"], plain["digest"]) == ("2026-11-26", in_force().digest)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": []}, "no input to judge"),
        ({"purpose": "fun"}, "Known: internal, commercial, publish"),
        ({"distribution": "post"}, "Known: none, api, weights"),
        ({"users_band": "many"}, "Known: up-to-100m"),
        ({"inputs": [LicensedInput("x", "song", "MIT")]}, "Known: base_model"),  # type: ignore[arg-type]
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_the_known_words(
    arguments: dict[str, Any], message: str
) -> None:
    whole = {"inputs": [LicensedInput("x", "dataset", "MIT")], "purpose": "internal", "eu_seat": False, **arguments}
    with pytest.raises(ValueError, match=message):
        verdict(whole.pop("inputs"), whole.pop("purpose"), **whole)


# --- Expressions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("mit and apache-2.0", "Apache-2.0 AND MIT"),
        ("MIT OR (Apache-2.0 OR MIT)", "Apache-2.0 OR MIT"),
        ("MIT AND (GPL-2.0+ OR BSD-3-Clause)", "(BSD-3-Clause OR GPL-2.0-or-later) AND MIT"),
        ("GPL-2.0 WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("Gemma", "LicenseRef-scancode-gemma-tou-2024-04-01"),
        ("llama3.1 AND cc-by-4.0", "CC-BY-4.0 AND LicenseRef-scancode-llama-3.1-license-2024"),
        ("other", "other"),
    ],
)
def test_expressions_have_one_normal_form(written: str, normal: str) -> None:
    assert str(parse(written)) == normal


@pytest.mark.parametrize(
    "written", ["", "   ", "((MIT", "MIT Apache-2.0", "MIT AND", "OR", "MIT/Apache-2.0", "()", "(AND MIT", "M" * 2001]
)
def test_what_cannot_be_read_is_said_to_be_unreadable(written: str) -> None:
    with pytest.raises(LicenceSyntaxError):
        parse(written)


TOKENS = [
    "(",
    ")",
    "MIT",
    "GPL-2.0",
    "gemma",
    " AND ",
    " OR ",
    " WITH ",
    " ",
    "+",
    "!",
    "&",
    "|",
    "true",
    "1",
    "é",
    "\0",
    "\n",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=9).map("".join))
def test_any_text_is_judged_without_a_traceback(text: str) -> None:
    assert one(text).outcome in SEVERITY


# --- Properties -----------------------------------------------------------------------------------------------

TERMS = st.sampled_from(
    ["MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "GPL-3.0-only", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0",
     "CC-BY-ND-4.0", "llama2", "llama3", "llama3.1", "llama3.2", "llama4", "gemma", "openrail", "qwen", "qwen-research",
     "tongyi-qianwen", "stabilityai-ai-community", "lfm1.0", "MPL-2.0", "other", "NONE-SUCH-1.0",
     "GPL-2.0-only WITH Classpath-exception-2.0"]
)  # fmt: skip
EXPRESSIONS = st.recursive(
    TERMS,
    lambda inner: st.builds(
        lambda parts, operator: "(" + f" {operator} ".join(parts) + ")",
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from(["AND", "OR"]),
    ),
    max_leaves=5,
)
BARE = st.builds(
    LicensedInput,
    name=st.sampled_from(["a", "b", "c"]),
    kind=st.sampled_from(KINDS),
    expression=st.none() | EXPRESSIONS,
    chosen=st.none() | TERMS,
    matched=st.sampled_from(["", "3 of 9 rows match another"]),
    made_from=st.sampled_from(["", "a was made from b"]),
    multimodal=st.none() | st.booleans(),
)


@st.composite
def _waived_in_part(draw: Any) -> LicensedInput:
    """An input with waivers of some of what can be waived of it, in one case or another."""
    item: LicensedInput = draw(BARE)
    cases: list[dict[str, Any]] = [
        {"distribution": "none"},
        {"distribution": "api"},
        {"distribution": "none", "eu_seat": True},
    ]
    findings = {
        finding
        for purpose in PURPOSES
        for case in cases
        for finding in judge([item], purpose, **case).per_input[0].waivable
    }
    if not findings:
        return item
    picked = draw(st.lists(st.sampled_from(sorted(findings, key=repr)), max_size=3, unique=True))
    over = [Waived(f.rule, f.purpose, f.about, f.because, in_force().version, "w-1", "somebody") for f in picked]
    return replace(item, waivers=tuple(over))


INPUTS = _waived_in_part()
FACTS = st.fixed_dictionaries(
    {
        "distribution": st.sampled_from(["none", "api", "weights"]),
        "eu_seat": st.booleans(),
        "users_band": st.sampled_from([None, "up-to-100m", "up-to-700m", "over-700m"]),
        "revenue_band": st.sampled_from([None, "up-to-1m-usd", "up-to-10m-usd", "over-50m-usd"]),
        "research": st.booleans(),
    }
)
MANY = st.lists(INPUTS, min_size=1, max_size=4)


def severity(*arguments: Any, **facts: Any) -> int:
    return SEVERITY.index(judge(*arguments, **facts).outcome)


@settings(max_examples=300, deadline=None)
@given(MANY, INPUTS, st.sampled_from(PURPOSES), FACTS)
def test_another_input_never_lowers_the_severity(
    inputs: list[LicensedInput], more: LicensedInput, purpose: str, facts: dict[str, Any]
) -> None:
    assert severity([*inputs, more], purpose, **facts) >= severity(inputs, purpose, **facts)
    alone = max(severity([item], purpose, **facts) for item in inputs)
    assert severity(inputs, purpose, **facts) == alone
    if not judge(inputs, purpose, **facts).open:
        assert not judge([*inputs, more], purpose, **facts).open


@settings(max_examples=200, deadline=None)
@given(MANY.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))), st.sampled_from(PURPOSES), FACTS)
def test_the_order_of_the_inputs_changes_nothing(
    orders: tuple[list[LicensedInput], list[LicensedInput]], purpose: str, facts: dict[str, Any]
) -> None:
    assert judge(orders[0], purpose, **facts).as_dict() == judge(orders[1], purpose, **facts).as_dict()


@settings(max_examples=300, deadline=None)
@given(MANY, FACTS)
def test_commercial_use_is_never_judged_milder_than_internal_use(
    inputs: list[LicensedInput], facts: dict[str, Any]
) -> None:
    assert severity(inputs, "commercial", **facts) >= severity(inputs, "internal", **facts)


@settings(max_examples=200, deadline=None)
@given(MANY, st.sampled_from(PURPOSES), FACTS)
def test_more_distribution_is_never_judged_milder(
    inputs: list[LicensedInput], purpose: str, facts: dict[str, Any]
) -> None:
    steps = [severity(inputs, purpose, **{**facts, "distribution": d}) for d in ("none", "api", "weights")]
    assert steps == sorted(steps)


@settings(max_examples=200, deadline=None)
@given(
    EXPRESSIONS,
    st.sampled_from([None, "", "other", "unknown", "proprietary", "NONE-SUCH-1.0", "((MIT", "LicenseRef-mine"]),
    st.sampled_from(["AND", "OR", "alone"]),
    st.sampled_from(KINDS),
    st.sampled_from(PURPOSES),
    FACTS,
)
def test_unknown_missing_and_unreadable_never_pass(
    known: str, unknown: str | None, how: str, kind: str, purpose: str, facts: dict[str, Any]
) -> None:
    expression = unknown if how == "alone" or not unknown else f"{known} {how} {unknown}"
    item = waive(LicensedInput("it", kind, expression), "other", purpose, **facts)  # type: ignore[arg-type]
    assert severity([item], purpose, **facts) >= 1
    assert not judge([LicensedInput("it", kind, expression)], purpose, **facts).open  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS, st.sampled_from(KINDS), st.sampled_from(PURPOSES), FACTS)
def test_and_is_the_worst_part_and_an_open_or_is_no_milder_than_its_mildest(
    left: str, right: str, kind: str, purpose: str, facts: dict[str, Any]
) -> None:
    def of(expression: str) -> int:
        return severity([LicensedInput("it", kind, expression)], purpose, **facts)  # type: ignore[arg-type]

    assert of(f"{left} AND {right}") == max(of(left), of(right))
    assert of(f"{left} OR {right}") >= 1 or parse(left) == parse(right)
    assert min(of(left), of(right)) <= of(f"{left} OR {right}") <= max(of(left), of(right), 1)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, TERMS, st.sampled_from(PURPOSES), FACTS)
def test_a_choice_that_is_not_on_offer_helps_nobody(
    expression: str, chosen: str, purpose: str, facts: dict[str, Any]
) -> None:
    """Whoever picks gets the verdict of some alternative or a review, never one milder than every alternative."""
    picked = severity([LicensedInput("it", "base_model", expression, chosen=chosen)], purpose, **facts)
    mildest = min(
        severity([LicensedInput("it", "base_model", term)], purpose, **facts)
        for term in expression.replace("(", "").replace(")", "").replace(" AND ", " OR ").split(" OR ")
    )
    assert picked >= mildest


# --- The table as data ----------------------------------------------------------------------------------------


def test_the_edition_in_force_depends_on_the_day_and_an_old_one_can_be_named() -> None:
    assert in_force(date(2026, 11, 1)).version == in_force(date(2026, 11, 25)).version == "2026-11"
    assert in_force(date(2026, 11, 26)) is in_force() is named("2026-11-26")
    old = one("MIT", on=date(2026, 12, 24), rule_set=named("2026-11"))
    assert (old.rule_set, old.digest) == ("2026-11", named("2026-11").digest)
    with pytest.raises(NoRuleSet, match="The first is 2026-11"):
        one("MIT", on=date(2026, 10, 31))
    with pytest.raises(NoRuleSet, match="Known: 2026-11, 2026-11-26"):
        named("1999-01")


def test_the_bytes_of_an_edition_that_was_in_force_never_change() -> None:
    assert named(FIRST).digest == "e3520575a4f4738ba0a233cd3dae98da9125bbef9a11f2ac681c24af379f1567"


def test_each_rule_names_its_clauses_where_they_stand_its_date_and_who_reviewed_it() -> None:
    for rule in in_force().rules:
        assert rule.source and rule.version >= 1 and date(2026, 11, 1) <= rule.date <= in_force().in_force_from, rule.id
        assert rule.reviewed_by == "not reviewed by a lawyer", rule.id
        assert all(address.startswith("https://") for address in rule.addresses), rule.id
        assert rule.addresses or rule is in_force().fallback, rule.id
    said = one("CC-BY-NC-4.0").per_input[0].licences[0]
    assert said.reviewed_by == "not reviewed by a lawyer"
    assert "https://creativecommons.org/licenses/by-nc/4.0/legalcode.en" in said.addresses


# --- Waivers and choices --------------------------------------------------------------------------------------


def under(expression: str, **about: Any) -> LicensedInput:
    return LicensedInput("it", "dataset", expression, **about)


def test_a_waiver_opens_a_review_and_the_words_say_so() -> None:
    got = judge([waive(under("CC-BY-NC-4.0"), "non-commercial", "internal")], "internal")
    assert (got.outcome, got.words, got.open) == ("needs-review", "needs review, waived", True)
    assert "waived: Rita Falk until 31 Jan 2027" in got.deciding.because
    assert [(name, waiver.id) for name, waiver in got.waivers] == [("it", "w-1")]
    assert got.per_input[0].waivable == ()


@pytest.mark.parametrize(
    ("rule", "purpose"), [("non-commercial", "publish"), ("share-alike", "internal"), ("other", "internal")]
)
def test_a_waiver_of_another_rule_or_purpose_opens_nothing(rule: str, purpose: str) -> None:
    got = judge([waive(under("CC-BY-NC-4.0"), rule, purpose)], "internal")
    assert (got.words, got.open, got.waivers) == ("needs review", False, ())
    assert [(each.rule, each.purpose) for each in got.per_input[0].waivable] == [("non-commercial", "internal")]


def test_a_waiver_covers_what_was_signed_in_those_words_and_nothing_that_came_later() -> None:
    agpl = waive(under("AGPL-3.0-only"), "network-copyleft", "commercial")
    assert judge([agpl], "commercial").open
    served = judge([agpl], "commercial", distribution="api")
    assert (served.open, served.waivers) == (False, ())
    assert "over a network" in served.per_input[0].waivable[0].because
    assert not judge([replace(agpl, about="of another record")], "commercial").open


def test_a_waiver_ends_with_the_version_of_the_rule_that_it_was_signed_under() -> None:
    """Edition 2026-11-26 made another rule of `non-commercial`, and left `share-alike` as it was."""
    for expression, rule, holds in (("CC-BY-NC-4.0", "non-commercial", False), ("CC-BY-SA-4.0", "share-alike", True)):
        item = waive(under(expression), rule, "publish")
        assert judge([item], "publish").open
        old = replace(item, waivers=(replace(item.waivers[0], rule_set=FIRST),))
        assert judge([old], "publish").open is holds, rule
        nowhere = replace(item, waivers=(replace(item.waivers[0], rule_set="1999-01"),))
        assert not judge([nowhere], "publish").open


def test_handing_weights_on_takes_a_waiver_of_its_own() -> None:
    once = waive(under("CC-BY-NC-4.0"), "non-commercial", "internal")
    assert not judge([once], "internal", distribution="weights").open
    assert judge([waive(once, "non-commercial", "publish")], "internal", distribution="weights").open


def test_a_rule_against_a_use_is_waived_only_where_the_table_says_so() -> None:
    assert judge([waive(under("unknown"), "other", "internal")], "internal").words == "needs review, waived"
    for licence, purpose, rule in (
        ("unknown", "commercial", "other"),
        ("CC-BY-NC-4.0", "commercial", "non-commercial"),
    ):
        got = judge([waive(under(licence), rule, purpose)], purpose)
        assert (got.outcome, got.open, got.per_input[0].waivable) == ("rule-against", False, ())


@pytest.mark.parametrize("rule", ["made-from", "non-commercial"])
def test_what_an_input_was_made_from_binds_until_somebody_signs_that_nothing_of_it_is_left(rule: str) -> None:
    said = "Answers v2 was made from Course v1"
    source = LicensedInput("source", "dataset", "CC-BY-NC-4.0", made_from=said, about="c0ffee")
    got = judge([under("MIT"), source])
    assert (got.words, got.deciding.rule) == ("rule against it", "made-from")
    assert said in got.deciding.because and "non-commercial" in got.deciding.because
    assert [(one.rule, one.about) for one in got.per_input[1].waivable] == [("made-from", "c0ffee")]
    signed = judge([under("MIT"), waive(source, rule, "commercial")])
    assert (signed.outcome, signed.open) == ("rule-against", rule == "made-from")
    assert signed.words == ("rule against it, waived" if rule == "made-from" else "rule against it")
    assert {duty.id for duty in got.duties} >= {"non-commercial-notice"}


@pytest.mark.parametrize(("licence", "purposes"), [("unknown", ["internal"]), ("CC-BY-NC-4.0", list(PURPOSES))])
@pytest.mark.parametrize("how", ["matched", "made_from"])
def test_what_is_unknown_is_waived_for_internal_use_alone_however_it_came_in(
    licence: str, purposes: list[str], how: str
) -> None:
    item = under(licence, about="c0ffee", **{how: "5 of 6 rows"})
    rule = {"matched": "matched-rows", "made_from": "made-from"}[how]
    opened = [purpose for purpose in PURPOSES if judge([waive(item, rule, purpose)], purpose).open]
    assert opened == purposes


def test_an_open_choice_is_picked_never_waived() -> None:
    got = judge([waive(waive(under("MIT OR GPL-3.0-only"), "open-choice", "commercial"), "copyleft", "commercial")])
    assert (got.deciding.rule, got.open, got.per_input[0].waivable) == ("open-choice", False, ())
    assert got.per_input[0].asks_choice == ("GPL-3.0-only", "MIT")
    picked = one("MIT OR GPL-3.0-only", chosen="MIT")
    assert (picked.outcome, picked.per_input[0].asks_choice, picked.open) == ("no-rule-against", (), True)


def test_shared_rows_are_a_suspicion_that_a_person_looks_at_and_can_waive() -> None:
    matched = "12 of 500 rows match Course dialogues v1"
    got = judge([LicensedInput("it", "dataset", "CC-BY-NC-4.0", matched=matched)])
    assert (got.outcome, got.deciding.rule, got.duties) == ("needs-review", "matched-rows", ())
    assert matched in got.deciding.because and "non-commercial" in got.deciding.because
    assert [(one.rule, one.purpose) for one in got.per_input[0].waivable] == [("matched-rows", "commercial")]
    signed = waive(under("CC-BY-NC-4.0", matched=matched, about="c0ffee"), "matched-rows", "commercial")
    assert judge([signed]).open
    assert not judge([replace(signed, about="another set")]).open, "it was signed about one set"
    assert not judge([replace(signed, matched="13 of 500 rows match Course dialogues v1")]).open
    assert judge([LicensedInput("it", "dataset", "CC-BY-4.0", matched=matched)]).outcome == "no-rule-against"
    assert not judge([signed], distribution="weights").open, "publishing is waived by itself"
    both = waive(signed, "matched-rows", "publish")
    assert judge([both], distribution="weights").open


def test_an_exception_that_is_not_known_to_only_add_rights_needs_review() -> None:
    fenced = under("Apache-2.0 WITH LicenseRef-scancode-commons-clause")
    got = judge([fenced])
    assert (got.outcome, got.deciding.rule) == ("needs-review", "unweighed-exception")
    assert "LicenseRef-scancode-commons-clause is not among the exceptions" in got.deciding.because
    assert judge([waive(fenced, "unweighed-exception", "commercial")]).open
    assert judge([under("GPL-3.0-only WITH GCC-exception-3.1")], "internal").outcome == "no-rule-against"
    old = judge([fenced], rule_set=named(FIRST))
    assert (old.outcome, old.per_input[0].notes != ()) == ("no-rule-against", True), "given again as it was"
    symbols = get_spdx_licensing().known_symbols
    listed = in_force().exceptions or frozenset()
    assert len(listed) >= 10 and all(symbols[name].is_exception for name in listed)


NESTED = "MIT OR (Apache-2.0 AND (CC-BY-4.0 OR CC-BY-NC-4.0))"


def test_each_way_to_meet_a_licence_can_be_picked_and_settles_it() -> None:
    offered = alternatives(NESTED)
    assert offered == ["Apache-2.0 AND CC-BY-4.0", "Apache-2.0 AND CC-BY-NC-4.0", "MIT"]
    assert one(NESTED).per_input[0].asks_choice == tuple(offered)
    for pick, outcome in zip(offered, ("no-rule-against", "rule-against", "no-rule-against"), strict=True):
        got = one(NESTED, chosen=pick)
        assert (got.outcome, got.per_input[0].asks_choice) == (outcome, ())
    for half in ("Apache-2.0", "CC-BY-4.0 OR MIT", "Apache-2.0 AND (CC-BY-4.0 OR CC-BY-NC-4.0)"):
        assert one(NESTED, chosen=half).deciding.rule == "open-choice", half
    assert one(NESTED, chosen="CC-BY-4.0").open, "what sets an alternative apart names it"


def test_more_alternatives_than_a_person_can_weigh_are_refused_with_a_cure() -> None:
    many = " AND ".join(f"(MIT OR CC-BY-{n}.0)" for n in ("1", "2", "3", "4")) + " AND (ISC OR 0BSD)"
    with pytest.raises(TooManyAlternatives, match=r"32 alternatives.*Register the input anew"):
        alternatives(many)
    got = one(many)
    assert (got.open, got.deciding.rule, got.per_input[0].asks_choice) == (False, "open-choice", ())
    assert "Register the input anew" in got.deciding.because
    assert not one(many, chosen="MIT AND ISC").open
    deep = " AND ".join(["(MIT OR ISC OR 0BSD OR Apache-2.0)"] + ["(Zlib OR X11)"] * 60)
    assert one(deep).outcome in SEVERITY
    assert alternatives("((MIT") == alternatives(None) == alternatives("MIT") == []


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, st.sampled_from(PURPOSES), FACTS)
def test_a_pick_on_offer_is_never_milder_than_its_own_licences(
    expression: str, purpose: str, facts: dict[str, Any]
) -> None:
    try:
        offered = alternatives(expression)
    except TooManyAlternatives:
        return
    for pick in offered:
        got = judge([LicensedInput("it", "base_model", expression, chosen=pick)], purpose, **facts)
        alone = judge([LicensedInput("it", "base_model", pick)], purpose, **facts)
        assert (got.outcome, got.open) == (alone.outcome, alone.open)


def test_what_nobody_waived_decides_before_what_somebody_did() -> None:
    got = judge(
        [
            waive(LicensedInput("a", "dataset", "CC-BY-NC-4.0"), "non-commercial", "internal"),
            LicensedInput("b", "dataset", "CC-BY-NC-4.0"),
        ],
        "internal",
    )
    assert (got.deciding.input, got.open, got.words) == ("b", False, "needs review")


def test_every_member_of_a_rule_can_be_reached_by_an_expression() -> None:
    symbols, reachable = get_spdx_licensing().known_symbols, {str(parse(tag)) for tag in in_force().tags}
    for rule in in_force().rules:
        for member in rule.members:
            assert member in symbols or member in " ".join(reachable), f"{rule.id}: {member}"
            assert str(parse(member)) == member


def edited(tmp_path: Path, change: Any) -> Path:
    rules = yaml.safe_load((tables.DATA / "rules_2026_11_26.yaml").read_bytes())
    change(rules)
    path = tmp_path / "rules_2027_01.yaml"
    path.write_text(yaml.safe_dump(rules))
    return path


def condition(test: str, purpose: str) -> dict[str, Any]:
    return {"when": {test: True}, "verdict": {purpose: "F"}, "because": "x"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t["rules"][0]["verdict"].update(internal="R", commercial="A"), "judged milder"),
        (lambda t: t["rules"][0].update(conditions=[condition("research", "internal")]), "must name commercial use"),
        (lambda t: t["rules"][5].update(conditions=[condition("moon", "publish")]), "unknown tests"),
        (lambda t: t["rules"][0].update(duties=["sing"]), "no text for the duties"),
        (lambda t: t["rules"][0]["verdict"].update(publish="Z"), "is no verdict"),
        (lambda t: t["rules"][0]["verdict"].pop("publish"), "must name each of"),
        (lambda t: t["rules"].append(t["rules"][0]), "stands twice"),
        (lambda t: t["rules"].pop(), "fallback"),
        (lambda t: t["rules"][0].update(kinds=["song"]), "unknown kinds"),
    ],
)  # fmt: skip
def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(tables.RuleTableError, match=message):
        tables.read(edited(tmp_path, change), tables.DATA / "hub_tags_2026_11_26.yaml")


def test_a_changed_table_has_another_digest(tmp_path: Path) -> None:
    changed = tables.read(
        edited(tmp_path, lambda t: t.update(version="2027-01")), tables.DATA / "hub_tags_2026_11_26.yaml"
    )
    assert (changed.version, changed.digest != in_force().digest) == ("2027-01", True)
