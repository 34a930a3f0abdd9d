"""The figures of the scoreboard as data: every one has rows, a band with a reason, and a computation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wearoff.dosing.scoreboard.computations import COMPUTATIONS
from wearoff.dosing.scoreboard.entries import Entry, entries
from wearoff.sources import Mark, figure

EVERY = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)


def made(**changes: object) -> Entry:
    usual: dict[str, object] = {
        "name": "trough",
        "title": "a trough",
        "evidence": ("P090",),
        "unit": "mg/L",
        "computation": "mean_trough",
        "share": 0.1,
        "why": "a tenth, assumed",
    }
    return Entry(**{**usual, **changes})  # type: ignore[arg-type]


def test_every_name_stands_once() -> None:
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names)


@EVERY
def test_an_entry_has_rows_a_reason_and_a_computation(entry: Entry) -> None:
    assert all(figure(id_) for id_ in entry.evidence)
    assert entry.computation in COMPUTATIONS
    assert entry.why
    low, high = entry.accepted
    assert math.isfinite(low)
    assert low < high


@EVERY
def test_a_band_that_is_not_published_is_called_assumed(entry: Entry) -> None:
    assert ("assumed" in entry.why) or ("published" in entry.why) or entry.fitted_curves


@EVERY
def test_the_published_number_lies_in_its_own_band(entry: Entry) -> None:
    low, high = entry.accepted
    rows = [figure(id_) for id_ in entry.evidence]
    if not math.isnan(entry.number):
        assert low <= entry.number <= high
    elif len(rows) == 2:  # a published range is its own band
        assert entry.between == tuple(row.number for row in rows)
    else:  # a bound
        assert rows[0].value in {f">{low:g}", f">={low:g}"}


@EVERY
def test_a_published_interval_that_is_the_band_is_that_of_the_row(entry: Entry) -> None:
    (row, *_) = (figure(id_) for id_ in entry.evidence)
    if entry.why in {"the published 95 % interval", "the published range"} and len(entry.evidence) == 1:
        assert entry.between == tuple(float(end) for end in row.spread.split("-"))


@EVERY
def test_the_unit_is_that_of_the_row(entry: Entry) -> None:
    if not entry.is_ratio:
        unit = {figure(id_).unit for id_ in entry.evidence}
        assert unit == {entry.unit}


def test_a_ratio_and_a_spread_are_read_from_their_rows() -> None:
    assert made(evidence=("P091", "P090"), is_ratio=True).number == pytest.approx(18.2 / 35.7)
    assert made(evidence=("P032",), is_spread=True).number == 52
    assert made(evidence=("P032",)).number == 110


@given(st.floats(0, 2), st.floats(0, 50))
def test_of_share_and_distance_the_wider_one_counts(share: float, within: float) -> None:
    if share == within == 0:
        return
    low, high = made(share=share, within=within).accepted
    assert high - 35.7 == pytest.approx(max(share * 35.7, within))
    assert 35.7 - low == pytest.approx(high - 35.7)


def test_the_mark_is_that_of_the_weakest_row() -> None:
    assert made(evidence=("P090",)).mark is Mark.MEASURED
    assert made(evidence=("P090", "P098"), between=(1, 2), share=0.0).mark is Mark.SECONDARY


def test_what_was_used_to_fit_may_hold_for_one_curve_alone() -> None:
    entry = made(by_curve=True, fitted_curves=("bridge",))
    assert [entry.is_fitted(curve) for curve in ("bridge", "ec50_only", None)] == [True, False, False]
    assert made(used_to_fit=True).is_fitted(None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"share": 0.0}, "a band is given by"),
        ({"between": (1, 2)}, "a band is given by"),
        ({"between": (2, 1), "share": 0.0}, "lower end of a band"),
        ({"share": -0.1}, "not negative"),
        ({"evidence": ()}, "a row of the evidence table"),
        ({"is_ratio": True}, "a ratio has two"),
        ({"evidence": ("P101",)}, "needs one published number"),
        ({"fitted_curves": ("brigde",)}, "no curves brigde"),
    ],
)
def test_an_entry_that_does_not_hold_together_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(**changes)
