from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from wearoff.errors import InputError
from wearoff.stats import group_sizes
from wearoff.trial.power import ActivityDesign, simulate
from wearoff.trial.power.activity import COX, LOG_RANK
from wearoff.trial.power.design import membership
from wearoff.trial.power.monte_carlo import streams_of

PLANNED = ActivityDesign(516, ratio=2.0, activity=0.1, exposed=0.425, dropout=0.125, years=1.0)
PUBLISHED = {
    (0.10, 1.0): 516,
    (0.10, 2.0): 297,
    (0.10, 3.0): 225,
    (0.041, 1.0): 1237,
    (0.041, 2.0): 680,
    (0.041, 3.0): 497,
}


@pytest.mark.parametrize(("activity", "years"), PUBLISHED)
def test_the_published_sizes_are_needed(activity: float, years: float) -> None:
    design = replace(PLANNED, activity=activity, years=years)
    assert design.needed(LOG_RANK) == PUBLISHED[activity, years]


@pytest.mark.parametrize(("years", "patients"), [(1.0, 516), (2.0, 297)])
def test_simulation_agrees_with_schoenfeld_within_its_error(years: float, patients: int) -> None:
    design = replace(PLANNED, years=years, patients=patients)
    found = simulate(design, replicates=600, seed=11, tests=(LOG_RANK,))[LOG_RANK]
    assert abs(found.distance(design.closed_form(LOG_RANK) or 0.0)) < 2.6
    assert found.wrong == 0


def sharper(design: ActivityDesign) -> float:
    """The power of the log-rank test without taking the ratio for one near 1.

    An event falls to the one group with the chance s r / (s r + 1 - s) instead of s; Schoenfeld's form is the first
    term of that in log r.
    """
    share = design.exposed
    chance = share * design.ratio / (share * design.ratio + 1 - share)
    excess = np.sqrt(design.events) * (chance - share) - design.critical * np.sqrt(share * (1 - share))
    return float(ndtr(excess / np.sqrt(chance * (1 - chance))))


def test_schoenfeld_is_the_first_term_of_a_sharper_form() -> None:
    near_one = replace(PLANNED, ratio=1.05, patients=16_000)
    assert sharper(near_one) == pytest.approx(near_one.closed_form(LOG_RANK), abs=0.002)
    assert sharper(PLANNED) == pytest.approx(0.8117, abs=0.0001)


@pytest.mark.slow
@pytest.mark.parametrize(("activity", "years"), PUBLISHED)
def test_ten_thousand_studies_of_every_published_size_agree_with_schoenfeld(
    activity: float, years: float
) -> None:
    design = replace(PLANNED, activity=activity, years=years, patients=PUBLISHED[activity, years])
    found = simulate(design, replicates=10_000, seed=1, tests=(LOG_RANK,))[LOG_RANK]
    assert abs(found.distance(sharper(design))) < 3.0
    # and Schoenfeld's linear form lies a good point below: what the page says of it
    assert found.power == pytest.approx(design.closed_form(LOG_RANK), abs=0.02)


@pytest.mark.slow
def test_without_a_difference_both_tests_raise_as_many_alarms_as_they_may() -> None:
    found = simulate(replace(PLANNED, ratio=1.0), replicates=4_000, seed=2)
    for test in (LOG_RANK, COX):
        assert found[test].shown == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 4_000))
    assert found[COX].coverage == pytest.approx(0.95, abs=0.011)


def test_with_scans_the_formula_counts_what_is_seen_and_the_simulation_agrees() -> None:
    design = replace(PLANNED, scans=1.0, relapse_share=0.3, years=2.0)
    design = replace(design, patients=design.needed(LOG_RANK))
    assert design.patients > PUBLISHED[0.10, 2.0]
    drawn = simulate(design, replicates=500, seed=11, tests=(LOG_RANK,))[LOG_RANK]
    assert abs(drawn.distance(design.closed_form(LOG_RANK) or 0.0)) < 2.6


def test_cox_estimates_the_ratio_and_its_interval_holds_it() -> None:
    found = simulate(PLANNED, replicates=150, seed=5)[COX]
    assert found.estimate == pytest.approx(2.0, rel=0.08)
    assert found.coverage is not None
    assert found.coverage > 0.88


def test_a_ratio_below_one_is_found_on_its_own_side() -> None:
    protective = replace(PLANNED, ratio=0.4, patients=700, activity=0.2)
    found = simulate(protective, replicates=40, seed=6)
    for test in (LOG_RANK, COX):
        assert found[test].found > 20
        assert found[test].wrong == 0


def test_nobody_active_is_no_finding_and_excludes_nothing() -> None:
    quiet = replace(PLANNED, patients=10, activity=1e-9)
    found = simulate(quiet, replicates=5, seed=7)
    for test in (LOG_RANK, COX):
        assert found[test].found == 0
    assert found[COX].coverage == 1.0


def test_a_group_without_anybody_is_no_finding() -> None:
    lonely = replace(PLANNED, patients=5, exposed=0.01, activity=0.5)
    found = simulate(lonely, replicates=4, seed=8)
    assert {found[test].found for test in (LOG_RANK, COX)} == {0}


@pytest.mark.parametrize("share", [0.425, 0.1, 0.5])
def test_a_smaller_study_is_the_beginning_of_a_larger_one(share: float) -> None:
    whole = membership(200, share)
    for size in (17, 60, 123):
        assert (membership(size, share) == whole[:size]).all()
        assert whole[:size].sum() == group_sizes(size, share)[0]
    numbers = streams_of(1, 3, PLANNED.question)
    assert (numbers("follow-up").random((60, 3)) == numbers("follow-up").random((200, 3))[:60]).all()


def test_power_grows_with_everything_that_gives_more_events() -> None:
    def powers(**changes) -> list[float]:
        (name, values), *_ = changes.items()
        return [replace(PLANNED, **{name: value}).closed_form(LOG_RANK) or 0.0 for value in values]

    for grid in (
        {"patients": (50, 200, 800)},
        {"years": (0.5, 1, 3)},
        {"activity": (0.02, 0.1, 0.3)},
        {"ratio": (1.2, 2.0, 4.0)},
        {"dropout": (0.6, 0.2, 0.0)},
    ):
        assert powers(**grid) == sorted(powers(**grid))


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        ActivityDesign(1, ratio=-2.0, activity=1.0, exposed=0.0, dropout=1.0, years=0.0, power=1.0, alpha=0.0)
    assert {problem.key for problem in caught.value.problems} == {
        "patients",
        "ratio",
        "activity",
        "exposed",
        "dropout",
        "years",
        "power",
        "alpha",
    }
    assert "hazard ratio must be above 0" in str(caught.value)
