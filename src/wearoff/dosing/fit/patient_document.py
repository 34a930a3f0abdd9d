"""A patient's record put together from what Python is given, or from a patient.

It is the same record as that of a patient file, so that both are read by the same rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wearoff.dosing.dated import zone_of
from wearoff.dosing.fit.measured import ESTIMATE
from wearoff.dosing.laboratory import Laboratory
from wearoff.sources import Mark
from wearoff.units import convert

if TYPE_CHECKING:
    from wearoff.dosing.fit.patient import Patient

__all__ = ["document_from", "document_of", "level_entry"]


def document_from(
    infusions: Sequence[Any],
    weight_kg: float | Sequence[tuple[Any, float]],
    levels: Sequence[Any],
    occupancies: Sequence[Any],
    laboratories: Sequence[Laboratory],
    antibodies: Sequence[Any],
    plasma_exchanges: Sequence[Any],
    *,
    patient: dict[str, Any],
    usual: Mapping[str, str | None],
) -> dict[str, Any]:
    """The record of what `Patient.of` is given; see there."""
    given = {key: value for key, value in usual.items() if value is not None}
    doses = [given | (dict(each) if isinstance(each, Mapping) else {"start": each}) for each in infusions]
    if not all("dose" in dose for dose in doses):
        patient = patient | {"notes": ["dose not stated; taken as 300 mg (assumed)."]}
        doses = [{"dose": "300 mg"} | dose for dose in doses]
    weights = weight_kg if isinstance(weight_kg, Sequence) else [(None, weight_kg)]
    return _without_nothing(
        {
            "patient": patient,
            "laboratory": [_laboratory(each) for each in laboratories],
            "infusion": doses,
            "weight": [{"from": day, "value": f"{_decimal(kg)} kg"} for day, kg in weights],
            "level": [dict(each) if isinstance(each, Mapping) else level_entry(each) for each in levels],
            "occupancy": [_keyed(each, "time", "value", "assay", "subset") for each in occupancies],
            "antibodies": [_keyed(each, "date", "found") for each in antibodies],
            "plasma_exchange": [
                _keyed(each if isinstance(each, tuple) else (each,), "date", "removed")
                for each in plasma_exchanges
            ],
        }
    )


def level_entry(level: Sequence[Any]) -> dict[str, Any]:
    """A level as a table of the record; one that begins with `<` was below quantification."""
    time, value, *more = level
    is_below = isinstance(value, str) and value.lstrip().startswith("<")
    measured = {"below": value.lstrip("< ")} if is_below else {"value": value}
    return {"time": time, **measured, **({"laboratory": more[0]} if more and more[0] is not None else {})}


def document_of(patient: Patient) -> dict[str, Any]:
    """The record of a patient, with everything said; what is read from it is the same patient.

    Times are written to the microsecond, which keeps every day that was made from a moment.
    """
    doses, levels, seen = patient.regimen, patient.levels, patient.occupancies
    zone = zone_of(patient.timezone)

    def moment(day: float, *, is_date_only: bool = False) -> str:
        local = (patient.origin + dt.timedelta(days=float(day))).astimezone(zone)
        return str(local.date()) if is_date_only else local.isoformat()

    has_antibodies = bool(np.isfinite(patient.antibodies_from_d))
    return _without_nothing(
        {
            "patient": {
                "name": patient.name,
                "timezone": patient.timezone,
                "today": moment(patient.today_d),
                "antibodies_from": moment(patient.antibodies_from_d) if has_antibodies else None,
                "notes": list(patient.notes) or None,
            },
            "laboratory": [_laboratory(each) for each in patient.laboratories.values()],
            "infusion": [
                {
                    "start": moment(day, is_date_only=bool(is_date_only)),
                    "dose": f"{_decimal(dose_mg)} mg",
                    "route": "SC" if is_subcutaneous else "IV",
                    "duration": _duration(duration_d),
                }
                for day, dose_mg, duration_d, is_subcutaneous, is_date_only in zip(
                    *(
                        doses.start_d,
                        doses.dose_mg,
                        doses.duration_d,
                        doses.is_subcutaneous,
                        patient.is_date_only,
                    ),
                    strict=True,
                )
            ],
            "weight": [
                {"from": moment(day), "value": f"{_decimal(kg)} kg"}
                for day, kg in zip(patient.weight_d, patient.weight_kg, strict=True)
            ],
            "level": [
                {
                    "time": moment(levels.time_d[index]),
                    "below" if levels.is_below[index] else "value": _level(
                        levels.lloq_mg_per_l[index]
                        if levels.is_below[index]
                        else levels.value_mg_per_l[index]
                    ),
                    "lloq": None if levels.is_below[index] else _level(levels.lloq_mg_per_l[index]),
                    "laboratory": levels.laboratory[index],
                }
                for index in range(levels.number)
            ],
            "occupancy": [
                {
                    "time": moment(day),
                    "value": f"{_decimal(share)} fraction",
                    "assay": assay,
                    "subset": subset,
                }
                for day, share, assay, subset in zip(
                    seen.time_d, seen.share, seen.assay, seen.subset, strict=True
                )
            ],
            "plasma_exchange": [
                {"date": moment(day), "removed": f"{_decimal(share)} fraction"}
                for day, share in zip(doses.exchange_d, doses.exchange_share, strict=True)
            ],
        }
    )


def _laboratory(laboratory: Laboratory) -> dict[str, Any]:
    known = {"name": laboratory.name, "scale": laboratory.scale}
    if laboratory.prior_cv is not None:
        known |= {
            "scale": ESTIMATE,
            "prior_median": laboratory.scale,
            "prior_cv": f"{_decimal(laboratory.prior_cv)} fraction",
        }
    unsourced = Laboratory(laboratory.name)
    if (laboratory.mark, laboratory.source) == (Mark.ASSUMED, unsourced.source):
        return known
    source = {key: getattr(laboratory.source, key) for key in ("text", "doi", "where")}
    return known | {"mark": str(laboratory.mark), "source": _without_nothing(source)}


def _level(value: float) -> str | None:
    return None if np.isnan(value) else f"{_decimal(value)} mg/L"


def _duration(days: float) -> str:
    """A length in minutes, where that is read as the same number of days."""
    minutes = round(1440.0 * float(days), 6)
    if convert(minutes, "min", "d") == days:
        return f"{_decimal(minutes)} min"
    return f"{_decimal(days)} d"


def _keyed(values: Any, *keys: str) -> dict[str, Any]:
    return dict(values) if isinstance(values, Mapping) else dict(zip(keys, values, strict=False))


def _decimal(number: float) -> str:
    """The shortest decimal that is read as the same number, without an exponent."""
    return np.format_float_positional(float(number), trim="-")


def _without_nothing(table: dict[str, Any]) -> dict[str, Any]:
    """The same without keys that hold nothing and kinds of table that there are none of."""
    return {
        key: [_without_nothing(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list)
        else _without_nothing(value)
        if isinstance(value, dict)
        else value
        for key, value in table.items()
        if value is not None and value != []
    }
