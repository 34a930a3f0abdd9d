"""The published risk of PML: to whom each figure belongs, epoch by epoch, and how many of 1,000 that is.

Nothing is modelled. The figures are rows of the evidence table, and `pml.toml` says to whom each belongs. Three things
are computed: epochs are joined, 1 - prod(1 - p); an epoch that has only begun gives a range; and an extended interval
spreads the risk into a band, from the ratio seen in a register to no effect. Whoever lies outside the table gets an
error in place of a number. No cell model enters, and no figure here is ever added to the risk of a relapse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from wearoff.dosing.figures import digest_of
from wearoff.dosing.pml_table import PML_FILE, Antibody, PmlGroup, pml_table
from wearoff.errors import InputError, Problem
from wearoff.sources import PublishedFigure, figure

__all__ = [
    "PEOPLE",
    "Antibody",
    "EpochRisk",
    "ExtendedBand",
    "IconArray",
    "PmlFactors",
    "PmlRisk",
    "RiskRange",
    "joined",
    "pml_groups",
    "pml_risk",
    "range_in_words",
    "whole_people",
]

PEOPLE = 1000
MONTHS_A_YEAR = 12.0


@dataclass(frozen=True, slots=True)
class PmlFactors:
    """What the published figures are divided by.

    Attributes:
        antibody: the last result of the antibody test.
        index: the index of a positive test; None where only the status is known.
        prior_immunosuppression: whether an immunosuppressant was taken before natalizumab.

    Raises:
        InputError: the index is no positive number, or stands beside a negative test.
    """

    antibody: Antibody
    index: float | None = None
    prior_immunosuppression: bool = False

    def __post_init__(self) -> None:
        if self.index is None:
            return
        value = f"{self.index:g}"
        if not 0 < self.index < math.inf:
            reason = f"an index of {value} cannot be; give the number above 0 that the laboratory reports"
            raise InputError(Problem(reason, value=value))
        if self.antibody is Antibody.NEGATIVE:
            reason = "the figures for a negative test have no index; leave it out, or say that the test is positive"
            raise InputError(Problem(reason, value=value))


@dataclass(frozen=True, slots=True)
class EpochRisk:
    """The published risk within one epoch of treatment, for those who came to its beginning without PML.

    Attributes:
        after_month: months on natalizumab at its beginning.
        to_month: months at its end.
        risk: the risk within it, a fraction.
        published: the row of the evidence table.
    """

    after_month: float
    to_month: float
    risk: float
    published: PublishedFigure


@dataclass(frozen=True, slots=True)
class RiskRange:
    """A risk from the start of treatment to a month, as fractions.

    Attributes:
        low: by the epochs that have ended alone.
        even: where the risk of an epoch is spread evenly over it, which is assumed.
        high: with the whole of the epoch that has begun. At the end of an epoch all three are one.
    """

    low: float
    even: float
    high: float

    def under(self, hazard_ratio: float) -> RiskRange:
        """The same risks where every hazard is so many times as high: 1 - (1 - p)^ratio.

        Raises:
            ValueError: the ratio is negative or not finite.
        """
        if not 0 <= hazard_ratio < math.inf:
            raise ValueError("a hazard ratio is a finite number, 0 or more")
        return RiskRange(
            *(-math.expm1(hazard_ratio * math.log1p(-p)) for p in (self.low, self.even, self.high))
        )


@dataclass(frozen=True, slots=True)
class ExtendedBand:
    """What an extended interval may do to the risk, by observational evidence: from the register's ratio to nothing.

    Attributes:
        interval_weeks: the interval asked about.
        lowest: the risk under the ratio of the register.
        highest: the risk where the interval changes nothing.
        ratio: the register's hazard ratio with its interval.
        at_ratio_ends: the risk at the two ends of that interval.
        pooled: the pooled analyses that stand beside it.
        notes: what the band rests on and where it ends.
    """

    interval_weeks: float
    lowest: RiskRange
    highest: RiskRange
    ratio: PublishedFigure
    at_ratio_ends: tuple[RiskRange, RiskRange]
    pooled: tuple[PublishedFigure, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IconArray:
    """Whole people of 1,000: those of the low end of a range, those up to its high end, and all others."""

    within_low: int
    up_to_high: int
    others: int


@dataclass(frozen=True, slots=True)
class PmlRisk:
    """The published risk of PML of one group over a time on natalizumab.

    Attributes:
        factors: what was asked.
        group: the group of the table in words.
        months: time on natalizumab.
        epochs: the epochs that have begun by then, in order.
        cumulative: the risk from the start to that month, on standard intervals.
        extended: the band, where the interval asked about counts as extended.
        beside: other published figures for the same people.
        notes: what the table rests on.
        provenance: digest of the file that says to whom each figure belongs.
    """

    factors: PmlFactors
    group: str
    months: float
    epochs: tuple[EpochRisk, ...]
    cumulative: RiskRange
    extended: ExtendedBand | None
    beside: tuple[PublishedFigure, ...]
    notes: tuple[str, ...]
    provenance: dict[str, str]

    @property
    def lowest(self) -> float:
        """The low end over everything that is shown, a fraction."""
        return self.cumulative.low if self.extended is None else self.extended.lowest.low

    @property
    def highest(self) -> float:
        """The high end over everything that is shown, a fraction."""
        return self.cumulative.high

    @property
    def icons(self) -> IconArray:
        """Both ends as whole people of 1,000."""
        low, high = whole_people(self.lowest), whole_people(self.highest)
        return IconArray(low, high - low, PEOPLE - high)


def pml_risk(factors: PmlFactors, years: float, interval_weeks: float | None = None) -> PmlRisk:
    """The published risk of PML over a time on natalizumab, as a range.

    Args:
        factors: antibody status, index and earlier immunosuppression.
        years: time on natalizumab from its start, years.
        interval_weeks: the dosing interval; None, or a standard one, gives no band.

    Raises:
        InputError: the time or the interval lies outside what was published; says up to where there are figures.

    Example:
        >>> risk = pml_risk(PmlFactors(Antibody.POSITIVE, index=1.2), years=4)
        >>> f"{PEOPLE * risk.cumulative.even:.1f} of 1,000"
        '1.3 of 1,000'
    """
    table = pml_table()
    group = next(
        each
        for each in table.groups
        if each.holds(factors.antibody, factors.index, factors.prior_immunosuppression)
    )
    months = _months(years, group)
    epochs = tuple(
        EpochRisk(each.after_month, each.to_month, _share(figure(each.evidence)), figure(each.evidence))
        for each in group.epochs
        if each.after_month < months
    )
    cumulative = joined(epochs, months)
    return PmlRisk(
        factors=factors,
        group=group.name,
        months=months,
        epochs=epochs,
        cumulative=cumulative,
        extended=None if interval_weeks is None else _band(cumulative, interval_weeks, factors),
        beside=tuple(figure(id_) for id_ in group.beside),
        notes=(*table.notes, *group.notes),
        provenance={"pml_sha256": digest_of(PML_FILE)},
    )


def joined(epochs: tuple[EpochRisk, ...], months: float) -> RiskRange:
    """The risk from the start to a month, from the risks within epochs that follow each other.

    Args:
        epochs: in order; the first begins at the start of treatment.
        months: months on natalizumab, not after the last epoch.

    Raises:
        ValueError: the epochs leave a gap, or end before the month.
    """
    begins = [0.0, *(epoch.to_month for epoch in epochs)]
    if (
        any(epoch.after_month != begin for epoch, begin in zip(epochs, begins, strict=False))
        or months > begins[-1]
    ):
        raise ValueError("epochs follow each other from the start of treatment to the month asked for")
    logs = {"low": 0.0, "even": 0.0, "high": 0.0}
    for epoch in epochs:
        share = min(1.0, max(0.0, (months - epoch.after_month) / (epoch.to_month - epoch.after_month)))
        escaped = math.log1p(-epoch.risk)
        logs["low"] += escaped * math.floor(share)
        logs["even"] += escaped * share
        logs["high"] += escaped * math.ceil(share)
    return RiskRange(**{name: -math.expm1(total) for name, total in logs.items()})


def whole_people(risk: float) -> int:
    """The people of 1,000 that a risk, a fraction, stands for; a half is rounded up.

    Example:
        >>> whole_people(0.0013), whole_people(0.0002)
        (1, 0)
    """
    return math.floor(PEOPLE * risk + 0.5)


def range_in_words(low: float, high: float) -> str:
    """Two risks, fractions, as people per thousand to two digits, no finer than what was published.

    Example:
        >>> range_in_words(0.0002, 0.00129978), range_in_words(0.0013, 0.0013), range_in_words(0.02, 1e-6)
        ('0.2 to 1.3', '1.3', '20 to fewer than 0.01')
    """
    shown = [_per_thousand(share) for share in (low, high)]
    return shown[0] if shown[0] == shown[1] else " to ".join(shown)


def pml_groups() -> tuple[str, ...]:
    """The groups of the published table in words, in its order."""
    return tuple(group.name for group in pml_table().groups)


def _band(risk: RiskRange, weeks: float, factors: PmlFactors) -> ExtendedBand | None:
    """The band of an extended interval, none for a standard one.

    Raises:
        InputError: the interval was not in the register, or the test is negative.
    """
    extended = pml_table().extended
    shortest, _ = _ends(figure(extended.standard_weeks).value)
    limit, longest = _ends(figure(extended.extended_weeks).value)
    if not shortest <= weeks <= longest:
        reason = (
            f"no published figure says what an interval of {weeks:g} weeks does to the risk of PML; the register "
            f"had average intervals from {shortest:g} to {longest:g} weeks"
        )
        raise InputError(Problem(reason, value=f"{weeks:g}"))
    if weeks < limit:
        return None
    if factors.antibody is Antibody.NEGATIVE:
        reason = (
            "the register that compared intervals held antibody positive patients alone; for a negative test "
            "leave the interval out"
        )
        raise InputError(Problem(reason, value=f"{weeks:g}"))
    ratio = figure(extended.ratio)
    low, high = _ends(ratio.spread)
    return ExtendedBand(
        interval_weeks=weeks,
        lowest=risk.under(_number(ratio)),
        highest=risk,
        ratio=ratio,
        at_ratio_ends=(risk.under(low), risk.under(high)),
        pooled=tuple(figure(id_) for id_ in extended.pooled),
        notes=extended.notes,
    )


def _months(years: float, group: PmlGroup) -> float:
    """The time in months.

    Raises:
        InputError: it is not positive, or beyond the table.
    """
    longest = group.epochs[-1].to_month / MONTHS_A_YEAR
    if 0 < years <= longest:
        return MONTHS_A_YEAR * years
    reason = f"there are published figures for up to {longest:g} years on natalizumab, and none for {years:g}"
    if not years > 0:
        reason = "the time on natalizumab is more than 0 years"
    raise InputError(Problem(reason, value=f"{years:g}"))


def _share(published: PublishedFigure) -> float:
    """A figure per 1000 patients as a fraction.

    Raises:
        ValueError: it has another unit.
    """
    if published.unit != "per 1000 patients":
        raise ValueError(f"{published.id} is in {published.unit}, not per 1000 patients")
    return _number(published) / 1000


def _per_thousand(risk: float) -> str:
    value = PEOPLE * risk
    if value >= 10:
        return f"{value:.0f}"
    return f"{value:.2g}" if value >= 0.01 else "fewer than 0.01" if value > 0 else "0"


def _number(published: PublishedFigure) -> float:
    if published.number is None:
        raise ValueError(f"{published.id} is no single number")
    return published.number


def _ends(text: str) -> tuple[float, float]:
    """The two ends of a published range."""
    low, high = text.split("-")
    return float(low), float(high)
