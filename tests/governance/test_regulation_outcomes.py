"""What follows from the answers: scenarios typed by hand, and two other routes to the same outcome."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.law.regulation import rules

LAW = rules.latest()
DAY = date(2026, 11, 25)
EVE_AND_DAY = [date(2026, 12, 1), date(2026, 12, 2)]
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times faster
QUESTIONS = {question.id: tuple(question.answers) for question in LAW.questions}

# A bank tunes a chat assistant for its own support desk: the normal case.
SUPPORT_DESK = {
    "union": "yes",
    "research": "no",
    "prohibited": "no",
    "gpai-base": "yes",
    "original-provider": "no",
    "compute-criterion": "below",
    "significant-change": "no",
    "criterion-departure": "no",
    "placed": "placed",
    "gpai-legacy": "no",
    "systemic": "no",
    "open-licence": "no",
    "own-system": "yes",
    "professional-use": "yes",
    "annex-i": "no",
    "annex-iii": "no",
    "profiling": "no",
    "exemption": "no",
    "provider-by-change": "not-applicable",
    "interaction": "yes",
    "synthetic-output": "yes",
    "before-august-2026": "no",
    "emotion-or-biometric": "no",
    "deepfake-or-public-text": "no",
    "supplier": "no",
    "public-service": "no",
    "personal-data": "yes",
}
PROVIDER = {"compute-criterion": "above", "significant-change": "yes"}
HIRING = {"annex-iii": "yes", "profiling": "yes"}

IV, XI_1, XI_2, XII = "Annex IV", "Annex XI, Section 1", "Annex XI, Section 2", "Annex XII"
HIGH_RISK_PROVIDER = [f"Article {number}" for number in (*range(9, 21), 43, 47, 48)] + [
    "Article 49(1)",
    "Article 72",
    "Article 73",
]
MODEL_PROVIDER = [
    "Article 53(1), point (a)",
    "Article 53(1), point (b)",
    "Article 53(1), point (c)",
    "Article 53(1), point (d)",
    "Article 53(3)",
    "Article 54",
]
CHAT = ["Article 50(1)", "Article 50(5)", "Article 50(2)"]
SYSTEM = ["Article 4(1)", "Regulation (EU) 2016/679"]


def found(changes: dict[str, str] | None = None, *, on: date = DAY) -> rules.Outcome:
    return rules.outcome(SUPPORT_DESK | (changes or {}), on)


def owed(outcome: rules.Outcome) -> set[str]:
    """The Annexes of which leaves are required; each must be required as a whole."""
    parts: dict[str, set[bool]] = {}
    for leaf in LAW.leaves():
        annex = next(each.ref for each in LAW.annexes if each.id == leaf.annex)
        parts.setdefault(annex, set()).add(leaf.ref in outcome.required_leaves)
    assert all(len(states) == 1 for states in parts.values())
    return {annex for annex, states in parts.items() if states == {True}}


SCENARIOS: list[tuple[str, dict[str, str], list[str], str, str, set[str], list[str]]] = [
    (
        "the support desk, tuned far below the criterion",
        {},
        ["downstream-modifier", "provider", "deployer"],
        "transparency",
        "modifier",
        set(),
        [*CHAT, *SYSTEM],
    ),
    (
        "a significant change: provider of the modified model",
        PROVIDER,
        ["gpai-provider", "provider", "deployer"],
        "transparency",
        "gpai",
        {XI_1, XII},
        [*MODEL_PROVIDER, *CHAT, *SYSTEM],
    ),
    (
        "below the criterion, yet a significant change",
        {"significant-change": "yes"},
        ["gpai-provider", "provider", "deployer"],
        "transparency",
        "gpai",
        {XI_1, XII},
        [*MODEL_PROVIDER, *CHAT, *SYSTEM],
    ),
    (
        "above the criterion without signed reasons against it",
        {"compute-criterion": "above"},
        ["gpai-provider", "provider", "deployer"],
        "transparency",
        "gpai",
        {XI_1, XII},
        [*MODEL_PROVIDER, *CHAT, *SYSTEM],
    ),
    (
        "above the criterion, with signed reasons why nothing significant changed",
        {"compute-criterion": "above", "criterion-departure": "yes"},
        ["downstream-modifier", "provider", "deployer"],
        "transparency",
        "modifier",
        set(),
        [*CHAT, *SYSTEM],
    ),
    (
        "a provider who gives the weights away under an open licence",
        {**PROVIDER, "open-licence": "yes"},
        ["gpai-provider", "provider", "deployer"],
        "transparency",
        "gpai-open",
        set(),
        [
            "Article 53(1), point (c)",
            "Article 53(1), point (d)",
            "Article 53(3)",
            *CHAT,
            *SYSTEM,
        ],
    ),
    (
        "a base with systemic risk, in internal use only: no relief",
        {**PROVIDER, "placed": "internal-only", "systemic": "yes"},
        ["gpai-systemic-provider", "provider", "deployer"],
        "transparency",
        "gpai-systemic",
        {XI_1, XI_2, XII},
        ["Article 52(1)", *MODEL_PROVIDER, "Article 55", *CHAT, *SYSTEM],
    ),
    (
        "a changed model that stays in internal use",
        {**PROVIDER, "placed": "internal-only"},
        ["downstream-modifier", "provider", "deployer"],
        "transparency",
        "gpai-not-placed",
        set(),
        [*CHAT, *SYSTEM],
    ),
    (
        "the base model's own provider tunes it",
        {"original-provider": "yes"},
        ["gpai-provider", "provider", "deployer"],
        "transparency",
        "gpai",
        {XI_1, XII},
        [*MODEL_PROVIDER, *CHAT, *SYSTEM],
    ),
    (
        "own hiring tool that ranks applicants",
        HIRING,
        ["high-risk-provider", "high-risk-deployer", "downstream-modifier"],
        "high-risk",
        "high-risk-provider",
        {IV},
        [*HIGH_RISK_PROVIDER, "Article 26", "Article 86", *CHAT, *SYSTEM],
    ),
    (
        "a bought hiring tool, used as it came",
        {**HIRING, "own-system": "no"},
        ["high-risk-deployer", "downstream-modifier"],
        "high-risk",
        "high-risk-deployer",
        set(),
        ["Article 26", "Article 86", *SYSTEM],
    ),
    (
        "a bought hiring tool, tuned so far that it is substantially changed",
        {**HIRING, "own-system": "no", "provider-by-change": "yes", "interaction": "no", "synthetic-output": "no"},
        ["high-risk-provider", "high-risk-deployer", "downstream-modifier"],
        "high-risk",
        "high-risk-provider",
        {IV},
        [*HIGH_RISK_PROVIDER, "Article 25(1)", "Article 26", "Article 86", *SYSTEM],
    ),
    (
        "a public employment office uses a bought tool",
        {**HIRING, "own-system": "no", "public-service": "yes", "personal-data": "high-risk"},
        ["high-risk-deployer", "downstream-modifier"],
        "high-risk",
        "high-risk-deployer",
        set(),
        ["Article 26", "Article 86", "Article 27", *SYSTEM, "Article 35 of Regulation (EU) 2016/679"],
    ),
    (
        "a tool that only sorts letters in hiring, with an assessment on record",
        {"annex-iii": "yes", "exemption": "yes"},
        ["downstream-modifier", "provider", "deployer"],
        "not-high-risk-by-assessment",
        "not-high-risk",
        set(),
        ["Article 6(4)", "Article 49(2)", *CHAT, *SYSTEM],
    ),
    (
        "the safety part of a machine (Annex I, Section A)",
        {"annex-i": "section-a", "interaction": "no", "synthetic-output": "no", "professional-use": "no"},
        ["high-risk-provider", "downstream-modifier"],
        "high-risk",
        "high-risk-provider",
        {IV},
        [*HIGH_RISK_PROVIDER, *SYSTEM],
    ),
    (
        "part of an aircraft (Annex I, Section B): the product's own law",
        {"annex-i": "section-b"},
        ["downstream-modifier", "provider", "deployer"],
        "high-risk-product-law",
        "product-law",
        set(),
        ["Regulation (EU) 2016/679"],
    ),
    (
        "a forbidden practice",
        {"prohibited": "yes", "personal-data": "none"},
        [],
        "prohibited",
        "prohibited",
        set(),
        ["Article 5(1), points (a) to (h)", "Article 5(1), points (ba) and (bb)"],
    ),
    (
        "pure research",
        {"research": "yes", "personal-data": "none"},
        [],
        "research-only",
        "research-only",
        set(),
        [],
    ),
    (
        "nothing reaches the Union, yet personal data at high risk",
        {"union": "no", "personal-data": "high-risk"},
        [],
        "out-of-scope",
        "out-of-scope",
        set(),
        ["Regulation (EU) 2016/679", "Article 35 of Regulation (EU) 2016/679"],
    ),
    (
        "a publisher discloses generated news",
        {"own-system": "no", "deepfake-or-public-text": "yes"},
        ["downstream-modifier", "deployer"],
        "transparency",
        "modifier",
        set(),
        ["Article 50(4)", "Article 50(5)", *SYSTEM],
    ),
    (
        "emotion recognition in a shop",
        {"own-system": "no", "emotion-or-biometric": "yes", "gpai-base": "no", "personal-data": "none"},
        ["deployer"],
        "transparency",
        "transparency",
        set(),
        ["Article 50(3)", "Article 50(5)", "Article 4(1)"],
    ),
    (
        "a tuned model handed to a maker of high-risk systems",
        {"own-system": "no", "professional-use": "no", "supplier": "yes", "personal-data": "none"},
        ["downstream-modifier", "supplier"],
        "no-specific-class",
        "modifier",
        set(),
        ["Article 25(4)"],
    ),
    (
        "a small classifier that is no general-purpose model, used by nobody yet",
        {"gpai-base": "no", "own-system": "no", "professional-use": "no", "personal-data": "none"},
        [],
        "no-specific-class",
        "none",
        set(),
        [],
    ),
]


@pytest.mark.parametrize(
    ("changes", "roles", "risk_class", "kind", "annexes", "refs"),
    [scenario[1:] for scenario in SCENARIOS],
    ids=[scenario[0] for scenario in SCENARIOS],
)
def test_the_scenario_comes_out_as_typed_by_hand(
    changes: dict[str, str], roles: list[str], risk_class: str, kind: str, annexes: set[str], refs: list[str]
) -> None:
    outcome = found(changes)
    assert outcome.settled
    assert (list(outcome.roles), outcome.risk_class, outcome.dossier_kind) == (roles, risk_class, kind)
    assert owed(outcome) == annexes
    assert [duty.ref for duty in outcome.duties] == refs
    assert (outcome.blocked_reason is not None) is (kind == "prohibited")


def starts(outcome: rules.Outcome) -> dict[str, str]:
    return {duty.id: str(duty.applies_from) for duty in outcome.duties}


def test_annex_iii_duties_start_in_december_2027_and_annex_i_in_august_2028() -> None:
    use = found(HIRING)
    product = found({"annex-i": "section-a"})
    both = found({"annex-i": "section-a", **HIRING})
    for duty in ("art-9", "art-11", "art-18", "art-26", "art-43", "art-47", "art-49-1", "art-72", "art-73"):
        assert starts(use)[duty] == "2027-12-02"
        assert starts(product)[duty] == "2028-08-02"
        assert starts(both)[duty] == "2027-12-02"
    assert use.leaf_dates["Annex IV(2)(g)"] == date(2027, 12, 2)
    assert product.leaf_dates["Annex IV(2)(g)"] == date(2028, 8, 2)


def test_articles_that_were_not_moved_show_both_dates() -> None:
    duties = {duty.id: duty for duty in found(HIRING).duties}
    for unmoved in ("art-43", "art-47", "art-48", "art-49-1", "art-72", "art-73", "art-86"):
        duty = duties[unmoved]
        assert (duty.original, duty.amended, duty.practical_from) == (date(2026, 8, 2), None, date(2027, 12, 2))
        assert duty.binds_today is False
    assert (duties["art-9"].original, duties["art-9"].amended) == (date(2026, 8, 2), date(2027, 12, 2))


@pytest.mark.parametrize(
    ("day", "binds"), [(date(2027, 12, 1), False), (date(2027, 12, 2), True), (date(2027, 12, 3), True)]
)
def test_a_duty_binds_from_its_very_day(day: date, binds: bool) -> None:
    duty = next(each for each in found(HIRING, on=day).duties if each.id == "art-11")
    assert duty.binds_today is binds


def test_marking_waits_until_december_2026_only_for_systems_from_before_august_2026() -> None:
    old, new = found({"before-august-2026": "yes"}), found()
    assert starts(old)["art-50-2"] == "2026-12-02"
    assert starts(new)["art-50-2"] == "2026-08-02"
    assert starts(old)["art-50-1"] == "2026-08-02"
    binding = {
        day: {duty.id: duty.binds_today for duty in found({"before-august-2026": "yes"}, on=day).duties}
        for day in EVE_AND_DAY
    }
    assert [binding[day]["art-50-2"] for day in EVE_AND_DAY] == [False, True]
    assert [binding[day]["art-50-1"] for day in EVE_AND_DAY] == [True, True]


def test_new_prohibitions_bind_from_december_2026_but_shut_the_gate_at_once() -> None:
    before, after = (found({"prohibited": "yes"}, on=day) for day in EVE_AND_DAY)
    assert [duty.binds_today for duty in before.duties[:2]] == [True, False]
    assert [duty.binds_today for duty in after.duties[:2]] == [True, True]
    assert before.blocked_reason == after.blocked_reason
    assert "Article 5" in str(before.blocked_reason)


def test_model_duties_bind_since_august_2025_and_later_for_older_models() -> None:
    new = next(duty for duty in found(PROVIDER).duties if duty.id == "art-53-1-a")
    assert (new.applies_from, new.enforced_from, new.binds_today) == (date(2025, 8, 2), date(2026, 8, 2), True)
    old = found({"original-provider": "yes", "gpai-legacy": "yes"})
    assert starts(old)["art-53-1-a"] == "2027-08-02"
    assert old.leaf_dates["Annex XII(2)(c)"] == date(2027, 8, 2)


def test_a_required_leaf_names_its_rule_and_every_other_leaf_is_voluntary() -> None:
    outcome = found(HIRING)
    assert outcome.because("Annex IV(2)(d)") == "high-risk-provider"
    assert outcome.duty("Annex IV(2)(d)") == "required"
    assert outcome.because("Annex XII(1)(a)") == rules.NOT_REQUIRED
    assert outcome.duty("Annex XII(1)(a)") == "voluntary"


def test_a_duty_says_which_answers_brought_it_about() -> None:
    duty = next(each for each in found(HIRING).duties if each.id == "art-11")
    assert duty.rule == "high-risk-provider"
    assert duty.why.endswith("(own-system = yes, profiling = yes)")


def test_duties_of_a_modifier_who_provides_are_confined_to_the_modification() -> None:
    assert "limited-to-modification" in {rule.id for rule in found(PROVIDER).rules}
    assert "limited-to-modification" not in {rule.id for rule in found({"original-provider": "yes"}).rules}


def test_open_points_are_shown_where_they_matter() -> None:
    assert {point.id for point in found().open_points} == {"framework-mapping"}
    assert {point.id for point in found(HIRING).open_points} >= {"sme-form", "article-73-guidance"}
    departed = found({"compute-criterion": "above", "criterion-departure": "yes"})
    assert "criterion-departure" in {point.id for point in departed.open_points}


def answer_sheets() -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({each: st.sampled_from(values) for each, values in QUESTIONS.items()})


def annexes_by_reading(a: dict[str, str]) -> set[str]:
    """Which Annexes are owed, written as one sentence each, past the rules of the edition."""
    if a["union"] == "no" or a["research"] == "yes" or a["prohibited"] == "yes":
        return set()
    listed_use = a["annex-i"] != "section-b" and a["annex-iii"] == "yes"
    high = a["annex-i"] == "section-a" or (listed_use and (a["profiling"] == "yes" or a["exemption"] == "no"))
    provides_system = a["own-system"] == "yes" or (high and a["provider-by-change"] == "yes")
    general = a["gpai-base"] == "yes"
    original = general and a["original-provider"] == "yes"
    unrebutted = a["compute-criterion"] == "above" and a["criterion-departure"] == "no"
    changed = general and not original and (a["significant-change"] == "yes" or unrebutted)
    systemic = (original or changed) and a["systemic"] == "yes"
    provides_model = original or systemic or (changed and a["placed"] == "placed")
    full = provides_model and (systemic or a["open-licence"] == "no")
    return (
        ({IV} if high and provides_system else set())
        | ({XI_1, XII} if full else set())
        | ({XI_2} if systemic else set())
    )


@settings(max_examples=600, deadline=None)
@given(answer_sheets())
def test_the_annexes_owed_follow_from_any_combination_of_answers(sheet: dict[str, str]) -> None:
    outcome = rules.outcome(sheet, DAY)
    assert outcome.settled
    assert owed(outcome) == annexes_by_reading(sheet)
    assert set(outcome.leaf_dates) == set(outcome.required_leaves)
    assert outcome.risk_class in LAW.risk_classes
    assert outcome.dossier_kind in LAW.kinds
    assert len({duty.id for duty in outcome.duties}) == len(outcome.duties)
    assert any(duty.id == "gdpr" for duty in outcome.duties) is (sheet["personal-data"] != "none")


# The outside decision procedure, walked by its own graph, with its question for each of ours.
PROCEDURE = {
    "Q1": "union",
    "Q2": "research",
    "Q3": "prohibited",
    "Q4": "gpai-base",
    "Q5": "original-provider",
    "Q6b": "significant-change",
    "Q7": "placed",
    "Q8": "systemic",
    "Q8b": "open-licence",
    "Q9": "own-system",
    "Q10": "professional-use",
    "Q11": "annex-i",
    "Q12": "annex-iii",
    "Q13": "profiling",
    "Q13b": "exemption",
    "Q14": "provider-by-change",
    "Q17": "supplier",
    "Q18": "public-service",
}
SPELLING = {"internal-only": "internal_only", "section-a": "section_a", "section-b": "section_b"} | {
    "not-applicable": "not_applicable"
}
SAME = {
    "PROHIBITED": {"prohibited"},
    "OUT_OF_SCOPE": {"out-of-scope"},
    "RESEARCH_ONLY": {"research-only"},
    "DOWNSTREAM_MODIFIER_BELOW_THRESHOLD": {"modifier-below"},
    "GPAI_PROVIDER": {"gpai-provider"},
    "GPAI_PROVIDER_OPEN_SOURCE": {"gpai-provider-open"},
    "GPAI_SYSTEMIC_PROVIDER": {"gpai-provider-systemic"},
    "NOT_PLACED_ON_MARKET": {"gpai-not-placed"},
    "HIGH_RISK_PROVIDER": {"high-risk-provider"},
    "HIGH_RISK_DEPLOYER": {"high-risk-deployer"},
    "FRIA": {"rights-assessment"},
    "NOT_HIGH_RISK_DOCUMENTED": {"not-high-risk"},
    "ANNEX_I_SECTION_B": {"product-law-section-b"},
    "TRANSPARENCY_PROVIDER": {"transparency-interaction", "transparency-marking"},
    "TRANSPARENCY_DEPLOYER": {"transparency-emotion", "transparency-disclosure"},
    "SUPPLIER": {"supplier"},
    "AI_LITERACY": {"literacy-provider", "literacy-deployer"},
    "DPIA": {"data-protection-assessment"},
}


def procedure() -> dict[str, Any]:
    folder = os.environ.get("ASSAY_REFERENCE_DATA")
    if not folder:
        pytest.skip("ASSAY_REFERENCE_DATA is not set")
    path = Path(folder).parent / "regulation" / "eu_ai_act.yaml"
    if not path.is_file():
        pytest.skip(f"no decision procedure at {path}")
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)  # noqa: S506 - safe
    rows: dict[str, Any] = data["decision_procedure"]
    return rows


def outside_answer(question: str, sheet: dict[str, str]) -> str:
    if question == "Q6":
        return "yes" if sheet["compute-criterion"] == "above" else "no"
    if question == "Q15":
        return "yes" if "yes" in (sheet["interaction"], sheet["synthetic-output"]) else "no"
    if question == "Q16":
        return "yes" if "yes" in (sheet["emotion-or-biometric"], sheet["deepfake-or-public-text"]) else "no"
    if question == "Q19":
        return "yes" if sheet["personal-data"] == "high-risk" else "no"
    value = sheet[PROCEDURE[question]]
    return SPELLING.get(value, value)


def outside_outcomes(rows: dict[str, Any], sheet: dict[str, str]) -> set[str]:
    questions = {row["id"]: row for row in rows["questions"]}
    flags: set[str] = set()
    at = rows["start"]
    while at != "END":
        choice = questions[at]["answers"][outside_answer(at, sheet)]
        flags |= set(choice["set"])
        at = choice["next"]
    return {
        rule["outcome"]
        for rule in rows["duty_rules"]
        if set(rule["all"]) <= flags and not set(rule.get("none", ())) & flags
    }


def test_the_outside_decision_procedure_comes_to_the_same_outcomes() -> None:
    """Apart from four departures: a significant change is asked for whatever the compute; both high-risk grounds are
    asked for; product law of Section B switches Articles 4 and 50 off; personal data is asked for on every path."""
    rows = procedure()
    assert {row["id"] for row in rows["questions"]} == {*PROCEDURE, "Q6", "Q15", "Q16", "Q19"}

    @settings(max_examples=400, deadline=None)
    @given(answer_sheets())
    def compare(sheet: dict[str, str]) -> None:
        if sheet["compute-criterion"] == "above":
            sheet = sheet | {"significant-change": "yes"}
        if sheet["annex-i"] == "section-a":
            sheet = sheet | {"annex-iii": "no"}
        applying = {rule.id for rule in rules.outcome(sheet, DAY).rules}
        ours = {name for name, same in SAME.items() if same & applying}
        theirs = outside_outcomes(rows, sheet)
        ignored = {"DPIA"} if theirs & {"PROHIBITED", "OUT_OF_SCOPE", "RESEARCH_ONLY"} else set()
        if sheet["annex-i"] == "section-b":
            ignored |= {"TRANSPARENCY_PROVIDER", "TRANSPARENCY_DEPLOYER", "AI_LITERACY"}
        assert ours - ignored == theirs - ignored

    compare()
