from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.charts.example import HOSTILE, with_frame, without
from wearoff.errors import InputError
from wearoff.report import write as module
from wearoff.report import write_study
from wearoff.report.write import result_json


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_every_table_has_its_file_with_every_row(result, written):
    assert set(written.tables) == set(result.tables)
    for name, path in written.tables.items():
        assert path.name == f"{name}.csv"
        assert len(rows_of(path.read_bytes())) == result.tables[name].frame.height + 1


def test_the_page_on_disk_is_the_rendered_page(result, written, html):
    assert written.report.read_text("utf-8") == html


def test_the_folder_holds_nothing_else(written):
    names = {path.name for path in written.folder.rglob("*") if path.is_file()}
    assert names == {"report.html", "report.pdf", "result.json"} | {
        path.name for path in written.tables.values()
    }


def test_result_json_round_trips_and_agrees_with_the_files(result, written):
    text = written.result.read_text("utf-8")
    read = json.loads(text, parse_constant=pytest.fail)
    assert json.dumps(read, ensure_ascii=False, indent=2, sort_keys=True) + "\n" == text
    assert read["answer"]["question"] == result.answer.question
    assert read["answer"]["findings"][0]["value"] == result.answer.findings[0].value
    assert read["provenance"]["inputs"] == dict(result.provenance.inputs)
    assert read["provenance"]["seed"] == result.provenance.seed
    for table in read["tables"]:
        content = (written.folder / table["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == table["sha256"]
        assert table["rows"] == result.tables[table["name"]].frame.height
    assert [page["file"] for page in read["files"]] == ["report.html", "report.pdf"]
    for page in read["files"]:
        content = (written.folder / page["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == page["sha256"]


def test_a_figure_that_is_no_number_is_null(result):
    figures = {"a": float("nan"), "b": float("inf"), "c": np.float64(0.5), "d": np.array([1, 2])}
    read = json.loads(result_json(replace(result, figures=figures, tables={}), {}))
    assert read["figures"] == {"a": None, "b": None, "c": 0.5, "d": [1, 2]}


def test_a_figure_of_an_unknown_kind_is_an_error_and_not_a_text(result):
    with pytest.raises(TypeError, match="object"):
        result_json(replace(result, figures={"a": object()}, tables={}), {})


def test_writing_again_gives_the_same_bytes(result, written):
    before = {path: path.read_bytes() for path in written.folder.rglob("*.*")}
    again = write_study(result, written.folder)
    assert again == written
    assert before == {path: path.read_bytes() for path in written.folder.rglob("*.*")}


def test_hostile_text_is_whole_but_inert_in_the_files(hostile, tmp_path):
    files = write_study(replace(hostile, sections=()), tmp_path)
    cells = [cell for row in rows_of(files.tables["notes"].read_bytes()) for cell in row]
    assert HOSTILE[0] in cells
    patients = {row[0] for row in rows_of(files.tables["timeline"].read_bytes())}
    assert "'" + HOSTILE[1] in patients
    assert HOSTILE[2] in patients
    assert json.loads(files.result.read_text("utf-8"))["title"] == "".join(HOSTILE)


def test_an_existing_file_is_refused_and_kept(result, tmp_path):
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    for out in (target, target / "below"):
        with pytest.raises(InputError, match="this is a file"):
            write_study(result, out)
    assert target.read_text() == "mine"


def test_a_folder_in_the_way_of_a_file_is_an_input_error_that_leaves_no_pieces(result, tmp_path):
    result = replace(result, sections=())
    (tmp_path / "report.html").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_study(result, tmp_path)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("face", ["render_report", "render_study_pdf"])
def test_what_cannot_be_rendered_is_not_written(face, result, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no page")

    monkeypatch.setattr(module, face, fail)
    with pytest.raises(RuntimeError):
        write_study(replace(result, sections=()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_of_an_earlier_run_is_taken_away_and_a_users_file_is_not(result, tmp_path, monkeypatch):
    _without_faces(monkeypatch)
    first = write_study(result, tmp_path)
    (tmp_path / "tables" / "mine.csv").write_text("mine")
    first.tables["notes"].write_text("changed by hand")
    second = without(without(result, "splits"), "notes")
    write_study(second, tmp_path)
    assert not first.tables["splits"].exists()
    assert first.tables["notes"].read_text() == "changed by hand"
    assert (tmp_path / "tables" / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "A"])
def test_a_table_cannot_choose_another_folder(name, result, tmp_path, monkeypatch):
    _without_faces(monkeypatch)
    with pytest.raises(ValueError, match="cannot be called"):
        write_study(with_frame(result, name, pl.DataFrame({"a": [1]})), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def _without_faces(monkeypatch):
    """No picture is drawn and no page rendered, where only the tables matter."""
    monkeypatch.setattr(module, "sections_of", lambda _: ())
    monkeypatch.setattr(module, "render_report", lambda *_: "page")
    monkeypatch.setattr(module, "render_study_pdf", lambda *_: b"paper")
