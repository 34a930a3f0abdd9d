"""The page of answered questions: it stands alone, is well formed, and holds every number and source of an answer."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from tests.explained import answered
from tests.report.conftest import Page
from tests.report.test_html import POLICY, addresses_outside_of_text
from wearoff.report.explained_html import TITLE, render_explained
from wearoff.report.page import DISCLAIMER
from wearoff.sources import figure

HTML = render_explained(answered())
PAGE = Page(HTML)


def test_every_answer_band_limit_and_source_is_on_the_page() -> None:
    text = " ".join(PAGE.text.split()).replace("\u00a0", " ")

    def shown(words: str) -> bool:
        return " ".join(words.replace("\u00a0", " ").split()) in text

    for each in answered().explanations:
        assert shown(each.question)
        assert shown(each.answer)
        assert all(shown(words) for words in (*each.paragraphs, *each.limits))
        for grid in each.grids:
            assert all(shown(cell) for row in grid.cells for cell in row)
        for id_ in each.evidence:
            assert shown(f"{id_}: {figure(id_).quantity}")
    assert TITLE in text
    assert DISCLAIMER in text


def test_the_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in PAGE.all("meta")
    assert addresses_outside_of_text(HTML) == []
    assert not PAGE.all("script")
    assert not PAGE.all("link")
    assert not PAGE.all("img")


def test_tags_are_balanced_headings_go_down_by_one_and_no_name_stands_twice() -> None:
    assert PAGE.faults == []
    levels = [level for level, _ in PAGE.headings]
    assert levels[0] == 1
    assert all(later - level <= 1 for level, later in pairwise(levels))
    names = [attributes["id"] for _, attributes in PAGE.elements if "id" in attributes]
    assert len(set(names)) == len(names)
    links = {href[1:] for one in PAGE.all("a") if (href := one.get("href") or "").startswith("#")}
    assert links <= set(names)


def test_a_hostile_answer_stays_text() -> None:
    first, *others = answered().explanations
    hostile = replace(first, answer="<script>alert(1)</script>")
    html = render_explained(replace(answered(), explanations=(hostile, *others)))
    assert not Page(html).all("script")
    assert re.search(r"&lt;script&gt;", html)


def test_the_same_answers_give_the_same_page() -> None:
    assert render_explained(answered()) == HTML
