from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared import shared_data
from wearoff.cohort.neda import Worsening, find_worsenings, load_step_rule, load_worsening_rule
from wearoff.errors import InputError

HELD = load_worsening_rule("held")


def worsenings(history: str, step: str = "ge5_5", days: int = 84, hold: bool = True) -> tuple[Worsening, ...]:
    pairs = [pair.split(":") for pair in history.split()]
    return find_worsenings(
        np.array([int(day) for day, _ in pairs]),
        np.array([float(edss) for _, edss in pairs]),
        HELD.with_settings(step=step, confirmation_weeks=days // 7, must_hold_between=hold),
    )


@pytest.mark.parametrize(
    ("history", "step", "is_confirmed"),
    [
        ("0:0 100:1 200:1", "ge5_5", False),
        ("0:0 100:1.5 200:1.5", "ge5_5", True),
        ("0:5 100:5.5 200:5.5", "ge5_5", False),
        ("0:5 100:6 200:6", "ge5_5", True),
        ("0:5.5 100:6 200:6", "ge5_5", True),
        ("0:5.5 100:6 200:6", "ge6_0", False),
        ("0:6 100:6.5 200:6.5", "ge5_5", True),
        ("0:6 100:6.5 200:6.5", "ge6_0", True),
    ],
)
def test_the_step_decides_at_its_boundary(history: str, step: str, is_confirmed: bool) -> None:
    assert [w.status for w in worsenings(history, step)] == ["confirmed"] * is_confirmed


def test_a_visit_on_day_83_does_not_confirm_and_on_day_84_it_does() -> None:
    assert worsenings("0:2 100:3 183:3")[0].status == "unconfirmed"
    confirmed = worsenings("0:2 100:3 184:3")[0]
    assert (confirmed.status, confirmed.onset_day, confirmed.confirmed_day) == ("confirmed", 100, 184)


def test_a_visit_in_between_that_falls_refutes_unless_only_the_confirming_visit_counts() -> None:
    history = "0:2 100:3 150:2 200:3"
    assert [w.onset_day for w in worsenings(history)] == [200]
    assert worsenings(history)[0].status == "unconfirmed"
    assert worsenings(history, hold=False)[0].status == "confirmed"


def test_a_worsening_at_the_last_visit_is_unconfirmed_and_not_dropped() -> None:
    (last,) = worsenings("0:2 182:2 366:4")
    assert (last.status, last.onset_day, last.confirmed_day) == ("unconfirmed", 366, None)


def test_after_a_confirmed_worsening_the_level_held_is_the_next_baseline() -> None:
    events = worsenings("0:2 100:4 200:3 300:3.5 400:4 500:4")
    assert [(w.onset_day, w.baseline_edss) for w in events] == [(100, 2.0), (400, 3.0)]


edss_levels = st.sampled_from([0.0, *np.arange(1.0, 10.5, 0.5)])
histories = st.lists(st.tuples(st.integers(1, 200), edss_levels), min_size=1, max_size=12)


@settings(deadline=None)
@given(histories, st.sampled_from(["ge5_5", "ge6_0", "plus_one", "ascend"]), st.booleans())
def test_each_confirmed_worsening_holds_what_its_definition_says(
    visits: list[tuple[int, float]], step: str, hold: bool
) -> None:
    days = np.cumsum([gap for gap, _ in visits])
    edss = np.array([level for _, level in visits])
    rule = load_step_rule(step)
    found = find_worsenings(days, edss, HELD.with_settings(step=step, must_hold_between=hold))
    assert [w.onset_day for w in found] == sorted(w.onset_day for w in found)
    assert all(w.status == "confirmed" for w in found[:-1])
    for w in found:
        assert w.onset_edss >= w.baseline_edss + float(rule.step(w.baseline_edss))
        if w.confirmed_day is None:
            continue
        assert w.confirmed_day - w.onset_day >= 84
        between = edss[(days >= w.onset_day) & (days <= w.confirmed_day)]
        assert edss[days == w.confirmed_day][0] >= w.baseline_edss + float(rule.step(w.baseline_edss))
        if hold:
            assert bool(np.all(rule.is_worse(between, w.baseline_edss)))


@settings(deadline=None)
@given(histories)
def test_a_history_that_never_rises_has_no_worsening(visits: list[tuple[int, float]]) -> None:
    days = np.cumsum([gap for gap, _ in visits])
    edss = np.sort([level for _, level in visits])[::-1]
    assert find_worsenings(days, edss, HELD) == ()


def test_four_engines_agree_with_us_on_the_169_first_worsenings_of_400_patients() -> None:
    folder = shared_data("ms")
    visits: dict[str, list[tuple[int, float]]] = {}
    for row in _rows(folder / "synthetic400_visits.csv"):
        visits.setdefault(row["id"], []).append((int(row["date"]), float(row["EDSS"])))
    found = {}
    for patient, history in visits.items():
        days, edss = (np.array(column) for column in zip(*sorted(history), strict=True))
        first = find_worsenings(days, edss, HELD.with_settings(step="ge6_0"))[:1]
        if first and first[0].status == "confirmed":
            found[patient] = (first[0].onset_day, first[0].confirmed_day, first[0].baseline_edss)
    expected = {
        row["id"]: (int(row["on"]), int(row["conf"]), float(row["bl"]))
        for row in _rows(folder / "synthetic400_expected_first_cdw_fixed_12w.csv")
    }
    assert len(visits) == 400
    assert len(expected) == 169
    assert found == expected


@pytest.mark.parametrize(
    ("days", "edss", "words"),
    [
        ([0, 100, 100], [2.0, 3.0, 3.0], "row 3, column days: day 100 does not come after day 100"),
        ([0, 200, 100], [2.0, 3.0, 3.0], "row 3, column days: day 100 does not come after day 200"),
        ([0, 100], [2.0, np.nan], "row 2, column edss"),
        ([0, 100], [2.0], "2 days and 1 EDSS"),
    ],
)
def test_visits_out_of_order_or_without_edss_are_refused(
    days: list[int], edss: list[float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        find_worsenings(np.array(days), np.array(edss), HELD)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
