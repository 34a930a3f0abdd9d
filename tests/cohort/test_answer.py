"""The first screen says what the figures say: one test for each kind of answer."""

from __future__ import annotations

from math import inf

import polars as pl
import pytest

from wearoff.cohort.answer import Evidence, RelapseRates, write_answer
from wearoff.cohort.association import ASSOCIATION_SCHEMA, GroupedActivity, attrition_bound
from wearoff.cohort.wearing_off import CODINGS
from wearoff.stats import TwoByTwo, compare

OCCUPANCY = {
    "quantity": "measured occupancy, flow, CD4",
    "unit": "%",
    "comparison": "regular wearing-off minus never or sometimes",
    "n": "8 v 30",
    "estimate": -6.0,
    "low": -9.0,
    "high": -3.0,
    "p": 0.002,
    "method": "exact",
    "note": "",
}


def answer(
    table: TwoByTwo,
    lost: tuple[int, int] = (0, 0),
    rows: list[dict[str, object]] | None = None,
    rates: RelapseRates | None = None,
    **more: int,
) -> str:
    """The whole first screen as one text."""
    group = GroupedActivity("year 1", CODINGS["any_vs_never"], table, *lost, no_answer=0)
    total = table.exposed_total + table.other_total
    active = table.exposed_events + table.other_events
    neda = {"neda": total - active, "active": active, "unknown": sum(lost), "share_neda": 0.5, "low": 0.4}
    evidence = Evidence(
        patients=total + sum(lost),
        group=group,
        comparison=compare(table),
        attrition=attrition_bound(table, *lost),
        neda=neda | {"high": 0.6, "share_if_unknown_active": 0.4, "share_if_unknown_none": 0.6},
        associations=pl.DataFrame(rows or [], schema=ASSOCIATION_SCHEMA),
        refused=more.get("refused", 0),
        outside_model=more.get("outside_model", 0),
        rule="neda3_12w",
        tests=7,
        rates=rates,
    )
    shown = write_answer(evidence)
    findings = [f"{f.label} {f.value} {f.detail}" for f in shown.findings]
    return " ".join((shown.headline, *findings, *shown.sentences, *shown.limits))


def test_no_event_is_uninformative_and_names_the_risk_that_stays_possible() -> None:
    text = answer(TwoByTwo(0, 15, 0, 20))
    assert "uninformative" in text
    assert "as high as 22 %" in text
    assert "No test was made" in text
    assert "no difference shown" not in text


def test_no_difference_shown_is_never_written_as_no_difference() -> None:
    text = answer(TwoByTwo(2, 15, 3, 18))
    assert "not shown to differ" in text
    assert "2 of 15 with wearing-off, 3 of 18 without" in text
    assert "-27.8 to +23.5 points" in text


def test_a_difference_is_stated_with_its_direction() -> None:
    assert "was more frequent with wearing-off" in answer(TwoByTwo(9, 12, 2, 20))
    assert "was less frequent with wearing-off" in answer(TwoByTwo(2, 20, 9, 12))


def test_everybody_active_and_an_empty_group_are_said() -> None:
    assert "everybody who could be evaluated had disease activity" in answer(TwoByTwo(3, 3, 4, 4))
    assert "cannot answer for year 1" in answer(TwoByTwo(0, 0, 1, 10))


def test_the_lost_who_could_overturn_it_are_counted() -> None:
    text = answer(TwoByTwo(0, 12, 0, 23), lost=(5, 0))
    assert "activity in 4 of the 5 lost with wearing-off" in text
    assert "Fisher p = 0.026" in text
    assert "No patient with an answer was lost" in answer(TwoByTwo(1, 12, 0, 23))
    assert "the conclusion would stand" in answer(TwoByTwo(2, 15, 3, 18), lost=(1, 0))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Measured receptor occupancy was lower in those who wear off regularly."),
        ({"p": 0.4}, "was not shown to be lower in those who wear off regularly"),
        ({"quantity": "weight", "unit": "kg"}, "Receptor occupancy was not measured"),
    ],
)
def test_the_headline_speaks_of_occupancy_as_far_as_it_was_measured(
    changes: dict[str, object], said: str
) -> None:
    assert said in answer(TwoByTwo(0, 15, 0, 20), rows=[OCCUPANCY | changes])


def test_assays_that_disagree_are_not_averaged_into_one_sentence() -> None:
    rows: list[dict[str, object]] = [
        OCCUPANCY,
        OCCUPANCY | {"quantity": "measured occupancy, frozen, CD8", "p": 0.5},
    ]
    assert "in some assays, not in all" in answer(TwoByTwo(0, 15, 0, 20), rows=rows)


def test_refused_rows_and_predictions_outside_the_model_stand_in_the_limits() -> None:
    text = answer(TwoByTwo(0, 15, 0, 20), refused=1, outside_model=20)
    assert "1 row could not be read and was refused" in text
    assert "20 predicted infusions" in text
    assert "prints 7 p values and corrects none" in text


@pytest.mark.parametrize(
    ("events", "limits", "said"),
    [
        ((2, 1), (4.0, 0.5, 31.0), "2 relapses in 20.0 patient-years with wearing-off and 1 in 40.0 without (rate "
         "ratio 4, exact 95 % interval 0.5 to 31)."),
        ((0, 3), (0.0, 0.0, 2.97), "(rate ratio 0, exact 95 % interval 0 to 3)."),
        ((3, 0), (inf, 0.8, inf), "(no finite rate ratio, exact 95 % limit at least 0.8)."),
        ((0, 0), (None, None, None), "uninformative about a difference in their rate."),
    ],
)  # fmt: skip
def test_one_sentence_speaks_of_relapse_rates_with_what_stays_possible(
    events: tuple[int, int], limits: tuple[float | None, float | None, float | None], said: str
) -> None:
    text = answer(TwoByTwo(1, 15, 0, 20), rates=RelapseRates(events[0], 20.0, events[1], 40.0, *limits))
    assert said in text
    assert text.count("Over the whole follow-up") == 1


def test_where_relapses_were_not_watched_no_sentence_speaks_of_their_rate() -> None:
    assert "Over the whole follow-up" not in answer(TwoByTwo(1, 15, 0, 20))
