"""What follows from the answers: scenarios, dates and reasons typed by hand."""

from datetime import date

import pytest

from governance.law.regulation import rules

LAW = rules.latest()
DAY = date(2026, 11, 25)
EVE_AND_DAY = [date(2026, 12, 1), date(2026, 12, 2)]

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
