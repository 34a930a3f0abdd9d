from __future__ import annotations

from math import inf

import numpy as np
import polars as pl
import pytest

from tests.stats.published import AML_MAINTAINED, AML_OTHER
from wearoff.cohort.association import OUTCOME_SCHEMA, activity_curves, first_activity_table
from wearoff.stats import cox, interval_regression


def frames(rows: list[dict[str, object]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Outcomes and answers from rows with an answer and any of the outcome columns."""
    full = [
        {
            **dict.fromkeys(OUTCOME_SCHEMA),
            "patient_id": f"P{k}",
            **{c: v for c, v in row.items() if c != "answer"},
        }
        for k, row in enumerate(rows)
    ]
    answers = [{"patient_id": f"P{k}", "answer": row["answer"]} for k, row in enumerate(rows)]
    return (
        pl.DataFrame(full, schema=OUTCOME_SCHEMA),
        pl.DataFrame(answers, schema={"patient_id": pl.String, "answer": pl.String}),
    )


def aml() -> list[dict[str, object]]:
    """The published remission times, as if in days: maintained as never, the others as regularly."""
    rows = []
    for answer, (times, events) in (("never", AML_MAINTAINED), ("regularly", AML_OTHER)):
        for time, event in zip(times, events, strict=True):
            first = time if event else None
            rows.append({"answer": answer, "observed_d": time, "relapses": event, "first_relapse_d": first})
    return rows


def row_of(table: pl.DataFrame, outcome: str, coding: str = "any_vs_never") -> dict[str, object]:
    return table.filter((pl.col("outcome") == outcome) & (pl.col("coding") == coding)).to_dicts()[0]


def test_published_times_give_the_published_test_and_ratio() -> None:
    found = row_of(first_activity_table(*frames(aml())), "first relapse")
    assert found["log_rank_p"] == pytest.approx(0.0653, abs=5e-5)
    assert (found["events_with"], found["events_without"]) == (11, 7)
    # coxph(Surv(time, status) ~ x, aml): 0.9155, se 0.5119
    assert np.log(float(str(found["hazard_ratio"]))) == pytest.approx(0.9155, abs=5e-5)
    assert found["verdict"] == "no difference shown"


def test_curves_carry_the_numbers_at_risk_and_begin_with_everybody() -> None:
    curves = activity_curves(*frames(aml()))
    mine = curves.filter(
        (pl.col("outcome") == "first relapse")
        & (pl.col("coding") == "any_vs_never")
        & (pl.col("group") == "never")
    )
    assert mine["at_risk"][0] == 11
    assert mine["free"][0] == 1
    assert mine.filter(pl.col("day") == 13)["at_risk"].to_list() == [10]
    assert mine.filter(pl.col("day") == 23)["free"].to_list() == [pytest.approx(0.613636, abs=5e-7)]


def test_the_lost_are_counted_and_not_taken_for_free_of_activity() -> None:
    rows = [
        *aml(),
        {"answer": "never"},
        {"answer": "sometimes"},
        {"answer": None, "observed_d": 5, "relapses": 0},
    ]
    found = row_of(first_activity_table(*frames(rows)), "first relapse")
    assert found["lost"] == 2
    assert (found["patients_with"], found["patients_without"]) == (12, 11)


def test_where_nobody_had_activity_there_is_no_ratio() -> None:
    rows = [
        {"answer": a, "observed_d": 365, "relapses": 0, "clean_to_d": 360.0, "mri_active_by_d": inf}
        for a in ("never", "regularly")
    ]
    table = first_activity_table(*frames(rows * 10))
    assert set(table["verdict"]) == {"uninformative"}
    assert table["hazard_ratio"].null_count() == table.height
    curves = activity_curves(*frames(rows * 10))
    assert curves.filter(pl.col("outcome") == "first relapse")["low"].max() < 1


def test_windows_between_scans_go_into_the_model_of_windows() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for k in range(60):
        true, answer = rng.exponential(500 if k % 2 else 900), ("regularly" if k % 2 else "never")
        seen = [day for day in (180, 360, 540, 720) if day < true]
        clean = max(seen, default=0)
        rows.append(
            {
                "answer": answer,
                "clean_to_d": float(clean),
                "mri_active_by_d": inf if clean == 720 else clean + 180.0,
            }
        )
    found = row_of(first_activity_table(*frames(rows)), "first MRI activity")
    fit = interval_regression(
        [row["clean_to_d"] for row in rows],
        [row["mri_active_by_d"] for row in rows],
        [float(row["answer"] != "never") for row in rows],
        names=["any wearing-off"],
    )
    assert found["hazard_ratio"] == pytest.approx(fit.terms[0].ratio)
    assert found["p"] == fit.terms[0].p
    # Taking the day of the scan for the day of the lesion would have said something else.
    naive = cox(
        [min(row["clean_to_d"] + 180, 720.0) for row in rows],
        [row["mri_active_by_d"] < inf for row in rows],
        [float(row["answer"] != "never") for row in rows],
        names=["any wearing-off"],
    )
    assert found["low"] != naive.terms[0].ratio_interval.low
    curves = activity_curves(*frames(rows)).filter(pl.col("outcome") == "first MRI activity")
    assert curves["at_risk"].null_count() == curves.height
    assert (curves["low"] <= curves["high"]).all()


def test_activity_in_one_group_only_gives_a_one_sided_limit_and_keeps_its_test() -> None:
    rows = [{"answer": "regularly", "observed_d": 300, "relapses": 0} for _ in range(15)]
    rows += [
        {"answer": "never", "observed_d": 100 + 10 * k, "relapses": 1, "first_relapse_d": 100 + 10 * k}
        for k in range(8)
    ]
    found = row_of(first_activity_table(*frames(rows)), "first relapse")
    assert (found["hazard_ratio"], found["low"]) == (0, 0)
    assert 0 < float(str(found["high"])) < 1
    assert found["verdict"] == "difference shown"
    assert "one side" in str(found["note"])
