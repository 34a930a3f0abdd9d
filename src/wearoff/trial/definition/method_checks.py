"""Whether the methods that a protocol names can be asked of its endpoints and groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wearoff.dosing.hand_written import did_you_mean, shown

if TYPE_CHECKING:
    from wearoff.trial.protocol import Analysis, Protocol
    from wearoff.trial.reading.methods import Method

__all__ = ["Reason", "is_test", "level_of", "method_faults", "uses_all_groups"]

Reason = tuple[str, str, object]
"""A sentence, the key that it is about, and the value found there."""

_RANGES = {"risk difference": (-1.0, 1.0), "share": (0.0, 1.0)}


def method_faults(analysis: Analysis, protocol: Protocol) -> Iterator[Reason]:
    """What the method of an analysis cannot do: reason, key and value of each fault."""
    from wearoff.trial.reading.methods import METHODS

    if analysis.method not in METHODS:
        hint = did_you_mean(analysis.method, METHODS)
        yield (
            f"there is no method {shown(analysis.method)}.{hint} Known: {', '.join(METHODS)}.",
            "method",
            analysis.method,
        )
        return
    method = METHODS[analysis.method]
    kinds = {endpoint.name: endpoint.kind for endpoint in protocol.endpoints}
    kind = kinds.get(analysis.endpoint)
    if kind is not None and kind not in method.kinds:
        others = [each.name for each in METHODS.values() if each.takes(kind, analysis.by)]
        yield (
            f"{method.name} takes endpoints of the kinds {', '.join(method.kinds)}, and {shown(analysis.endpoint)} is "
            f"of kind {kind}; for that there are {', '.join(others)}.",
            "method",
            analysis.method,
        )
    elif analysis.by not in method.by:
        yield (
            f'{method.name} compares groups by {" or ".join(method.by)}; write by = "{method.by[0]}", or take another '
            "method.",
            "by",
            analysis.by,
        )
    elif kind is not None and not method.takes(kind, analysis.by):
        yield (
            "the answers make the groups here, and cannot be compared between them as well; compare arms.",
            "by",
            analysis.by,
        )
    yield from _values(analysis, method)


def uses_all_groups(analysis: Analysis) -> bool:
    """Whether the method takes all answers or arms in their order, instead of two groups."""
    from wearoff.trial.reading.methods import METHODS

    return analysis.method in METHODS and METHODS[analysis.method].is_ordered


def level_of(analysis: Analysis) -> float:
    """The level as a two-sided one, which of a test of non-inferiority is twice the one-sided."""
    from wearoff.trial.reading.methods import METHODS

    is_one_sided = analysis.method in METHODS and METHODS[analysis.method].needs_margin
    return (2.0 if is_one_sided else 1.0) * analysis.alpha


def is_test(analysis: Analysis) -> bool:
    """Whether the method tests anything; one that nobody knows is said so elsewhere."""
    from wearoff.trial.reading.methods import METHODS

    return analysis.method not in METHODS or METHODS[analysis.method].measure != "share"


def _values(analysis: Analysis, method: Method) -> Iterator[Reason]:
    """Values that the method has no use for, or misses."""
    from wearoff.trial.protocol import Analysis as Form

    if method.needs_margin and analysis.margin is None:
        yield (
            f"{method.name} asks whether a difference is below a margin; add margin, as in margin = 0.10.",
            "margin",
            None,
        )
    if analysis.margin is not None and not method.needs_margin:
        yield (
            f"{method.name} is no test of non-inferiority, so that a margin has no effect; leave it out.",
            "margin",
            analysis.margin,
        )
    if method.is_ordered:
        for key in ("coding", "compared", "reference"):
            if getattr(analysis, key) != Form.model_fields[key].default:
                yield (
                    f"{method.name} uses all groups in their order, so that this has no effect; leave it out.",
                    key,
                    getattr(analysis, key),
                )
    value, key = analysis.true_value, "true_value"
    if value is None:
        return
    if method.measure == "none":
        yield f"{method.name} is a test and estimates nothing; leave the true value out.", key, value
    elif method.is_ratio and not value > 0:
        yield f"the {method.measure} that {method.name} estimates is more than 0.", key, value
    elif method.measure in _RANGES:
        low, high = _RANGES[method.measure]
        if not low <= value <= high:
            yield (
                f"the {method.measure} that {method.name} estimates lies from {low:g} to {high:g}.",
                key,
                value,
            )
