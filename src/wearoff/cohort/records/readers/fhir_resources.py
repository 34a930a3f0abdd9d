"""One resource of FHIR as the cells of one row, or the reason why it is none."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from wearoff.cohort.records.dictionary import MISSING_SUFFIX, load_dictionary
from wearoff.cohort.records.fhir_codes import (
    ANALYTE,
    COLUMN,
    PATIENT,
    ROW,
    TABLE,
    UCUM,
    codings_in,
    load_codes,
)
from wearoff.cohort.records.readers.fhir_elements import (
    LONGEST,
    MOMENT,
    any_value,
    extensions_of,
    moment_of,
    named,
    quantity_of,
    text_of,
)
from wearoff.cohort.records.readers.products import natalizumab_product
from wearoff.cohort.records.readers.rows import Leftovers
from wearoff.cohort.records.writers.texts import number_text
from wearoff.errors import InputError
from wearoff.units import convert

__all__ = ["FoundRow", "Reading", "is_usable", "row_of"]

_REFERENCE = re.compile(r"(?:.*/)?Patient/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?")
_USABLE: Final = {
    "Observation": ("final", "amended", "corrected", "preliminary"),
    "MedicationAdministration": ("completed", "stopped", "in-progress", "on-hold", "unknown"),
    "QuestionnaireResponse": ("completed", "amended"),
}
_DATES: Final = {
    "measurement": "time",
    "visit": "date",
    "relapse": "onset_date",
    "mri": "date",
    "score": "date",
    "event": "start_date",
    "wearing_off": "date",
    "diary": "week_ending",
}


@dataclass(slots=True)
class FoundRow:
    """The cells of a row, where each was found, and what was wrong with it already."""

    table: str
    cells: dict[str, str]
    places: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str | None, str]] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """What is known while the resources of one bundle are read.

    Attributes:
        left: what is not used.
        zone: where the day of a moment is told.
        patients: identifier in the tables by every way to refer to a patient.
        medications: the concept of each Medication by reference.
        told: how many moments were told as days.
        components: how many components of each kind have no column, and were not read.
    """

    left: Leftovers
    zone: ZoneInfo
    patients: dict[str, str] = field(default_factory=dict)
    medications: dict[str, Any] = field(default_factory=dict)
    told: int = 0
    components: Counter[str] = field(default_factory=Counter)

    def learn(self, resource: Mapping[str, Any], url: Any) -> None:
        """Remember by what a patient or a medication is referred to."""
        kind, name = resource.get("resourceType"), resource.get("id")
        names = [url] if isinstance(url, str) else []
        if isinstance(name, str):
            names.append(f"{kind}/{name}")
        if kind == "Patient":
            self.patients |= dict.fromkeys(names, _identifier(resource))
        elif kind == "Medication":
            self.medications |= dict.fromkeys(names, resource.get("code"))

    def day(self, text: str) -> str:
        """A moment as its day; a day as it is."""
        found = MOMENT.fullmatch(text)
        if not found or found[2] is None:
            return found[1][:10] if found else text
        self.told += 1
        try:
            moment = dt.datetime.fromisoformat(found[1] + found[2])
            return moment.astimezone(self.zone).date().isoformat()
        except (ValueError, OverflowError):
            return text


def is_usable(reading: Reading, resource: Mapping[str, Any], where: str) -> bool:
    """Whether a resource states something that holds; otherwise it is listed."""
    kind, status = resource["resourceType"], resource.get("status")
    if kind not in _USABLE or status in _USABLE[kind]:
        return True
    reading.left.add(f"{kind} with status {str(status)[:30]}", where, "it does not state what happened.")
    return False


def row_of(reading: Reading, resource: Mapping[str, Any], where: str) -> FoundRow | None:
    """The row that a resource makes; None, and a line in the list, where it makes none."""
    match resource["resourceType"]:
        case "Patient":
            return _patient(resource)
        case "MedicationAdministration":
            return _infusion(reading, resource, where)
        case "Observation":
            return _observation(reading, resource, where)
        case _:
            return _response(reading, resource, where)


def _patient(resource: Mapping[str, Any]) -> FoundRow:
    row = FoundRow("patient", {"patient_id": _identifier(resource)})
    gender = text_of(resource.get("gender"))
    row.cells["sex"] = load_codes().name("gender", "", gender) or gender
    row.places["sex"] = "gender"
    birth = text_of(resource.get("birthDate"))
    row.cells["birth_year"] = birth[:4] if re.fullmatch(r"\d{4}(-\d\d){0,2}", birth) else birth
    row.places["birth_year"] = "birthDate"
    if "deceasedDateTime" in resource or resource.get("deceasedBoolean") is True:
        died = text_of(resource.get("deceasedDateTime"))[:10]
        row.cells["end_reason"] = f"death {died}".strip()
    _add_rest(row, resource)
    return row


def _infusion(reading: Reading, resource: Mapping[str, Any], where: str) -> FoundRow | None:
    codes = load_codes()
    concept = resource.get("medicationCodeableConcept")
    if concept is None:
        reference = resource.get("medicationReference")
        concept = _referred(reading, resource, reference)
    known = list(codings_in(concept))
    text = concept.get("text") if isinstance(concept, dict) else None
    is_named = not known and isinstance(text, str) and natalizumab_product(text) is not None
    if not is_named and not any(codes.name("natalizumab", *coding) for coding in known):
        what = named(known, concept)
        reading.left.add(f"MedicationAdministration {what}", where, "the coding is none of natalizumab.")
        return None
    row = FoundRow("infusion", {"patient_id": _subject(reading, resource)})
    status = resource.get("status")
    if status != "completed":
        reason = f"the status is {str(status)[:30]}, so it is not known how much was given; record it as completed."
        row.faults.append((None, reason))
    if isinstance(text, str):
        row.cells["product"] = text
    _add_times(row, resource)
    dosage = resource.get("dosage")
    if isinstance(dosage, dict):
        _add_dosage(row, dosage)
    _add_rest(row, resource)
    return row


def _add_times(row: FoundRow, resource: Mapping[str, Any]) -> None:
    period = resource.get("effectivePeriod")
    if not isinstance(period, dict):
        row.places["start_time"], row.cells["start_time"] = _moment_in(resource)
        return
    start, end = moment_of(period.get("start")), moment_of(period.get("end"))
    row.cells["start_time"], row.places["start_time"] = start, "effectivePeriod.start"
    if len(start) > 10 and len(end) > 10:
        try:
            span = dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)
            row.cells["duration_min"] = _minutes(span)
        except (ValueError, TypeError):
            row.faults.append(
                ("duration_min", "start and end of the period cannot be compared; correct them.")
            )
        row.places["duration_min"] = "effectivePeriod.end"


def _moment_in(resource: Mapping[str, Any]) -> tuple[str, str]:
    """The element that says when, and the moment that it holds."""
    name = "effectiveInstant" if "effectiveInstant" in resource else "effectiveDateTime"
    return name, moment_of(resource.get(name))


def _minutes(span: dt.timedelta) -> str:
    exact = Fraction(round(span.total_seconds()), 60)
    return number_text(exact.numerator / exact.denominator)


def _add_dosage(row: FoundRow, dosage: Mapping[str, Any]) -> None:
    codes = load_codes()
    routes = list(codings_in(dosage.get("route")))
    if routes:
        known = {name for coding in routes if (name := codes.name("route", *coding))}
        if len(known) == 1:
            row.cells["route"] = known.pop()
        else:
            row.faults.append(("route", f"the route {named(routes, None)} is not known; state IV or SC."))
        row.places["route"] = "dosage.route"
    dose = dosage.get("dose")
    if isinstance(dose, dict):
        value, unit = quantity_of(dose)
        row.places["dose_mg"] = "dosage.dose"
        try:
            row.cells["dose_mg"] = value if unit == "mg" else number_text(convert(float(value), unit, "mg"))
        except (InputError, ValueError):
            row.cells["dose_mg"] = value
            row.faults.append(
                ("dose_mg", f"the unit {unit!r} of the dose is no mass; state it in mg (UCUM).")
            )


def _observation(reading: Reading, resource: Mapping[str, Any], where: str) -> FoundRow | None:
    codes, code = load_codes(), resource.get("code")
    known = list(codings_in(code))
    tables = {name for system, name in known if system == TABLE}
    analytes = {name for system, name in known if system == ANALYTE} or {
        name for coding in known if (name := codes.name("analyte", *coding))
    }
    if not tables and len(analytes) == 1:
        tables = {"measurement"}
    if not tables and any(codes.name("edss", *coding) for coding in known):
        tables = {"visit"}
    if len(tables) != 1 or not tables <= set(_DATES):
        reading.left.add(f"Observation {named(known, code)}", where, "the coding is not known.")
        return None
    (table,) = tables
    row = FoundRow(table, {"patient_id": _subject(reading, resource)})
    date = _DATES[table]
    period = resource.get("effectivePeriod")
    if isinstance(period, dict):
        row.cells[date], row.places[date] = moment_of(period.get("start")), "effectivePeriod.start"
        if table == "relapse":
            row.cells["end_date"] = reading.day(moment_of(period.get("end")))
            row.places["end_date"] = "effectivePeriod.end"
    else:
        row.places[date], row.cells[date] = _moment_in(resource)
    if date != "time":
        row.cells[date] = reading.day(row.cells[date])
    text = text_of(code.get("text")) if isinstance(code, dict) else ""
    match table:
        case "measurement":
            row.cells["analyte"] = "".join(analytes) if len(analytes) == 1 else ""
            _add_level(row, resource)
        case "visit":
            _add_value(row, resource, "edss")
        case "score":
            row.cells["instrument"] = text
            _add_value(row, resource, "value")
        case "event":
            row.cells["kind"] = text
    _add_components(reading, row, resource)
    _add_rest(row, resource)
    return row


def _add_level(row: FoundRow, resource: Mapping[str, Any]) -> None:
    """A laboratory value; below a limit where it is written with a comparator."""
    quantity = resource.get("valueQuantity")
    comparator = quantity.get("comparator") if isinstance(quantity, dict) else None
    _add_value(row, resource, "value")
    if isinstance(quantity, dict):
        row.cells["unit"] = _unit_of(quantity, row.cells["analyte"])
        row.places["unit"] = "valueQuantity.code"
    if comparator == "<":
        row.cells |= {"lloq": row.cells.pop("value", ""), "below_lloq": "Y"}
    elif comparator is not None:
        row.faults.append(("value", f"the value is only known to be {str(comparator)[:4]} this; correct it."))
    method = resource.get("method")
    if isinstance(method, dict) and isinstance(method.get("text"), str):
        row.cells["method"] = method["text"]


def _unit_of(quantity: Mapping[str, Any], analyte: str) -> str:
    """The unit of a level; what UCUM writes as 1, or as a word in braces, is one, which an index is counted in."""
    unit, code = quantity_of(quantity)[1], text_of(quantity.get("code"))
    is_one = quantity.get("system") == UCUM and (code == "1" or (code[:1] == "{" and code[-1:] == "}"))
    counted = {one.name: one.unit for one in load_dictionary().analytes}
    return "index" if is_one and counted.get(analyte) == "index" else unit


def _add_value(row: FoundRow, resource: Mapping[str, Any], column: str) -> None:
    quantity = resource.get("valueQuantity")
    if isinstance(quantity, dict):
        row.cells[column], row.places[column] = quantity_of(quantity)[0], "valueQuantity.value"
    else:
        kind = next((key for key in resource if key.startswith("value")), None)
        if kind in ("valueString", "valueInteger"):
            row.cells[column] = text_of(resource[kind])
        elif kind is not None:
            row.faults.append((column, f"a {kind} is no number; state it as a valueQuantity."))
        row.places[column] = kind or "value[x]"
    for coding in codings_in(resource.get("dataAbsentReason")):
        if (reason := load_codes().name("absence", *coding)) is not None:
            row.cells[column + MISSING_SUFFIX] = reason
            row.places[column + MISSING_SUFFIX] = "dataAbsentReason"


def _add_components(reading: Reading, row: FoundRow, resource: Mapping[str, Any]) -> None:
    components = resource.get("component")
    for place, component in enumerate(components if isinstance(components, list) else ()):
        path = f"component[{place}]"
        known = list(codings_in(component.get("code"))) if isinstance(component, dict) else []
        column = next((code for system, code in known if system == COLUMN), None)
        if column is None:
            name = named(known, component.get("code") if isinstance(component, dict) else None)
            reading.components[f"{row.table} {name}"] += 1
            continue
        quantity = component.get("valueQuantity")
        row.cells[column] = quantity_of(quantity)[0] if isinstance(quantity, dict) else ""
        row.places[column] = f"{path}.valueQuantity.value"


def _response(reading: Reading, resource: Mapping[str, Any], where: str) -> FoundRow | None:
    named = text_of(resource.get("questionnaire")).split("|")[0]
    table = named.removeprefix("urn:wearoff:")
    if table == named or table not in ("wearing_off", "diary"):
        what = f"QuestionnaireResponse {named[:LONGEST] or 'without a questionnaire'}"
        reading.left.add(what, where, "the questionnaire is not known.")
        return None
    row = FoundRow(table, {"patient_id": _subject(reading, resource)})
    date = _DATES[table]
    row.cells[date], row.places[date] = reading.day(moment_of(resource.get("authored"))), "authored"
    items = resource.get("item")
    for place, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get("linkId") if isinstance(item, dict) else None
        answers = item.get("answer") if isinstance(item, dict) else None
        path = f"item[{place}]"
        if not isinstance(name, str) or not isinstance(answers, list) or len(answers) != 1:
            row.faults.append((None, f"{path} has no linkId or not one answer; correct it."))
            continue
        row.cells[name] = any_value(answers[0])
        row.places[name] = f"{path}.answer[0]"
    return row


def _add_rest(row: FoundRow, resource: Mapping[str, Any]) -> None:
    """The cells that stand under the names of their columns."""
    for extension in extensions_of(resource):
        if extension.get("url") == ROW:
            for one in extensions_of(extension):
                if isinstance(one.get("url"), str) and one["url"] != "patient_id":
                    row.cells[one["url"]] = any_value(one)
                    row.places[one["url"]] = f"extension[{one['url']}]"


def _identifier(resource: Mapping[str, Any]) -> str:
    identifiers = resource.get("identifier")
    for one in identifiers if isinstance(identifiers, list) else ():
        if isinstance(one, dict) and one.get("system") == PATIENT:
            return text_of(one.get("value"))
    return text_of(resource.get("id"))


def _subject(reading: Reading, resource: Mapping[str, Any]) -> str:
    subject = resource.get("subject")
    if not isinstance(subject, dict):
        return ""
    identifier = subject.get("identifier")
    if isinstance(identifier, dict) and identifier.get("system") == PATIENT:
        return text_of(identifier.get("value"))
    reference = text_of(subject.get("reference"))
    if reference in reading.patients:
        return reading.patients[reference]
    found = _REFERENCE.fullmatch(reference)
    return reading.patients.get(f"Patient/{found[1]}", found[1]) if found else ""


def _referred(reading: Reading, resource: Mapping[str, Any], reference: Any) -> Any:
    """The concept of a medication that stands elsewhere: in the resource itself, or in the bundle."""
    name = text_of(reference.get("reference")) if isinstance(reference, dict) else ""
    contained = resource.get("contained")
    for one in contained if isinstance(contained, list) else ():
        if isinstance(one, dict) and name == f"#{one.get('id')}":
            return one.get("code")
    return reading.medications.get(name)
