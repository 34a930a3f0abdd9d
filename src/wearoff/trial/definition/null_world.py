"""The same study where there is nothing to find, to learn how often its primary analysis finds what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wearoff.errors import InputError, Problem
from wearoff.trial.design.first_screen import ACTIVITY, is_null, primary_of
from wearoff.trial.protocol import World
from wearoff.trial.reading.methods import load_method

if TYPE_CHECKING:
    from wearoff.trial.protocol import Analysis, Protocol

__all__ = ["null_of"]


def null_of(protocol: Protocol) -> Protocol:
    """The protocol with what its primary analysis looks for taken out of the world.

    Activity by wearing-off: it comes as often with wearing-off as without, and does not hang on the level that drives
    wearing-off. Levels by wearing-off: wearing-off is independent of the drug. Arms: all are treated as the reference.
    Its true value is then known, so that bias and coverage can be told. Where nothing is to be found already the
    protocol is given back as it is.

    Args:
        protocol: the study, free of contradictions.

    Raises:
        InputError: the null of the primary analysis cannot be told from the protocol; says what to do instead.

    Example:
        >>> from wearoff.trial.definition.protocol_file import load_protocol
        >>> null_of(load_protocol("bergen-2020")).world.activity_ratio
        1.0
    """
    analysis = primary_of(protocol)
    if is_null(analysis, protocol):
        return protocol
    method = load_method(analysis.method)
    if method.needs_margin:
        reason = (
            "a test of non-inferiority is under its null where the arms differ by the margin; write such a protocol: "
            'activity = "stated" with an activity_ratio of the compared arm that makes the difference, and true_value '
            "the margin"
        )
        raise InputError(Problem(reason, table="analysis", key="margin"))
    named = {"name": f"{protocol.name}-null", "title": f"{protocol.title}, nothing to find"}
    analyses = tuple(
        each.model_copy(update={"true_value": method.null_value if each == analysis else None})
        for each in protocol.analyses
    )
    changed = protocol.model_copy(update={**named, "analyses": analyses, **_without(analysis, protocol)})
    if not is_null(analysis.model_copy(update={"true_value": None}), changed):
        reason = (
            f"what {analysis.name!r} looks for hangs on more than wearing-off and activity; write a protocol of your "
            "own for its null, and give true_value"
        )
        raise InputError(Problem(reason, table="analysis", key="endpoint", value=analysis.endpoint))
    return changed


def _without(analysis: Analysis, protocol: Protocol) -> dict[str, object]:
    """The fields that take away what an analysis looks for."""
    if analysis.by == "arm":
        arms = {arm.name: arm for arm in protocol.arms}
        reference = arms[analysis.reference or protocol.arms[0].name]
        alike = tuple(
            reference.model_copy(update={"name": arm.name, "size": arm.size}) for arm in protocol.arms
        )
        return {"arms": alike}
    kind = next(each.kind for each in protocol.endpoints if each.name == analysis.endpoint)
    independent = {"wearing_off": "independent", "strength": World.model_fields["strength"].default}
    if kind not in ACTIVITY:
        return {"world": protocol.world.model_copy(update=independent)}
    levels = independent if protocol.world.activity == "model" else {}
    return {"world": protocol.world.model_copy(update={"activity_ratio": 1.0, **levels})}
