"""Every picture that stands in the registry is asked the same questions; a new one joins by standing there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import polars as pl
import pytest

from tests.charts.example import HOSTILE, example_result, hostile_result, with_frame, without
from wearoff.charts import PICTURES, draw, to_svg
from wearoff.errors import UnknownNameError

RESULT = example_result()


@cache
def drawn(name: str) -> str:
    chart = draw(name, RESULT)
    assert chart is not None
    return to_svg(chart)


def svg_of(name: str, result=RESULT) -> ET.Element:
    if result is RESULT:
        return ET.fromstring(drawn(name))  # noqa: S314  drawn here
    chart = draw(name, result)
    assert chart is not None
    return ET.fromstring(to_svg(chart))  # noqa: S314  drawn here


def texts(picture: ET.Element) -> list[str]:
    return ["".join(element.itertext()) for element in picture.iter() if element.tag.endswith("text")]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_an_svg_document_that_fits_the_page(name):
    picture = svg_of(name)
    assert picture.tag.endswith("svg")
    assert float(picture.attrib["width"]) <= 720
    assert any(element.tag.endswith(("path", "line")) for element in picture.iter())


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_drawn_without_rows(name):
    table = PICTURES[name].table
    assert draw(name, without(RESULT, table)) is None
    assert draw(name, with_frame(RESULT, table, RESULT.tables[table].frame.clear())) is None


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_its_words_with_and_without_rows(name):
    picture = PICTURES[name]
    assert picture.name == name
    assert picture.title
    assert picture.caption.endswith(".")
    said = picture.alt_text(RESULT)
    assert re.search(r"\d", said)
    assert said.endswith(".")
    assert picture.alt_text(without(RESULT, picture.table)).endswith(".")


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_rows_give_the_same_bytes(name):
    again = draw(name, example_result())
    assert again is not None
    assert to_svg(again) == drawn(name)


@pytest.mark.parametrize("name", ["intervals", "typical_cycle", "occupancy"])
def test_a_picture_does_not_change_with_the_order_of_the_rows(name):
    table = PICTURES[name].table
    mixed = RESULT.tables[table].frame.sample(fraction=1, shuffle=True, seed=1)
    assert texts(svg_of(name)) == texts(svg_of(name, with_frame(RESULT, table, mixed)))


@pytest.mark.parametrize("name", PICTURES)
def test_hostile_text_stays_text(name):
    result = hostile_result()
    picture = svg_of(name, result)
    tags = {element.tag.rpartition("}")[2] for element in picture.iter()}
    assert tags <= {"svg", "g", "path", "line", "rect", "text", "tspan", "title", "defs"}
    attributes = {key.rpartition("}")[2] for element in picture.iter() for key in element.attrib}
    assert not [key for key in attributes if key.startswith("on") or key == "href"]
    assert max(map(len, texts(picture)), default=0) < 200
    assert len(PICTURES[name].alt_text(result)) < 6000


@pytest.mark.parametrize("name", PICTURES)
def test_missing_numbers_are_left_out_and_never_drawn_as_a_number(name):
    table = PICTURES[name].table
    frame = RESULT.tables[table].frame
    floats = [column for column, kind in frame.schema.items() if kind.is_float()]
    for empty in (None, float("nan"), float("inf")):
        bare = frame.with_columns(pl.lit(empty, dtype=pl.Float64).alias(column) for column in floats)
        chart = draw(name, with_frame(RESULT, table, bare))
        if chart is not None:
            svg = to_svg(chart)
            assert "NaN" not in svg
            assert "Infinity" not in svg
        assert PICTURES[name].alt_text(with_frame(RESULT, table, bare))


def test_an_unknown_picture_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="intervals"):
        draw("interval", RESULT)


def test_hostile_text_is_really_in_the_hostile_result():
    frame = hostile_result().tables["timeline"].frame
    assert set(HOSTILE) <= set(frame.get_column("patient_id"))
    assert replace(RESULT).tables["timeline"].frame.get_column("patient_id").str.len_chars().max() < 10
