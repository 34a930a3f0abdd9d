"""Tables of any width on paper: nothing off the page, every column once, and every part readable alone."""

from __future__ import annotations

import io
import json
from itertools import pairwise

import pypdf
import pytest
import typst

from wearoff.report.figures import Cell
from wearoff.report.page import TableView
from wearoff.report.paper_tables import GAP, PAPER_WIDTH, SIZES, layout, paper_table, width_of
from wearoff.report.pdf import PDF_FONT, line_of, typeset


def view(headings: list[str], rows: list[list[str]], total: int | None = None) -> TableView:
    return TableView(
        name="one",
        label="Table 1",
        title="One",
        note="",
        headings=tuple(Cell(name, "text") for name in headings),
        rows=tuple(tuple(Cell(text, "text") for text in row) for row in rows),
        total=len(rows) if total is None else total,
        is_open=True,
        file="tables/one.csv",
    )


def wide(columns: int, rows: int = 5, word: str = "concentration") -> tuple[list[str], list[list[str]]]:
    headings = [f"column {number}" for number in range(columns)]
    return headings, [[f"{word} {row}.{column}" for column in range(columns)] for row in range(rows)]


@pytest.mark.parametrize("columns", [1, 2, 5, 9, 14, 29, 60])
@pytest.mark.parametrize("word", ["4.2", "concentration", "W" * 300])
def test_every_part_fits_and_every_column_stands_once_beside_the_first(columns, word):
    headings, rows = wide(columns, word=word)
    texts = [[line_of(text, 160) for text in row] for row in rows]
    size, parts = layout(headings, texts)
    assert size in SIZES
    for part in parts:
        assert sum(part.widths) * size <= PAPER_WIDTH + 1e-6
        assert min(part.widths) > 0
        assert part.columns[0] == 0
    beside = [at for part in parts for at in part.columns[1:]]
    assert beside == list(range(1, columns))


def test_a_narrow_table_is_set_in_the_largest_size_and_a_wider_one_smaller_before_it_is_split():
    sizes = [(size, len(parts)) for size, parts in (layout(*wide(columns)) for columns in range(1, 20))]
    assert sizes[0] == (SIZES[0], 1)
    one_part = [size for size, parts in sizes if parts == 1]
    assert all(later <= earlier for earlier, later in pairwise(one_part))
    assert min(one_part) == SIZES[-1]
    assert sizes[-1][1] > 1


def test_parts_are_of_about_the_same_width():
    _, parts = layout(*wide(31))
    counts = [len(part.columns) for part in parts]
    assert max(counts) - min(counts) <= 1


def test_the_columns_that_tell_rows_apart_are_repeated():
    headings, rows = wide(20, rows=6)
    rows = [["S01", str(number), *row[2:]] for number, row in enumerate(rows)]
    _, parts = layout(headings, rows)
    assert len(parts) > 1
    assert all(part.columns[:2] == (0, 1) for part in parts)
    said = [part["said"] for part in paper_table(view(headings, rows))["parts"]]
    assert said[0].startswith("Columns 3 to ")
    assert said[-1].endswith(" to 20 of 20")


def test_a_long_table_shows_its_first_rows_and_names_the_file():
    headings, rows = wide(2, rows=200)
    found = paper_table(view(headings, rows, total=900))
    assert [len(part["rows"]) for part in found["parts"]] == [12]
    said = "".join(piece["said"] for remark in found["remarks"] for piece in remark)
    assert said == "The first 12 of 900 rows; all of them are in the file tables/one.csv."


def test_a_table_of_forty_rows_is_shown_whole():
    found = paper_table(view(*wide(2, rows=40)))
    assert [len(part["rows"]) for part in found["parts"]] == [40]
    assert found["remarks"] == []


@pytest.mark.parametrize(
    ("columns", "word"), [(9, "W" * 300), (14, "concentration"), (14, "MWM"), (40, "0.00123")]
)
def test_no_letter_stands_outside_of_the_margins(columns, word):
    headings, rows = wide(columns, word=word)
    section = {
        "title": "A",
        "paragraphs": [],
        "pictures": [],
        "tables": [paper_table(view(headings, rows))],
        "absent": [],
    }
    data = {
        "name": "t",
        "title": "t",
        "running": "t",
        "banner": None,
        "disclaimer": "d",
        "question": "q",
        "headline": [],
        "findings": [],
        "sentences": [],
        "limits": [],
        "sections": [section],
        "made": "m",
        "choices": [],
        "inputs": [],
    }
    starts: list[float] = []

    def visit(text, page, line, *_):
        if text.strip():
            starts.append(line[4] * page[0] + line[5] * page[2] + page[4])

    for page in pypdf.PdfReader(io.BytesIO(typeset("study.typ", data))).pages:
        page.extract_text(visitor_text=visit)
    assert len(starts) > columns
    assert min(starts) >= 42
    assert max(starts) <= 595 - 42


@pytest.mark.parametrize("weight", ["regular", "bold"])
def test_no_letter_is_wider_than_it_is_taken_for(weight):
    words = {word for text in LETTERS for word in text.split()}
    words |= {letter * 3 for letter in "".join(LETTERS) if letter.strip()}
    known = sorted(words)
    source = """
      #let words = json(bytes(sys.inputs.words))
      #let width(word) = measure(text(font: sys.inputs.font, weight: sys.inputs.weight, size: 100pt, word)).width
      #context [#metadata(words.map(word => width(word) / 100pt)) <widths>]
    """
    found = typst.query(
        source.encode(),
        "<widths>",
        field="value",
        one=True,
        ignore_system_fonts=True,
        sys_inputs={"words": json.dumps(known), "font": PDF_FONT, "weight": weight},
    )
    bold = 1.06 if weight == "bold" else 1.0
    short = {
        word: (real, bold * width_of(word))
        for word, real in zip(known, json.loads(found), strict=True)
        if real > bold * width_of(word) + GAP / 3
    }
    assert short == {}


LETTERS = (
    "measured occupancy, flow, bound of total, CD4 (%), median (quartiles), n",
    "concentration followup_start Clopper-Pearson Jonckheere-Terpstra Kruskal-Wallis uninformative",
    "2021-01-09 10:34 0.000123 113 793 1440 −0.00901 ∞ –",
    "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,;:!?()[]{}/-+=<>%&@#*_'",
    "äöüßéèñøåÆØ ΑΒΓΩαβγμσ≥≤±×",
)
