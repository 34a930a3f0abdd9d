"""A cohort as a FHIR R4 bundle: one resource for each row, with standard codings where there are any.

A patient is a Patient, an infusion a MedicationAdministration, an answer or a diary week a
QuestionnaireResponse, and everything else an Observation. What a resource has no element for stands in an
extension under the name of its column, so that the bundle reads back as the same cohort.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import MISSING_SUFFIX, Column
from wearoff.cohort.records.fhir_codes import (
    ANALYTE,
    COHORT,
    COLUMN,
    PATIENT,
    ROW,
    TABLE,
    TEST_DATA,
    UCUM,
    load_codes,
)
from wearoff.cohort.records.writers.files import put_file
from wearoff.cohort.records.writers.texts import WrittenTable, present_tables

__all__ = ["fhir_bundle", "write_fhir"]

Cells = dict[str, str]
Resource = dict[str, Any]
_NAMESPACE: Final = uuid.UUID("5f1b5a6e-53a3-5f0e-9f0a-7a8f6f1d0c21")
_COUNTED: Final = ("new_t2", "enlarging_t2", "new_or_enlarging_t2", "gd_lesions", "pbvc_pct")


def write_fhir(cohort: Cohort, path: Path, *, created: dt.datetime | None = None) -> Path:
    """Write the accepted rows of a cohort as one bundle.

    Args:
        cohort: the cohort.
        path: a new file.
        created: moment that the bundle names as that of its making; None for now.

    Raises:
        InputError: there is a file of this name, or it cannot be written.
    """
    text = json.dumps(fhir_bundle(cohort, created=created), ensure_ascii=False, allow_nan=False, indent=1)
    return put_file(path, text.encode())


def fhir_bundle(cohort: Cohort, *, created: dt.datetime | None = None) -> Resource:
    """The bundle as values of JSON."""
    tables = present_tables(cohort)
    moment = (created or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    entries = [
        {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        for table in tables
        for resource in _resources(table, has_patients="patient" in cohort.present)
    ]
    tags: list[Resource] = [_tag(table) for table in tables]
    tags.append({"system": COHORT, "code": "timezone", "display": cohort.timezone})
    if cohort.label is not None:
        tags.append({"system": COHORT, "code": "label", "display": cohort.label})
    meta: Resource = {"tag": tags}
    if cohort.is_simulated:
        meta["security"] = [TEST_DATA]
    return {
        "resourceType": "Bundle",
        "meta": meta,
        "type": "collection",
        "timestamp": moment,
        "entry": entries,
    }


def _tag(table: WrittenTable) -> Resource:
    """That the cohort has a table, and which columns of it go beyond the dictionary's own."""
    fixed = {column.name for column in table.table.fixed}
    further = [{"url": COLUMN, "valueString": name} for name in table.cells if name not in fixed]
    return {"system": TABLE, "code": table.table.name} | ({"extension": further} if further else {})


def _resources(table: WrittenTable, *, has_patients: bool) -> list[Resource]:
    make = _MAKERS.get(table.table.name, _observation)
    resources = []
    for place, cells in enumerate(table.rows()):
        identifier = cells["patient_id"]
        subject: Resource = {"identifier": {"system": PATIENT, "value": identifier}}
        if has_patients:
            subject["reference"] = f"urn:uuid:{_uuid('patient', identifier)}"
        name = identifier if table.table.name == "patient" else str(place)
        resource = make(table, dict(cells), subject)
        resources.append(
            {"resourceType": resource.pop("resourceType"), "id": str(_uuid(table.table.name, name))}
            | resource
        )
    return resources


def _patient(table: WrittenTable, cells: Cells, _: Resource) -> Resource:
    resource: Resource = {
        "resourceType": "Patient",
        "identifier": [{"system": PATIENT, "value": cells.pop("patient_id")}],
    }
    if "sex" in cells:
        resource["gender"] = load_codes().written("gender", cells.pop("sex"))[0].code
    if "birth_year" in cells:
        resource["birthDate"] = cells.pop("birth_year")
    return _with_rest(resource, table, cells)


def _infusion(table: WrittenTable, cells: Cells, subject: Resource) -> Resource:
    codes = load_codes()
    medication: Resource = {"coding": [one.coding for one in codes.written("natalizumab", "natalizumab")]}
    if "product" in cells:
        medication["text"] = cells.pop("product")
    cells.pop("patient_id")
    resource: Resource = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": medication,
        "subject": subject,
        **_when(cells.pop("start_time"), cells),
    }
    dosage: Resource = {}
    if "route" in cells:
        route = cells.pop("route")
        dosage["route"] = {"coding": [one.coding for one in codes.written("route", route)]}
    if "dose_mg" in cells:
        dosage["dose"] = _quantity(cells.pop("dose_mg"), "mg")
    if dosage:
        resource["dosage"] = dosage
    return _with_rest(resource, table, cells)


