"""Dosing scenarios whose concentrations NONMEM printed: every row, to the printed digit.

One compartment with a depot, CL 1.1 L/h, V 20 L, ka 1.5 /h; the concentration is printed in ug/L. The tables lie beside
the project and never enter it; without them these tests are skipped.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from tests.shared import shared_data
from wearoff.dosing.events import PatientEvents, read_events
from wearoff.dosing.pk.models import Parameters
from wearoff.dosing.pk.solve import simulate

PRINTED_PER_MG_L = 1000.0
LAYOUT = ("id", "time", "evid", "amt", "cmt", "ss", "ii", "addl", "rate")
# A steady state whose dose comes later than one interval after its record. The doses before it then arrive after the
# record too; NONMEM's state at the record leaves them out, or goes back in time below zero, until the lagged dose.
LAG_BEYOND_INTERVAL = (409, 410, 411, 415, 509, 510, 610, 709, 809, 825, 909, 1009)
SIGNIFICANT_DIGITS = 5


def model(patients: tuple[str, ...]) -> Parameters:
    """The model of the scenarios, in days."""
    values = (1.1 * 24, 20.0, 1.0, 0.0, 0.0, 1.0, 1.5 * 24, 1.0)
    return Parameters(patients, *(np.full((1, 1, 1), value) for value in values), lag_d=0.0)


def rows_of(file: Path) -> dict[str, list[dict[str, str]]]:
    with file.open(encoding="utf-8", newline="") as stream:
        by_id = defaultdict(list)
        for row in csv.DictReader(stream):
            lower = {name.lower(): value for name, value in row.items()}
            by_id[lower["id"]].append(lower)
    return dict(by_id)


def read(rows: list[dict[str, str]]) -> PatientEvents:
    """A scenario, with an observation behind every dose, so that the dose's own row has a concentration too."""
    table = defaultdict(list)
    for row in rows:
        for repeat in (row, None) if row["evid"] != "0" else (row,):
            for name in LAYOUT:
                usual = "0" if name not in ("id", "time") else row[name]
                table[name].append(usual if repeat is None else row[name])
            for name in ("bioav", "lagt", "rat2", "dur2"):
                table[name].append(row[name])
    names = {"F2": "bioav", "ALAG2": "lagt", "R2": "rat2", "D2": "dur2"}
    (patient,) = read_events(
        table, first_compartment="depot", units={"TIME": "h", "AMT": "mg"}, modelled=names, overlapping="add"
    )  # fmt: skip
    return patient


def predicted(scenarios: dict[str, list[dict[str, str]]]) -> dict[str, np.ndarray]:
    """Our concentration in every row, as it is printed."""
    patients = [read(rows) for rows in scenarios.values()]
    found = simulate(
        model(tuple(scenarios)),
        [one.schedule for one in patients],
        [one.observed_d for one in patients],
        is_after=[one.is_after for one in patients],
    )
    return {name: PRINTED_PER_MG_L * level[0] for name, level in zip(scenarios, found, strict=True)}


def printed_half_unit(values: np.ndarray) -> np.ndarray:
    """Half a unit of the last of five significant digits."""
    size = np.where(values == 0, 1.0, np.abs(values))
    return 0.5 * 10.0 ** (np.floor(np.log10(size)) - (SIGNIFICANT_DIGITS - 1))


def test_every_row_of_29_scenarios_is_what_nonmem_printed() -> None:
    scenarios = rows_of(shared_data("pharmacometrics", "nmtests_1001.csv"))
    printed = rows_of(shared_data("pharmacometrics", "nmtests_1001-nm.csv"))
    assert len(scenarios) == 29
    for name, found in predicted(scenarios).items():
        expected = np.array([float(row["cp"]) for row in printed[name]])
        assert found.size == expected.size > 130
        assert (np.abs(found - expected) <= printed_half_unit(expected)).all(), name


def test_54_scenarios_agree_but_for_those_where_engines_are_known_to_differ() -> None:
    scenarios = rows_of(shared_data("pharmacometrics", "nmtest.csv"))
    assert len(scenarios) == 54
    differing = []
    for name, found in predicted(scenarios).items():
        expected = np.array([float(row["cp"]) for row in scenarios[name]])
        is_near = np.abs(found - expected) <= 1e-4 * np.abs(expected)
        if not is_near.all():
            differing.append(int(name))
            first = scenarios[name][0]
            assert float(first["lagt"]) > float(first["ii"])
            arrived = max(float(row["time"]) for row in scenarios[name] if row["evid"] != "0") + float(
                first["lagt"]
            )
            times = np.array([float(row["time"]) for row in scenarios[name]])
            # the only bolus among them: its last repetition is printed as it is just before it comes
            is_moment = (name == "415") & (times == 76.0)
            assert is_near[(times >= arrived) & ~is_moment].all(), name
    assert differing == list(LAG_BEYOND_INTERVAL)


@pytest.mark.parametrize("lag_h", [3.0, 17.0, 28.0, 70.0])
def test_a_steady_state_is_that_of_many_doses_whatever_the_lag(lag_h: float) -> None:
    table = {
        "ID": [1, 1],
        "TIME": [0, 0],
        "EVID": [1, 0],
        "AMT": [100, None],
        "CMT": [2, 2],
        "RATE": [10, None],
    }
    steady = table | {"SS": [1, 0], "II": [12, 0], "ADDL": [3, 0], "LAG": [lag_h, lag_h]}
    many = 60
    written = {"ID": [1, 1], "TIME": [-12 * many, 0], "EVID": [1, 0], "AMT": [100, None], "CMT": [2, 2]}
    written |= {"RATE": [10, None], "II": [12, 0], "ADDL": [many + 3, 0], "LAG": [lag_h, lag_h]}
    units = {"TIME": "h", "AMT": "mg"}
    days = np.linspace(0.5, 150, 300) / 24
    found = []
    for columns in (steady, written):
        (one,) = read_events(
            columns, first_compartment="depot", units=units, modelled={"ALAG2": "LAG"}, overlapping="add"
        )  # fmt: skip
        found.append(simulate(model(("1",)), [one.schedule], [days])[0][0])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
