import datetime as dt
import json
import re
from pathlib import Path

import pytest

from tests.cohort.records.drawn import AS_OF, assert_same, drawn_cohort
from wearoff.cohort.records import read_cohort, read_files
from wearoff.cohort.records.fhir_codes import load_codes
from wearoff.cohort.records.writers.fhir import fhir_bundle, write_fhir

CREATED = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)


def as_bytes(bundle: dict[str, object]) -> bytes:
    return json.dumps(bundle, ensure_ascii=False).encode()


@pytest.mark.parametrize("seed", range(40))
def test_a_cohort_written_as_fhir_is_read_as_the_same_cohort(seed: int) -> None:
    cohort = drawn_cohort(seed)
    found = read_files({"cohort.json": as_bytes(fhir_bundle(cohort))}, as_of=AS_OF)
    assert found.receipt.is_balanced
    assert found.receipt.not_used.height == 0
    assert_same(cohort, found)


def test_a_bundle_has_the_form_of_r4() -> None:
    for seed in range(20):
        bundle = fhir_bundle(drawn_cohort(seed), created=CREATED)
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
        urls = [entry["fullUrl"] for entry in bundle["entry"]]
        assert len(urls) == len(set(urls))
        patients = {e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"}
        for entry in bundle["entry"]:
            resource = entry["resource"]
            assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", resource["id"])
            if resource["resourceType"] == "Patient":
                assert {"id", "identifier"} <= set(resource)
                continue
            assert resource["status"] in ("final", "completed")
            assert not patients or resource["subject"]["reference"] in patients
            for when in _moments(resource):
                assert re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d[+-]\d\d:\d\d)?", when)
            _assert_no_empty(resource)


@pytest.mark.parametrize("seed", range(20))
def test_another_implementation_of_fhir_takes_every_resource(seed: int) -> None:
    models = pytest.importorskip("fhir.resources.R4B.bundle", reason="fhir-resources is not installed")
    bundle = fhir_bundle(drawn_cohort(seed))
    models.Bundle.model_validate_json(json.dumps(bundle))
    for entry in bundle["entry"]:
        if "status" in entry["resource"]:
            del entry["resource"]["status"]
            with pytest.raises(ValueError, match="'status' is required"):
                models.Bundle.model_validate_json(json.dumps(bundle))
            break


def test_the_same_cohort_and_moment_give_the_same_bundle(tmp_path: Path) -> None:
    one, other = (
        write_fhir(drawn_cohort(7), tmp_path / name, created=CREATED) for name in ("a.json", "b.json")
    )
    assert one.read_bytes() == other.read_bytes()
    assert_same(drawn_cohort(7), read_cohort(one, as_of=AS_OF))


def test_every_coding_has_a_source_and_one_meaning() -> None:
    codes = load_codes()
    for kind, entries in codes.kinds.items():
        assert all(entry.source for entry in entries), kind
        assert len({(entry.system, entry.code) for entry in entries}) == len(entries)
    assert len(set(codes.units.values())) == len(codes.units)


def _moments(resource: dict[str, object]) -> list[str]:
    period = resource.get("effectivePeriod", {})
    assert isinstance(period, dict)
    return [str(one) for one in (resource.get("effectiveDateTime"), *period.values()) if one is not None]


def _assert_no_empty(value: object) -> None:
    """FHIR knows no empty texts, lists or objects."""
    assert value not in ("", [], {}, None)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _assert_no_empty(inner)
