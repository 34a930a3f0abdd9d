"""Answers that others published, and cases in which other engines are known to go wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.cohort.cohorts import cohort, on, one_patient
from tests.shared import ROOT, shared_data
from wearoff.cohort.neda import (
    Worsening,
    WorseningRule,
    find_worsenings,
    kept_windows,
    label_rule_names,
    load_label_rule,
    load_rule,
    load_step_rule,
    load_worsening_rule,
    score_neda,
)

CDW = load_worsening_rule("cdw_12w")
EVERY = CDW.with_settings(occurrence="every")


def changes(
    history: str,
    rule: WorseningRule,
    relapses: tuple[int, ...] | None = (),
    unscheduled: tuple[int, ...] = (),
) -> tuple[Worsening, ...]:
    """From `day:EDSS` pairs."""
    days = np.array([int(pair.split(":")[0]) for pair in history.split()])
    edss = np.array([float(pair.split(":")[1]) for pair in history.split()])
    return find_worsenings(
        days, edss, rule, relapse_days=relapses, is_scheduled=~np.isin(days, list(unscheduled))
    )


def onsets(history: str, rule: WorseningRule, relapses: tuple[int, ...] | None = ()) -> list[tuple[int, str]]:
    return [(c.onset_day, c.status) for c in changes(history, rule, relapses)]


# msprog's toy patients, rule ge5_5: confirmed or imputed changes of each patient


def toy(rule: WorseningRule) -> dict[str, list[Worsening]]:
    folder = shared_data("ms")
    visits, relapses = (_by_patient(folder / f"msprog_toydata_{name}.csv") for name in ("visits", "relapses"))
    assert sorted(visits) == ["1", "2", "3", "4", "5", "6", "7"]
    found = {}
    for patient, rows in visits.items():
        days = np.array([int(row["visit_day"]) for row in rows])
        edss = np.array([float(row["EDSS"]) for row in rows])
        onset = [int(row["visit_day"]) for row in relapses.get(patient, [])]
        counted = [
            w for w in find_worsenings(days, edss, rule, relapse_days=onset) if w.status != "unconfirmed"
        ]
        found |= {f"p{patient}": counted} if counted else {}
    return found


def _by_patient(path: Path) -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["id"], []).append(row)
    return rows


FIRST = {"p1": [292], "p2": [198], "p5": [140], "p7": [372]}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("cdw_12w", FIRST),
        ("cdw_12w_or_later", FIRST),
        ("cdw_12w_last_imputed", FIRST | {"p6": [491]}),
        ("cdi_12w", {"p4": [77], "p6": [120]}),
        ("raw_12w", {"p2": [198]}),
    ],
)
def test_the_first_change_of_the_toy_patients(rule: str, expected: dict[str, list[int]]) -> None:
    found = toy(load_worsening_rule(rule))
    assert {patient: [w.onset_day for w in part] for patient, part in found.items()} == expected


def test_every_change_of_the_toy_patients_with_a_roving_baseline() -> None:
    found = toy(load_worsening_rule("roving_12w"))
    shown = {p: [(w.onset_day, w.direction) for w in part] for p, part in found.items()}
    assert shown == {
        "p1": [(292, 1)],
        "p2": [(198, 1), (539, 1)],
        "p4": [(77, -1), (304, 1)],
        "p5": [(140, 1)],
        "p6": [(120, -1)],
        "p7": [(372, 1)],
    }
    labels = {(p, w.onset_day): w.label for p, part in found.items() for w in part if w.direction > 0}
    assert labels.pop(("p2", 198)) == "RAW"
    assert list(labels.values()) == ["PIRA"] * 5


# What other engines are known to get wrong


def test_a_visit_ten_days_into_a_relapse_does_not_confirm_and_the_next_one_refutes() -> None:
    """The relapse on day 180 raises the EDSS at 190, so that visit says nothing of a lasting change.

    The next visit that may confirm the onset of day 100 is day 280, where the EDSS is back: nothing lasted. The
    EDSS of 3 at day 190 is an onset of its own, and day 280 refutes it too. Not RAW, not PIRA: no event.
    """
    history = "0:2 100:3 190:3 280:2"
    assert changes(history, EVERY, (180,)) == ()
    # without the relapse, or under a rule that lets any visit confirm, day 190 does confirm
    assert onsets(history, EVERY) == [(100, "confirmed")]
    (unguarded,) = changes(history, EVERY.with_settings(relapse_to_confirmation_days=(0, 0)), (180,))
    assert (unguarded.confirmed_day, unguarded.label) == (190, "undefined")
    # had the record ended at day 190, nobody could tell
    assert onsets("0:2 100:3 190:3", EVERY, (180,)) == [(100, "unconfirmed")]


def test_nobody_confirms_across_a_gap_of_five_years_unless_the_rule_says_so() -> None:
    history = "0:2 100:3 1926:3"
    assert onsets(history, CDW) == [(100, "unconfirmed")]
    assert onsets(history, load_worsening_rule("cdw_12w_or_later")) == [(100, "confirmed")]
    assert onsets("0:2 100:3 914:3", CDW) == [(100, "confirmed")]
    assert onsets("0:2 100:3 915:3", CDW) == [(100, "unconfirmed")]


@pytest.mark.parametrize(("before", "label"), [(0, "RAW"), (85, "RAW"), (90, "RAW"), (91, "PIRA")])
def test_a_relapse_up_to_90_days_before_onset_makes_the_worsening_raw(before: int, label: str) -> None:
    (found,) = changes("0:2 100:2 200:3 300:3", CDW, (200 - before,))
    assert (found.onset_day, found.label) == (200, label)


def test_without_a_record_of_relapses_a_worsening_is_unknown_and_not_pira() -> None:
    history = "0:2 100:3 200:3"
    assert [c.label for c in changes(history, CDW, None)] == ["unknown"]
    assert [c.label for c in changes(history, CDW, ())] == ["PIRA"]
    # asked for PIRA, the rule keeps what could be one
    assert [c.label for c in changes("0:2 100:3 268:3", load_worsening_rule("pira_cagol_2022"), None)] == [
        "unknown"
    ]


def test_a_patient_who_was_not_scanned_has_not_zero_lesions(tmp_path: Path) -> None:
    records = cohort(
        tmp_path,
        patient=["patient_id,followup_start,followup_end", *(f"{p},{on(0)},{on(365)}" for p in ("P1", "P2"))],
        visit=["patient_id,date,edss", *(f"{p},{on(d)},2" for p in ("P1", "P2") for d in (0, 365))],
        relapse=["patient_id,onset_date"],
        mri=["patient_id,date,reference_date,new_t2", f"P1,{on(0)},,0", f"P1,{on(365)},{on(0)},0"],
    )
    for rule in ("neda3_12w", "neda3_24w_guarded", "neda4_12w"):
        assert score_neda(records, load_rule(rule), kept_windows(1))["mri"].to_list() == ["none", "unknown"]
    clinical = score_neda(records, load_rule("clinical_12w"), kept_windows(1))
    assert clinical["neda"].to_list() == ["neda", "neda"]
    assert "mri" not in clinical.columns


@pytest.mark.parametrize("rule", ["neda3_12w", "neda3_12w_guarded"])
def test_a_worsening_before_the_start_is_no_event(tmp_path: Path, rule: str) -> None:
    records = one_patient(tmp_path, edss="-300:2 -100:4 0:4 182:4 365:4")
    assert score_neda(records, load_rule(rule), kept_windows(1))["worsening"].to_list() == ["none"]


# The published definitions


def test_the_rules_say_what_the_evidence_table_says() -> None:
    path = ROOT.parent / "shared" / "evidence" / "neda_rules.csv"
    if not path.exists():
        pytest.skip("the evidence table is not beside the project")
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row["rule"]: row for row in csv.DictReader(file)}
    words = {
        "reference": ("since reference", "reference to confirmation"),
        "previous_visit": ("since last EDSS visit",),
    }
    pira = [name for name, row in rows.items() if row["kind"] == "pira"]
    assert sorted(pira) == sorted(label_rule_names())
    for name in pira:
        row, label = rows[name], load_label_rule(name)
        assert row["confirmation_weeks"] == str(label.confirmation_weeks)
        assert load_worsening_rule(f"pira_{name}").confirmation_weeks == (label.confirmation_weeks,)
        assert row["relapse_window_days_before_event"] in words.get(
            str(label.before_event), (str(label.before_event),)
        )
        after = row["relapse_window_days_after_event"]
        assert str(label.after_event) == (after.removeprefix("to ") or "confirmation")
        for side, value in (("before", label.before_confirmation), ("after", label.after_confirmation)):
            assert row[f"relapse_window_days_{side}_confirmation"] == ("" if value is None else str(value))
    for name in (name for name, row in rows.items() if row["kind"] == "edss_step"):
        row, step = rows[name], load_step_rule(name)
        assert [step.from_zero, step.low, step.low_up_to, step.high] == [
            float(row[key])
            for key in ("edss_step_from_0", "step_low", "low_up_to_and_including", "step_high")
        ]
    assert rows["raw_90"]["relapse_window_days_before_event"] == str(CDW.raw_before_days)
    assert rows["raw_90"]["relapse_window_days_after_event"] == str(CDW.raw_after_days)


@pytest.mark.parametrize(
    ("label", "pira", "not_pira"),
    [
        # onset 300 (visit before: 200), reference 0, confirmed 500
        ("kappos_2020", (531,), (1, 330, 470, 530)),
        ("cagol_2022", (209, 501), (210, 301, 500)),
        ("mueller_2023", (209, 331, 409, 531), (210, 330, 410, 530)),
        ("mueller_2023_high_specificity", (501,), (1, 209, 500)),
        ("mueller_2025", (199, 301, 469, 501), (200, 470, 500)),
        ("portaccio_2025", (209, 331, 409, 499), (210, 330)),
    ],
)
def test_each_definition_of_pira_at_the_edges_of_its_windows(
    label: str, pira: tuple[int, ...], not_pira: tuple[int, ...]
) -> None:
    rule = CDW.with_settings(
        label=label,
        confirmation_weeks=24,
        raw_before_days=0,  # so that only the windows of PIRA decide
        relapse_to_baseline_days=(0, 0),
        relapse_to_confirmation_days=(0, 0),
    )
    for day in (*pira, *not_pira):
        (found,) = changes("0:2 100:2 200:2 300:3 400:3 500:3", rule, (day,))
        assert (found.onset_day, found.confirmed_day) == (300, 500)
        assert found.label == ("PIRA" if day in pira else "undefined"), day


def test_a_relapse_near_the_first_confirming_visit_leaves_pira_to_a_later_one() -> None:
    rule = CDW.with_settings(confirmation_weeks=24, relapse_to_confirmation_days=(0, 0))
    # confirmed on day 470 and on day 620; the relapse on day 460 is near the first alone
    (found,) = changes("0:2 200:2 300:3 470:3 620:3", rule, (460,))
    assert (found.confirmed_day, found.label) == (470, "PIRA")
    assert [c.label for c in changes("0:2 200:2 300:3 470:3", rule, (460,))] == ["undefined"]
    # Cagol 2022 wants no relapse up to the confirmation, and the first one is the best it can get
    cagol = rule.with_settings(label="cagol_2022")
    assert [c.label for c in changes("0:2 200:2 300:3 470:3 620:3", cagol, (460,))] == ["undefined"]


# Each setting, at its edge


def test_a_confirming_visit_may_come_seven_days_early_and_not_eight() -> None:
    assert onsets("0:2 100:3 177:3", CDW) == [(100, "confirmed")]
    assert onsets("0:2 100:3 176:3", CDW) == [(100, "unconfirmed")]


def test_several_confirmations_at_once_are_told_apart() -> None:
    rule = load_worsening_rule("cdw_12w_24w_48w").with_settings(confirmation_late_days=30)
    assert [c.confirmed_day for c in changes("0:2 100:3 190:3 270:3", rule)] == [190]
    # nobody came at 12 weeks, and 24 weeks confirms all the same
    assert [c.confirmed_day for c in changes("0:2 100:3 270:3", rule)] == [270]
    assert onsets("0:2 100:3 230:3", rule) == [(100, "unconfirmed")]


def test_a_sustained_worsening_is_held_for_so_many_days_or_to_the_end() -> None:
    history = "0:2 100:3 190:3 300:2"
    assert onsets(history, CDW) == [(100, "confirmed")]
    assert onsets(history, CDW.with_settings(sustained_days=199)) == [(100, "confirmed")]
    assert onsets(history, CDW.with_settings(sustained_days=200)) == []
    forever = CDW.with_settings(sustained_days=float("inf"))
    assert onsets("0:2 100:3 190:3 2000:2", forever) == []
    assert onsets("0:2 100:3 190:3 2000:3", forever) == [(100, "confirmed")]


def test_an_unscheduled_visit_confirms_only_where_the_rule_lets_it() -> None:
    history = "0:2 100:3 190:3 290:3"
    scheduled = CDW.with_settings(scheduled_only=True)
    assert [c.confirmed_day for c in changes(history, CDW, (), (190,))] == [190]
    assert [c.confirmed_day for c in changes(history, scheduled, (), (190,))] == [290]
    assert changes("0:2 100:3 190:3", scheduled, (), (190,))[0].status == "unconfirmed"


@pytest.mark.parametrize(
    ("reference", "onset", "level"),
    [("onset", 400, 4.0), ("confirmation", 600, 5.0), ("lowest_between", 400, 3.5)],
)
def test_the_next_baseline_is_the_level_that_the_rule_names(reference: str, onset: int, level: float) -> None:
    rule = CDW.with_settings(baseline="roving_worsening", reference=reference, occurrence="every")
    first, second, *_ = changes("0:2 100:4 150:3.5 200:5 400:5 500:5.5 600:6 700:6.5", rule)
    assert (first.onset_day, first.baseline_edss) == (100, 2.0)
    assert (second.onset_day, second.baseline_edss) == (onset, level)


def test_a_baseline_that_follows_improvement_only_finds_what_a_fixed_one_misses() -> None:
    history = "0:4 100:3 200:3 300:4 400:4"
    assert onsets(history, CDW) == []
    improved = CDW.with_settings(baseline="roving_improvement")
    assert onsets(history, improved) == [(300, "confirmed")]
    assert onsets(history, CDW.with_settings(baseline="roving_worsening")) == []


def test_a_confirmed_change_below_a_step_moves_the_baseline_only_where_the_rule_says_so() -> None:
    history = "0:4 100:3.5 200:3.5 300:4.5 400:4.5"
    roving = CDW.with_settings(baseline="roving")
    assert onsets(history, roving) == []
    assert onsets(history, roving.with_settings(sub_threshold="improvement")) == [(300, "confirmed")]
    assert onsets(history, roving.with_settings(sub_threshold="worsening")) == []
    # a slow rise: half a point at a time is swallowed when every small change becomes the baseline
    slow = "0:2 100:2.5 200:2.5 300:3 400:3"
    assert onsets(slow, roving) == [(300, "confirmed")]
    assert onsets(slow, roving.with_settings(sub_threshold="both")) == []


def test_a_relapse_sets_a_new_baseline_thirty_days_later() -> None:
    rule = load_worsening_rule("pira_kappos_2020").with_settings(counted_label="any", occurrence="every")
    history = "0:2 150:3 200:3 300:3 470:3"
    assert [c.label for c in changes(history, rule, ())] == ["PIRA"]
    # the relapse on day 120 left a point behind: day 150 is the new baseline, and nothing worsens from there
    assert changes(history, rule, (120,)) == ()
    # after a relapse on day 121, day 150 is too early for a baseline and too late for the old one: it is day 200
    assert changes(history, rule, (121,)) == ()
    (found,) = changes("0:2 150:3 200:3 300:4 470:4", rule, (121,))
    assert (found.onset_day, found.baseline_edss, found.label) == (300, 3.0, "PIRA")


def test_a_worsening_that_goes_on_is_one_even_where_the_baseline_stays() -> None:
    rule = EVERY.with_settings(baseline="fixed")
    assert onsets("0:2 100:3 200:3 300:3 400:4 500:4", rule) == [(100, "confirmed")]
    assert onsets("0:2 100:3 200:3 300:2 400:3 500:3", rule) == [(100, "confirmed"), (400, "confirmed")]
    # what began with a relapse does not become PIRA by going on
    history, relapse = "0:2 100:3 200:3 300:3 400:3 500:3", (60,)
    pira = load_worsening_rule("pira_cagol_2022")
    assert [c.label for c in changes(history, EVERY, relapse)] == ["RAW"]
    assert changes(history, pira, relapse) == ()


def test_a_guarded_onset_waits_for_a_visit_away_from_the_relapse() -> None:
    guarded = CDW.with_settings(relapse_to_event_days=(30, 30))
    history = "0:2 100:3 140:3 300:3"
    assert [c.onset_day for c in changes(history, guarded, (90,))] == [140]
    assert [c.onset_day for c in changes(history, guarded, (129,))] == [300]
    assert [c.onset_day for c in changes(history, guarded)] == [100]
