from __future__ import annotations

import pytest

from wearoff.cohort.published import PUBLISHED, analyse_published, analyse_van_kempen
from wearoff.cohort.published.van_kempen import fitting_tables
from wearoff.errors import UnknownNameError
from wearoff.stats import TwoByTwo


def test_two_tables_fit_the_printed_percentages() -> None:
    frame = analyse_van_kempen().tables["reconstructions"].frame
    counts = frame.select("sid_events", "sid_total", "eid_events", "eid_total").rows()
    assert counts == [(24, 61, 6, 32), (24, 62, 6, 31)]
    assert [round(p, 3) for p in frame["fisher_p"]] == [0.061, 0.065]


def test_every_reconstructed_table_prints_the_percentages_it_came_from() -> None:
    for table in fitting_tables(93, 32, 39, 19):
        assert round(100 * table.exposed_events / table.exposed_total) == 39
        assert round(100 * table.other_events / table.other_total) == 19
        assert round(100 * (table.exposed_events + table.other_events) / 93) == 32


def test_a_known_table_is_among_those_that_fit_its_own_percentages() -> None:
    assert TwoByTwo(3, 10, 2, 10) in list(fitting_tables(20, 25, 30, 20))


def test_the_headline_does_not_hide_that_the_tests_disagree() -> None:
    assert "on either side of 0.05" in analyse_van_kempen().answer.headline


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_study_answers_under_its_name(name: str) -> None:
    result = analyse_published(name)
    assert result.name == name
    assert result.banner is None
    assert {table for section in result.sections for table in section.tables} <= set(result.tables)


def test_an_unknown_study_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="bringeland-2020, van-kempen-2019"):
        analyse_published("kempen")
