from __future__ import annotations

import datetime as dt
from itertools import groupby
from pathlib import Path
from statistics import mean, median

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cohort.cohorts import DAY_ZERO, cohort, on
from wearoff.cohort.interval_class import (
    CLASSES,
    IntervalRule,
    classify_intervals,
    infusion_gaps,
    interval_rule_names,
    load_interval_rule,
)
from wearoff.cohort.records import Cohort
from wearoff.errors import UnknownNameError
from wearoff.sources import Mark


def infused(folder: Path, **gaps: list[int]) -> Cohort:
    """Patients with the given gaps, the first infusion on day 0."""
    rows = []
    for patient, steps in gaps.items():
        day = 0
        rows.append(f"{patient},{on(day)}")
        for step in steps:
            day += step
            rows.append(f"{patient},{on(day)}")
    return cohort(folder, infusion=["patient_id,start_time", *rows])


def last_class(records: Cohort, rule: str | IntervalRule) -> dict[str, str]:
    """The class of each patient at the last infusion."""
    chosen = load_interval_rule(rule) if isinstance(rule, str) else rule
    last = classify_intervals(records, chosen).group_by("patient_id").agg(pl.col("class").last())
    return dict(last.sort("patient_id").iter_rows())


@pytest.mark.parametrize("name", interval_rule_names())
def test_a_rule_tells_four_weekly_from_six_weekly_dosing_and_names_its_source(
    tmp_path: Path, name: str
) -> None:
    rule = load_interval_rule(name)
    records = infused(tmp_path, A=[28] * 30, B=[42] * 30)
    assert last_class(records, rule) == {"A": "sid", "B": "eid"}
    assert (rule.source is None) == (rule.mark is Mark.ASSUMED)
    assert rule.source is None or rule.source.doi is not None
    assert rule.assumed
    text = rule.describe()
    assert text.startswith(f"Rule {name}:")
    assert all(word in text for word in ("SID", "EID", "unknown", "Assumed", rule.assumed[0]))


@pytest.mark.parametrize("name", interval_rule_names())
def test_with_too_few_gaps_or_long_after_the_last_infusion_the_class_is_unknown(
    tmp_path: Path, name: str
) -> None:
    rule = load_interval_rule(name)
    records = infused(tmp_path, A=[28] * 26)
    end = DAY_ZERO + dt.timedelta(days=26 * 28)
    days = [DAY_ZERO, end, end + dt.timedelta(days=rule.stale_d), end + dt.timedelta(days=rule.stale_d + 1)]
    days.append(DAY_ZERO - dt.timedelta(days=1))
    found = classify_intervals(records, rule, pl.DataFrame({"patient_id": ["A"] * 5, "date": days}))
    assert found["class"].to_list() == ["unknown", "sid", "sid", "unknown", "unknown"]
    assert found["why"].to_list() == [
        f"fewer than {rule.fewest_gaps} gaps",
        None,
        None,
        f"more than {rule.stale_d} days since the last infusion",
        "no infusion by this date",
    ]


def test_touch_calls_an_average_of_exactly_five_weeks_neither(tmp_path: Path) -> None:
    records = infused(tmp_path, A=[35] * 12, B=[34, 35] * 6, C=[35, 36] * 6)
    assert last_class(records, "touch_primary") == {"A": "mixed", "B": "sid", "C": "eid"}
    assert last_class(records, "italian_mean_after_24") == dict.fromkeys("ABC", "unknown")
    assert last_class(records, "french_over_5_weeks") == {"A": "sid", "B": "sid", "C": "mixed"}


def test_touch_excludes_whoever_had_a_gap_under_three_or_over_twelve_weeks(tmp_path: Path) -> None:
    records = infused(tmp_path, A=[28] * 5 + [20] + [28] * 5, B=[42] * 5 + [85] + [42], C=[28] * 5 + [21, 84])
    assert last_class(records, "touch_primary") == {"A": "unknown", "B": "unknown", "C": "mixed"}
    # 3 and 12 weeks themselves are allowed; the mean of C, (5 * 28 + 21 + 84) / 7, is 35 exactly
    assert classify_intervals(records, load_interval_rule("touch_primary")).filter(
        pl.col("patient_id") == "C"
    )["value_d"].to_list()[-1] == pytest.approx(35)


