from __future__ import annotations

import polars as pl
import pytest

from wearoff.cohort.association import comparisons_table, group_activity, risk_table, trend_table
from wearoff.cohort.wearing_off import CODINGS

# 10 never (1 active, 2 unknown), 6 sometimes (1 active, 1 unknown), 4 regularly (2 active), 1 without answer.
COUNTS = {
    "never": {"active": 1, "neda": 7, "unknown": 2},
    "sometimes": {"active": 1, "neda": 4, "unknown": 1},
    "regularly": {"active": 2, "neda": 2, "unknown": 0},
    None: {"active": 1, "neda": 0, "unknown": 0},
}


@pytest.fixture
def frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [
        (f"{answer}-{state}-{k}", answer, state)
        for answer, states in COUNTS.items()
        for state, n in states.items()
        for k in range(n)
    ]
    frame = pl.DataFrame(rows, schema=["patient_id", "answer", "neda"], orient="row")
    neda = frame.select("patient_id", "neda", window=pl.lit("year 1"))
    return neda, frame.select("patient_id", "answer")


def test_groups_count_active_evaluable_lost_and_unanswered(frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    group = group_activity(*frames, "year 1", CODINGS["any_vs_never"])
    table = group.table
    assert (table.exposed_events, table.exposed_total) == (3, 9)
    assert (table.other_events, table.other_total) == (1, 8)
    assert (group.exposed_lost, group.other_lost, group.no_answer) == (1, 2, 1)


def test_the_risk_table_has_every_group_and_nobody_twice(frames: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    risks = risk_table(*frames, ["year 1"])
    totals = risks.group_by("coding").agg((pl.col("evaluable") + pl.col("lost")).sum().alias("patients"))
    assert set(totals["patients"].to_list()) == {20}
    ordered = risks.filter(pl.col("coding") == "ordered")
    assert ordered["group"].to_list() == ["never", "sometimes", "regularly"]
    assert ordered["risk"].to_list() == [1 / 8, 1 / 5, 2 / 4]
    assert bool((risks["low"] <= risks["risk"]).all())
    assert bool((risks["risk"] <= risks["high"]).all())


def test_without_an_event_there_is_no_test_and_the_word_is_uninformative(
    frames: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    neda, answers = frames
    quiet = neda.with_columns(neda=pl.col("neda").replace({"active": "neda"}))
    group = group_activity(quiet, answers, "year 1", CODINGS["any_vs_never"])
    row = comparisons_table([group]).to_dicts()[0]
    assert row["fisher_p"] is None
    assert row["fisher_mid_p"] is None
    assert row["verdict"] == "uninformative"
    assert row["low"] < 0 < row["high"]
    assert trend_table(quiet, answers, ["year 1"])["verdict"].to_list() == ["uninformative"]


def test_an_event_free_group_beside_one_with_events_is_tested(
    frames: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    row = comparisons_table([group_activity(*frames, "year 1", CODINGS["any_vs_never"])]).to_dicts()[0]
    assert row["fisher_p"] == pytest.approx(0.5765, abs=5e-4)  # scipy.stats.fisher_exact([[3, 6], [1, 7]])
    assert row["risk_difference"] == pytest.approx(3 / 9 - 1 / 8)
    assert trend_table(*frames, ["year 1"])["p"][0] is not None
