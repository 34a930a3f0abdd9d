"""A FHIR R4 bundle in JSON: Patient, MedicationAdministration, Observation and QuestionnaireResponse.

A coding says what a resource is; one that is not known is listed with its place and used for nothing. Units
are UCUM codes, and are never taken from a number. A resource that was withdrawn, not given or not finished
is listed too. The patient is the identifier that wearoff wrote, or the id of the Patient resource; names,
addresses and other identifiers are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

from wearoff.cohort.records.assemble import Found, zone_of
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.fhir_codes import COHORT, COLUMN, TABLE, TEST_DATA, codings_in
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.readers.fhir_resources import Reading, is_usable, row_of
from wearoff.cohort.records.readers.json_text import parse_json
from wearoff.cohort.records.readers.rows import Leftovers, Rows
from wearoff.errors import InputError, Problem

__all__ = ["find_in_fhir"]

_READ: Final = ("Patient", "MedicationAdministration", "Observation", "QuestionnaireResponse")
_FRACTION: Final = re.compile(rb"T\d\d:\d\d:\d\d\.\d*[1-9]")
_LOOKED_UP: Final = ("Medication",)


def find_in_fhir(files: Mapping[str, bytes], *, timezone: str | None) -> Found:
    """The tables of a bundle.

    Args:
        files: one JSON file by its name, and perhaps `cohort.toml`.
        timezone: where days are told of moments; None for the zone that the bundle names, or UTC.

    Raises:
        InputError: with every fault that makes the bundle unusable.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    about = read_about(files.get(ABOUT_FILE), problems, notes)
    bundles = {name: content for name, content in files.items() if name != ABOUT_FILE}
    if len(bundles) != 1:
        raise InputError([*problems, Problem(f"give one bundle, not {len(bundles)} files.")])
    ((name, content),) = bundles.items()
    origin = Origin(name, sha256(content).hexdigest())
    entries: list[Any] = []
    bundle: dict[str, Any] = {}
    try:
        bundle = parse_json(origin, content)
        entries = _entries(name, bundle)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    said = {code: display for system, code, display in _tags(bundle) if system == COHORT}
    zone_name = timezone or about.timezone or said.get("timezone") or "UTC"
    reading = _reading(name, entries, zone_of(zone_name))
    rows = {
        code: Rows(table, name, origin.sha256)
        for table in load_dictionary().tables
        for code in [table.name]
        if any(tag[:2] == (TABLE, code) for tag in _tags(bundle))
    }
    for table, columns in _further_columns(bundle):
        if table in rows:
            rows[table].columns += columns
    for place, entry in enumerate(entries):
        _take(reading, rows, origin, place, entry)
    if not rows:
        expected = ", ".join(_READ)
        reason = f"no resource here is one that is read ({expected}, with known codings)."
        raise InputError(Problem(reason, file=name))
    if reading.told:
        notes.append(f"{name}: {reading.told} moments in columns of dates stand for their day in {zone_name}")
    if dropped := len(_FRACTION.findall(content)):
        notes.append(f"{name}: {dropped} moments hold fractions of a second, which were dropped")
    notes += [
        f"{name}: the component {what} has no column and was not read ({count} times)"
        for what, count in reading.components.items()
    ]
    return Found(
        tuple(rows[table.name].sheet() for table in load_dictionary().tables if table.name in rows),
        tuple(notes),
        sources=(reading.left.counted(len(entries)),),
        not_used=reading.left.not_used,
        label=about.label or said.get("label"),
        is_simulated=about.is_simulated or _is_test(bundle),
        timezone=about.timezone or said.get("timezone"),
    )


def _entries(name: str, bundle: Any) -> list[Any]:
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise InputError(Problem("this is no Bundle of FHIR; export one.", file=name, key="resourceType"))
    links = bundle.get("link")
    if isinstance(links, list) and any(
        isinstance(link, dict) and link.get("relation") == "next" for link in links
    ):
        reason = "the bundle is one page of several; put all entries into one bundle."
        raise InputError(Problem(reason, file=name, key="link"))
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise InputError(Problem("the entries must be a list; export it again.", file=name, key="entry"))
    return entries


def _reading(name: str, entries: list[Any], zone: ZoneInfo) -> Reading:
    """What has to be known of all resources before one is read: patients and medications by reference."""
    reading = Reading(Leftovers(name), zone)
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            reading.learn(resource, entry.get("fullUrl"))
    return reading


def _take(reading: Reading, rows: dict[str, Rows], origin: Origin, place: int, entry: Any) -> None:
    """One entry: a row, or a line in the list of what is not used."""
    where = f"entry[{place}].resource"
    resource = entry.get("resource") if isinstance(entry, dict) else None
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(resource, dict) or not isinstance(kind, str):
        reading.left.add("entry without a resource", f"entry[{place}]", "there is nothing to read.")
        return
    if kind not in _READ:
        known = "it serves to look up what was given." if kind in _LOOKED_UP else "this kind is not read."
        reading.left.add(kind[:64], where, known)
        return
    if not is_usable(reading, resource, where):
        return
    found = row_of(reading, resource, where)
    if found is None:
        return
    table = load_dictionary().table(found.table)
    target = rows.setdefault(table.name, Rows(table, origin.file, origin.sha256))
    row = place + 2
    target.add(row, {name: cell for name, cell in found.cells.items() if cell}, where)
    for column, path in found.places.items():
        target.at(row, column, f"{where}.{path}")
    for fault, reason in found.faults:
        target.refuse(row, fault, reason)


def _tags(bundle: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    meta = bundle.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict):
            system, code, display = (tag.get(key) for key in ("system", "code", "display"))
            yield str(system or ""), str(code or ""), str(display or "")


def _further_columns(bundle: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    meta = bundle.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    for tag in tags if isinstance(tags, list) else ():
        extensions = tag.get("extension") if isinstance(tag, dict) else None
        if tag and isinstance(extensions, list):
            names = [
                one["valueString"]
                for one in extensions
                if isinstance(one, dict)
                and one.get("url") == COLUMN
                and isinstance(one.get("valueString"), str)
            ]
            yield str(tag.get("code")), names


def _is_test(bundle: Mapping[str, Any]) -> bool:
    meta = bundle.get("meta")
    labels = meta.get("security") if isinstance(meta, dict) else None
    return (TEST_DATA["system"], TEST_DATA["code"]) in codings_in({"coding": labels})