def test_a_gap_that_touch_excludes_counts_also_before_the_last_18_months(tmp_path: Path) -> None:
    records = infused(tmp_path, A=[90] + [28] * 40)
    assert last_class(records, "touch_primary") == {"A": "unknown"}
    assert last_class(records, "median_of_6") == {"A": "sid"}
    earlier = pl.DataFrame({"patient_id": ["A"], "date": [DAY_ZERO + dt.timedelta(days=60)]})
    (row,) = classify_intervals(records, load_interval_rule("touch_primary"), earlier).to_dicts()
    assert row["why"] == "fewer than 2 gaps"


def test_the_three_touch_analyses_part_on_one_history(tmp_path: Path) -> None:
    # a year of 6-weekly dosing, then three years of 4-weekly dosing, the last 18 months among them
    records = infused(tmp_path, A=[42] * 9 + [28] * 39)
    assert last_class(records, "touch_primary") == {"A": "sid"}
    assert last_class(records, "touch_secondary") == {"A": "eid"}
    assert last_class(records, "touch_tertiary") == {"A": "sid"}


def test_a_period_of_half_a_year_has_to_be_unbroken(tmp_path: Path) -> None:
    broken = [42] * 4 + [28] + [42] * 4 + [28] * 30
    records = infused(tmp_path, A=broken, B=[42] * 5 + [28] * 30)
    assert last_class(records, "touch_secondary") == {"A": "sid", "B": "eid"}


def test_the_italian_rule_counts_from_the_24th_infusion(tmp_path: Path) -> None:
    records = infused(tmp_path, A=[42] * 23 + [28] * 3, B=[28] * 23 + [35], C=[28] * 23)
    assert last_class(records, "italian_mean_after_24") == {"A": "sid", "B": "eid", "C": "unknown"}
    found = classify_intervals(records, load_interval_rule("italian_mean_after_24"))
    assert found.filter(pl.col("patient_id") == "A")["gaps_d"].to_list()[-1] == [28, 28, 28]


def test_early_and_late_extended_dosing_alternating_stays_extended_by_the_rule_of_2016(
    tmp_path: Path,
) -> None:
    records = infused(tmp_path, A=[31, 61] * 8, B=[30] * 8, C=[30, 31] * 4, D=[61, 62] * 4)
    assert last_class(records, "us_centres_2016") == {"A": "eid", "B": "sid", "C": "mixed", "D": "mixed"}


def test_one_long_gap_moves_the_mean_and_not_the_median(tmp_path: Path) -> None:
    records = infused(tmp_path, A=[28] * 5 + [77])
    assert last_class(records, "median_of_6") == {"A": "sid"}
    assert last_class(records, "touch_tertiary") == {"A": "eid"}


def test_a_refused_infusion_record_makes_the_class_unknown(tmp_path: Path) -> None:
    rows = [f"A,{on(28 * k)}" for k in range(8)]
    records = cohort(tmp_path, infusion=["patient_id,start_time", *rows, "A,not a date"])
    found = classify_intervals(records, load_interval_rule("nova"))
    assert set(found["class"]) == {"unknown"}
    assert set(found["why"]) == {"an infusion record of this patient was refused"}


