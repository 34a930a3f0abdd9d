from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cohort.association.test_first_activity import frames
from tests.cohort.cohorts import cohort, on
from wearoff.cohort.association import activity_curves, competing_curves, ended_patients


def people() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for answer in ("never", "regularly"):
        for day in (100, 200, 300, 400, 500):
            relapse = day if day in (200, 400) else None
            seen = {"observed_d": day, "relapses": int(relapse is not None), "first_relapse_d": relapse}
            rows.append({"answer": answer, **seen})
    return rows


def test_shares_add_up_and_the_end_takes_from_the_relapses() -> None:
    outcomes, answers = frames(people())
    ended = frozenset({"P0", "P2", "P5", "P7"})  # those of day 100 and 300
    curves = competing_curves(outcomes, answers, ended).filter(
        (pl.col("coding") == "any_vs_never") & (pl.col("group") == "never")
    )
    relapse = {row["day"]: row for row in curves.filter(pl.col("cause") == "relapse on treatment").to_dicts()}
    end = {row["day"]: row for row in curves.filter(pl.col("cause") == "end before a relapse").to_dicts()}
    # Nobody is censored before day 500, so both are plain shares of five.
    assert [relapse[day]["share"] for day in (0, 100, 200, 300, 400)] == pytest.approx([0, 0, 0.2, 0.2, 0.4])
    assert [end[day]["share"] for day in (0, 100, 200, 300, 400)] == pytest.approx([0, 0.2, 0.2, 0.4, 0.4])
    assert [relapse[day]["at_risk"] for day in (0, 100, 200, 500)] == [5, 5, 4, 1]
    assert relapse[100]["high"] > 0.4  # no relapse yet is no certainty
    assert sum(row["events"] for row in end.values()) == 2
    # Taking the end for mere loss would have said more.
    alone = activity_curves(outcomes, answers).filter(
        (pl.col("coding") == "any_vs_never") & (pl.col("group") == "never") & (pl.col("day") == 400)
    )
    assert 1 - alone["free"][0] > relapse[400]["share"] + 0.1


def test_without_ends_the_curve_is_that_of_first_activity() -> None:
    outcomes, answers = frames(people())
    one = competing_curves(outcomes, answers, frozenset()).filter(
        (pl.col("cause") == "relapse on treatment") & (pl.col("day") == 400)
    )
    other = activity_curves(outcomes, answers).filter(
        (pl.col("outcome") == "first relapse") & (pl.col("day") == 400)
    )
    assert one["share"].to_list() == pytest.approx((1 - other["free"]).to_list())
    assert one["high"].to_list() == pytest.approx((1 - other["low"]).to_list())


def test_an_end_with_a_reason_is_an_end_but_a_last_visit_or_a_move_is_not(tmp_path: Path) -> None:
    found = cohort(
        tmp_path,
        patient=[
            "patient_id,followup_start,followup_end,end_reason",
            f"P1,{on(0)},{on(300)},antibodies",
            f"P2,{on(0)},{on(300)},",
            f"P3,{on(0)},,",
            f"P4,{on(0)},{on(300)},Moved away",
        ],
    )
    assert ended_patients(found) == {"P1"}
