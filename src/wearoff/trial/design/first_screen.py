"""The first screen of a design: whether a study like this answers its question, in words built from its figures.

A study is called able to answer where it shows what it looks for in at least `ENOUGH` of the virtual studies, beyond
the Monte Carlo error. In a world in which there is nothing to find the same share is an error, and is called so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wearoff.cohort.results import Answer, Finding
from wearoff.cohort.wording import count, percent, percent_range, sentence_list, significant
from wearoff.stats import proportion_interval
from wearoff.trial.definition.world_plan import amount, share_words, world_figures
from wearoff.trial.reading.methods import kind_of, load_method

if TYPE_CHECKING:
    import polars as pl

    from wearoff.trial.protocol import Analysis, Protocol

__all__ = ["ACTIVITY", "ENOUGH", "Simulated", "first_screen", "is_null", "primary_of"]

ENOUGH = 0.8
"""The share of studies that should show what they look for: 80 % by convention."""
ACTIVITY = ("neda", "first_activity", "first_relapse", "relapses", "lesions")
"""The kinds of endpoint that are activity."""
_LONGEST_WEEKS = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What was simulated of a design, as far as it was.

    Attributes:
        characteristics: a row for each analysis and look.
        looks: a row for each primary analysis and look.
        null: characteristics in a world where there is nothing to find.
        replicates: how many virtual studies.
        has_example: whether the records of one virtual study are shown.
    """

    characteristics: pl.DataFrame | None
    looks: pl.DataFrame | None
    null: pl.DataFrame | None
    replicates: int | None
    has_example: bool = False


@dataclass(frozen=True, slots=True)
class _Share:
    """A share of virtual studies with its errors."""

    shown: int
    studies: int

    @property
    def value(self) -> float:
        return self.shown / self.studies

    @property
    def error(self) -> float:
        return math.sqrt(self.value * (1.0 - self.value) / self.studies)

    @property
    def limits(self) -> tuple[float, float]:
        found = proportion_interval(self.shown, self.studies)
        return found.low, found.high

    def range(self) -> str:
        """The exact interval in words, which is not 0 wide where nobody or everybody shows it."""
        return percent_range(*self.limits)

    def words(self) -> str:
        return (
            f"{percent(self.value)} of {_studies(self.studies)} (Monte Carlo error {100 * self.error:.2g} points, "
            f"95 % interval {self.range()})"
        )


def _studies(number: int) -> str:
    return count(number, "virtual study", "virtual studies")


def primary_of(protocol: Protocol) -> Analysis:
    """The analysis by which a study is judged: the first that is primary, else the first."""
    return next((analysis for analysis in protocol.analyses if analysis.is_primary), protocol.analyses[0])


def is_null(analysis: Analysis, protocol: Protocol) -> bool:
    """Whether the protocol's own words leave nothing to find for an analysis.

    By a stated true value, by arms that are treated alike (what is shown of them came with the patients), or by
    activity that comes as often with wearing-off as without it. A test of non-inferiority is under its null where the
    true value is its margin.
    """
    method = load_method(analysis.method)
    if method.needs_margin:
        return analysis.true_value is not None and analysis.true_value == analysis.margin
    if analysis.true_value is not None:
        return analysis.true_value == method.null_value
    if analysis.by == "arm":
        treated = {arm.model_copy(update={"name": "", "size": 1}) for arm in _compared(analysis, protocol)}
        return len(treated) == 1
    kind = kind_of(analysis, protocol)
    world = protocol.world
    if kind in ACTIVITY:
        hangs_together = world.activity == "model" and world.wearing_off == "low_occupancy"
        return world.activity_ratio == 1.0 and not (hangs_together and world.strength > 0)
    return kind in ("level", "occupancy") and world.wearing_off == "independent"


def first_screen(protocol: Protocol, simulated: Simulated) -> Answer:
    """The question of a design, whether it answers it, and the figures behind that."""
    analysis = primary_of(protocol)
    share = None if simulated.characteristics is None else _share_of(analysis, simulated)
    return Answer(
        question=protocol.question,
        headline=_headline(analysis, protocol, share, has_example=simulated.has_example),
        findings=tuple(_findings(analysis, protocol, simulated, share)),
        sentences=tuple(_sentences(protocol, simulated, share)),
        limits=tuple(_limits(protocol)),
    )


