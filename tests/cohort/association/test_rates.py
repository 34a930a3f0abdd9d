from __future__ import annotations

import polars as pl
import pytest

from tests.cohort.association.test_first_activity import frames
from wearoff.cohort.association import rate_ratio_table, rate_table
from wearoff.stats import negative_binomial, poisson_ratio

YEAR = 365.25


def people(answer: str, counts: list[int], days: int = 731, possible: int = 0) -> list[dict[str, object]]:
    return [
        {
            "answer": answer,
            "observed_d": days,
            "relapses": n,
            "possible_relapses": possible,
            "scanned_d": days,
            "lesions": 2 * n,
        }
        for n in counts
    ]


def test_rates_are_events_over_the_years_observed() -> None:
    outcomes, answers = frames(people("regularly", [0, 1, 2]) + people("never", [0, 0, 1, 0], possible=1))
    table = rate_table(outcomes, answers).filter(pl.col("coding") == "any_vs_never")
    first = table.filter(pl.col("outcome") == "relapses").to_dicts()
    assert [row["events"] for row in first] == [3, 1]
    assert first[0]["per_year"] == pytest.approx(3 / (3 * 731 / YEAR))
    possible = table.filter(pl.col("outcome") == "relapses, possible ones too").to_dicts()
    assert [row["events"] for row in possible] == [3, 5]
    lesions = table.filter(pl.col("outcome") == "new or enlarging T2 lesions").to_dicts()
    assert [row["events"] for row in lesions] == [6, 2]


def test_ratios_are_those_of_the_exact_test_and_of_the_model() -> None:
    exposed, other = [0, 0, 0, 6, 1, 9, 0, 4], [0, 0, 1, 0, 0, 0, 2, 0, 0, 1]
    outcomes, answers = frames(people("sometimes", exposed) + people("never", other))
    row = rate_ratio_table(outcomes, answers).to_dicts()[0]
    years = 731 / YEAR
    exact = poisson_ratio(20, 8 * years, 4, 10 * years)
    fit = negative_binomial(exposed + other, [1] * 8 + [0] * 10, names=["x"], exposure=[years] * 18)
    assert row["exact_p"] == pytest.approx(exact.p)
    assert (row["ratio"], row["p"]) == pytest.approx((fit.terms[0].ratio, fit.terms[0].p), rel=1e-6)
    assert row["model"] == "negative binomial"
    assert row["exact_low"] > row["low"]  # Poisson is too sure


def test_a_difference_that_only_the_model_shows_is_not_shown() -> None:
    outcomes, answers = frames(people("sometimes", [0] * 17, 740) + people("never", [1] * 4 + [0] * 19, 670))
    row = rate_ratio_table(outcomes, answers).to_dicts()[0]
    assert row["p"] < 0.05 < row["exact_p"]
    assert row["verdict"] == "no difference shown"


def test_nobody_unwatched_counts_as_0_and_no_event_is_uninformative() -> None:
    outcomes, answers = frames([*people("sometimes", [0, 0]), {"answer": "sometimes"}, *people("never", [0])])
    table = rate_table(outcomes, answers)
    assert table["lost"][0] == 1
    assert table["patients"][0] == 2
    assert table["high"][0] > 0
    ratios = rate_ratio_table(outcomes, answers)
    assert set(ratios["verdict"]) == {"uninformative"}
    assert ratios["ratio"].null_count() == ratios.height
