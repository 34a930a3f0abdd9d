"""Any text that a cohort can hold comes back from every format, and what was refused is never hidden."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cohort.records.drawn import AS_OF, assert_same
from wearoff.cohort.records import Cohort, read_files
from wearoff.cohort.records.writers.convert import WRITTEN_FORMATS, refused_rows, write_cohort
from wearoff.cohort.records.writers.csv import csv_files
from wearoff.cohort.records.writers.dataset_json import dataset_json_files
from wearoff.cohort.records.writers.fhir import fhir_bundle
from wearoff.errors import InputError, UnknownNameError

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=30)


def event(patient: str, kind: str, comment: str) -> Cohort:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(
        [["patient_id", "start_date", "kind", "comment"], [patient, "2020-01-01", kind, comment]]
    )
    return read_files({"event.csv": out.getvalue().encode()}, as_of=AS_OF)


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_any_text_comes_back_from_every_format(patient: str, kind: str, comment: str) -> None:
    cohort = event(patient, kind, comment)
    if cohort.receipt.refusals.height:
        return
    bundle = json.dumps(fhir_bundle(cohort), ensure_ascii=False).encode()
    for files in (csv_files(cohort), dataset_json_files(cohort), {"cohort.json": bundle}):
        assert_same(cohort, read_files(files, as_of=AS_OF))


@settings(max_examples=150, deadline=None)
@given(
    st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9)
)
def test_any_number_comes_back_from_every_format(number: float) -> None:
    text = f"{number:.12f}"
    content = f"patient_id,date,instrument,value\nP1,2020-01-01,T25FW,{text}\n".encode()
    cohort = read_files({"score.csv": content}, as_of=AS_OF)
    assert cohort.score["value"].to_list() == [float(text)]
    bundle = json.dumps(fhir_bundle(cohort)).encode()
    for files in (csv_files(cohort), dataset_json_files(cohort), {"cohort.json": bundle}):
        assert_same(cohort, read_files(files, as_of=AS_OF))


@pytest.mark.parametrize("form", WRITTEN_FORMATS)
def test_a_row_that_only_repeats_another_is_no_loss(form: str, tmp_path: Path) -> None:
    content = b"patient_id,date,edss\nP1,2020-01-01,2\nP1,2020-01-01,2\n"
    cohort = read_files({"visit.csv": content}, as_of=AS_OF)
    assert len(refused_rows(cohort)) == 1
    assert refused_rows(cohort, only_losses=True) == []
    assert write_cohort(cohort, tmp_path / "out", form)


@pytest.mark.parametrize("form", WRITTEN_FORMATS)
def test_a_row_that_was_lost_stops_the_writing(form: str, tmp_path: Path) -> None:
    cohort = read_files({"visit.csv": b"patient_id,date,edss\nP1,2020-01-01,2.3\n"}, as_of=AS_OF)
    with pytest.raises(InputError, match=r"visit\.csv, row 2, column edss, patient P1: 2\.3"):
        write_cohort(cohort, tmp_path / "out", form)
    assert list(tmp_path.iterdir()) == []
    assert write_cohort(cohort, tmp_path / "out", form, leaves_refused=True)


def test_a_format_that_is_not_written_is_named(tmp_path: Path) -> None:
    cohort = read_files({"visit.csv": b"patient_id,date,edss\n"}, as_of=AS_OF)
    with pytest.raises(UnknownNameError, match="there is no format to write 'excel'"):
        write_cohort(cohort, tmp_path, "excel")
