from __future__ import annotations

import polars as pl
import pytest

from wearoff.cohort.results import Table
from wearoff.cohort.study_tables import FIGURES, TESTS, count_tests, relapse_rates


def table(name: str, **columns: list[object]) -> dict[str, Table]:
    return {name: Table(name, name, pl.DataFrame(columns))}


def rates(*per_year: float | None, ratio: float | None = 2.0) -> dict[str, Table]:
    names = {"outcome": ["relapses"] * 2, "coding": ["any_vs_never"] * 2}
    one = {"outcome": ["relapses"], "coding": ["any_vs_never"]}
    return table(
        "activity_rates", **names, events=[4, 1], years=[20.0, 10.0], per_year=list(per_year)
    ) | table("rate_ratios", **one, exact_ratio=[ratio], exact_low=[0.2], exact_high=[98.0])


def test_only_tests_that_were_made_are_counted_and_each_once() -> None:
    made = table("first_activity", p=[0.1, None], log_rank_p=[0.2, 0.3], proportionality_p=[None, None])
    assert count_tests(made) == 3
    assert count_tests(made | table("trend", p=[0.5], mid_p=[0.4])) == 4
    assert count_tests({}) == 0


def test_imagined_outcomes_are_no_tests() -> None:
    assert not {"attrition", "missing_outcomes", "effects"} & set(TESTS)
    assert set(TESTS) - {"trend"} <= set(FIGURES)


def test_relapse_rates_are_the_rows_of_the_primary_coding() -> None:
    found = relapse_rates(rates(0.2, 0.1))
    assert found is not None
    assert (found.exposed_events, found.exposed_years, found.other_events, found.other_years) == (
        4,
        20,
        1,
        10,
    )
    assert (found.ratio, found.low, found.high) == (2.0, 0.2, 98.0)


@pytest.mark.parametrize("per_year", [(None, 0.1), (0.1, None), (None, None)])
def test_without_a_watched_group_there_are_no_rates(per_year: tuple[float | None, float | None]) -> None:
    assert relapse_rates(rates(*per_year)) is None
