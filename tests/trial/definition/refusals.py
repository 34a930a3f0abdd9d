"""Protocols with one thing changed, and what is said of them."""

from __future__ import annotations

import re

import pytest

from wearoff.errors import InputError
from wearoff.trial.definition.protocol_file import parse_protocol, protocol_text

COHORT = protocol_text("bergen-2020")
LARGER = protocol_text("larger-longer-cohort")
ARMS = protocol_text("sid-eid-randomised")
CHOSEN = protocol_text("sid-eid-observed")
PERSONAL = protocol_text("personal-dosing")


def faults(text: str) -> list[str]:
    """Every fault of a protocol."""
    with pytest.raises(InputError) as caught:
        parse_protocol(text, "a.toml")
    return [str(problem) for problem in caught.value.problems]


def refuses(text: str, old: str, new: str, said: str) -> None:
    """Hold that a protocol with one thing changed is refused with the file, and at the table and key that are said."""
    assert old in text
    found = faults(text.replace(old, new, 1))
    assert any(re.match(r"a\.toml(, line \d+)?(, |: )", each) and said in each for each in found), found
