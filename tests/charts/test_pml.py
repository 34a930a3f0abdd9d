"""A thousand people for a published risk: as many marks as the value says, in words too."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.charts.test_registry import texts
from wearoff.charts.pml import draw_pml, pml_alt_text, pml_icons, pml_image
from wearoff.charts.theme import VERMILLION, to_svg
from wearoff.dosing.pml import Antibody, PmlFactors, pml_risk

BAND = pml_risk(PmlFactors(Antibody.POSITIVE, 2.4), 4.5, 6)
RISKS = [
    BAND,
    pml_risk(PmlFactors(Antibody.NEGATIVE), 1),
    pml_risk(PmlFactors(Antibody.POSITIVE, None, True), 6),
]


@pytest.mark.parametrize("risk", RISKS, ids=lambda risk: risk.group)
def test_there_is_one_icon_for_each_of_a_thousand_people_and_as_many_marked_as_the_value_says(risk) -> None:
    icons = pml_icons(risk)
    counts = dict(icons.group_by("state").len().rows())
    assert icons.height == 1000
    assert icons.select("row", "column").is_unique().all()
    assert counts.get("with PML even at the low end", 0) == risk.icons.within_low
    assert counts.get("more, up to the high end", 0) == risk.icons.up_to_high
    assert counts["without PML"] == risk.icons.others


def test_the_drawing_has_a_filled_mark_and_rings_for_the_band() -> None:
    svg = to_svg(draw_pml(BAND))
    people = [
        element.attrib
        for element in ET.fromstring(svg).iter()  # noqa: S314  drawn here
        if element.tag.endswith("path") and element.attrib.get("stroke") == VERMILLION
    ]
    legend = 1  # each state has a symbol in the key
    assert sum(mark["fill"] == VERMILLION for mark in people) == BAND.icons.within_low + legend == 2
    assert sum(mark["fill"] == "white" for mark in people) == BAND.icons.up_to_high + legend == 20


def test_the_picture_says_group_time_range_and_that_it_is_observational_and_fits_the_page() -> None:
    picture = ET.fromstring(to_svg(draw_pml(BAND)))  # noqa: S314  drawn here
    words = " ".join(texts(picture))
    assert "PML over 4.5 years on natalizumab: 0.6 to 20 of 1,000" in words
    for part in (BAND.group, "observational, to no effect", "not a prediction for one person"):
        assert part in words
    assert float(picture.attrib["width"]) <= 720


def test_the_words_for_those_who_do_not_see_it_give_the_same_numbers() -> None:
    said = pml_alt_text(BAND)
    assert "0.6 to 20 of 1,000: 1 dots are filled, 19 are rings, 980 stand for people without PML." in said
    assert "Standard intervals" in pml_alt_text(RISKS[1])


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG")])
def test_the_ending_decides_the_format(ending: str, start: bytes) -> None:
    assert pml_image(BAND, ending).startswith(start)
