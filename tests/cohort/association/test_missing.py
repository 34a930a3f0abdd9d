from __future__ import annotations

from math import comb, inf

import polars as pl
import pytest

from tests.cohort.association.test_first_activity import frames
from wearoff.cohort.association import missing, missing_outcome_table


def people(answer: str, seen: int, events: int, lost: int) -> list[dict[str, object]]:
    """Patients of one answer: those with a relapse first, then those without, then those nobody watched."""
    return [
        {"answer": answer, "relapses": int(k < events) if k < seen else None, "observed_d": 365}
        for k in range(seen + lost)
    ]


def row(rows: list[dict[str, object]], outcome: str = "any relapse") -> dict[str, object]:
    table = missing_outcome_table(*frames(rows))
    return table.filter((pl.col("outcome") == outcome) & (pl.col("coding") == "any_vs_never")).to_dicts()[0]


def test_the_fewest_lost_that_turn_an_empty_comparison_are_those_of_the_hypergeometric_tail() -> None:
    found = row([*people("regularly", 12, 0, 5), *people("never", 23, 0, 0)])
    # k of 17 against 0 of 23 has Fisher's p = C(17, k) / C(40, k) where the other tail is heavier
    chances = [comb(17, k) / comb(40, k) for k in range(6)]
    fewest = next(k for k, p in enumerate(chances) if p <= 0.05)
    assert found["turned_by"] == f"{fewest} of 5 lost with and 0 of 0 lost without wearing-off"
    assert found["least_p"] == pytest.approx(chances[5], rel=1e-9)
    assert found["p"] is None  # without the lost nobody had an event
    assert found["conclusion_can_change"] is True


def test_the_bounds_are_the_two_extreme_divisions() -> None:
    found = row([*people("sometimes", 8, 1, 2), *people("never", 15, 3, 5)])
    assert found["lowest_difference"] == pytest.approx(1 / 10 - 8 / 20)
    assert found["highest_difference"] == pytest.approx(3 / 10 - 3 / 20)
    assert (found["lost_with"], found["lost_without"]) == (2, 5)


def test_with_nobody_lost_nothing_can_change() -> None:
    found = row([*people("sometimes", 8, 1, 0), *people("never", 15, 3, 0)])
    assert found["conclusion_can_change"] is False
    assert found["turned_by"] is None
    assert found["note"] == "nobody was lost"
    assert found["lowest_difference"] == found["highest_difference"]


def test_a_group_with_nobody_has_no_bound() -> None:
    found = row(people("never", 4, 1, 1))
    assert found["note"] == "a group has nobody"
    assert found["lowest_difference"] is None


def test_an_unscanned_patient_is_lost_to_mri_and_not_to_relapses() -> None:
    rows = [
        {"answer": "never", "relapses": 0, "observed_d": 365, "clean_to_d": 300.0, "mri_active_by_d": 365.0},
        {"answer": "never", "relapses": 0, "observed_d": 365, "clean_to_d": 300.0, "mri_active_by_d": inf},
        {"answer": "sometimes", "relapses": 0, "observed_d": 365},
    ]
    mri, relapse = row(rows, "any MRI activity"), row(rows)
    assert (mri["events_without"], mri["known_without"], mri["lost_with"]) == (1, 2, 1)
    assert (relapse["lost_with"], relapse["known_with"]) == (0, 1)


def test_too_many_divisions_give_the_bounds_and_say_that_no_tipping_point_was_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [*people("sometimes", 8, 1, 2), *people("never", 15, 3, 5)]
    whole = row(rows)
    monkeypatch.setattr(missing, "MOST_DIVISIONS", 17)
    cut = row(rows)
    assert "were not searched" in str(cut["note"])
    assert cut["conclusion_can_change"] is None
    for name in ("lowest_difference", "highest_difference", "p"):
        assert cut[name] == whole[name]