def _when(start: str, cells: Cells) -> Resource:
    """When an infusion ran; the end as a moment where the duration makes one to the second."""
    duration = cells.get("duration_min")
    if duration is None or len(start) == 10 or (Fraction(duration) * 60).denominator != 1:
        return {"effectiveDateTime": start}
    end = dt.datetime.fromisoformat(start) + dt.timedelta(
        seconds=int(Fraction(cells.pop("duration_min")) * 60)
    )
    return {"effectivePeriod": {"start": start, "end": end.isoformat(timespec="seconds")}}


def _observation(table: WrittenTable, cells: Cells, subject: Resource) -> Resource:
    name = table.table.name
    cells.pop("patient_id")
    codings = [{"system": TABLE, "code": name}]
    resource: Resource = {"resourceType": "Observation", "status": "final"}
    code: Resource = {"coding": codings}
    codes = load_codes()
    value, unit = None, None
    match name:
        case "measurement":
            analyte = cells.pop("analyte")
            codings += [one.coding for one in codes.written("analyte", analyte)]
            codings.append({"system": ANALYTE, "code": analyte})
            value = cells.pop("value", None)
            unit = cells.pop("unit", None) if value is not None else None
        case "visit":
            codings += [one.coding for one in codes.written("edss", "edss")]
            value = cells.pop("edss", None)
        case "score":
            code["text"] = cells.pop("instrument")
            value = cells.pop("value")
        case "event":
            code["text"] = cells.pop("kind")
    resource |= {"code": code, "subject": subject}
    start = next(column for column in ("time", "date", "onset_date", "start_date") if column in table.columns)
    if name == "relapse" and "end_date" in cells:
        resource["effectivePeriod"] = {"start": cells.pop(start), "end": cells.pop("end_date")}
    else:
        resource["effectiveDateTime"] = cells.pop(start)
    if value is not None:
        resource["valueQuantity"] = _quantity(value, unit)
    for column in ("value", "edss"):
        reason = cells.pop(column + MISSING_SUFFIX, None) if column in table.columns else None
        if reason is not None:
            resource["dataAbsentReason"] = {
                "coding": [one.coding for one in codes.written("absence", reason)]
            }
    if "method" in cells:
        resource["method"] = {"text": cells.pop("method")}
    components = [
        {
            "code": {"coding": [{"system": COLUMN, "code": column}], "text": column},
            "valueQuantity": _quantity(cells.pop(column), table.columns[column].unit),
        }
        for column in list(cells)
        if column in _COUNTED or (column.startswith("fs_") and not column.endswith(MISSING_SUFFIX))
    ]
    if components:
        resource["component"] = components
    return _with_rest(resource, table, cells)


def _response(table: WrittenTable, cells: Cells, subject: Resource) -> Resource:
    cells.pop("patient_id")
    date = cells.pop("date", None) or cells.pop("week_ending", None)
    resource: Resource = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"urn:wearoff:{table.table.name}",
        "status": "completed",
        "subject": subject,
    }
    if date is not None:
        resource["authored"] = date
    items = [
        {"linkId": column, "answer": [_answer(text, table.columns[column])]} for column, text in cells.items()
    ]
    return resource | ({"item": items} if items else {})


_MAKERS: Final[dict[str, Callable[[WrittenTable, Cells, Resource], Resource]]] = {
    "patient": _patient,
    "infusion": _infusion,
    "wearing_off": _response,
    "diary": _response,
}


def _answer(text: str, column: Column) -> Resource:
    match column.kind:
        case "number":
            return {"valueDecimal": float(text)}
        case "integer":
            return {"valueInteger": int(text)}
        case "date":
            return {"valueDate": text}
        case _:
            return {"valueString": text}


def _quantity(text: str, unit: str | None) -> Resource:
    quantity: Resource = {"value": float(text)}
    if unit is not None:
        quantity["unit"] = unit
        if (code := load_codes().ucum(unit)) is not None:
            quantity |= {"system": UCUM, "code": code}
    return quantity


def _with_rest(resource: Resource, table: WrittenTable, cells: Cells) -> Resource:
    """The resource, and what it has no element for under the names of the columns."""
    cells.pop("patient_id", None)
    if not cells:
        return resource
    rest = [{"url": column} | _extended(text, table.columns[column]) for column, text in cells.items()]
    return resource | {"extension": [{"url": ROW, "extension": rest}]}


def _extended(text: str, column: Column) -> Resource:
    match column.kind:
        case "number":
            return {"valueDecimal": float(text)}
        case "integer":
            return {"valueInteger": int(text)}
        case "date":
            return {"valueDate": text}
        case "time":
            return {"valueDateTime": text}
        case _:
            return {"valueString": text}


def _uuid(table: str, name: str) -> uuid.UUID:
    """The same for the same row, so that a cohort gives the same bundle again."""
    return uuid.uuid5(_NAMESPACE, f"{table}/{name}")
