from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cohort.neda.people import CODES
from tests.oracles import worsening as oracle
from wearoff.cohort.neda import load_relapse_rule, relapse_rule_names
from wearoff.cohort.neda.dated import Dated
from wearoff.cohort.neda.relapses import Relapses, Reports, find_relapses


def relapses(reports: list[oracle.Report], rule: str) -> Relapses:
    ordered = sorted(reports, key=lambda report: report.day)
    return find_relapses(
        Reports(
            Dated(
                np.zeros(len(ordered), dtype=np.int64), np.array([r.day for r in ordered], dtype=np.int64), 1
            ),
            np.array([CODES[r.fever] for r in ordered], dtype=np.int64),
            np.array([CODES[r.sign] for r in ordered], dtype=np.int64),
            np.array([np.nan if r.hours is None else r.hours for r in ordered], dtype=float),
        ),
        load_relapse_rule(rule),
    )


def onsets(*days: int, rule: str = "merged_30") -> list[int]:
    return relapses([oracle.Report(day, "N", "Y", 72) for day in days], rule).rows.day.tolist()


def test_reports_under_30_days_after_any_earlier_one_are_one_relapse() -> None:
    assert onsets(0, 29) == [0]
    assert onsets(0, 30) == [0, 30]
    # day 40 is 40 days behind the first report and 20 behind the second: still the same relapse
    assert onsets(0, 20, 40) == [0]
    assert onsets(0, 20, 40, 70) == [0, 70]
    assert onsets(0, 20, 40, rule="reported") == [0, 20, 40]


def test_a_report_that_is_no_relapse_joins_nothing_and_hides_nothing() -> None:
    fever = oracle.Report(0, "Y", "Y", 72)
    true = oracle.Report(20, "N", "Y", 72)
    late = oracle.Report(40, "N", "Y", 72)
    assert relapses([fever, true], "merged_30").rows.day.tolist() == [20]
    between = oracle.Report(20, "Y", "Y", 72)
    first = oracle.Report(0, "N", "Y", 72)
    assert relapses([first, between, late], "merged_30").rows.day.tolist() == [0, 40]


@pytest.mark.parametrize(
    ("rule", "sign", "expected"),
    [
        ("merged_30", "Y", [True]),
        ("merged_30", "U", [False]),
        ("merged_30", None, [True]),
        ("merged_30", "N", []),
        ("examined_30", "Y", [True]),
        ("examined_30", "U", [False]),
        ("examined_30", None, [False]),
        ("examined_30", "N", []),
    ],
)
def test_an_objective_sign_has_three_values(rule: str, sign: str | None, expected: list[bool]) -> None:
    assert relapses([oracle.Report(0, "N", sign, 72)], rule).is_certain.tolist() == expected


def test_a_possible_report_makes_no_relapse_begin_earlier() -> None:
    found = relapses([oracle.Report(0, "N", "U", 72), oracle.Report(10, "N", "Y", 72)], "merged_30")
    assert (found.rows.day.tolist(), found.is_certain.tolist()) == ([10], [True])


answers = st.sampled_from(["Y", "N", "U", None])
reports = st.builds(
    oracle.Report, st.integers(-50, 300), answers, answers, st.sampled_from([None, 12.0, 24.0, 72.0])
)


@settings(deadline=None)
@given(
    st.lists(reports, max_size=8, unique_by=lambda report: report.day), st.sampled_from(relapse_rule_names())
)
def test_hygiene_agrees_with_a_second_implementation(given_: list[oracle.Report], rule: str) -> None:
    found = relapses(given_, rule)
    pairs = list(zip(found.rows.day.tolist(), found.is_certain.tolist(), strict=True))
    assert pairs == oracle.relapses(given_, load_relapse_rule(rule))
