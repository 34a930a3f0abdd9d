from __future__ import annotations

import numpy as np
import polars as pl

from wearoff.cohort.association import correlations, quantity_associations


def long(quantity: str, groups: dict[str | None, list[float]]) -> pl.DataFrame:
    rows = [
        (f"{answer}{k}", answer, quantity, "kg", value)
        for answer, values in groups.items()
        for k, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema=["patient_id", "answer", "quantity", "unit", "value"], orient="row")


def test_a_shift_of_every_value_is_found_with_its_sign_and_unit() -> None:
    random = np.random.default_rng(1)
    base = random.normal(80, 2, 12)
    frame = long("weight", {"never": list(base), "sometimes": list(base + 0.5), "regularly": list(base + 20)})
    rows = {row["comparison"]: row for row in quantity_associations(frame, seed=1).to_dicts()}
    regular = rows["regular wearing-off minus never or sometimes"]
    assert regular["unit"] == "kg"
    assert 18 < regular["low"] <= regular["estimate"] <= regular["high"] < 22
    assert regular["p"] < 0.001
    assert rows["never / sometimes / regularly"]["p"] < 0.001
    assert rows["ordered answer"]["p"] < 0.001


def test_a_patient_without_an_answer_is_in_no_group() -> None:
    frame = long("weight", {"never": [70.0, 71.0], "regularly": [90.0], None: [200.0]})
    rows = quantity_associations(frame, seed=1)
    assert rows["n"].to_list()[:2] == ["2 / 0 / 1"] * 2


def test_an_empty_group_gives_no_test_and_says_so() -> None:
    rows = quantity_associations(long("weight", {"never": [70.0, 71.0]}), seed=1)
    assert rows["p"].null_count() == rows.height
    assert bool((rows["note"] != "").all())


def test_a_correlation_uses_the_patients_that_have_both() -> None:
    first = long("a", {"never": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]})
    second = long("b", {"never": [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]})
    row = correlations(pl.concat([first, second]), [("a", "b")]).to_dicts()[0]
    assert row["n"] == "6"
    assert row["estimate"] == 1.0
