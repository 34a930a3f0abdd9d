"""How a value is written for people: sensible digits, a plain heading, and a dash for what is not known.

The CSV files keep every digit; here a reader gets three significant ones, p values as journals print
them, and units that stand in the name of a column moved behind it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

MOST_CHARACTERS: Final = 300
NOT_KNOWN: Final = "–"

_UNITS = {
    "_mg_per_l": "mg/L",
    "_mg_l": "mg/L",
    "_mg": "mg",
    "_kg": "kg",
    "_cm": "cm",
    "_weeks": "weeks",
    "_d": "days",
    "_h": "hours",
    "_pct": "%",
}
_HEADINGS = {
    "p": "p",
    "p05": "5th percentile",
    "p25": "25th percentile",
    "p50": "median",
    "p75": "75th percentile",
    "p95": "95th percentile",
    "low": "lower limit",
    "high": "upper limit",
    "or_low": "OR, lower limit",
    "or_high": "OR, upper limit",
    "sha256": "SHA-256",
    "patient_id": "patient",
    "fisher_p": "Fisher p",
    "fisher_mid_p": "Fisher mid-P",
    "mri": "MRI",
    "neda": "NEDA",
    "edss": "EDSS",
    "share_neda": "share with NEDA",
    "sid_events": "SID events",
    "sid_total": "SID total",
    "eid_events": "EID events",
    "eid_total": "EID total",
}
_NAMED_CODES = {"coding", "kind", "verdict", "curve", "quantity", "reasons", "reason"}
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|\bdoi:\s?|\b(?=10\.\d{4,9}/))(10\.\d{4,9}/[^\s<>\"']+)")

_TOGETHER = re.compile(r"(?<=\d) (?=%)|(?<=\bp) (?=[=<] \d)|(?<=\bp [=<]) (?=\d)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table on the page.

    Attributes:
        text: what is written.
        kind: `number`, `text`, `code` or `missing`; the style sheet knows these words.
    """

    text: str
    kind: str


def heading(column: str) -> str:
    """The name of a column in words, its unit behind it: `interval_d` becomes `interval (days)`."""
    if column in _HEADINGS:
        return _HEADINGS[column]
    for ending, unit in _UNITS.items():
        if column.endswith(ending) and len(column) > len(ending):
            return f"{column.removesuffix(ending).replace('_', ' ')} ({unit})"
    return column.replace("_", " ")


def is_p_value(column: str) -> bool:
    """Whether a column holds p values, by its name: `p`, `fisher_p`, `fisher_mid_p`, `p_trend`."""
    return column == "p" or column.endswith(("_p", "_p_value", "p_value")) or column.startswith("p_")


def cell(value: object, column: str) -> Cell:
    """One value as it is written in a table.

    Args:
        value: a value from a frame; None and NaN are written as a dash, infinity as its sign.
        column: the name of its column, which says whether it is a p value, a code or a digest.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(NOT_KNOWN, "missing")
    if isinstance(value, bool):
        return Cell("yes" if value else "no", "text")
    if isinstance(value, int):
        return Cell(whole(value), "number")
    if isinstance(value, float):
        return Cell(p_value(value) if is_p_value(column) else number(value), "number")
    if isinstance(value, dt.datetime):
        return Cell(value.strftime("%Y-%m-%d %H:%M"), "text")
    if isinstance(value, (list, tuple)):
        return Cell(shortened("; ".join(str(part) for part in value)), "text")
    text = str(value)
    if column == "sha256":
        return Cell(shortened(text, 13), "code")
    return Cell(shortened(text.replace("_", " ") if column in _NAMED_CODES else text), "text")


def number(value: float) -> str:
    """A number with three significant digits, and whole from 100 on; never in powers of ten."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return whole(round(value))
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    if places > 6:
        return "<0.000001" if value > 0 else "between −0.000001 and 0"
    text = f"{value:.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def whole(value: int) -> str:
    """A whole number, with thin spaces between thousands from 10 000 on."""
    text = f"{value:,}".replace(",", "\u2009") if abs(value) >= 10_000 else str(value)
    return text.replace("-", "−")


def p_value(value: float) -> str:
    """A p value as journals print it: `0.43`, `0.043`, `0.009`, `<0.001`."""
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.0995 else f"{value:.2f}"


def shortened(text: str, limit: int = MOST_CHARACTERS) -> str:
    """Text of at most `limit` characters; what was cut is marked."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def with_links(text: object) -> Markup:
    """Escaped text in which a DOI is a link; nothing else ever becomes one.

    A figure stays on one line with what belongs to it: `8.6 %`, `p = 0.009`.
    """
    return Markup("").join(
        escape(said) if doi is None else Markup('<a href="https://doi.org/{0}">{1}</a>').format(doi, said)
        for said, doi in pieces(text)
    )


def pieces(text: object) -> list[tuple[str, str | None]]:
    """A text in pieces: what is said, and the DOI where the piece names one."""
    said = _TOGETHER.sub("\N{NO-BREAK SPACE}", str(text))
    parts: list[tuple[str, str | None]] = []
    since = 0
    for found in _DOI.finditer(said):
        doi = found.group(1).rstrip(".,;:)]")
        end = found.start(1) + len(doi)
        parts += [(said[since : found.start()], None), (_without_address(said[found.start() : end]), doi)]
        since = end
    return [*parts, (said[since:], None)]


def _without_address(shown: str) -> str:
    return re.sub(r"^https?://(?:dx\.)?doi\.org/", "doi:", shown)
