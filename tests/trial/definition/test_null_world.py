"""A study where there is nothing to find is the same study but for what its primary analysis looks for."""

from __future__ import annotations

import pytest

from tests.trial.definition.test_plan import changed
from wearoff.errors import InputError
from wearoff.trial.definition.null_world import null_of
from wearoff.trial.definition.protocol_checks import check_protocol
from wearoff.trial.definition.protocol_file import load_protocol
from wearoff.trial.design.first_screen import is_null, primary_of
from wearoff.trial.protocol import Protocol
from wearoff.trial.reading.methods import load_method

BERGEN = load_protocol("bergen-2020")
LARGER = load_protocol("larger-longer-cohort")
CHOSEN = load_protocol("sid-eid-observed")
ARMS = load_protocol("sid-eid-randomised")
LEVELS = changed(changed(ARMS, "analysis.0.is_primary", False), "analysis.2.is_primary", True)
MODELLED = changed(
    changed(changed(BERGEN, "world.activity", "model"), "world.yearly_activity", None), "world.strength", 2.0
)
OCCUPANCY = changed(changed(BERGEN, "analysis.0.is_primary", False), "analysis.1.is_primary", True)


@pytest.mark.parametrize(
    "protocol",
    [BERGEN, LARGER, CHOSEN, LEVELS, MODELLED, OCCUPANCY],
    ids=["wearing-off", "larger", "chosen", "levels by arm", "modelled", "occupancy"],
)
def test_the_null_is_one_and_contradicts_nothing(protocol: Protocol) -> None:
    null = null_of(protocol)
    assert not is_null(primary_of(protocol), protocol)
    assert is_null(primary_of(null), null)
    assert is_null(primary_of(null).model_copy(update={"true_value": None}), null)
    assert primary_of(null).true_value == load_method(primary_of(null).method).null_value
    check_protocol(null)
    assert null_of(null) == null
    for part in ("patients", "assignment", "schedule", "recording", "endpoints", "looks"):
        assert getattr(null, part) == getattr(protocol, part)
    assert [arm.size for arm in null.arms] == [arm.size for arm in protocol.arms]


def test_stated_activity_keeps_what_drives_wearing_off() -> None:
    assert null_of(BERGEN).world.wearing_off == "low_occupancy"
    assert null_of(BERGEN).world.activity_ratio == 1.0
    assert null_of(MODELLED).world.wearing_off == "independent"


def test_arms_are_treated_as_the_reference() -> None:
    assert {arm.weeks for arm in null_of(LEVELS).arms} == {4.0}
    assert [arm.name for arm in null_of(LEVELS).arms] == ["every 4 weeks", "every 6 weeks"]


def test_a_margin_has_to_be_made_by_hand() -> None:
    with pytest.raises(
        InputError, match="analysis, key margin: a test of non-inferiority is under its null where"
    ):
        null_of(ARMS)


def test_what_hangs_on_more_is_refused_with_what_to_do() -> None:
    diary = changed(changed(LARGER, "analysis.1.endpoint", "diary"), "analysis.1.is_primary", True)
    diary = changed(changed(diary, "analysis.0.is_primary", False), "looks", None)
    with pytest.raises(InputError, match="write a protocol of your own for its null"):
        null_of(diary)