def _headline(analysis: Analysis, protocol: Protocol, share: _Share | None, *, has_example: bool) -> str:
    if share is None and has_example:
        return (
            "One study was simulated, as an example: it says how the records would look, and nothing of how often the "
            "study would show something. For that, simulate many."
        )
    if share is None:
        return (
            "Nothing has been simulated yet: this is the plan of the study, free of contradictions, with all that it "
            "assumes."
        )
    if is_null(analysis, protocol):
        level = share_words(analysis.alpha)
        return (
            f"There is nothing to find in this world, and {share.words()} say that there is: the error of the first "
            f"kind of {analysis.name}, which should be at most {level}."
        )
    low, high = share.limits
    enough = share_words(ENOUGH)
    told = f"{_aim(analysis, protocol)} in {share.words()}"
    if low >= ENOUGH:
        return f"This design can answer that: under these assumptions it shows {told}, which is more than {enough}."
    if high < ENOUGH:
        return (
            f"This design is too weak for that: under these assumptions it shows {told}, and {enough} are asked "
            "for."
        )
    return (
        f"This design may just do for that: under these assumptions it shows {told}, which cannot be told "
        f"from {enough}."
    )


def _aim(analysis: Analysis, protocol: Protocol) -> str:
    """What an analysis shows when it shows something."""
    method = load_method(analysis.method)
    if analysis.by == "arm":
        reference, compared = (arm.name for arm in _compared(analysis, protocol)[:2])
        if method.needs_margin and analysis.margin is not None:
            margin = amount(100 * analysis.margin, "point")
            return f"that {compared} is less than {margin} of risk worse than {reference}"
        return f"a difference of {analysis.endpoint} between {compared} and {reference}"
    return f"a difference of {analysis.endpoint} by wearing-off"


def _compared(analysis: Analysis, protocol: Protocol) -> list[Any]:
    """The arms of an analysis, the reference first; all of them where the method takes all."""
    arms = {arm.name: arm for arm in protocol.arms}
    if load_method(analysis.method).is_ordered:
        return list(arms.values())
    names = list(arms)
    return [arms[analysis.reference or names[0]], arms[analysis.compared or names[1]]]


def _share_of(analysis: Analysis, simulated: Simulated) -> _Share | None:
    """How many studies show what the analysis looks for, at any look."""
    import polars as pl

    if simulated.looks is not None and simulated.looks.height:
        rows = simulated.looks.filter(pl.col("analysis") == analysis.name).sort("look")
        if rows.height:
            last = rows.row(rows.height - 1, named=True)
            return _Share(round(last["shown_by_then"] * last["replicates"]), last["replicates"])
    row = _last(simulated.characteristics, analysis.name)
    return None if row is None else _Share(round(row["shown"] * row["replicates"]), row["replicates"])


def _last(frame: pl.DataFrame | None, analysis: str) -> dict[str, Any] | None:
    """The row of an analysis at its last look."""
    import polars as pl

    if frame is None:
        return None
    rows = frame.filter(pl.col("analysis") == analysis).sort("look")
    return rows.row(rows.height - 1, named=True) if rows.height else None


def _findings(
    analysis: Analysis, protocol: Protocol, simulated: Simulated, share: _Share | None
) -> Iterator[Finding]:
    schedule = protocol.schedule
    weeks = schedule.accrual_weeks + schedule.followup_weeks
    yield Finding(
        "Patients and weeks",
        f"{protocol.size} over {weeks} weeks",
        f"each followed for {schedule.followup_weeks} weeks, in {count(len(protocol.arms), 'arm')}",
    )
    if share is None:
        return
    null = is_null(analysis, protocol)
    yield Finding(
        "Error of the first kind" if null else "Power",
        f"{percent(share.value)} ± {100 * share.error:.2g} points",
        f"{analysis.name}; one Monte Carlo error of {_studies(share.studies)}, 95 % interval {share.range()}",
    )
    row = _last(simulated.characteristics, analysis.name)
    if row is None:
        return
    error = _last(simulated.null, analysis.name)
    if error is not None and not null:
        wrong = _Share(round(error["shown"] * error["replicates"]), error["replicates"])
        yield Finding(
            "Error of the first kind",
            f"{percent(wrong.value)} ± {100 * wrong.error:.2g} points",
            f"the same study where there is nothing to find, 95 % interval {wrong.range()}; "
            f"{share_words(analysis.alpha)} are allowed",
        )
    if row["mean_events"] is not None:
        yield Finding(
            "Events expected",
            significant(row["mean_events"], 3),
            f"among {significant(row['mean_patients'], 3)} patients that the analysis can use, on average",
        )
    yield Finding(
        "Uninformative",
        percent(row["uninformative"]),
        "of the virtual studies have nothing to test",
    )


