from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cohort.cohorts import cohort, on
from tests.cohort.neda.people import followup, random_people
from wearoff.cohort.neda import (
    Followup,
    Multiverse,
    Window,
    find_events,
    load_any_rule,
    load_rule,
    load_worsening_rule,
    multiverse,
    multiverse_tables,
    neda_tables,
    read_followup,
    score_followup,
    summarise_events,
)
from wearoff.cohort.neda.multiverse import NEDA_GRID, PIRA_GRID, influence
from wearoff.errors import UnknownNameError

YEAR_ONE = Window("year 1", 0, 365)


@pytest.fixture(scope="module")
def records() -> Followup:
    return followup(random_people(80, 3))


@pytest.fixture(scope="module")
def found(records: Followup) -> Multiverse:
    return multiverse(records, YEAR_ONE)


def test_each_combination_is_answered_as_that_rule_alone_answers_it(
    records: Followup, found: Multiverse
) -> None:
    assert found.neda.height == 3 * len(list(product(*NEDA_GRID.values())))
    assert found.pira.height == len(list(product(*PIRA_GRID.values())))
    for row in found.neda.sample(12, seed=1).to_dicts():
        settings = {
            name: next(v for v in values if str(v) == row[name]) for name, values in NEDA_GRID.items()
        }
        name = {"NEDA-3": "neda3_12w_guarded", "NEDA-4": "neda4_12w", "clinical NEDA": "clinical_12w"}
        rule = load_rule(name[row["components"]]).with_settings(**settings)
        state = score_followup(records, rule, [YEAR_ONE]).windows[0].state
        assert [row[key] for key in ("unknown", "neda", "active")] == np.bincount(state, minlength=3).tolist()
    for row in found.pira.sample(12, seed=1).to_dicts():
        settings = {
            name: next(v for v in values if str(v) == row[name]) for name, values in PIRA_GRID.items()
        }
        rule = load_worsening_rule("pira_mueller_2023").with_settings(
            **settings, counted_label="PIRA", occurrence="every"
        )
        events = find_events(records.visits, records.reports, rule, relapses_unknown=records.relapses_unknown)
        rates = summarise_events(records, events, rule)
        assert row["changes"] == rates.filter(pl.col("change") == "PIRA")["changes"].item()


def test_the_definition_of_pira_moves_its_rate(found: Multiverse) -> None:
    assert found.pira["rate_per_decade"].n_unique() > 20
    assert set(found.pira_influence["setting"]) == set(PIRA_GRID)
    assert found.pira_influence["largest_change"].min() > 0  # type: ignore[operator]


def test_influence_is_the_spread_when_nothing_else_changes() -> None:
    answers = pl.DataFrame(
        [(a, b, 10.0 * a + b * (a + 1)) for a in (0, 1) for b in (0, 1, 2)],
        schema=["a", "b", "answer"],
        orient="row",
    )
    rows = {row["setting"]: row for row in influence(answers, ["a", "b"], "answer").to_dicts()}
    # a alone: 10 + b for b = 0, 1, 2; b alone: 2 (a + 1) for a = 0, 1
    assert (rows["a"]["median_change"], rows["a"]["largest_change"]) == (11, 12)
    assert (rows["b"]["median_change"], rows["b"]["largest_change"]) == (3, 4)


def test_a_component_that_nobody_measured_gives_no_share(tmp_path: Path) -> None:
    read = read_followup(
        cohort(
            tmp_path,
            visit=["patient_id,date,edss", *(f"P1,{on(d)},2" for d in (0, 182, 365))],
            relapse=["patient_id,onset_date", f"P1,{on(100)}"],
        )
    )
    tables = multiverse_tables(read).tables
    shares = dict(tables["multiverse_named"].frame.select("rule", "share_neda").iter_rows())
    assert (shares["neda3_12w"], shares["neda4_12w"], shares["clinical_12w"]) == (None, None, 0.0)
    summary = neda_tables(read, [load_any_rule("neda3_12w")]).tables["neda_summary"].frame.to_dicts()[0]
    assert (summary["neda"], summary["active"], summary["share_neda"]) == (0, 1, None)
    with pytest.raises(UnknownNameError, match="year 1"):
        multiverse_tables(read, "year 9")


def test_rates_are_events_over_the_time_at_risk(tmp_path: Path) -> None:
    read = read_followup(
        cohort(
            tmp_path,
            visit=[
                "patient_id,date,edss",
                *(f"P1,{on(d)},{e}" for d, e in ((0, 2), (365, 3), (730, 3), (1095, 4), (1461, 4))),
                *(f"P2,{on(d)},2" for d in (0, 730)),
                f"P3,{on(0)},2",
            ],
            relapse=["patient_id,onset_date"],
        )
    )
    every = load_worsening_rule("cdw_12w").with_settings(occurrence="every", baseline="roving")
    first = load_worsening_rule("cdw_12w")
    for rule, changes, days in ((every, 2, 1461 + 730), (first, 1, 365 + 730)):
        summary = summarise_events(read, find_events(read.visits, read.reports, rule), rule)
        row = summary.filter(pl.col("change") == "worsening").to_dicts()[0]
        assert (row["changes"], row["patients"]) == (changes, 1)
        assert row["rate_per_decade"] == pytest.approx(10 * changes / (days / 365.25))


def test_tables_of_rules_of_both_kinds_stand_together(records: Followup) -> None:
    rules = [load_any_rule(name) for name in ("neda3_12w", "neda4_24w", "pira_kappos_2020", "cdi_12w")]
    result = neda_tables(records, rules)
    assert list(result.methods) == [rule.name for rule in rules]
    assert result.tables["neda"].frame["rule"].unique(maintain_order=True).to_list() == [
        "neda3_12w",
        "neda4_24w",
    ]
    changes = result.tables["worsening"].frame
    assert set(changes["rule"]) == {rule.name for rule in rules}
    of_kappos = changes.filter((pl.col("rule") == "pira_kappos_2020") & (pl.col("status") == "confirmed"))
    assert set(of_kappos["label"]) <= {"PIRA", "unknown"}
    assert changes.filter(pl.col("change") == "improvement")["label"].null_count() > 0
