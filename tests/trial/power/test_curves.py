from __future__ import annotations

import polars as pl
import pytest

from wearoff.trial.power import PowerChoices, plan, question_names
from wearoff.trial.power.curves import LENGTH, LOSS, SCANS, SIZE, points, power_curves


@pytest.mark.parametrize("name", question_names())
def test_a_point_that_moves_nothing_is_the_planned_study(name: str) -> None:
    mine = plan(PowerChoices(name))
    same = [point for point in points(mine) if point.design == mine.design]
    assert len({point.varies for point in same}) >= 2


def test_power_moves_the_way_each_number_pushes_it() -> None:
    mine = plan(PowerChoices())
    rises = {SIZE: 1, LENGTH: 1, LOSS: -1, SCANS: 1}
    for varies, sign in rises.items():
        for series in {point.series for point in points(mine) if point.varies == varies}:
            mine_points = [p for p in points(mine) if (p.varies, p.series) == (varies, series)]
            powers = [sign * (p.design.closed_form(p.test) or 0.0) for p in mine_points]
            assert powers == sorted(powers)
            assert [p.at for p in mine_points] == sorted(p.at for p in mine_points)


def test_the_table_holds_formula_and_simulation_of_every_point() -> None:
    mine = plan(PowerChoices(replicates=25))
    told: list[tuple[int, int]] = []
    table = power_curves(mine, lambda done, of: told.append((done, of)))
    frame = table.frame
    assert frame.height == len(points(mine))
    assert told[-1] == (5 * frame.height, 5 * frame.height)
    assert frame.get_column("replicates").unique().to_list() == [5]
    assert frame.get_column("varies").unique(maintain_order=True).to_list() == [SIZE, LENGTH, LOSS, SCANS]
    assert frame.filter(
        ~(pl.col("low") <= pl.col("power_simulated")) | ~(pl.col("power_simulated") <= pl.col("high"))
    ).is_empty()
    assert frame.filter(pl.col("power_formula").is_null()).is_empty()


def test_the_margin_has_every_outcome_counted_and_the_rates_have_not() -> None:
    frame = power_curves(plan(PowerChoices("sid_eid", replicates=5))).frame
    is_margin = pl.col("analysis").str.contains("margin")
    assert frame.filter(is_margin & pl.col("power_exact").is_null()).is_empty()
    assert frame.filter(~is_margin & pl.col("power_exact").is_not_null()).is_empty()