def _sentences(protocol: Protocol, simulated: Simulated, share: _Share | None) -> Iterator[str]:
    if simulated.characteristics is None or share is None:
        return
    for analysis in protocol.analyses:
        row = _last(simulated.characteristics, analysis.name)
        if row is not None:
            yield _told(analysis, protocol, row)
    yield from _early(simulated)


def _told(analysis: Analysis, protocol: Protocol, row: dict[str, Any]) -> str:
    """One analysis in a sentence: how often it shows something, and what it estimates."""
    method = load_method(analysis.method)
    found = _Share(round(row["shown"] * row["replicates"]), row["replicates"])
    if method.measure == "share":
        shown = "an estimate without a test"
    elif is_null(analysis, protocol):
        shown = f"there is nothing to find, and {percent(found.value)} of the studies find it"
    else:
        shown = f"{percent(found.value)} of the studies show {_aim(analysis, protocol)}"
    parts = [f"Analysis {analysis.name}: {shown}"]
    unit = method.unit(kind_of(analysis, protocol))
    if row["median_estimate"] is not None and method.measure != "none":
        truth = (
            ""
            if row["true_value"] is None
            else f", the true one {_estimate(row['true_value'], method.measure, unit)}"
        )
        parts.append(
            f"the median {method.measure} is {_estimate(row['median_estimate'], method.measure, unit)}{truth}"
        )
    if row["coverage"] is not None and row["true_value"] is not None:
        parts.append(f"{percent(row['coverage'])} of its intervals hold the true value")
    if row["estimated"] < row["replicates"] and method.measure != "none":
        missing = 1.0 - row["estimated"] / row["replicates"]
        parts.append(f"{percent(missing)} of the studies give no finite estimate")
    return "; ".join(parts) + "."


def _estimate(value: float, measure: str, unit: str) -> str:
    """An estimate in the unit that people say it in."""
    if measure == "risk difference":
        return f"{100 * value:+.1f} points"
    if measure == "share":
        return percent(value)
    said = f"-{significant(-value, 3)}" if value < 0 else significant(value, 3)
    return f"{said} {unit}".rstrip()


def _early(simulated: Simulated) -> Iterator[str]:
    """What interim looks save."""
    import polars as pl

    if simulated.looks is None or not simulated.looks.height:
        return
    for name in simulated.looks["analysis"].unique(maintain_order=True):
        rows = simulated.looks.filter(pl.col("analysis") == name).sort("look")
        early = rows.filter(pl.col("look") < rows["look"].max())
        told = sentence_list(
            [f"{percent(row['shown_by_then'])} by week {row['weeks']:g}" for row in early.to_dicts()]
        )
        if told:
            mean = significant(float(rows["mean_weeks"][0]), 3)
            yield (
                f"A study that ends at the first look that shows it has shown it in {told}, and lasts {mean} weeks on "
                "average."
            )


def _limits(protocol: Protocol) -> Iterator[str]:
    figures = [figure for part in world_figures(protocol).values() for figure in part.values()]
    assumed = sum(figure.mark == "assumed" for figure in figures)
    yield (
        f"Patients are virtual: {assumed} of the {len(figures)} numbers behind them are assumed, and so is what the "
        "protocol states without a source."
    )
    yield "The Monte Carlo error is that of so many studies, not that of the assumptions."
    if not protocol.world.is_uncertain:
        yield "All studies use the same typical numbers of the models; how uncertain these are is not in the figures."
    if protocol.patients.population == "starter" and any(arm.weeks > 4.0 for arm in protocol.arms):
        yield "Patients begin on intervals above 4 weeks; everyone in the evidence on them was stable on 4 weeks first."
    if any(arm.weeks > _LONGEST_WEEKS for arm in protocol.arms):
        yield "No trial supports intervals between 8 and 12 weeks; 12-weekly dosing failed."
    if protocol.assignment.kind == "observed":
        yield "Nobody is randomised: what drives the choice and is not recorded stays in every comparison of arms."
