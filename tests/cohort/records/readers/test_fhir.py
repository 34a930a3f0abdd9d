"""A bundle from elsewhere: what is known is read, what is not is listed, and what is broken is named."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.cohort.records.drawn import AS_OF, drawn_cohort
from tests.cohort.records.reading import outcome
from wearoff.cohort.records import Cohort, read_files
from wearoff.cohort.records.readers.json_text import plain_number
from wearoff.cohort.records.writers.fhir import fhir_bundle
from wearoff.errors import InputError

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
PATIENT = {"resourceType": "Patient", "id": "a1", "gender": "female", "birthDate": "1980-05-06"}


def bundle(*resources: dict[str, Any], **further: Any) -> bytes:
    entries = [
        {"fullUrl": f"https://ehr.example/{r.get('resourceType')}/{r.get('id')}", "resource": r}
        for r in resources
    ]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries} | further).encode()


def observation(code: str, value: Any = 5.5, unit: str = "mg/L", **further: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/a1"},
        "effectiveDateTime": "2020-02-03T10:20:00+01:00",
        "valueQuantity": {"value": value, "unit": "shown", "system": UCUM, "code": unit},
    } | further


def administration(**further: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AA23"}]},
        "subject": {"reference": "https://ehr.example/Patient/a1"},
        "effectivePeriod": {"start": "2020-01-01T10:00:00.000Z", "end": "2020-01-01T11:00:00Z"},
        "dosage": {
            "route": {"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]},
            "dose": {"value": 0.3, "system": UCUM, "code": "g"},
        },
    } | further


def edss(value: Any = 2.5, **further: Any) -> dict[str, Any]:
    coding = {"system": "http://snomed.info/sct", "code": "273554001"}
    return observation("", value, "{score}") | {"code": {"coding": [coding]}} | further


def read(*resources: dict[str, Any], timezone: str | None = None) -> Cohort:
    cohort = read_files({"b.json": bundle(PATIENT, *resources)}, as_of=AS_OF, timezone=timezone)
    assert cohort.receipt.is_balanced
    return cohort


def test_resources_of_another_maker_become_rows() -> None:
    cohort = read(administration(), observation("101281-4", 8.25, "pg/mL"), edss(), observation("1988-5", 3))
    assert cohort.patient.select("patient_id", "sex", "birth_year").rows() == [("a1", "F", 1980)]
    infusion = cohort.infusion.row(0, named=True)
    assert (infusion["dose_mg"], infusion["route"], infusion["duration_min"]) == (300.0, "IV", 60.0)
    assert infusion["start_time"].isoformat() == "2020-01-01T10:00:00+00:00"
    assert cohort.measurement.select("analyte", "value", "unit").rows() == [
        ("nfl", 8.25, "pg/mL"),
        ("crp", 3.0, "mg/L"),
    ]
    assert cohort.visit.select("patient_id", "edss").rows() == [("a1", 2.5)]


def test_a_medication_is_known_by_code_name_or_reference() -> None:
    elsewhere = {"resourceType": "Medication", "id": "m1", "code": {"text": "Tysabri 300 mg"}}
    inside = administration(contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "tyruko"}}])
    inside |= {"medicationCodeableConcept": None, "medicationReference": {"reference": "#m"}}
    outside = administration(
        effectivePeriod={"start": "2020-02-01"}, medicationReference={"reference": "Medication/m1"}
    ) | {"medicationCodeableConcept": None}
    other = administration(
        medicationCodeableConcept={"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AG02"}]}
    )
    cohort = read(elsewhere, inside, outside, other)
    assert cohort.infusion["product"].to_list() == ["tyruko", "Tysabri 300 mg"]
    assert (
        "MedicationAdministration http://www.whocc.no/atc|L04AG02"
        in cohort.receipt.not_used["what"].to_list()
    )


def test_an_unknown_coding_or_kind_is_listed_with_its_place() -> None:
    cohort = read(
        edss(), observation("9999-9"), observation("9999-9"), {"resourceType": "Condition", "id": "c"},
        {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "https://q.example/1"},
    )  # fmt: skip
    assert cohort.receipt.not_used.select("what", "records", "first").rows() == [
        ("Observation http://loinc.org|9999-9", 2, "entry[2].resource"),
        ("Condition", 1, "entry[4].resource"),
        ("QuestionnaireResponse https://q.example/1", 1, "entry[5].resource"),
    ]
    assert cohort.receipt.sources.rows() == [("b.json", 6, 2, 4)]


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered"])
def test_what_was_withdrawn_is_listed_and_not_read(status: str) -> None:
    cohort = read(edss(status=status), edss(2.0))
    assert cohort.visit["edss"].to_list() == [2.0]
    assert cohort.receipt.not_used["what"].to_list() == [f"Observation with status {status}"]


def test_a_dose_that_was_stopped_or_has_no_mass_is_refused() -> None:
    odd = administration(dosage={"dose": {"value": 15, "system": UCUM, "code": "mL"}})
    cohort = read(administration(status="stopped"), odd)
    assert cohort.infusion.height == 0
    text = str(cohort.receipt)
    assert "b.json, entry[1].resource, patient a1: the status is stopped" in text
    assert "b.json, entry[2].resource.dosage.dose, column dose_mg, patient a1: the unit 'mL'" in text
    not_given = read(administration(status="not-done"), edss())
    assert not_given.receipt.not_used["what"].to_list() == ["MedicationAdministration with status not-done"]


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (edss(2.3), "entry[1].resource.valueQuantity.value, column edss, patient a1: 2.3 does not exist"),
        (
            edss(effectiveDateTime="2020-02"),
            "entry[1].resource.effectiveDateTime, column date, patient a1: '2020-02'",
        ),
        (edss(subject={}), "entry[1].resource, column patient_id: the cell is empty"),
        (edss(subject={"reference": "Patient/b2"}), "the patient 'b2' is not in patient.csv"),
        (
            observation("1988-5", 3, "mmol/L"),
            "entry[1].resource.valueQuantity.code, column unit, patient a1: the unit",
        ),
        (observation("1988-5", valueQuantity={"value": 3}), "the value has no unit"),
        (
            observation("1988-5", valueQuantity={"value": 3, "comparator": ">", "unit": "mg/L"}),
            "the value is only known to be > this",
        ),
    ],
)
def test_a_refusal_names_the_path_in_the_bundle(resource: dict[str, Any], says: str) -> None:
    cohort = read(resource)
    assert says in str(cohort.receipt)
    assert cohort.visit.height + cohort.measurement.height == 0


def test_a_level_below_the_limit_is_no_value() -> None:
    low = observation(
        "1988-5", valueQuantity={"value": 0.5, "comparator": "<", "system": UCUM, "code": "mg/L"}
    )
    cohort = read(low)
    assert cohort.measurement.select("value", "lloq", "below_lloq").rows() == [(None, 0.5, "Y")]


@pytest.mark.parametrize("unit", ["1", "{index}", "{ratio}"])
def test_an_index_is_counted_in_ones(unit: str) -> None:
    cohort = read(observation("100977-8", 1.25, unit))
    assert cohort.measurement.select("analyte", "value", "unit").rows() == [("jcv_index", 1.25, "index")]


def test_an_absent_value_keeps_its_reason() -> None:
    reason = {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-performed"}
        ]
    }
    absent = edss(dataAbsentReason=reason)
    del absent["valueQuantity"]
    assert read(absent).visit.select("edss", "edss_missing").rows() == [(None, "ND")]


def test_the_day_of_a_moment_is_told_in_the_zone() -> None:
    late = edss(effectiveDateTime="2020-01-01T23:30:00Z")
    for zone, day in (("UTC", "2020-01-01"), ("Europe/Oslo", "2020-01-02")):
        cohort = read(late, timezone=zone)
        assert [str(date) for date in cohort.visit["date"]] == [day]
        assert any(
            f"1 moments in columns of dates stand for their day in {zone}" in n for n in cohort.receipt.notes
        )


def test_a_fraction_of_a_second_is_dropped_and_noted() -> None:
    exact = observation("1988-5", 3, effectiveInstant="2020-01-01T10:20:30.125Z")
    del exact["effectiveDateTime"]
    cohort = read(exact, edss())
    assert str(cohort.measurement["time"][0]) == "2020-01-01 10:20:30+00:00"
    assert "b.json: 1 moments hold fractions of a second, which were dropped" in cohort.receipt.notes


def test_a_component_without_a_column_is_noted() -> None:
    part = {"code": {"coding": [{"system": LOINC, "code": "1-1"}]}, "valueQuantity": {"value": 2}}
    cohort = read(edss(component=[part]))
    assert cohort.visit.height == 1
    assert any("component visit http://loinc.org|1-1 has no column" in note for note in cohort.receipt.notes)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "the file ends too early at column 2"),
        (bundle(PATIENT)[:-30], "the file ends too early"),
        (b'{"resourceType": "Patient"}', "this is no Bundle"),
        (b'{"resourceType": "Bundle", "resourceType": "Bundle"}', "the key 'resourceType' stands twice"),
        (b'{"resourceType": "Bundle", "n": NaN}', "NaN is no number of JSON"),
        (b'{"resourceType": "Bundle", "entry": 3}', "the entries must be a list"),
        (bundle(PATIENT, link=[{"relation": "next", "url": "u"}]), "one page of several"),
        (bundle({"resourceType": "Condition"}), "no resource here is one that is read"),
        (b'{"resourceType": "\xe6"}', "is not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_a_bundle_that_cannot_be_trusted_is_turned_away(content: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_files({"b.json": content}, as_of=AS_OF, form="fhir")
    assert says in str(caught.value)
    assert str(caught.value).startswith("b.json")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1E2", "100"),
        ("-1.5e-3", "-0.0015"),
        ("0e5", "0"),
        ("12.50", "12.50"),
        ("1e999", "1e999"),
        ("x", "x"),
        ("12e-1", "1.2"),
    ],
)
def test_a_number_loses_its_exponent_and_no_digit(text: str, plain: str) -> None:
    assert plain_number(text) == plain


VALUES = (
    None,
    "",
    0,
    -1,
    2.3,
    True,
    [],
    {},
    [None],
    {"x": 1},
    "2020-02-30",
    "Patient/zz",
    "x" * 200,
    "completed",
)


def _changed(rng: random.Random, value: Any) -> Any:
    """The same document with something in it, however deep, replaced, dropped or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.93:
        key = rng.choice(list(value))
        if rng.random() < 0.08:
            return {name: inner for name, inner in value.items() if name != key}
        return value | {key: _changed(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.97:
        place = rng.randrange(len(value))
        if rng.random() < 0.05:
            return [*value, value[place]]
        return [*value[:place], _changed(rng, value[place]), *value[place + 1 :]]
    return rng.choice(VALUES)


def test_a_damaged_bundle_is_turned_away_or_every_entry_is_accounted_for() -> None:
    rng = random.Random(3)  # noqa: S311 - a seed is wanted
    whole = fhir_bundle(drawn_cohort(4))
    fared = {"read": 0, "turned away": 0}
    for _ in range(120):
        document = whole
        for _ in range(rng.randrange(1, 6)):
            document = _changed(rng, document)
        content = json.dumps(document).encode()
        if rng.random() < 0.15:
            content = content[: rng.randrange(len(content))]
        cohort, problems = outcome({"b.json": content}, form="fhir")
        fared["turned away" if cohort is None else "read"] += 1
        assert all(problem.file == "b.json" for problem in problems)
        if cohort is not None and isinstance(document, dict):
            assert cohort.receipt.sources["records"].sum() == len(document.get("entry", []))
    assert min(fared.values()) > 10
