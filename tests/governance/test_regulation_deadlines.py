"""Legal clocks by hand: reports, retention, greatest fines."""

from datetime import UTC, date, datetime

import pytest

from governance.law.regulation.rules import fine_ceiling, incident_clock, kept_until

AWARE = datetime(2028, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("deadline", "due"),
    [
        ("serious-incident", datetime(2028, 3, 16, 9, 30, tzinfo=UTC)),
        ("widespread", datetime(2028, 3, 3, 9, 30, tzinfo=UTC)),
        ("critical-infrastructure", datetime(2028, 3, 3, 9, 30, tzinfo=UTC)),
        ("death", datetime(2028, 3, 11, 9, 30, tzinfo=UTC)),
        ("systemic-notification", datetime(2028, 3, 15, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_report_is_due_by_the_day_the_article_sets(deadline: str, due: datetime) -> None:
    clock = incident_clock(deadline, AWARE, AWARE.date())
    assert clock.due_at == due
    assert clock.binds is True


def test_a_clock_names_its_duty_its_start_and_whether_it_binds_that_day() -> None:
    clock = incident_clock("death", datetime(2026, 11, 25, tzinfo=UTC), date(2026, 11, 25))
    assert (clock.ref, clock.starts, clock.at_once_after) == ("Article 73(4)", "aware", "causal-link")
    assert clock.binds_from == date(2027, 12, 2)
    assert clock.binds is False
    product = incident_clock("death", AWARE, AWARE.date(), flags={"annex_i"})
    assert product.binds_from == date(2028, 8, 2)
    assert product.binds is False
    assert "completed later" in clock.note


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        incident_clock("death", datetime(2028, 3, 1), date(2028, 3, 1))  # noqa: DTZ001 - that is the fault


@pytest.mark.parametrize(
    ("retention", "start", "last_day"),
    [
        ("technical-documentation", date(2028, 1, 15), date(2038, 1, 15)),
        ("technical-documentation", date(2028, 2, 29), date(2038, 2, 28)),
        ("declaration", date(2027, 12, 2), date(2037, 12, 2)),
        ("provider-logs", date(2027, 8, 31), date(2028, 2, 29)),
        ("deployer-logs", date(2027, 12, 31), date(2028, 6, 30)),
    ],
)
def test_something_is_kept_for_ten_years_or_six_months(retention: str, start: date, last_day: date) -> None:
    assert kept_until(retention, start) == last_day


@pytest.mark.parametrize(
    ("penalty", "turnover", "size", "ceiling"),
    [
        ("prohibited", 1_000_000_000, "large", 70_000_000),
        ("prohibited", 100_000_000, "large", 35_000_000),
        ("prohibited", 10_000_000, "sme", 700_000),
        ("prohibited", 100_000_000, "small-mid-cap", 35_000_000),
        ("operators", 100_000_000, "small-mid-cap", 3_000_000),
        ("operators", 1_000_000_000, "large", 30_000_000),
        ("wrong-information", 10_000_000, "sme", 100_000),
        ("general-purpose", 10_000_000, "sme", 15_000_000),
    ],
)
def test_the_greatest_fine_is_the_higher_limit_and_the_lower_for_small_firms(
    penalty: str, turnover: int, size: str, ceiling: int
) -> None:
    assert fine_ceiling(penalty, turnover, size) == ceiling


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="sme, small-mid-cap, large"):
        fine_ceiling("operators", 1, "tiny")
    with pytest.raises(ValueError, match="cannot be"):
        fine_ceiling("operators", -1, "sme")
