from __future__ import annotations

import pytest

from tests.dosing.test_follow import follow
from wearoff.dosing.regimen import every


def test_columns_by_time_have_one_length_and_the_share_of_every_day() -> None:
    found = follow(every(4, times=3), draws=50, targets=(5.0, 2.5))
    columns = found.columns()
    assert {len(values) for values in columns.values()} == {found.day.size}
    assert [columns["share_at_or_above_5"][where] for where in found.at] == found.shares[5.0].tolist()
    assert max(map(float, columns["share_error_2.5"])) < 0.1  # type: ignore[arg-type]


def test_columns_by_dose_have_a_row_before_each_dose_and_one_for_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wearoff.dosing.follow.MOST_BY_DAY", 20)
    columns = follow(every(4, times=3), draws=50, targets=(5.0,)).columns()
    assert columns["next_dose"] == [1, 2, 3, None]
    assert columns["week"] == [0, 4, 8, 12]
    assert columns["dose_mg"] == [300, 300, 300, None]
    assert columns["route"] == ["IV", "IV", "IV", None]
    assert columns["peak_mean"][-1] is None
    assert columns["trough_p05"][1] < columns["trough_mean"][1] < columns["trough_p95"][1]  # type: ignore[operator]
    assert columns["parameter_uncertainty"] == [False] * 4
