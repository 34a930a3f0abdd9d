from __future__ import annotations

import re

import polars as pl

from tests.charts.example import with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.balance import BALANCE
from wearoff.charts.theme import INK, VERMILLION
from wearoff.cohort.association.target_trial import COVARIATES


def balance(*rows: tuple[str, float | None, float | None]) -> pl.DataFrame:
    schema = {"covariate": pl.String, "smd_before": pl.Float64, "smd_after": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def drawn(*rows: tuple[str, float | None, float | None]):
    return svg_of("balance", with_frame(RESULT, "balance", balance(*rows)))


def points(picture, stroke: str) -> list[float]:
    """Where the points of one kind stand from left to right; the key has one more, at its own place."""
    return [
        float(re.findall(r"-?[\d.]+", e.attrib["transform"])[0])
        for group in picture.iter()
        if "role-mark" in group.attrib.get("class", "") and "mark-symbol" in group.attrib.get("class", "")
        for e in group
        if e.attrib.get("stroke") == stroke
    ]


def rules(picture) -> list[float]:
    """Where the dashed lines stand."""
    found = []
    for e in picture.iter():
        if e.tag.endswith("line") and e.attrib.get("stroke-dasharray") == "4,3":
            found.append(float(re.findall(r"-?[\d.]+", e.attrib["transform"])[0]))
    return sorted(found)


def test_lines_stand_at_a_tenth_to_either_side_of_nought():
    picture = drawn(("age", 0.1, -0.1))
    assert rules(picture) == sorted([*points(picture, INK), *points(picture, VERMILLION)])
    assert abs(sum(rules(picture)) - 330) < 1.1


def test_the_furthest_apart_before_weighting_stands_on_top():
    words = texts(drawn(("age", 0.1, 0.0), ("edss", -0.6, 0.1), ("weight", None, None)))
    assert words.index("EDSS") < words.index("age") < words.index("body weight")
    assert "−0.60 before, +0.10 after" in words
    assert "not known before, not known after" in words


def test_a_difference_that_is_not_known_has_no_point():
    picture = drawn(("age", 0.3, None), ("edss", float("inf"), 0.1))
    assert len(points(picture, INK)) == 1
    assert len(points(picture, VERMILLION)) == 1
    assert "without bound before, +0.10 after" in texts(picture)


def test_every_covariate_of_the_emulated_trial_has_its_words():
    words = texts(drawn(*((name, 0.2, 0.1) for name in COVARIATES)))
    assert not set(words) & (set(COVARIATES) - {"age"})


def test_the_line_has_its_source_beside_it_and_the_words_count_who_is_past_it():
    assert "10.1002/sim.3697" in BALANCE.caption
    said = BALANCE.alt_text(RESULT)
    assert "more than 0.1 apart were 6 before weighting and 1 after" in said
    assert "EDSS −0.62 before, −0.12 after" in said


def test_hundreds_of_covariates_still_fit_a_page():
    picture = drawn(*((f"c{place}", place / 100, 0.0) for place in range(200)))
    assert float(picture.attrib["height"]) < 1500
    assert any(word.startswith("60 of 200 covariates are drawn") for word in texts(picture))
