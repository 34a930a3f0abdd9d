"""How the answer for one patient is said: the same digits and sentences on a terminal, on a page and on paper.

Nothing is computed and nothing is advised here: an option is set beside the user's own rule, and a chance is a share
of patients who are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment
    from wearoff.dosing.intervals import IntervalOption, Target

BADGES: Final = {"trial": "trial", "cohort": "cohort", "none": "none", "failed": "failed in a trial"}
DOTS: Final = 20
LAST_FOLLOWED_WEEKS: Final = 52
STOPPED_WEEKS: Final = (6, 8, 10, 12)
NO_FLOOR: Final = "No floor was asked for, so no interval is held against one."


def short(value: float) -> str:
    """Two significant digits without an exponent."""
    if value < 0.0095:
        return "<0.01" if value > 0 else "0"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def between(bands: Mapping[str, float], low: str = "p05", high: str = "p95") -> str:
    """Two quantiles as a range."""
    return f"{short(bands[low])}-{short(bands[high])}"


def banded(bands: Mapping[str, float]) -> str:
    """The median, and its 5-95 % range in brackets."""
    return f"{short(bands['p50'])} ({between(bands)})"


def percent(share: float) -> str:
    """A probability in whole percent; draws never show that something is certain or impossible."""
    points = 100.0 * share
    return ">99 %" if points >= 99.5 else "<1 %" if points < 0.5 else f"{points:.0f} %"


def chance(probability: float | None, error: float | None) -> str:
    """A probability with its Monte Carlo error, both in percent."""
    return "" if probability is None or error is None else f"{percent(probability)} (±{100 * error:.1f})"


def full_dots(probability: float | None) -> int:
    """How many of twenty dots are full."""
    return 0 if probability is None else round(DOTS * probability)


def dots(probability: float | None) -> str:
    """A probability as twenty dots, those that are full first."""
    full = full_dots(probability)
    return "●" * full + "○" * (DOTS - full)


def floor(target: Target) -> str:
    """The user's floor."""
    if target.curve:
        return f"{100 * target.value:g} % saturation under {target.curve}"
    return f"{target.value:g} mg/L"


def rule(target: Target | None) -> str:
    """The user's floor and rule in a sentence."""
    if target is None:
        return NO_FLOOR
    if target.at_least is None:
        return f"Your floor: {floor(target)} just before each dose. You asked for no probability."
    return (
        f"Your rule: a probability of at least {target.at_least:g} of being at or above {floor(target)} just before "
        "the dose, at the next one and once the interval has settled."
    )


def verdict(option: IntervalOption) -> str:
    """Whether an option meets the user's rule; empty where none was given."""
    return {None: "", True: "meets your rule", False: "does not meet it"}[option.meets_rule]


def next_date(found: Assessment, option: IntervalOption) -> str:
    """The date of the next dose, and whether it lies before today."""
    is_past = option.next_d < found.patient.today_d
    return f"{found.patient.date_of(option.next_d):%Y-%m-%d}{' (past)' if is_past else ''}"


def saturation(under: Mapping[str, Mapping[str, float]]) -> str:
    """The medians under every curve as a range."""
    medians = [100 * bands["p50"] for bands in under.values()]
    return f"{min(medians):.0f}-{max(medians):.0f} %"


def weeks(value: float) -> str:
    """A number of weeks to the tenth, or that it is more than were followed."""
    return f"more than {LAST_FOLLOWED_WEEKS}" if value == float("inf") else f"{value:.1f}"


def weight_now(found: Assessment) -> float:
    """The weight that holds today, kg."""
    patient = found.patient
    past = patient.weight_kg[patient.weight_d <= patient.today_d]
    return float(past[-1] if past.size else patient.weight_kg[0])


def models(found: Assessment) -> str:
    """The models with their weights."""
    is_uncertain = found.main.posterior.has_parameter_uncertainty
    numbers = "with the uncertainty of its own numbers" if is_uncertain else "as published"
    if len(found.fits) == 1:
        return f"Model {found.main.model.name}, {numbers}."
    weights = ", ".join(f"{fit.model.name} {100 * fit.weight:.0f} %" for fit in found.fits)
    return f"Models by their weight after the levels: {weights}; each {numbers}."


def draws(found: Assessment) -> str:
    """How many draws there are, and what they are worth."""
    after = found.after
    return f"{after.draws:,} draws, seed {found.seed}; they are worth {after.counting:,.0f} independent ones."


def settings(found: Assessment) -> Iterator[str]:
    """What was asked of the fit beside the usual."""
    how = found.main.posterior.settings
    if how.occasions is not None:
        yield (
            f"The {how.occasions.parameter.replace('_', ' ')} changes from interval to interval with a CV of "
            f"{100 * how.occasions.cv:g} % (assumed)."
        )
    if how.occupancy is not None:
        use = how.occupancy
        yield (
            f"Occupancies ({use.assay}, {use.subset}) enter the fit under {use.curve.name}, SD {100 * use.sd:g} points "
            "(assumed)."
        )


