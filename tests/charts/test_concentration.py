from __future__ import annotations

import polars as pl

from tests.charts.example import example_result, with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.concentration import SATURATION_CYCLE, TYPICAL_CYCLE


def test_the_trough_is_written_at_the_end_of_each_cycle():
    words = texts(svg_of("typical_cycle"))
    assert "26 mg/L" in words
    assert "7.6 mg/L" in words
    assert "every 6 weeks 7.6 mg/L" in TYPICAL_CYCLE.alt_text(RESULT)


def test_saturation_is_said_as_a_range_over_the_curves():
    said = SATURATION_CYCLE.alt_text(RESULT)
    assert "every 4 weeks 83 to 91 %" in said
    assert "every 6 weeks 60 to 76 %" in said


def test_every_curve_is_named_in_the_key():
    words = texts(svg_of("saturation_cycle"))
    assert {"ec50 only", "bridge", "trough pairs low", "trough pairs high"} <= set(words)


def test_a_concentration_of_zero_does_not_break_the_logarithmic_axis():
    frame = example_result().tables["typical_cycle"].frame.with_columns(p05=pl.lit(0.0))
    assert svg_of("typical_cycle", with_frame(RESULT, "typical_cycle", frame)) is not None
