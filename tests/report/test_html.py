from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import polars as pl
import pytest

from tests.charts.example import HOSTILE, example_result, with_frame, without
from tests.report.conftest import Page
from wearoff.charts import PICTURES
from wearoff.cohort.results import Section
from wearoff.errors import UnknownNameError
from wearoff.report.html import DISCLAIMER, MOST_ROWS, render_report

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
ADDRESS = re.compile(r"(?:https?:)?//[^\s\"'<>]+", re.IGNORECASE)


def addresses_outside_of_text(html: str) -> list[str]:
    """Every address in an attribute or in the style sheet, DOI links aside."""
    page = Page(html)
    attributes = [
        (tag, name, value or "")
        for tag, attrs in page.elements
        for name, value in attrs.items()
        if name not in ("aria-label",)
    ]
    found = [
        value
        for tag, name, value in attributes
        if ADDRESS.search(value)
        and not (tag == "a" and name == "href" and value.startswith("https://doi.org/10."))
    ]
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    return found + [one for sheet in style for one in re.findall(r"url\(|@import|https?:", sheet)]


def test_the_first_words_are_the_banner_then_the_question_then_the_answer(result, page):
    body = page.text[page.text.index(result.banner) :]
    order = [result.banner, result.answer.question, result.answer.headline]
    order += [result.answer.findings[0].value, result.answer.sentences[0], result.answer.limits[0]]
    places = [body.index(words) for words in order]
    assert places == sorted(places)
    first = next(attrs for tag, attrs in page.elements[page.elements.index(("body", {})) + 1 :])
    assert first["class"] == "banner"


def test_real_patients_have_no_banner(result):
    page = Page(render_report(replace(result, banner=None, sections=())))
    assert not [attrs for attrs in page.all("p") if attrs.get("class") == "banner"]


def test_the_page_is_whole_html_in_english_with_headings_in_order(page):
    assert page.faults == []
    assert page.stack == []
    assert page.all("html") == [{"lang": "en"}]
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_page_asks_for_nothing_from_outside(html, page):
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in page.all("meta")
    assert "<script" not in html.lower()
    for tag in ("script", "link", "img", "iframe", "object", "form", "base", "image", "use"):
        assert page.all(tag) == []
    assert addresses_outside_of_text(html) == []
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]


def test_a_doi_becomes_a_link_and_nothing_else_does(page):
    links = [attrs["href"] for attrs in page.all("a")]
    assert "https://doi.org/10.1002/psp4.70014" in links
    assert all(link.startswith(("https://doi.org/10.", "#")) for link in links)


def test_every_link_within_the_page_arrives(page):
    names = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    labels = {attrs["aria-labelledby"] for _, attrs in page.elements if "aria-labelledby" in attrs}
    assert targets | labels <= names


def test_no_name_is_given_twice(page):
    names = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(names) == len(set(names))


def test_every_picture_has_its_words_and_its_caption(result, page):
    pictures = page.all("svg")
    assert len(pictures) == len(PICTURES)
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(picture["aria-label"]) > 40
    assert len(page.all("figcaption")) == len(pictures)


def test_the_disclaimer_stands_on_the_first_screen_and_at_the_end(page):
    assert page.text.count(DISCLAIMER) == 2
    assert page.text.index(DISCLAIMER) < page.text.index("Contents")


def test_every_table_is_shown_once_with_scoped_headings(result, page):
    headings = page.all("th")
    assert {heading.get("scope") for heading in headings} == {"col", "row"}
    assert len(page.all("table")) == len(result.tables)
    for table in result.tables.values():
        assert page.text.count(f". {table.title} (") == 1


def test_long_tables_are_cut_and_say_where_the_rest_is(result, page):
    rows = result.tables["timeline"].frame.height
    assert rows > MOST_ROWS
    words = f"The first {MOST_ROWS} of {rows} rows are shown; all of them are in the file"
    assert words in page.text
    assert "tables/timeline.csv" in page.text


def test_a_dash_is_explained_where_it_stands(page):
    assert "not known" in page.text
    assert "A dash (–) means not known" in page.text


def test_a_group_without_events_shows_its_interval(page):
    labels = " ".join(picture["aria-label"] for picture in page.all("svg"))
    assert "0 of 15: 0 % (0 to 22 %)" in labels
    assert "0 of 15: 0 % (0 to 22 %), 2 not known" in page.text


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_without_rows_is_named_as_not_drawn(name, result):
    table = PICTURES[name].table
    section = (Section("Only this", pictures=(name,), tables=(table,)),)
    result = replace(result, tables={table: result.tables[table]})
    empty = with_frame(result, table, result.tables[table].frame.clear())
    for bare in (without(result, table), empty):
        page = Page(render_report(replace(bare, sections=section)))
        assert f"{PICTURES[name].title}: not drawn" in page.text
        assert page.all("svg") == []


def test_a_section_cannot_name_a_picture_that_does_not_exist(result):
    with pytest.raises(UnknownNameError, match="Did you mean 'splits'"):
        render_report(replace(result, sections=(Section("A", pictures=("split",)),)))


def test_hostile_text_stays_text(hostile_html):
    page = Page(hostile_html)
    assert page.faults == []
    assert page.stack == []
    assert "<script" not in hostile_html.lower()
    assert page.all("script") == []
    assert page.all("img") == []
    assert addresses_outside_of_text(hostile_html) == []
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    assert HOSTILE[0] in page.text
    links = [attrs["href"] for attrs in page.all("a")]
    assert all(link.startswith(("#", "https://doi.org/10.")) for link in links)


def test_a_text_of_ten_thousand_characters_does_not_fill_the_page(hostile_html):
    page = Page(hostile_html)
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", hostile_html, re.DOTALL)
    assert max(map(len, cells)) < 1500
    assert len(page.all("svg")) == len(PICTURES)


def test_four_hundred_patients_stay_under_five_megabytes():
    html = render_report(example_result(patients=400))
    assert len(html.encode()) < 5_000_000


def test_pictures_do_not_share_inner_names(result):
    twice = replace(result, sections=(Section("A", pictures=("intervals", "intervals")),))
    names = [attrs["id"] for _, attrs in Page(render_report(twice)).elements if "id" in attrs]
    assert len(names) == len(set(names))


def test_a_result_with_nothing_but_an_answer_has_a_page(result):
    bare = replace(result, tables={}, sections=(), answer=replace(result.answer, findings=(), limits=()))
    page = Page(render_report(bare))
    assert page.faults == []
    assert result.answer.headline in page.text


def test_a_table_that_no_section_names_is_still_shown(result):
    extra = with_frame(replace(result, sections=()), "extra", pl.DataFrame({"a": [1]}))
    assert "Further tables" in Page(render_report(extra)).text