def after_the_last(found: Assessment) -> Iterator[str]:
    """How long the floor and the rule hold while no other dose is given."""
    if found.holding is None:
        return
    low, middle, high = (weeks(found.holding.weeks[name]) for name in ("p05", "p50", "p95"))
    first, usual, last = (_date_after(found, found.holding.weeks[name]) for name in ("p05", "p50", "p95"))
    yield (
        f"Without another dose the floor holds for {middle} weeks after the last one (5-95 %: {low} to {high}), that "
        f"is until {usual} ({first} to {last})."
    )
    until = found.holding.rule_until_d
    if until == float("inf"):
        yield f"Your rule holds for more than {LAST_FOLLOWED_WEEKS} weeks after the last dose."
    elif until == 0:
        yield "Your rule does not hold on any day after the last dose."
    elif until is not None:
        date = found.patient.date_of(float(found.patient.regimen.start_d[-1]) + until)
        yield f"Your rule holds until {date:%Y-%m-%d}, {until / 7:.1f} weeks after the last dose."


def falls(found: Assessment) -> Iterator[str]:
    """When level and saturation fall under the values that the user asked about."""
    levels = [(target, held.weeks) for target, held in found.falls if target.curve is None]
    for target, held in levels:
        middle, ends = weeks(held["p50"]), f"{weeks(held['p05'])} to {weeks(held['p95'])}"
        yield f"After the last dose the level stays at or above {floor(target)} for {middle} weeks (5-95 %: {ends})."
    for value in dict.fromkeys(target.value for target, _ in found.falls if target.curve is not None):
        under = [
            held.weeks for target, held in found.falls if target.curve is not None and target.value == value
        ]
        middles = [bands["p50"] for bands in under]
        low, high = min(bands["p05"] for bands in under), max(bands["p95"] for bands in under)
        yield (
            f"The saturation stays at or above {100 * value:g} % for {weeks(min(middles))} to {weeks(max(middles))} "
            f"weeks (medians under the curves; 5-95 % over all of them: {weeks(low)} to {weeks(high)})."
        )


def _date_after(found: Assessment, after_weeks: float) -> str:
    """The date so many weeks after the last dose, or that it lies beyond the last that was followed."""
    known, word = (
        min(after_weeks, float(LAST_FOLLOWED_WEEKS)),
        "beyond " if after_weeks == float("inf") else "",
    )
    return f"{word}{found.patient.date_of(float(found.patient.regimen.start_d[-1]) + 7.0 * known):%Y-%m-%d}"


def stopping(found: Assessment) -> str:
    """Level and saturation some weeks after the last dose."""
    gone, parts = found.decline, []
    for week in STOPPED_WEEKS:
        (at,) = (gone.day == 7.0 * week).nonzero()[0]
        level = {name: float(values[at]) for name, values in gone.level.items()}
        under = {
            curve: {name: float(values[at]) for name, values in bands.items()}
            for curve, bands in gone.saturation.items()
        }
        parts.append(f"week {week} {banded(level)} mg/L and {saturation(under)} saturation")
    return f"After stopping: {'; '.join(parts)}."


def policies(found: Assessment) -> Iterator[str]:
    """Where the published policies arrive, for comparison."""
    for policy in found.policies:
        where = "cannot say" if policy.weeks is None else f"arrives at {policy.weeks:.3g} weeks"
        yield f"Published for comparison, {policy.name}: {where} ({policy.reason})."


def exchange(found: Assessment) -> str:
    """What sessions of plasma exchange would leave."""
    gone = found.exchange
    begin = found.patient.date_of(float(found.patient.regimen.start_d[-1]) + gone.begin_d)
    return (
        f"Plasma exchange, {gone.sessions} sessions from {begin:%Y-%m-%d} on, each removing {100 * gone.share:g} % "
        f"(assumed): {gone.days_after:g} days after the last the level would be {banded(gone.level)} mg/L, "
        f"{100 * gone.fall['p50']:.0f} % lower than before them; without them {banded(gone.without)}."
    )


def what_if(found: Assessment) -> Iterator[str]:
    """The settled troughs under another weight, where one was asked for."""
    if found.what_if is not None:
        troughs = "; ".join(
            f"{after.weeks:g} weeks {banded(after.settled_trough)} in place of {short(now.settled_trough['p50'])}"
            for now, after in zip(found.options, found.what_if.options, strict=True)
        )
        yield f"At {found.what_if.weight_kg:g} kg from today on the settled troughs would be: {troughs} mg/L."


def evidence(found: Assessment) -> list[tuple[str, str, tuple[str, ...]]]:
    """What is known of the intervals: which weeks, the sentence, and the ids of the rows behind it."""
    known: dict[str, list[IntervalOption]] = {}
    for option in found.options:
        known.setdefault(option.evidence.sentence, []).append(option)
    return [
        (
            " and ".join(f"{option.weeks:g}" for option in options) + " weeks",
            sentence,
            options[0].evidence.evidence,
        )
        for sentence, options in known.items()
    ]


def limits(found: Assessment) -> Iterator[str]:
    """What an answer of this kind cannot say."""
    yield "A chance is that of a level being above a floor. It is not a chance of being free of disease activity."
    yield "The risk of PML, on which the choice of an interval also turns, is not part of it."
    yield (
        "No trial supports intervals above 8 weeks, and far below the usual levels a prediction rests on the Michaelis "
        "constant, the number that is known least."
    )
    yield "No saturation curve is established: the known ones are shown side by side, as a range."
    if found.main.posterior.settings.occasions is None:
        yield "The patient is taken to stay the same: a clearance that changes from interval to interval is left out."
    if not found.main.posterior.has_parameter_uncertainty:
        yield "The numbers of the models are taken as published, without their uncertainty; the ranges are too narrow."