def test_gaps_are_calendar_days_in_the_timezone_of_the_cohort(tmp_path: Path) -> None:
    rows = ["A,2020-01-01T23:30+00:00", "A,2020-01-29T00:30+00:00"]
    records = cohort(tmp_path, infusion=["patient_id,start_time", *rows])
    assert infusion_gaps(records)["gap_d"].to_list() == [None, 28]


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.lists(st.integers(14, 100), min_size=1, max_size=30),
    name=st.sampled_from(interval_rule_names()),
    shift=st.integers(0, 60),
)
def test_the_class_follows_its_gaps_alone_and_no_later_infusion(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], name: str, shift: int
) -> None:
    """Dropping what came later changes no earlier class; moving the whole record changes no class."""
    rule = load_interval_rule(name)
    folder = tmp_path_factory.mktemp("gaps")
    whole = classify_intervals(infused(folder / "whole", A=gaps), rule)
    earlier = classify_intervals(infused(folder / "earlier", A=gaps[:-1]), rule)
    assert whole.head(len(gaps)).equals(earlier)
    days = [shift]
    for gap in gaps:
        days.append(days[-1] + gap)
    moved = cohort(folder / "moved", infusion=["patient_id,start_time", *(f"A,{on(day)}" for day in days)])
    assert classify_intervals(moved, rule)["class"].to_list() == whole["class"].to_list()
    assert set(whole["class"]) <= set(CLASSES)
    assert (whole["class"].is_in(["sid", "eid"]) == whole["why"].is_null()).all()


def by_hand(gaps: list[int], rule: IntervalRule, since_d: int) -> str:
    """The class by a slow second way, `since_d` days after the last infusion."""

    def inside(value: float, limits: tuple[float, float], ends: str) -> bool:
        low = value >= limits[0] if ends[0] == "[" else value > limits[0]
        return low and (value <= limits[1] if ends[1] == "]" else value < limits[1])

    numbered = list(enumerate(gaps, start=2))  # by the infusion that ends the gap
    ago = [sum(gaps[place + 1 :]) + since_d for place in range(len(gaps))]
    judged = [
        gap
        for (number, gap), days in zip(numbered, ago, strict=True)
        if number > rule.from_infusion and (not rule.look_back_d or days < rule.look_back_d)
    ]
    judged = judged[-rule.last_gaps :] if rule.last_gaps else judged
    if since_d > rule.stale_d or len(judged) < rule.fewest_gaps:
        return "unknown"
    if rule.usable_d and any(not rule.usable_d[0] <= gap <= rule.usable_d[1] for gap in gaps):
        return "unknown"
    is_sid = [inside(gap, rule.sid_d, rule.sid_ends) for gap in judged]
    is_eid = [inside(gap, rule.eid_d, rule.eid_ends) for gap in judged]
    if rule.statistic == "every":
        return "sid" if all(is_sid) else "eid" if all(is_eid) else "mixed"
    if rule.statistic == "period":
        runs = (
            sum(gap for gap, _ in run)
            for extended, run in groupby(zip(judged, is_eid, strict=True), key=lambda pair: pair[1])
            if extended
        )
        if any(run > rule.period_d for run in runs):
            return "eid"
    value = median(judged) if rule.statistic == "median" else mean(judged)
    if inside(value, rule.sid_d, rule.sid_ends):
        return "sid"
    return "eid" if inside(value, rule.eid_d, rule.eid_ends) else "mixed"


@settings(max_examples=150, deadline=None)
@given(
    gaps=st.lists(
        st.sampled_from([20, 21, 28, 30, 31, 34, 35, 36, 42, 49, 61, 62, 84, 85]), min_size=1, max_size=30
    ),
    since_d=st.integers(0, 90),
)
def test_every_rule_agrees_with_a_slow_second_way(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], since_d: int
) -> None:
    records = infused(tmp_path_factory.mktemp("gaps"), A=gaps)
    day = pl.DataFrame({"patient_id": ["A"], "date": [DAY_ZERO + dt.timedelta(days=sum(gaps) + since_d)]})
    for name in interval_rule_names():
        rule = load_interval_rule(name)
        assert classify_intervals(records, rule, day)["class"].item() == by_hand(gaps, rule, since_d), name


def test_an_unknown_rule_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="touch_primary"):
        load_interval_rule("touch")
