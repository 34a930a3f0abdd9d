from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.chapters.chapter import absent_sentence, chapter
from wearoff.cohort.results import Table


def test_a_chapter_names_its_tables_in_their_order_and_drops_empty_paragraphs() -> None:
    tables = [Table(name, name, pl.DataFrame()) for name in ("b", "a")]
    found = chapter("Title", ("one", "", "two"), tables)
    assert found.section.tables == ("b", "a")
    assert found.section.paragraphs == ("one", "two")
    assert [table.name for table in found.tables] == ["b", "a"]


def test_an_absent_table_an_empty_one_and_one_with_rows_are_told_apart(tmp_path: Path) -> None:
    records = cohort(
        tmp_path, visit=["patient_id,date,edss", f"A,{on(0)},2"], relapse=["patient_id,onset_date"]
    )
    assert absent_sentence(records, "diary", "so") == "The cohort has no diary table: so."
    assert absent_sentence(records, "relapse", "so") == "The relapse table has no accepted row: so."
    assert absent_sentence(records, "visit", "so") == ""
