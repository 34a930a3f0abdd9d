"""The published figures of personal dosing recomputed, and the documented table against the recomputation."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.shared import ROOT
from wearoff.cli.policies import figure_lines
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.policies import Decisions, FixedInterval
from wearoff.dosing.published_dosing import (
    PUBLISHED,
    READINGS,
    Reading,
    Recomputation,
    follow_policy,
    is_near,
    recompute,
)
from wearoff.dosing.virtual_troughs import draw_cohort
from wearoff.sources import figure

PAGE = ROOT / "docs" / "explanation" / "published-policies.md"
DOCUMENTED_PATIENTS, DOCUMENTED_SEED = 10_000, 1
CELL = re.compile(r"(-?\d+(?:\.\d+)?) \((\d+(?:\.\d+)?)\)")


@pytest.fixture(scope="module")
def found() -> Recomputation:
    return recompute(300, 1)


def documented() -> str:
    """The printed recomputation in the documentation."""
    (block,) = re.findall(r"```text\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(block)


def test_every_published_figure_stands_beside_its_simulation_under_every_reading(
    found: Recomputation,
) -> None:
    assert {entry.id for entry in found.compared} == set(PUBLISHED.values())
    assert {f"P{number:03d}" for number in range(13, 23)} <= set(PUBLISHED.values())
    for entry in found.compared:
        assert entry.published == figure(entry.id).number
        assert f"{entry.aim_mg_per_l:g} mg/L" in figure(entry.id).quantity
        assert entry.is_near == is_near(entry.what, entry.published, entry.simulated.value)
        assert 0 < entry.simulated.error < 0.5 * max(abs(entry.simulated.value), 20)
    for row in ("P013", "P014", "P015", "P016", "P017", "P018", "P019", "P020"):
        assert [entry.reading for entry in found.compared if entry.id == row] == list(READINGS)


@pytest.mark.parametrize("aim", [10.0, 5.0])
@pytest.mark.parametrize("reading", ["achieved", "measured", "refitted"])
def test_the_tree_misses_its_aim_by_more_than_the_model_as_published(
    found: Recomputation, aim: float, reading: Reading
) -> None:
    tree, model = (found.outcomes[name, aim] for name in ("trough_guided_tree", "model_informed"))
    assert tree.percent[reading].value > model.percent[reading].value


@pytest.mark.parametrize("aim", [10.0, 5.0])
@pytest.mark.parametrize("reading", READINGS)
def test_the_tree_spreads_more_than_the_model_under_every_reading(
    found: Recomputation, aim: float, reading: Reading
) -> None:
    tree, model = (found.outcomes[name, aim] for name in ("trough_guided_tree", "model_informed"))
    assert tree.rmse[reading].value > model.rmse[reading].value


def test_an_aim_of_2_comes_to_7_weeks_and_40_per_cent_fewer_infusions_as_published(
    found: Recomputation,
) -> None:
    by_row = {entry.id: entry for entry in found.compared}
    assert by_row["P021"].is_near
    assert by_row["P022"].is_near
    assert by_row["P115"].is_near


def test_a_lower_aim_gives_longer_intervals_and_fewer_infusions(found: Recomputation) -> None:
    for name in ("model_informed", "trough_guided_tree"):
        outcomes = [found.outcomes[name, aim] for aim in (10.0, 5.0, 2.0)]
        assert (np.diff([each.weeks.value for each in outcomes]) > 0).all()
        assert (np.diff([each.fewer.value for each in outcomes]) > 0).all()


def test_the_errors_of_a_fixed_interval_are_those_computed_by_hand() -> None:
    cohort = draw_cohort(load_model(), 80, 6)
    found = follow_policy(FixedInterval(6.0), cohort, 5.0, everyone=True)
    level = cohort.truth.settled(np.full(80, 6.0))
    measured = level * (1 + 0.219 * cohort.noise[:, 0])
    assert found.patients == 80
    assert found.percent["achieved"].value == pytest.approx(100 * (level / 5 - 1).mean())
    assert found.percent["measured"].value == pytest.approx(100 * (measured / 5 - 1).mean())
    assert found.percent["predicted"].value == pytest.approx(100 * (5 / measured - 1).mean())
    assert found.rmse["achieved"].value == pytest.approx(np.sqrt(((level - 5) ** 2).mean()))
    assert found.weeks.value == 6.0
    assert found.fewer.value == pytest.approx(100 / 3)
    assert "refitted" not in found.percent
    only_high = follow_policy(FixedInterval(6.0), cohort, 20.0)
    assert only_high.patients == (cohort.measured.mean(axis=1) >= 20).sum()


def test_the_error_of_a_root_mean_square_is_its_spread_over_repetitions() -> None:
    outcomes = [
        follow_policy(FixedInterval(6.0), draw_cohort(load_model(), 60, seed), 5.0, everyone=True)
        for seed in range(12)
    ]
    for name in ("percent", "rmse"):
        values = [getattr(each, name)["achieved"] for each in outcomes]
        spread = np.std([each.value for each in values], ddof=1)
        stated = np.mean([each.error for each in values])
        assert 0.5 < stated / spread < 2.0  # of twelve repetitions


@pytest.mark.parametrize(
    ("what", "published", "simulated", "near"),
    [
        ("percent", 4.8, 7.7, True),
        ("percent", 4.8, 7.9, False),
        ("percent", 86, 65, True),
        ("percent", 86, 64, False),
        ("rmse", 2.3, 2.87, True),
        ("rmse", 2.3, 2.88, False),
        ("weeks", 7, 7.5, True),
        ("weeks", 7, 7.6, False),
        ("fewer", 40, 45, True),
        ("fewer", 40, 46, False),
    ],
)
def test_near_is_what_it_is_said_to_be(what: str, published: float, simulated: float, near: bool) -> None:
    assert is_near(what, published, simulated) is near


def test_the_documented_table_agrees_with_a_small_recomputation(found: Recomputation) -> None:
    page, here = documented().splitlines(), figure_lines(found)
    assert page[0].startswith(f"{DOCUMENTED_PATIENTS:,} virtual patients of van_den_berg_2025, seed 1")
    assert len(page) == len(here)
    compared = 0
    for theirs, ours in zip(page[1:], here[1:], strict=True):
        assert CELL.sub("", theirs).split()[:4] == CELL.sub("", ours).split()[:4]
        for (a, a_error), (b, b_error) in zip(CELL.findall(theirs), CELL.findall(ours), strict=True):
            width = 5 * np.hypot(float(a_error), float(b_error)) + 0.1  # as printed
            assert abs(float(a) - float(b)) <= width, (theirs, ours)
            compared += 1
    assert compared > 100


def test_the_example_in_the_documentation_gives_what_it_says() -> None:
    (example,) = re.findall(r"```python\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - our own page
    found = names["found"]
    assert isinstance(found, Decisions)
    assert found.interval_weeks.tolist() == [5.0, 5.0]
    assert repr(found.reason(0)) in example


@pytest.mark.slow
def test_the_documented_table_is_the_recomputed_one() -> None:
    assert documented().splitlines() == figure_lines(recompute(DOCUMENTED_PATIENTS, DOCUMENTED_SEED))
