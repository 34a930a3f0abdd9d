"""Every component of every rule against a second implementation, and the laws that a score obeys."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cohort.neda.people import Person, followup, random_people
from tests.oracles import neda as oracle
from wearoff.cohort.neda import (
    NedaRule,
    Window,
    kept_windows,
    load_rule,
    rule_names,
    score_followup,
    yearly_windows,
)
from wearoff.cohort.neda.changes import CONFIRMED, UNCONFIRMED

WINDOWS = (*yearly_windows(3), *kept_windows(2), Window("odd", 100, 400))
RULES = {name: load_rule(name) for name in rule_names()} | {
    "mri from day 180": load_rule("neda4_12w").with_settings(mri_rebaseline_day=180),
    "last imputed": load_rule("neda3_12w_guarded").with_settings(impute_last_visit=True),
}
seeds = st.integers(0, 2**32 - 1)
randomly = settings(deadline=None, max_examples=25)


@cache
def people(size: int) -> list[Person]:
    return random_people(size, 7)


def states(who: list[Person], rule: NedaRule, absent: frozenset[str] = frozenset()) -> np.ndarray:
    """NEDA of each window and patient: 0 unknown, 1 neda, 2 active."""
    return np.stack([w.state for w in score_followup(followup(who, absent), rule, WINDOWS).windows])


def compare(rule: NedaRule, who: list[Person], absent: frozenset[str]) -> set[str]:
    """Both implementations on the same people; the reasons that were given."""
    frame = score_followup(followup(who, absent), rule, WINDOWS).to_frame()
    rows = iter(frame.to_dicts())
    reasons: set[str] = set()
    for person in who:
        record = oracle.Record(
            person.days,
            person.edss,
            person.is_scheduled,
            person.reports,
            [oracle.Scan(*scan) for scan in person.scans],
            person.observed_to,
            person.refused,
            absent,
            person.is_dated,
        )
        for window in WINDOWS:
            row = next(rows)
            expected, verdicts = oracle.neda(record, window, rule)
            found = {name: (row[name], row[f"{name}_reason"]) for name in rule.components}
            wanted = {name: (state, shown(why)) for name, (state, why, _) in verdicts.items()}
            assert found == wanted, f"{rule.name} {window}\n{person}"
            days = [day for _, _, day in verdicts.values() if day is not None]
            assert (row["neda"], row["first_activity_day"]) == (expected, min(days, default=None))
            reasons.update(why for _, why in found.values())
    return reasons


def shown(reason: str) -> str:
    """A rate as the frame writes it: without zeros at its end."""
    words = reason.split(" ")
    if words[:2] == ["brain", "volume"] and "." in words[2]:
        words[2] = str(float(words[2]) + 0.0).removesuffix(".0")
    return " ".join(words)


@pytest.mark.parametrize("name", RULES)
def test_every_component_agrees_with_a_second_implementation(name: str) -> None:
    reasons = compare(RULES[name], people(300), frozenset())
    assert len(reasons) > 100


@pytest.mark.parametrize("table", ["relapse", "mri"])
def test_a_table_that_is_absent_is_judged_alike(table: str) -> None:
    without = [
        replace(p, reports=[] if table == "relapse" else p.reports, scans=[] if table == "mri" else p.scans)
        for p in people(60)
    ]
    compare(RULES["neda4_24w"], without, frozenset({table}))


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_every_component_agrees_in_20000_patients(name: str) -> None:
    assert len(compare(RULES[name], people(20_000), frozenset())) > 1000


@randomly
@given(seeds, st.sampled_from(sorted(RULES)))
@example(6338623, "last imputed")
def test_a_clean_scan_never_makes_activity(seed: int, name: str) -> None:
    """Behind the baseline: before it, a clean scan becomes the one that the lesions of the next are new to.

    It may close a window in place of a later scan, whose activity then belongs to the window behind.
    """
    (person,) = random_people(1, seed)
    rule = RULES[name]
    rng = np.random.default_rng(seed)
    day = int(rng.integers(-100, 1200))
    taken = {scan[0] for scan in person.scans}
    if day in taken or day <= rule.mri_rebaseline_day + rule.closes_late_days:
        return
    clean = (day, None, 0, 0, 0, None)
    # the scans behind it keep what they were compared with
    fixed = [
        (s.day, s.reference_day, s.region, s.new_t2, s.gd_lesions, s.volume)
        for s in oracle.with_references([oracle.Scan(*s) for s in person.scans], 60)
    ]
    before = replace(person, scans=fixed)
    after = replace(person, scans=sorted([*fixed, clean]))
    became = (states([before], rule) != 2) & (states([after], rule) == 2)
    if became.any():
        assert active_scans(after, rule) <= active_scans(before, rule)


def active_scans(person: Person, rule: NedaRule) -> set[int]:
    """The days of the scans by which a window would be active if the others had shown nothing."""
    found = set()
    for day in {scan[0] for scan in person.scans}:
        scans = [
            s if s[0] == day else (*s[:3], s[3] and 0, s[4] and 0, s[5])  # what was not judged stays so
            for s in person.scans
        ]
        alone = followup([replace(person, scans=scans)], frozenset())
        frame = score_followup(alone, rule, WINDOWS).to_frame()
        if (frame["mri"] == "active").any():
            found.add(day)
    return found


def without_visit(person: Person, k: int) -> Person:
    rest = [i for i in range(len(person.days)) if i != k]
    return replace(
        person,
        days=[person.days[i] for i in rest],
        edss=[person.edss[i] for i in rest],
        is_scheduled=[person.is_scheduled[i] for i in rest],
    )


def watched(person: Person) -> Person:
    """The same visits of a patient of whom everything else is known and quiet."""
    scans = [(365 * k, None if k == 0 else 365 * (k - 1), 0, 0, 0, 0.0) for k in range(6)]
    return replace(person, reports=[], scans=scans, observed_to=3000, refused=(), is_dated=True)


@randomly
@given(seeds, st.sampled_from(sorted(RULES)))
def test_removing_a_visit_never_makes_neda_of_unknown(seed: int, name: str) -> None:
    """Less was seen, so less is known: whoever was unknown for want of a record stays unknown.

    A doubt that rests on what was seen can go with the visit that raised it: the one on which an unconfirmed
    worsening was first seen, or the one it is measured from. (With a confirmed worsening beside it, that one may
    begin or end in another window, and the baseline moves with it.)
    """
    who = [watched(person) for person in random_people(30, seed)]
    places = [(i, k) for i, person in enumerate(who) for k in range(len(person.days))]
    before = score_followup(followup(who), RULES[name], WINDOWS)
    less = score_followup(followup([without_visit(who[i], k) for i, k in places]), RULES[name], WINDOWS)
    reasons = before.to_frame()["worsening_reason"].to_numpy().reshape(len(who), len(WINDOWS))
    changes, changes_in_less = before.events.changes, less.events.changes
    confirmed = changes.patient[changes.status == CONFIRMED]
    confirmed_in_less = changes_in_less.patient[changes_in_less.status == CONFIRMED]
    for w, window in enumerate(less.windows):
        for at in np.flatnonzero(window.state == 1):
            i, k = places[at]
            if before.windows[w].state[i] != 0:
                continue
            assert "unconfirmed" in reasons[i, w], (who[i], k)
            if i in confirmed or at in confirmed_in_less:
                continue
            doubts = (changes.patient == i) & (changes.status == UNCONFIRMED)
            assert who[i].days[k] in {*changes.onset_day[doubts], *changes.baseline_day[doubts]}, (who[i], k)


@randomly
@given(seeds, st.sampled_from(sorted(RULES)))
def test_the_order_of_the_patients_changes_nothing(seed: int, name: str) -> None:
    who, rng = random_people(30, seed), np.random.default_rng(seed)
    order = rng.permutation(len(who))
    before, after = states(who, RULES[name]), states([who[i] for i in order], RULES[name])
    np.testing.assert_array_equal(before[:, order], after)


@randomly
@given(seeds, st.sampled_from(sorted(RULES)))
def test_a_relapse_seen_in_the_years_kept_is_seen_in_all_later_ones(seed: int, name: str) -> None:
    windows = kept_windows(3)
    score = score_followup(followup(random_people(20, seed)), RULES[name], windows)
    by_year = np.stack([w.components["relapse"].state for w in score.windows])
    # activity once seen stays
    assert ((by_year[:-1] != 2) | (by_year[1:] == 2)).all()
