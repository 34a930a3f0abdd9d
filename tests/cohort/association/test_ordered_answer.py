from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from wearoff.cohort.association import ordered_answer_table
from wearoff.cohort.values import VALUES_SCHEMA
from wearoff.cohort.wearing_off import ANSWERS
from wearoff.stats import proportional_odds


def values(seed: int, patients: int = 150, *, slope: float = 0.05) -> pl.DataFrame:
    """Weight drives the answer; the trough only falls with weight."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(75, 14, patients)
    trough = 60 - 0.5 * weight + rng.normal(0, 6, patients)
    latent = slope * (weight - 75) + rng.logistic(size=patients)
    answer = [ANSWERS[int((value > 0) + (value > 1.2))] for value in latent]
    rows = [
        {
            "patient_id": f"P{k}",
            "answer": answer[k],
            "quantity": quantity,
            "unit": unit,
            "value": float(column[k]),
        }
        for k in range(patients)
        for quantity, unit, column in (("weight", "kg", weight), ("predicted trough", "mg/L", trough))
    ]
    rows.append({"patient_id": "X", "answer": None, "quantity": "weight", "unit": "kg", "value": 70.0})
    return pl.DataFrame(rows, schema=VALUES_SCHEMA)


def test_the_ratio_is_that_of_proportional_odds_on_the_ordered_answer() -> None:
    frame = values(1)
    row = ordered_answer_table(frame, ["weight"]).to_dicts()[0]
    mine = frame.filter((pl.col("quantity") == "weight") & pl.col("answer").is_not_null())
    order = [ANSWERS.index(answer) for answer in mine["answer"].to_list()]
    term = proportional_odds(order, mine["value"].to_numpy(), names=["weight"]).terms[0]
    assert row["odds_ratio"] == pytest.approx(term.ratio)
    assert (row["low"], row["p"]) == pytest.approx((term.ratio_interval.low, term.p))
    assert row["patients"] == 150
    assert row["unit"] == "kg"
    assert row["verdict"] == "association shown"


def test_what_weight_explains_goes_away_when_weight_is_held() -> None:
    alone, held = ordered_answer_table(values(2, 1500), ["predicted trough"]).to_dicts()
    assert (alone["adjusted_for"], held["adjusted_for"]) == ("nothing", "weight")
    assert alone["high"] < 1
    assert held["low"] < 1 < held["high"]


def test_sites_are_held_by_indicators_and_patients_without_one_left_out() -> None:
    frame = values(3)
    sites = pl.DataFrame(
        {"patient_id": [f"P{k}" for k in range(120)], "site": [f"s{k % 3}" for k in range(120)]}
    )
    row = ordered_answer_table(frame, ["weight"], sites=sites).to_dicts()[0]
    assert row["adjusted_for"] == "site"
    assert row["patients"] == 120


def test_too_few_patients_or_one_answer_are_uninformative_with_the_reason() -> None:
    few = ordered_answer_table(values(4, 5), ["weight", "height"]).to_dicts()
    assert {row["verdict"] for row in few} == {"uninformative"}
    assert "fewer than 10" in few[0]["note"]
    same = values(5).with_columns(answer=pl.lit("never"))
    assert ordered_answer_table(same, ["weight"])["note"].to_list() == ["all gave the same answer"]
