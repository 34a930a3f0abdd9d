"""Boundaries of interim looks: published ones, a multivariate integral, and paths that are simulated."""

from __future__ import annotations

import doctest
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tests.trial.studies import protocol
from wearoff.errors import InputError
from wearoff.trial.protocol import Analysis, Endpoint, Looks, Protocol, Recording, Schedule
from wearoff.trial.reading import looks
from wearoff.trial.reading.analyse import analyse
from wearoff.trial.reading.looks import (
    SPENDING,
    boundaries,
    fractions_of_events,
    information_fraction,
    planned_looks,
    spent,
)

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("fractions", "spending", "published"),
    [
        ((0.5, 1.0), "obrien_fleming", (2.963, 1.969)),
        (FIVE, "obrien_fleming", (4.877, 3.357, 2.680, 2.290, 2.031)),
        ((1 / 3, 2 / 3, 1.0), "obrien_fleming", (3.710, 2.511, 1.993)),
        (FIVE, "pocock", (2.438, 2.427, 2.410, 2.397, 2.386)),
        ((0.5, 1.0), "pocock", (2.157, 2.201)),
    ],
)
def test_boundaries_are_the_published_ones(
    fractions: tuple[float, ...], spending: str, published: tuple[float, ...]
) -> None:
    found = [round(one.z, 3) for one in boundaries(fractions, spending=spending)]
    assert found == pytest.approx(published, abs=0.0011)


def test_a_single_look_is_the_usual_test() -> None:
    (one,) = boundaries([1.0])
    assert one.z == pytest.approx(1.959963985, abs=1e-8)
    assert one.nominal == pytest.approx(0.05, abs=1e-10)


def test_two_looks_are_those_of_a_bivariate_normal() -> None:
    for spending in ("obrien_fleming", "pocock"):
        first, last = boundaries([0.3, 1.0], alpha=0.05, spending=spending)
        correlation = np.sqrt(0.3)
        inside = stats.multivariate_normal(cov=[[1.0, correlation], [correlation, 1.0]]).cdf(
            np.array([first.z, last.z]), lower_limit=np.array([-first.z, -last.z])
        )
        assert 1.0 - inside == pytest.approx(0.05, abs=1e-6)
        assert first.nominal == pytest.approx(spent(0.3, 0.05, spending), rel=1e-9)


@pytest.mark.parametrize("spending", SPENDING)
def test_simulated_paths_stop_as_often_as_the_error_is_spent(spending: str) -> None:
    fractions = np.array([0.15, 0.4, 0.75, 1.0])
    edges = boundaries(fractions.tolist(), alpha=0.1, spending=spending)
    paths = 200_000
    steps = np.random.default_rng(7).normal(size=(paths, 4)) * np.sqrt(np.diff(fractions, prepend=0.0))
    z = np.cumsum(steps, axis=1) / np.sqrt(fractions)
    stopped = np.cumsum(np.abs(z) >= [edge.z for edge in edges], axis=1) > 0
    error = np.sqrt(0.1 * 0.9 / paths)
    for edge, share in zip(edges, stopped.mean(axis=0), strict=True):
        assert share == pytest.approx(edge.spent, abs=4 * error)
    assert edges[-1].spent == pytest.approx(0.1, abs=1e-9)


def test_early_looks_of_haybittle_and_peto_are_at_one_in_a_thousand() -> None:
    found = boundaries([0.3, 0.6, 1.0], spending="haybittle_peto")
    assert [one.nominal for one in found[:-1]] == pytest.approx([0.001, 0.001])
    assert 0.049 < found[-1].nominal < 0.05


def test_more_looks_leave_less_for_the_last() -> None:
    last = [boundaries(np.arange(1, k + 1) / k, spending="pocock")[-1].z for k in range(1, 7)]
    assert (np.diff(last) > 0.0).all()


def test_fractions_that_do_not_ascend_to_one_are_refused() -> None:
    for fractions in ([], [0.5], [0.5, 0.5, 1.0], [0.0, 1.0], [0.7, 0.4, 1.0]):
        with pytest.raises(ValueError, match="ascend"):
            boundaries(fractions)
    with pytest.raises(ValueError, match="spend"):
        boundaries([0.5, 1.0], alpha=0.0005, spending="haybittle_peto")


def test_events_give_fractions_and_the_last_look_takes_the_rest() -> None:
    assert fractions_of_events([20, 40, 51], 80) == (0.25, 0.5, 1.0)
    with pytest.raises(ValueError, match="under 80"):
        fractions_of_events([90, 95], 80)


