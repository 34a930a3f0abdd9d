"""The engine against a slow, obvious second implementation, for every rule and for random settings."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.cohort.neda.people import Person, followup, random_people
from tests.oracles import worsening as oracle
from wearoff.cohort.neda import (
    WorseningRule,
    find_events,
    load_rule,
    load_worsening_rule,
    rule_names,
    worsening_rule_names,
)
from wearoff.cohort.neda.changes import STATUS
from wearoff.cohort.neda.dated import NO_DAY
from wearoff.cohort.neda.labels import LABELS
from wearoff.cohort.neda.rules import CHOICES

QUICK, MANY = 400, 20_000
SEED = 20260801


@cache
def people(size: int) -> list[Person]:
    return random_people(size, SEED)


def random_rule(number: int) -> WorseningRule:
    """A rule with every setting drawn."""
    rng = np.random.default_rng((SEED, number))

    def one(*values: object) -> object:
        return values[int(rng.integers(len(values)))]

    settings = {name: one(*values) for name, values in CHOICES.items()}
    settings |= {
        "step": one("ge5_5", "ge6_0", "plus_one", "ascend"),
        "confirmation_weeks": one((12,), (24,), (12, 24), (12, 24, 48)),
        "confirmation_early_days": one(0, 7, 30),
        "confirmation_late_days": one(7, 90, 730.5, float("inf")),
        "must_hold_between": one(True, True, False),
        "sustained_days": one(0, 0, 180, float("inf")),
        "rebaseline_after_relapse": one(True, False),
        "relapse_to_baseline_days": one((30, 0), (30, 30), (0, 0)),
        "relapse_to_event_days": one((0, 0), (30, 0), (30, 30)),
        "relapse_to_confirmation_days": one((30, 0), (0, 0), (90, 30)),
        "scheduled_only": one(True, False),
        "impute_last_visit": one(True, False),
        "label": one("kappos_2020", "cagol_2022", "mueller_2023_high_specificity", "mueller_2025"),
        "raw_after_days": one(0, 30),
        "relapses": one("reported", "merged_30", "examined_30"),
    }
    return load_worsening_rule("cdw_12w").with_settings(**settings)


NAMED = {name: load_worsening_rule(name) for name in worsening_rule_names()}
OF_NEDA = {name: load_rule(name).worsening for name in rule_names()}
DRAWN = {f"drawn {k}": random_rule(k) for k in range(40)}
RULES = NAMED | OF_NEDA | DRAWN


def compare(rule: WorseningRule, who: list[Person]) -> int:
    """Both implementations on the same people, with and without a record of relapses; how many were found."""
    is_unknown = np.arange(len(who)) % 5 == 4
    records = followup(
        [
            p if not hide else Person(p.days, p.edss, p.is_scheduled)
            for p, hide in zip(who, is_unknown, strict=True)
        ]
    )
    events = find_events(records.visits, records.reports, rule, relapses_unknown=is_unknown, start_day=None)
    c = events.changes
    ours: list[list[oracle.Found]] = [[] for _ in who]
    for k in range(len(c)):
        ours[c.patient[k]].append(
            oracle.Found(
                int(c.onset_day[k]),
                int(c.direction[k]),
                STATUS[c.status[k]],
                int(c.baseline_day[k]),
                float(c.baseline_edss[k]),
                tuple(None if day == NO_DAY else int(day) for day in c.confirmed_days[k]),
                int(c.previous_day[k]),
                LABELS[events.label[k]],
            )
        )
    for person, hide, found in zip(who, is_unknown, ours, strict=True):
        reports = None if hide else person.reports
        expected = oracle.events(person.days, person.edss, person.is_scheduled, reports, rule)
        assert found == expected, f"{rule.name}\n{person}"
    return len(c)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_agrees_with_all_triples_of_visits(name: str) -> None:
    assert compare(RULES[name], people(QUICK)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_every_rule_agrees_with_all_triples_of_visits_in_20000_patients(name: str) -> None:
    assert compare(RULES[name], people(MANY)) > 100


def test_a_patient_alone_is_found_as_among_others() -> None:
    rule, who = load_worsening_rule("roving_12w"), people(60)
    together = followup(who)
    every = find_events(together.visits, together.reports, rule, start_day=None).changes
    for k, person in enumerate(who):
        alone = followup([person])
        one = find_events(alone.visits, alone.reports, rule, start_day=None).changes
        of_this = every.patient == k
        np.testing.assert_array_equal(one.onset_day, every.onset_day[of_this])
        np.testing.assert_array_equal(one.confirmed_days, every.confirmed_days[of_this])
