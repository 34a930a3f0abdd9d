"""One patient in a folder: whole files that agree with each other and with the answer."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.one_patient import HOSTILE, answered, hostile, under_saturation, without_a_floor
from wearoff.dosing.fit.patient_file import parse_patient
from wearoff.errors import InputError
from wearoff.report import ResultFiles, write_patient
from wearoff.report import patient_write as module
from wearoff.report.files import csv_of
from wearoff.report.patient_html import render_patient
from wearoff.report.patient_write import tables_of


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> ResultFiles:
    return write_patient(answered(), tmp_path_factory.mktemp("patient") / "deep" / "out")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def test_the_folder_holds_page_paper_tables_and_result_and_nothing_else(written: ResultFiles) -> None:
    names = {path.name for path in written.folder.iterdir()}
    tables = {"options.csv", "levels.csv", "course.csv", "decline.csv"}
    assert names == {"report.html", "report.pdf", "result.json"} | tables
    assert written.report.read_text("utf-8") == render_patient(answered())
    assert written.paper.read_bytes().startswith(b"%PDF")


def test_result_json_agrees_with_the_files_and_the_answer(written: ResultFiles) -> None:
    found = answered()
    read = json.loads(written.result.read_text("utf-8"), parse_constant=pytest.fail)
    assert {each["file"] for each in read["files"]} == {p.name for p in written.folder.iterdir()} - {
        "result.json"
    }
    for each in read["files"]:
        assert hashlib.sha256((written.folder / each["file"]).read_bytes()).hexdigest() == each["sha256"]
    assert read["provenance"] == found.provenance
    assert read["target"] == {"value": 5.0, "kind": "concentration", "curve": None, "at_least": 0.9}
    assert read["cautions"] == list(found.cautions)
    assert [model["weight"] for model in read["models"]] == [fit.weight for fit in found.fits]
    assert read["decline"]["level"]["p50"] == found.decline.level["p50"].tolist()
    assert len(read["delays"]) == len(found.delays)


def test_the_patient_can_be_had_again_from_the_result(written: ResultFiles) -> None:
    read = json.loads(written.result.read_text("utf-8"))
    again = parse_patient(read["patient"])
    assert again == answered().patient
    assert hashlib.sha256(read["patient"].encode()).hexdigest() == read["provenance"]["patient_digest"]


def test_options_csv_has_every_digit_of_every_option_on_every_basis(written: ResultFiles) -> None:
    found, rows = answered(), rows_of(written.tables["options"])
    assert found.what_if is not None
    groups = {"average": found.options, "average at 95 kg": found.what_if.options}
    groups |= {fit.model.name: fit.options for fit in found.fits}
    assert len(rows) == sum(map(len, groups.values()))
    for basis, options in groups.items():
        for row, option in zip([row for row in rows if row["basis"] == basis], options, strict=True):
            assert float(row["weeks"]) == option.weeks
            assert float(row["settled_trough_p05_mg_per_l"]) == option.settled_trough["p05"]
            assert float(row["next_saturation_bridge_p95"]) == option.next_saturation["bridge"]["p95"]
            assert float(row["probability_settled"]) == option.probability_settled
            assert row["meets_rule"] == str(option.meets_rule).lower()
            assert row["evidence_sentence"] == option.evidence.sentence


def test_course_and_decline_csv_are_those_of_the_answer(written: ResultFiles) -> None:
    found = answered()
    course, gone = rows_of(written.tables["course"]), rows_of(written.tables["decline"])
    np.testing.assert_array_equal([float(row["p05"]) for row in course], found.course.level["p05"])
    np.testing.assert_array_equal([row["is_future"] == "true" for row in course], found.course.is_future)
    np.testing.assert_array_equal([float(row["chance"]) for row in gone], found.decline.chance)


def test_levels_csv_has_each_level_under_each_model(written: ResultFiles) -> None:
    found, rows = answered(), rows_of(written.tables["levels"])
    assert len(rows) == found.patient.levels.number * len(found.fits)
    assert rows[2]["measured_mg_per_l"] == ""
    assert rows[2]["is_below"] == "true"
    assert float(rows[0]["fitted_mg_per_l"]) == found.main.levels.fitted[0]
    assert float(rows[0]["moves clearance"]) == found.main.pulls[0, 0]


def test_no_cell_of_a_hostile_patient_starts_a_formula() -> None:
    for frame in tables_of(hostile()).values():
        for row in csv.reader(io.StringIO(csv_of(frame).decode(), newline="")):
            assert not [
                cell
                for cell in row
                if cell[:1] in tuple("=+@\t\r\n") or (cell[:1] == "-" and not _is_number(cell))
            ]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("found", [under_saturation, without_a_floor, hostile])
def test_every_answer_can_be_written(found, tmp_path: Path) -> None:
    files = write_patient(found(), tmp_path)
    assert json.loads(files.result.read_text("utf-8"), parse_constant=pytest.fail)["provenance"]


def test_writing_again_gives_the_same_bytes_and_keeps_other_files(written: ResultFiles) -> None:
    other = written.folder / "mine.txt"
    other.write_text("mine")
    before = {path.name: path.read_bytes() for path in written.folder.iterdir()}
    write_patient(answered(), written.folder)
    assert before == {path.name: path.read_bytes() for path in written.folder.iterdir()}
    other.unlink()


def test_a_file_in_the_way_is_refused_and_kept(tmp_path: Path) -> None:
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    for out in (target, target / "below"):
        with pytest.raises(InputError, match="this is a file"):
            write_patient(answered(), out)
    assert target.read_text() == "mine"


def test_what_cannot_be_rendered_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> bytes:
        raise RuntimeError("no paper")

    monkeypatch.setattr(module, "render_pdf", fail)
    with pytest.raises(RuntimeError):
        write_patient(answered(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_name_in_the_result_is_whole(tmp_path: Path) -> None:
    read = json.loads(write_patient(hostile(), tmp_path).result.read_text("utf-8"))
    assert read["provenance"]["patient"] == "".join(HOSTILE)
