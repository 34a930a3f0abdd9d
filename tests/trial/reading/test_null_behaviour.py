"""What each named analysis finds where there is nothing to find; the documentation shows the same table."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from benchmarks.null_behaviour import Line, lines_of, table
from benchmarks.null_frames import SETTINGS, null_frame, protocol_of

from tests.shared import ROOT
from tests.trial.studies import example, protocol
from wearoff.trial.reading.analyse import analyse
from wearoff.trial.reading.endpoints import endpoints_of
from wearoff.trial.reading.methods import METHODS
from wearoff.trial.results import RESULT_SCHEMA

PAGE = ROOT / "docs" / "explanation" / "analyses-under-the-null.md"


def line(shown: float, covered: float | None, replicates: int = 10_000) -> Line:
    return Line("rare", "fisher, neda", replicates, shown, 1.0, 0.0, covered, 1.0)


def test_the_words_of_a_line_follow_its_shares() -> None:
    assert line(0.05, 0.95).says == "holds"
    assert line(0.044, 0.969).says == "holds"
    assert line(0.043, 0.971).says == "conservative, interval too wide"
    assert line(0.057, 0.929).says == "inflated, interval too narrow"
    assert line(0.056, None).says == "holds"
    # Few replicates leave room for chance.
    assert line(0.07, 0.92, 400).says == "holds"


def test_frames_without_anything_to_find_look_like_those_of_a_trial() -> None:
    theirs = endpoints_of(example(), protocol())
    for setting in SETTINGS:
        mine = null_frame(setting, 1, 2, 4)
        assert mine.equals(null_frame(setting, 1, 2, 4))
        assert not mine.equals(null_frame(setting, 1, 3, 4))
        assert mine["replicate"].to_list() == np.repeat(np.arange(1000, 1004), setting.size).tolist()
        known = {name: kind for name, kind in mine.schema.items() if not name.startswith("worse.")}
        for name, kind in known.items():
            assert name in theirs.columns, name
            # Whole numbers and days may be written as other numbers.
            assert kind == theirs.schema[name] or (kind.is_numeric() and theirs.schema[name].is_numeric()), (
                name
            )


def test_every_named_analysis_is_asked_where_there_is_nothing_to_find() -> None:
    asked = {analysis.method for setting in SETTINGS for analysis in protocol_of(setting).analyses}
    assert asked == set(METHODS)
    results = analyse(null_frame(SETTINGS[0], 5, 0, 20), protocol_of(SETTINGS[0]))
    assert results.schema == pl.Schema(RESULT_SCHEMA)
    assert not set(results["verdict"]) - {
        "uninformative",
        "not estimated",
        "estimated",
        *(f"{no}{what} shown" for no in ("", "no ") for what in ("difference", "trend", "association")),
        "non-inferior",
        "non-inferiority not shown",
    }


def documented() -> dict[tuple[str, str], tuple[str, ...]]:
    """The cells of the page's table by setting and analysis."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in PAGE.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [a-z ,0-9]+ \| `", row)
    ]
    return {(cells[0], cells[1].replace("`", "")): tuple(cells[2:]) for cells in rows}


def test_the_page_has_a_line_for_every_analysis_and_setting() -> None:
    asked = {
        (setting.name, analysis.name) for setting in SETTINGS for analysis in protocol_of(setting).analyses
    }
    assert set(documented()) == asked


FALSE_FINDINGS = {
    "rare": set(),
    "less rare": {
        "cox, first_relapse",
        "interval_regression, first_activity",
        "interval_regression, first_relapse",
        "poisson_rate_ratio, lesions",
        "negative_binomial_rate_ratio, relapses",
        "negative_binomial_rate_ratio, lesions",
        "proportional_odds_by_arm, answer",
    },
    "confounded": {"unweighted_risk_difference, neda", "weighted_risk_difference, neda", "fisher, neda"},
    "confounded, 200 patients": {
        "unweighted_risk_difference, neda",
        "unweighted_rate_ratio, relapses",
        "weighted_rate_ratio, relapses",
        "fisher, neda",
    },
    "confounded by what is not recorded": {
        "unweighted_risk_difference, neda",
        "weighted_risk_difference, neda",
        "unweighted_rate_ratio, relapses",
        "weighted_rate_ratio, relapses",
        "fisher, neda",
    },
}
"""Analyses that find something more often than in 5 % where there is nothing."""

MISSED_TRUTH = {
    "less rare": {
        "interval_regression, first_relapse",
        "poisson_rate_ratio, lesions",
    },
    "confounded": FALSE_FINDINGS["confounded"] - {"weighted_risk_difference, neda"},
    "confounded, 200 patients": FALSE_FINDINGS["confounded, 200 patients"]
    - {"weighted_rate_ratio, relapses"},
    "confounded by what is not recorded": FALSE_FINDINGS["confounded by what is not recorded"],
}
"""Analyses whose interval holds the truth in fewer than 93 %."""

HOLD = {
    "newcombe_difference, neda",
    "newcombe_difference, diary",
    "miettinen_nurminen_difference, neda",
    "miettinen_nurminen_difference, diary",
    "non_inferiority_difference, neda",
    "log_rank, first_activity",
    "mann_whitney, level",
    "jonckheere, level",
    "proportional_odds, level",
    "random_intercept, level",
    "unweighted_risk_difference, neda",
    "weighted_risk_difference, neda",
}
"""Analyses that keep both where events are less rare."""


def test_the_page_names_every_analysis_that_fails() -> None:
    page = documented()
    for setting in SETTINGS:
        says = {analysis: cells[-1] for (of, analysis), cells in page.items() if of == setting.name}
        assert {name for name, word in says.items() if "inflated" in word} == FALSE_FINDINGS[setting.name]
        narrow = {name for name, word in says.items() if "narrow" in word}
        assert narrow == MISSED_TRUTH.get(setting.name, set())
    assert {name for (of, name), cells in page.items() if of == "less rare" and cells[-1] == "holds"} == HOLD


@pytest.mark.slow
def test_ten_thousand_small_cohorts_behave_as_the_page_says() -> None:
    lines = lines_of()
    page = documented()
    for found in lines:
        cells = page[found.setting, found.analysis]
        assert found.says == cells[-1], found
        if found.is_test:
            assert 100 * found.shown == pytest.approx(float(cells[0].rstrip(" %")), abs=0.11), found
        if found.covered is not None:
            assert 100 * found.covered == pytest.approx(float(cells[2].rstrip(" %")), abs=0.11), found
    assert len(lines) == len(page)
    assert len(table(lines).splitlines()) == len(page) + 2
