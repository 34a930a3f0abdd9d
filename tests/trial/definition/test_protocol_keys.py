"""Every key of a protocol has a meaning, and every default a mark; none stands there that no model knows."""

from __future__ import annotations

import pytest

from wearoff.sources import Mark, evidence
from wearoff.trial.definition.protocol_form import forms
from wearoff.trial.definition.protocol_keys import Key, _marks, protocol_keys

KEYS = {f"{key.table} {key.key}".strip(): key for key in protocol_keys()}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_says_what_it_means_and_what_may_stand_there(key: Key) -> None:
    assert len(key.meaning) > 8
    assert key.values


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_default_has_its_mark_and_a_measured_one_its_row_of_evidence(key: Key) -> None:
    if key.default is None:
        assert key.mark is None
    elif key.default != "nothing":
        assert key.mark in (*Mark, "choice", "neutral")
    if key.mark in ("measured", "secondary", "derived"):
        assert key.evidence
    rows = {row.id for row in evidence()}
    assert set(key.evidence) <= rows


def test_no_mark_is_of_a_key_that_there_is_not() -> None:
    known = {(*form.path, key) for form in forms().values() for key in form.keys}
    assert set(_marks()) <= known


def test_a_measured_share_is_that_of_the_evidence() -> None:
    rows = {row.id: row for row in evidence()}
    for name in ("[world] regularly", "[world] sometimes"):
        (row,) = (rows[each] for each in KEYS[name].evidence)
        assert float(KEYS[name].default or 0) == pytest.approx(float(row.value) / float(row.n))


def test_a_neutral_default_adds_and_loses_nothing() -> None:
    neutral = {name: key.default for name, key in KEYS.items() if key.mark == "neutral"}
    assert {name for name, default in neutral.items() if default not in ("0", "nothing")} == {
        "[[arm]] activity_ratio",
        "[world] activity_ratio",
    }
    assert neutral["[world] activity_ratio"] == "1"


def test_values_are_said_with_their_limits() -> None:
    assert KEYS["[recording] dropout_per_year"].values == "number, at least 0, less than 1"
    assert KEYS["[patients] population"].values == '"stable" or "starter"'
    assert KEYS["[schedule] level_every_weeks"].values == 'whole number, at least 1, or "never"'
    assert KEYS["[schedule] level_every_weeks"].default == "52"
    assert KEYS["[looks] weeks"].values == "list of numbers"
    assert KEYS["[assignment] log_odds"].values == "names with a number each"
    assert KEYS["[[arm]] size"].default is None
    assert KEYS["[[arm]] aim_mg_per_l"].default == "nothing"
