"""What is assumed is counted from the files, and the people that are needed from the exact bound."""

from __future__ import annotations

import math

import pytest

from tests.explained import answered
from wearoff.cohort.explained.known import count_of, people_needed
from wearoff.dosing.activity import activity_file
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.trafficking import trafficking_file
from wearoff.sources import Mark


@pytest.mark.parametrize("risk", [0.3, 0.05, 0.02, 0.01])
def test_people_needed_follow_from_the_chance_of_no_event(risk: float) -> None:
    assert people_needed(risk) == math.ceil(math.log(0.05) / math.log(1 - risk))


@pytest.mark.parametrize("risk", [0.0, 1.0])
def test_a_risk_that_is_none_is_refused(risk: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        people_needed(risk)


def test_the_assumed_numbers_are_counted() -> None:
    found = answered().named("known")
    tissue, activity = trafficking_file().figures, activity_file().figures
    assumed = sum(figure.mark is Mark.ASSUMED for figure in tissue.values())
    assert assumed == count_of(tissue.values(), Mark.ASSUMED)
    assert f"between saturation and tissue {assumed} of {len(tissue)}" in found.answer
    assert f"of {len(activity)}." in found.answer
    model = load_model().figures
    retold = sum(figure.mark is Mark.SECONDARY for figure in model.values())
    assert f"of {len(model)} are assumed ({retold} more were read in another's account)" in found.answer
    assert [title for title, _ in found.lists] == [
        "Known from publications",
        "Assumed, and scanned over a range",
        "Would have to be measured",
    ]
    assert f"{people_needed(0.02)} for 2 %" in found.lists[2][1][-1]
