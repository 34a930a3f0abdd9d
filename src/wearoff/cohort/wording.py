"""Numbers as words: the same rounding wherever a sentence states a figure."""

from __future__ import annotations

from wearoff.stats import Estimate

UNKNOWN = "not known"


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage: 0.8749 becomes `87.5 %`; whole numbers lose the point (`100 %`)."""
    return UNKNOWN if share is None else f"{_number(100 * share, digits)} %"


def percent_range(low: float | None, high: float | None, digits: int = 1) -> str:
    """Two shares as a range: `90.0 to 100 %`."""
    if low is None or high is None:
        return UNKNOWN
    return f"{_number(100 * low, digits)} to {_number(100 * high, digits)} %"


def points_range(difference: Estimate | None) -> str:
    """The interval of a risk difference in percentage points, signed: `-16.1 to +20.4 points`."""
    if difference is None:
        return UNKNOWN
    return f"{100 * difference.interval.low:+.1f} to {100 * difference.interval.high:+.1f} points"


def p_value(p: float | None) -> str:
    """A p value to two digits that carry information: `p = 0.009`, `p < 0.001`, `p = 0.48`."""
    if p is None:
        return "no test"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def p_range(ps: list[float]) -> str:
    """Several p values as their range, as one where they print alike: `p = 0.061 to 0.065`."""
    low, high = p_value(min(ps)), p_value(max(ps))
    return low if low == high else f"{low} to {high.removeprefix('p = ')}"


def significant(value: float | None, digits: int = 2) -> str:
    """A number to some significant digits, without exponent: 251.3 becomes `250`, 0.00712 `0.0071`."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    text = f"{float(f'{value:.{digits}g}'):f}"
    return text.rstrip("0").rstrip(".")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun: `1 patient`, `1,200 patients`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def sentence_list(parts: list[str]) -> str:
    """Parts joined as in a sentence: `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return f"{value:.0f}" if value in (0.0, 100.0) else text
