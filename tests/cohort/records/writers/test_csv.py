import csv
import io
from pathlib import Path

import pytest

from tests.cohort.records.drawn import AS_OF, TEXTS, ZONE, assert_same, cells_of, drawn_cohort
from wearoff.cohort.records import read_cohort, read_files
from wearoff.cohort.records.guard import guarded, unguarded
from wearoff.cohort.records.writers.csv import csv_files, write_csv
from wearoff.errors import InputError


@pytest.mark.parametrize("seed", range(40))
def test_a_cohort_written_as_csv_is_read_as_the_same_cohort(seed: int) -> None:
    cohort = drawn_cohort(seed)
    assert_same(cohort, read_files(csv_files(cohort), as_of=AS_OF))


def test_the_drawn_cohorts_hold_enough_to_lose() -> None:
    cohorts = [drawn_cohort(seed) for seed in range(60)]
    for name in cohorts[0].tables:
        assert sum(cells_of(cohort.tables[name]) for cohort in cohorts) > 300, name
    texts = {text for cohort in cohorts for text in cohort.event["kind"].to_list()}
    assert {"=1+1", "'=1", "two\nlines", "\U0001f489"} <= texts


def test_no_cell_that_is_written_is_a_formula() -> None:
    for seed in range(60):
        for name, content in csv_files(drawn_cohort(seed)).items():
            if not name.endswith(".csv"):
                continue
            for record in csv.reader(io.StringIO(content.decode(), newline="")):
                for cell in record:
                    is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
                    assert is_number or not cell.startswith(tuple("=+-@\t\r\n＝＋－＠")), (name, cell)


@pytest.mark.parametrize("text", [*TEXTS, "", "\t=1", "＋1"])
def test_a_guard_comes_off_as_it_went_on(text: str) -> None:
    assert unguarded([guarded(text)]) == [text]


def test_an_apostrophe_of_a_file_that_is_not_ours_stays() -> None:
    visit = b"patient_id,date,edss\n'=P1,2020-01-01,2\n"
    assert read_files({"visit.csv": visit}, as_of=AS_OF).visit["patient_id"].to_list() == ["'=P1"]
    files = {"visit.csv": visit, "cohort.toml": b"formulas_guarded = true\n"}
    assert read_files(files, as_of=AS_OF).visit["patient_id"].to_list() == ["=P1"]


def test_files_are_put_into_an_empty_folder_only(tmp_path: Path) -> None:
    cohort = drawn_cohort(3)
    paths = write_csv(cohort, tmp_path / "out")
    assert {path.name for path in paths} == {path.name for path in (tmp_path / "out").iterdir()}
    assert_same(cohort, read_cohort(tmp_path / "out", as_of=AS_OF))
    assert (
        read_cohort(tmp_path / "out", as_of=AS_OF).receipt.notes
        == read_cohort(tmp_path / "out", as_of=AS_OF, timezone=ZONE).receipt.notes
    )
    with pytest.raises(InputError, match="name a new or an empty folder"):
        write_csv(cohort, tmp_path / "out")
