"""The report of a study on paper: whole, in order, of bounded length, and no text of a file read as markup."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import Any

import polars as pl
import pypdf
import pytest
import typst

from tests.charts.example import HOSTILE, example_result, with_frame, without
from wearoff.charts import PICTURES
from wearoff.cohort.published import analyse_published
from wearoff.cohort.results import Answer, Finding, Section, StudyResult
from wearoff.errors import UnknownNameError
from wearoff.report import ResultFiles
from wearoff.report.html import sections_of
from wearoff.report.page import DISCLAIMER, TEMPLATES
from wearoff.report.study_pdf import paper_data, render_study_pdf

ARABIC = "يتلاشى مفعول الدواء"
HEBREW = "שלום עולם"
MARKUP = [
    '#import "@preview/cetz:0.3.0": *',
    '#read("/etc/passwd") #panic("no")',
    "$ x^2 $ and $unclosed",
    "= Heading *bold* _soft_ `raw` ```",
    "back\\slash \\ \\u{41} ~ @ref <label> // comment /* open",
    "[[]{{}} ]#] #{",
]


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def plain(text: str) -> str:
    """Text without spaces and without marks of a possible break, as line ends stand anywhere."""
    return re.sub(r"[\s\u200b\xad]", "", text)


def text_of(content: bytes) -> str:
    return plain(" ".join(page.extract_text() for page in read(content).pages))


def bare(result: StudyResult, *words: str) -> StudyResult:
    """A result in which every text of the first page, and one table, is made of these words."""
    text = " ".join(words)
    table = pl.DataFrame({words[0][:40]: list(words), "n": list(range(len(words)))})
    only = with_frame(replace(result, tables={}), "words", table)
    return replace(
        only,
        title=text,
        banner=text,
        answer=Answer(text, text, (Finding(text, text, text),), (text,), (text,)),
        sections=(Section(text, (text,), (), ("words",)),),
    )


@pytest.fixture(scope="module")
def content(written: ResultFiles) -> bytes:
    return written.paper.read_bytes()


@pytest.fixture(scope="module")
def said(content: bytes) -> str:
    return text_of(content)


def test_every_page_is_a4_and_numbered_and_has_banner_title_and_intended_use(result, content):
    pages = read(content).pages
    for number, page in enumerate(pages, start=1):
        width, height = page.mediabox[2:]
        assert (round(float(width)), round(float(height))) == (595, 842)
        words = plain(page.extract_text())
        assert plain(f"page {number} of {len(pages)}") in words
        assert all(plain(text) in words for text in (result.banner, result.title, DISCLAIMER))


def test_title_language_and_no_date_are_set(result, content):
    reader = read(content)
    assert reader.metadata is not None
    assert reader.metadata.title == result.title
    assert reader.metadata.creation_date is None
    assert reader.root_object["/Lang"] == "en"


def test_the_outline_is_the_question_the_limits_the_sections_and_the_provenance(result, content):
    titles = [str(item["/Title"]) for item in _flat(read(content).outline)]
    sections = [section.title for section in result.sections]
    assert titles == [
        result.answer.question,
        "Limits of this answer",
        *sections,
        "Where this came from",
        "Choices",
        "Inputs",
    ]


def _flat(outline: list[Any]) -> list[Any]:
    return [item for part in outline for item in (_flat(part) if isinstance(part, list) else [part])]


def test_the_first_page_holds_question_answer_findings_and_limits_in_this_order(result, content):
    words, answer = plain(read(content).pages[0].extract_text()), result.answer
    order = [result.banner, answer.question, answer.headline]
    order += [text for one in answer.findings for text in (one.label, one.value)]
    order += [*answer.sentences, *answer.limits, DISCLAIMER]
    since = 0
    for text in order:
        since = words.index(plain(text), since) + len(plain(text))
    assert all(plain(one.detail) in words for one in answer.findings)


def test_every_picture_is_drawn_with_its_caption_and_in_words(result, content, said):
    for picture in PICTURES.values():
        assert plain(picture.caption) in said
        assert plain(picture.title) in said
    words = [plain(text) for text in _alternatives(read(content))]
    drawn = [picture for view in sections_of(result) for picture in view.pictures]
    assert len(words) == len(drawn) == len(PICTURES)
    assert words == [plain(picture.words) for picture in drawn]
    assert all(f"Figure{number}." in said for number in range(1, len(drawn) + 1))


def _alternatives(reader: pypdf.PdfReader) -> list[str]:
    """The alternative texts of the tagged figures, in the order of reading."""
    found: list[str] = []

    def visit(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for part in node:
                visit(part)
        elif isinstance(node, dict):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            if "/K" in node:
                visit(node["/K"])

    visit(reader.root_object["/StructTreeRoot"])
    return found


def test_every_table_stands_on_it_with_its_headings_and_says_what_is_left_out(result, said):
    for table in result.tables.values():
        rows = table.frame.height
        assert plain(f"{table.title} ({rows} row") in said
        if rows > 40:
            cut = f"The first 12 of {rows} rows; all of them are in the file tables/{table.name}.csv."
            assert plain(cut) in said
    assert plain("The first 12 of") in said
    for value in result.tables["table_one"].frame.get_column("characteristic"):
        assert plain(value) in said


def test_provenance_is_printed_whole(result, said):
    assert plain(f"Computed by wearoff {result.provenance.version}") in said
    assert f"seed{result.provenance.seed}" in said
    for name, value in {**result.provenance.inputs, **result.provenance.choices}.items():
        assert plain(name.replace("_", " ")) in said
        assert plain(value) in said


def test_only_a_doi_is_a_link_to_the_outside(content):
    targets = {
        str(note.get_object()["/A"]["/URI"])
        for page in read(content).pages
        for note in page.get("/Annots", [])
        if "/URI" in note.get_object().get("/A", {})
    }
    # the model of the example, and the bound in the caption of the balance
    assert targets == {"https://doi.org/10.1002/psp4.70014", "https://doi.org/10.1002/sim.3697"}


def test_a_reader_of_the_screen_finds_all_that_pdf_ua_asks_for(result):
    """Typst checks the standard for accessible files itself, and refuses what does not meet it."""
    data = paper_data(result, sections_of(result))
    strict = typst.compile(
        (TEMPLATES / "study.typ").read_bytes(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=["ua-1"],
    )
    assert isinstance(strict, bytes)
    assert b"pdfuaid" in strict


def test_the_same_result_gives_the_same_bytes(result, content):
    assert render_study_pdf(result) == content


def test_typst_markup_stays_text(result):
    words = text_of(render_study_pdf(bare(result, *MARKUP)))
    for text in MARKUP:
        assert words.count(plain(text)) >= 5  # title, headline, sentences, section, and a cell


def test_writing_from_right_to_left_and_other_scripts_are_set_without_a_fault(result):
    content = render_study_pdf(bare(result, HEBREW, ARABIC, "注射", "😀", "a\u202eb"))
    words = text_of(content)
    assert HEBREW[:4] in words or HEBREW[:4][::-1] in words
    assert "\u202e" not in words


def test_hostile_files_are_text_and_do_not_fill_a_hundred_pages(hostile):
    content = render_study_pdf(hostile)
    words = text_of(content)
    assert HOSTILE[0] in words
    assert plain(HOSTILE[3]) in words
    assert len(read(content).pages) <= 40  # one for each picture and section, and a few of tables


def test_ten_times_the_patients_are_hardly_more_pages(content):
    many = example_result(patients=120)
    assert len(read(render_study_pdf(many)).pages) <= len(read(content).pages) + 2


@pytest.mark.parametrize(("name", "most"), [("bringeland-2020", 6), ("van-kempen-2019", 3)])
def test_a_published_study_is_short(name, most):
    result = analyse_published(name)
    content = render_study_pdf(result)
    first = plain(read(content).pages[0].extract_text())
    assert len(read(content).pages) <= most
    assert all(plain(text) in first for text in (*result.answer.sentences, *result.answer.limits))
    assert "Simulated" not in first


def test_a_picture_without_rows_and_a_table_that_is_not_there_are_named(result):
    section = (Section("Only this", pictures=("splits",), tables=("splits", "trend")),)
    empty = with_frame(without(result, "trend"), "splits", result.tables["splits"].frame.clear())
    words = text_of(render_study_pdf(replace(empty, sections=section)))
    assert plain(f"{PICTURES['splits'].title}: not drawn") in words
    assert plain("The table trend is not part of this result.") in words
    assert plain("This table has no rows.") in words


def test_a_section_cannot_name_a_picture_that_does_not_exist(result):
    with pytest.raises(UnknownNameError, match="Did you mean 'splits'"):
        render_study_pdf(replace(result, sections=(Section("A", pictures=("split",)),)))


def test_a_long_answer_is_set_smaller_before_a_limit_leaves_the_first_page(result):
    limits = tuple(f"Limit {number}: {result.answer.limits[0]}" for number in range(1, 25))
    longer = replace(result, answer=replace(result.answer, limits=limits), sections=(), tables={})
    first = plain(read(render_study_pdf(longer)).pages[0].extract_text())
    assert all(plain(limit) in first for limit in limits)


def test_no_picture_is_wider_or_taller_than_the_paper():
    data = paper_data(many := example_result(patients=150), sections_of(many))
    for section in data["sections"]:
        for picture in section["pictures"]:
            size = re.search(r'width="([\d.]+)" height="([\d.]+)"', picture["svg"])
            assert size is not None
            width, height = float(size.group(1)), float(size.group(2))
            assert 0 < picture["width"] <= 510
            assert picture["width"] * height / width <= 560.001
