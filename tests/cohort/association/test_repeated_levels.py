from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from wearoff.cohort.association import SAMPLE_SCHEMA, repeated_level_table

PATIENTS, SAMPLES = 14, 4


def samples(seed: int = 5, *, each: int = SAMPLES, labs: tuple[str, ...] = ("A",)) -> pl.DataFrame:
    """Patients with so many samples each, their own level and noise; the first six wear off and lie lower."""
    rng = np.random.default_rng(seed)
    rows = [
        (
            f"P{k:02d}",
            "regularly" if k < 6 else "never",
            "measured occupancy",
            "%",
            labs[k % len(labs)],
            own + rng.normal(0, 1.5),
            60.0 + 3 * (k % 5),
        )
        for k in range(PATIENTS)
        for own in [80 - 4 * (k < 6) + rng.normal(0, 3)]
        for _ in range(each)
    ]
    return pl.DataFrame(rows, schema=SAMPLE_SCHEMA, orient="row")


def row(frame: pl.DataFrame, adjusted_for: str = "nothing") -> dict[str, object]:
    table = repeated_level_table(frame)
    return table.filter(
        (pl.col("coding") == "any_vs_never") & (pl.col("adjusted_for") == adjusted_for)
    ).to_dicts()[0]


def test_with_as_many_samples_of_everybody_it_is_the_t_test_of_the_patients_means() -> None:
    frame = samples()
    means = frame.group_by("patient_id", "answer").agg(pl.col("value").mean())
    with_it, without = (means.filter(pl.col("answer") == a)["value"] for a in ("regularly", "never"))
    test = stats.ttest_ind(with_it, without)
    interval = test.confidence_interval(0.95)
    found = row(frame)
    assert found["difference"] == pytest.approx(with_it.mean() - without.mean(), rel=1e-9)
    assert found["p"] == pytest.approx(test.pvalue, rel=1e-5)
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high), rel=1e-5)


def test_copies_of_every_patients_samples_do_not_make_the_difference_surer() -> None:
    once, twice = row(samples()), row(pl.concat([samples(), samples()]))
    assert twice["p"] == pytest.approx(once["p"], rel=1e-5)


def test_weight_and_laboratory_are_held_and_said() -> None:
    frame = samples(labs=("A", "B"))
    moved = frame.with_columns(value=pl.col("value") + 30 * (pl.col("lab") == "B"))
    before, after = row(frame, "weight and laboratory"), row(moved, "weight and laboratory")
    assert after["difference"] == pytest.approx(before["difference"], abs=0.05)
    assert abs(float(str(row(moved)["p"])) - float(str(row(frame)["p"]))) > 0.01


def test_one_sample_each_too_few_patients_and_one_group_are_uninformative_with_a_reason() -> None:
    for frame, why in (
        (samples(each=1), "one row"),
        (samples().filter(pl.col("patient_id") < "P09"), "fewer than 10 patients"),
        (samples().with_columns(answer=pl.lit("never")), "all are in one group"),
    ):
        found = row(frame)
        assert found["verdict"] == "uninformative"
        assert found["difference"] is None
        assert why in str(found["note"])


def test_a_sample_without_an_answer_or_with_no_weight_is_left_out_where_it_is_needed() -> None:
    frame = samples().with_columns(
        answer=pl.when(pl.col("patient_id") == "P13").then(None).otherwise("answer"),
        weight=pl.when(pl.col("patient_id") == "P12").then(None).otherwise("weight"),
    )
    assert row(frame)["patients"] == PATIENTS - 1
    assert row(frame, "weight")["patients"] == PATIENTS - 2


def test_no_samples_give_no_rows() -> None:
    assert repeated_level_table(pl.DataFrame(schema=SAMPLE_SCHEMA)).is_empty()
