from __future__ import annotations

import polars as pl

from tests.charts.example import with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.forest import FOREST, MOST_ROWS

INF = float("inf")


def effects(*rows: tuple[float | None, float | None, float | None, str]) -> pl.DataFrame:
    frame = RESULT.tables["effects"].frame.head(1)
    return pl.concat(
        frame.with_columns(
            *(
                pl.lit(value, dtype=pl.Float64).alias(name)
                for name, value in zip(("estimate", "low", "high"), row[:3], strict=True)
            ),
            verdict=pl.lit(row[3]),
        )
        for row in rows
    )


def drawn(*rows: tuple[float | None, float | None, float | None, str]):
    return svg_of("forest", with_frame(RESULT, "effects", effects(*rows)))


def marks(picture, kind: str) -> list:
    """The filled marks of a picture: squares, or arrows."""
    corners = {"square": 4, "arrow": 3}[kind]
    return [
        e
        for e in picture.iter()
        if e.tag.endswith("path")
        and e.attrib.get("fill") == "#1a1a1a"
        and e.attrib.get("transform")
        and e.attrib["d"].count("L") + e.attrib["d"].count("h") + e.attrib["d"].count("v") + 1 == corners
    ]


def intervals(picture) -> list[float]:
    return [
        abs(float(e.attrib["x2"]))
        for e in picture.iter()
        if e.tag.endswith("line") and e.attrib.get("stroke-width") == "1.8"
    ]


def test_a_row_without_an_estimate_stays_with_its_verdict_and_has_no_mark():
    picture = drawn((None, None, None, "uninformative"))
    assert "none: uninformative" in texts(picture)
    assert not marks(picture, "square")
    assert not intervals(picture)
    assert {"17", "112"} <= set(texts(picture))


def test_an_infinite_limit_is_an_arrow_at_the_edge_and_a_sign_in_the_words():
    whole = drawn((1.5, 0.9, 2.5, "no difference shown"))
    assert len(marks(whole, "arrow")) == 0
    assert len(marks(whole, "square")) == 1
    right = drawn((1.5, 0.9, INF, "no difference shown"))
    assert len(marks(right, "arrow")) == 1
    assert "1.50 (0.90 to ∞)" in texts(right)
    left = drawn((0.0, 0.0, 0.88, "difference shown"))
    assert len(marks(left, "arrow")) == 1
    assert not marks(left, "square")
    assert "0 (0 to 0.88)" in texts(left)


def test_equal_factors_to_both_sides_of_1_are_equally_long():
    picture = drawn((1.0, 0.25, 1.0, "x"), (1.0, 1.0, 4.0, "x"))
    first, second = intervals(picture)
    assert abs(first - second) < 0.01


def test_limits_far_out_do_not_stretch_the_axis_beyond_a_hundredfold():
    picture = drawn((1.0, 1e-9, 1e12, "no difference shown"))
    assert len(marks(picture, "arrow")) == 2
    assert {"0.01", "1", "100"} <= set(texts(picture))
    assert "1.00 (under 0.01 to 1000000000000)" not in texts(picture)


def test_each_analysis_and_measure_has_its_heading_and_the_columns_are_named_once():
    words = texts(svg_of("forest"))
    assert "Time to first activity – hazard ratio" in words
    assert "Activity per year – rate ratio" in words
    assert words.count("Events") == words.count("Patients") == 1
    assert "any wearing-off against never" in words


def test_more_rows_than_fit_are_counted():
    many = pl.concat([RESULT.tables["effects"].frame] * 25)
    words = texts(svg_of("forest", with_frame(RESULT, "effects", many)))
    assert f"{MOST_ROWS} of 200 rows are drawn, the first; the table has all." in words


def test_the_words_count_the_rows_without_an_estimate():
    said = FOREST.alt_text(RESULT)
    assert said.startswith("8 ratios, 1 without an estimate; difference shown 2, no difference shown 5")
    assert "first relapse, any wearing-off against never, hazard ratio: 1.84 (0.71 to 4.75)" in said
