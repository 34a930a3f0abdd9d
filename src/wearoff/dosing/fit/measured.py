"""One level and one laboratory of a patient's record."""

from __future__ import annotations

from typing import Any

import numpy as np

from wearoff.dosing.fit.entries import Entry
from wearoff.dosing.fit.observed import MOST_MG_PER_L
from wearoff.dosing.hand_written import shown
from wearoff.dosing.laboratory import Laboratory
from wearoff.sources import Mark, Source

__all__ = ["ESTIMATE", "laboratory_of", "level_of"]

ESTIMATE = "estimate"
"""What stands for a scale that is to be estimated."""
_PRIOR_CV = (0.001, 10.0)


def level_of(entry: Entry) -> tuple[float, float, bool]:
    """The value, the limit of quantification (mg/L, NaN where there is none), and whether it was below the limit."""
    if ("value" in entry.values) == ("below" in entry.values):
        entry.fail('a level has one of value = "24 mg/L" and below = "0.5 mg/L".')
        return np.nan, np.nan, False
    if "below" in entry.values:
        if "lloq" in entry.values:
            entry.fail("below says the limit already; leave one of them out.", "lloq")
        return np.nan, _concentration(entry, "below", "0.5 mg/L"), True
    written = entry.values["value"]
    if isinstance(written, str) and written.lstrip().startswith("<"):
        entry.fail(
            f'{shown(written)} is a limit and no value; write below = "{written.lstrip("< ")}".', "value"
        )
        return np.nan, np.nan, False
    value, limit = _concentration(entry, "value", "24 mg/L"), np.nan
    if "lloq" in entry.values:
        limit = _concentration(entry, "lloq", "0.5 mg/L")
    if value < limit:
        entry.fail("the value is below its own limit of quantification; write below in its place.", "value")
    return value, limit, False


def laboratory_of(entry: Entry, name: str) -> Laboratory:
    """The laboratory; where a part of it cannot be read, one that is known by its name alone."""
    is_estimated = entry.values.get("scale") == ESTIMATE
    if is_estimated:
        scale = entry.number("prior_median") if "prior_median" in entry.values else 1.0
        if "prior_cv" not in entry.values:
            entry.fail(
                'a scale that is to be estimated needs its spread; write for example prior_cv = "20 %".',
                "scale",
            )
        prior_cv = entry.quantity(
            "prior_cv", "fraction", *_PRIOR_CV, "no spread for a scale.", example="20 %"
        )
    else:
        scale = _scale(entry) if "scale" in entry.values else 1.0
        prior_cv = None
        for key in ("prior_cv", "prior_median"):
            if key in entry.values:
                entry.fail(f'the key belongs to scale = "{ESTIMATE}" only.', key)
    mark = entry.choice("mark", tuple(Mark))
    source = _source(entry, entry.values["source"]) if "source" in entry.values else None
    if ("mark" in entry.values) != ("source" in entry.values):
        entry.fail(
            "mark and source are given together: where the scale was read, and how near to the original."
        )
    if scale is None or (is_estimated and prior_cv is None) or mark is None or source is None:
        return Laboratory(name, 1.0 if scale is None else scale, prior_cv=prior_cv)
    return Laboratory(name, scale, Mark(mark), source, prior_cv)


def _concentration(entry: Entry, key: str, example: str) -> float:
    value = entry.quantity(key, "mg/L", 0.0, MOST_MG_PER_L, "another unit, or a slip?", example=example)
    if value == 0:
        entry.fail('nothing is measured as 0; write below = "0.5 mg/L" with the limit of the assay.', key)
    return value or np.nan


def _scale(entry: Entry) -> float | None:
    if isinstance(entry.values["scale"], str):
        written = shown(entry.values["scale"])
        entry.fail(
            f'{written} is no scale; write a number without quotes, or "{ESTIMATE}" with prior_cv.', "scale"
        )
        return None
    return entry.number("scale")


def _source(entry: Entry, written: Any) -> Source | None:
    parts = {"text": written} if isinstance(written, str) else written
    if (
        isinstance(parts, dict)
        and "text" in parts
        and parts.keys() <= {"text", "doi", "where"}
        and all(isinstance(part, str) and part.strip() and part.isprintable() for part in parts.values())
    ):
        return Source(**parts)
    entry.fail(
        'write source = "Who 2025", or { text = "Who 2025", doi = "10.1/x", where = "table 2" }.', "source"
    )
    return None
