"""One sheet of paper for one patient: one page, the numbers of the answer, and no text read as markup."""

from __future__ import annotations

import io
from functools import cache

import pypdf
import pytest

from tests.one_patient import HOSTILE, answered, crowded, hostile, under_saturation, without_a_floor
from wearoff.dosing import wording
from wearoff.report.page import DISCLAIMER
from wearoff.report.patient_pdf import render_pdf

FOUND = {
    "answered": answered,
    "saturation": under_saturation,
    "no floor": without_a_floor,
    "hostile": hostile,
    "crowded": crowded,
}


@cache
def pdf_of(name: str) -> bytes:
    return render_pdf(FOUND[name]())


def text_of(name: str) -> str:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(name)))
    return " ".join(reader.pages[0].extract_text().split())


@pytest.mark.parametrize("name", FOUND)
def test_it_is_one_a4_page_with_a_title_and_without_a_date(name: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(name)))
    assert len(reader.pages) == 1
    width, height = reader.pages[0].mediabox[2:]
    assert (round(float(width)), round(float(height))) == (595, 842)
    assert reader.metadata is not None
    assert (reader.metadata.title or "").startswith("Dosing intervals for ")
    assert reader.metadata.creation_date is None


@pytest.mark.parametrize("name", FOUND)
def test_intended_use_and_provenance_stand_on_it_and_no_word_instructs(name: str) -> None:
    said, found = text_of(name), FOUND[name]()
    assert DISCLAIMER in said
    assert found.provenance["patient_digest"][:12] in said
    assert f"seed {found.seed}" in said
    assert not [
        word for word in ("should", "recommended dose", "safe to", "give the") if word in said.lower()
    ]


@pytest.mark.parametrize("name", ["answered", "saturation"])
def test_its_text_holds_the_numbers_of_every_option(name: str) -> None:
    said, found = text_of(name), FOUND[name]()
    for option in found.options:
        assert f"{option.weeks:g} weeks {found.patient.date_of(option.next_d):%Y-%m-%d}" in said
        for trough in (option.next_trough, option.settled_trough):
            assert f"50 %: {wording.between(trough, 'p25', 'p75')}" in said
            assert f"90 %: {wording.between(trough)}" in said
        assert wording.chance(option.probability_settled, option.error_settled) in said
        assert wording.BADGES[option.evidence.badge] in said
    for sentence in (*wording.after_the_last(found), *found.cautions, *wording.limits(found)):
        assert sentence in said


def test_without_a_floor_no_chance_is_printed() -> None:
    assert wording.NO_FLOOR in text_of("no floor")
    assert "chance" not in text_of("no floor").replace("A chance is that", "").replace("a chance of", "")


def test_what_does_not_fit_is_counted() -> None:
    said = text_of("crowded")
    for option in crowded().options:
        assert f"{option.weeks:g} weeks" in said
    shown = said.count("Caution ")
    assert 2 <= shown < 12
    assert f"{12 - shown} more in the HTML report" in said
    assert all(limit in said for limit in wording.limits(crowded()))


def test_names_that_are_code_are_printed_as_text() -> None:
    said = text_of("hostile")
    assert HOSTILE[0] in said
    assert HOSTILE[1][:30] in said
    assert "{{7*7}}" in said


def test_the_same_answer_gives_the_same_bytes() -> None:
    assert render_pdf(answered()) == pdf_of("answered")