@pytest.mark.parametrize(("spending", "fraction"), [("obrien_fleming", 0.5), ("pocock", 0.3)])
def test_with_looks_something_is_found_by_chance_no_more_often_than_at_one(
    spending: str, fraction: float
) -> None:
    # Two arms of 200 with 30 % active in both; at the first look only the early ones have an end of their window.
    replicates, size = 4000, 400
    rng = np.random.default_rng(21)
    active = rng.random((replicates, size)) < 0.3
    early = np.arange(size) < fraction * size
    analysis = Analysis(name="it", method="newcombe_difference", endpoint="it", by="arm", is_primary=True)
    it = protocol().model_copy(
        update={
            "analyses": (analysis,),
            "endpoints": (Endpoint(name="it", kind="neda"),),
            "looks": Looks(weeks=(1,)),
        }
    )
    shown = np.zeros(replicates, dtype=bool)
    for number, edge in enumerate(boundaries([fraction, 1.0], spending=spending), start=1):
        is_known = early if number == 1 else np.ones(size, dtype=bool)
        state = np.where(is_known, np.where(active, "active", "neda"), "unknown")
        frame = pl.DataFrame(
            {
                "replicate": np.repeat(np.arange(replicates), size),
                "arm": np.tile(np.array(["SID", "EID"])[np.arange(size) % 2], replicates),
                "answer": pl.repeat("never", replicates * size, eager=True),
                "it.state": state.ravel(),
            }
        )
        shown |= analyse(frame, it, number, edge.nominal)["is_shown"].to_numpy()
    assert shown.mean() == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / replicates))


# Looks of a protocol


def study(kind: str, weeks: tuple[float, ...], *, method: str, **schedule: int) -> Protocol:
    one = Analysis(name="it", method=method, endpoint="it", by="arm", is_primary=True, margin=0.1)
    return protocol().model_copy(
        update={
            "analyses": (one,),
            "endpoints": (Endpoint(name="it", kind=kind),),
            "schedule": Schedule(followup_weeks=52, **schedule),
            "looks": Looks(weeks=weeks),
        }
    )


def test_a_window_informs_when_it_has_ended() -> None:
    it = study("neda", (104.0,), method="fisher", accrual_weeks=104)
    assert [information_fraction(it, it.analyses[0], week) for week in (30, 52, 104, 156, 200)] == [
        0.0,
        0.0,
        0.5,
        1.0,
        1.0,
    ]
    first, last = planned_looks(it)
    assert (first.day, last.day) == (date(2022, 1, 3), None)
    assert [first.boundary.z, last.boundary.z] == pytest.approx([2.963, 1.969], abs=0.001)
    assert first.alpha == first.boundary.nominal


def test_times_inform_while_they_pass_and_drop_out_makes_the_early_ones_weigh_more() -> None:
    it = study("first_relapse", (52.0,), method="log_rank", accrual_weeks=104)
    half = information_fraction(it, it.analyses[0], 104.0)
    # Entered over 104 weeks and followed for 52: at week 104 the early half is done, the late half has on average half.
    assert half == pytest.approx(0.75, abs=1e-4)
    lossy = it.model_copy(update={"recording": Recording(dropout_per_year=0.3)})
    assert information_fraction(lossy, it.analyses[0], 104.0) > half
    assert information_fraction(it, it.analyses[0], 156.0) == 1.0


def test_a_test_of_non_inferiority_has_one_sided_levels() -> None:
    it = study("neda", (104.0,), method="non_inferiority_difference", accrual_weeks=104)
    first, last = planned_looks(it)
    assert first.alpha == first.boundary.nominal / 2.0
    assert last.boundary.spent == pytest.approx(0.1)


def test_without_looks_there_is_one_at_the_end_with_the_level_of_the_analysis() -> None:
    it = study("neda", (104.0,), method="fisher").model_copy(update={"looks": None})
    (only,) = planned_looks(it)
    assert (only.number, only.week, only.day, only.alpha) == (1, None, None, 0.05)


def test_looks_without_information_or_a_primary_analysis_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"looks, key weeks: at week 40 there is no information"):
        planned_looks(study("neda", (40.0,), method="fisher", accrual_weeks=104))
    with pytest.raises(InputError, match=r"at week 160 there is all information"):
        planned_looks(study("neda", (160.0,), method="fisher", accrual_weeks=104))
    it = study("neda", (104.0,), method="fisher", accrual_weeks=104)
    nobody = tuple(one.model_copy(update={"is_primary": False}) for one in it.analyses)
    with pytest.raises(InputError, match="is_primary = true"):
        planned_looks(it.model_copy(update={"analyses": nobody}))


def test_the_examples_in_the_module_are_right() -> None:
    assert doctest.testmod(looks).failed == 0
