"""Regimens as event tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wearoff.dosing.regimen import Regimen

WRITTEN_UNITS: Mapping[str, str] = {"TIME": "d", "AMT": "mg"}


def to_events(regimen: Regimen, patient: str = "1") -> dict[str, list[object]]:
    """A regimen as the columns of an event table: days, mg, mg/day, CMT 1 the depot and 2 the central compartment.

    The extra column TINF holds the length of a dose, which AMT/RATE gives only up to rounding; a dose all at
    once has RATE 0 and TINF 0. A skipped dose is a row of EVID 2 with AMT 0 and its TINF, which other
    programs pass over. Read with `units=WRITTEN_UNITS, first_compartment="depot"` the table gives the
    regimen back.

    Args:
        regimen: the doses.
        patient: the ID.

    Raises:
        ValueError: the regimen has plasma exchanges, for which the layout has no event.
    """
    if regimen.exchange_d.size:
        raise ValueError("an event table has no event for a plasma exchange; write the doses alone")
    is_given = regimen.dose_mg > 0
    length = np.where(regimen.duration_d > 0, regimen.duration_d, 1.0)
    none: list[object] = [0] * regimen.number
    return {
        "ID": [patient] * regimen.number,
        "TIME": regimen.start_d.tolist(),
        "AMT": regimen.dose_mg.tolist(),
        "RATE": np.where(regimen.duration_d > 0, regimen.dose_mg / length, 0.0).tolist(),
        **{name: list(none) for name in ("II", "ADDL", "SS")},
        "EVID": np.where(is_given, 1, 2).tolist(),
        "CMT": np.where(regimen.is_subcutaneous, 1, 2).tolist(),
        "DV": [None] * regimen.number,
        "MDV": [1] * regimen.number,
        "TINF": regimen.duration_d.tolist(),
    }


def write_events(regimens: Mapping[str, Regimen], file: Path) -> None:
    """Write the event table of several patients as CSV; the form is that of `to_events`."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for number, (patient, regimen) in enumerate(regimens.items()):
            columns = to_events(regimen, patient)
            if number == 0:
                writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
