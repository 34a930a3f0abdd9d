"""Numbers of a protocol that are a slip rather than a study: per cent for a fraction, days for weeks, a digit too many.

Such a number is no contradiction, and a study of it would run: into numbers that mean nothing, or out of memory. Each
bound lies far outside of anything that has been studied or is thought possible; it says nothing of what is sensible.
All bounds are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wearoff.dosing.hand_written import Faults
from wearoff.trial.protocol import Protocol

__all__ = ["MOST_PATIENTS", "MOST_WEEKS", "note_slips"]

MOST_WEEKS: Final = 1044
"""20 years."""
MOST_PATIENTS: Final = 100_000
"""Patients of one replicate."""

_LONGEST = 26.0, "weeks between two infusions are half a year without the drug; is it days? 26 weeks at most."
_LENGTH = (
    MOST_WEEKS,
    f"weeks are {{years:,.0f}} years; is the unit right? {MOST_WEEKS} weeks at most.",
)
_FRACTION = "is written as a fraction, as in 0.15 for 15 %; "
_MOST: dict[str, dict[str, tuple[float, str]]] = {
    "arm": {
        "weeks": _LONGEST,
        "override.weeks": _LONGEST,
        "aim_mg_per_l": (100.0, "mg/L is no trough that an interval could keep; 100 at most."),
        "activity_ratio": (50.0, "times the activity is not thought possible; 50 at most."),
    },
    "attendance": {"late_d": (90.0, "days of delay are longer than any interval; 90 at most.")},
    "world": {
        "strength": (
            10.0,
            "on the log odds for one standard deviation leaves nothing to chance; 10 at most.",
        ),
        "activity_ratio": (50.0, "times the activity is not thought possible; 50 at most."),
    },
    "schedule": {
        "followup_weeks": _LENGTH,
        "accrual_weeks": _LENGTH,
        "before_weeks": _LENGTH,
    },
    "recording": {
        "edss_sd": (5.0, "points are half of the EDSS; 5 at most."),
        "level_cv": (2.0, f"is no error of a level; it {_FRACTION}2 at most."),
        "level_lloq_mg_per_l": (
            50.0,
            "mg/L is above most troughs, so that no level would be known; 50 at most.",
        ),
        "occupancy_sd": (0.5, f"is no spread of an occupancy; it {_FRACTION}0.5 at most."),
        "diary_sd": (10.0, "points are the whole scale of the diary; 10 at most."),
        "diary_rise": (10.0, "points are the whole scale of the diary; 10 at most."),
    },
}
_LOG_ODDS = 20.0
_LONGEST_NAME = 60


def note_slips(protocol: Protocol, faults: Faults) -> bool:
    """Note every number that must be a slip, at its table and key.

    Args:
        protocol: a well-formed protocol.
        faults: where they are noted.

    Returns:
        Whether the schedule can be laid out, so that what hangs on it can be looked at.
    """
    if len(protocol.name) > _LONGEST_NAME:
        faults.add(
            f"the name has {len(protocol.name)} letters and is to name files; {_LONGEST_NAME} at most.",
            ("name",),
            key="name",
        )
    if protocol.size > MOST_PATIENTS:
        largest = max(range(len(protocol.arms)), key=lambda index: protocol.arms[index].size)
        faults.add(
            f"the study has {protocol.size:,} patients, more than can be simulated as one; {MOST_PATIENTS:,} at most. "
            "More studies are made with replicates.",
            ("arm", largest, "size"),
            f"arm {largest + 1}",
            "size",
            protocol.arms[largest].size,
        )
    for path, table, bounds, values in _tables(protocol):
        for key, (most, why) in bounds.items():
            value = _value(values, key)
            if value is not None and value > most:
                written = str(value) if isinstance(value, int) else f"{value:g}"
                reason = f"{written} {why.format(years=value / 52.18)}"
                faults.add(reason, (*path, *key.split(".")), table, key, value)
    for name, value in protocol.assignment.log_odds.items():
        if abs(value) > _LOG_ODDS:
            faults.add(
                f"log odds of {value:g} for one standard deviation leave nothing to choose; {_LOG_ODDS:g} at most, "
                "and -0.3 is a usual size.",
                ("assignment", "log_odds", name),
                "assignment",
                f"log_odds.{name}",
                value,
            )
    return 1 <= protocol.schedule.followup_weeks <= MOST_WEEKS


def _tables(
    protocol: Protocol,
) -> Iterator[tuple[tuple[str | int, ...], str, dict[str, tuple[float, str]], object]]:
    """Path, name, bounds and values of each table that has a bound."""
    for index, arm in enumerate(protocol.arms):
        yield ("arm", index), f"arm {index + 1}", _MOST["arm"], arm
    for table in ("attendance", "world", "schedule", "recording"):
        yield (table,), table, _MOST[table], getattr(protocol, table)


def _value(values: object, key: str) -> float | None:
    """The value of a key, None where it or the table it stands in is not given."""
    for part in key.split("."):
        values = getattr(values, part, None)
    return values if isinstance(values, int | float) else None
