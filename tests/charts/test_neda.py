from __future__ import annotations

from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.neda import NEDA_COMPONENTS


def test_every_count_is_printed_a_zero_too():
    words = texts(svg_of("neda_components"))
    assert "0 active, 11 no activity, 1 not known" in words
    assert sum("not known" in word and "active" in word for word in words) == 8


def test_the_state_unknown_has_its_own_name_in_the_key():
    assert {"active", "no activity", "not known"} <= set(texts(svg_of("neda_components")))


def test_the_words_follow_the_windows_in_their_order():
    said = NEDA_COMPONENTS.alt_text(RESULT)
    assert said.index("first year, Relapse") < said.index("first year, MRI activity")
    assert "second year, Confirmed worsening: 0 active, 10 no activity, 2 not known" in said
