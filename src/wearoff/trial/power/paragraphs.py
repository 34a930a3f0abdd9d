"""How large, and how long, in plain words: one paragraph a question, built from the numbers of the tables.

The paragraph says what is asked for, how many patients that takes, what simulation makes of it, what remains of the
chance when the truth is uncertain, and where the answer ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from wearoff.cohort.results import Answer, Finding, Table
from wearoff.cohort.wording import percent, percent_range, sentence_list, significant
from wearoff.trial.power.activity import LOG_RANK, ActivityDesign
from wearoff.trial.power.assurance import Assured
from wearoff.trial.power.intervals import MARGIN, RATE, IntervalDesign
from wearoff.trial.power.occupancy import ODDS, RANK_SUM, OccupancyDesign
from wearoff.trial.power.plan import Plan
from wearoff.trial.power.side_by_side import Compared

_TIDY = (
    "Constant hazards, one truth for all patients of a group, and losses that have nothing to do with the outcome: a "
    "real study is less tidy, and needs more patients rather than fewer."
)
_ASSUMED = (
    "A number that is marked assumed has no source. The table of every number of the plan says which these are; "
    "question them first."
)


def write_answer(
    plan: Plan, tables: Mapping[str, Table], compared: tuple[Compared, ...], assured: tuple[Assured, ...]
) -> Answer:
    """The first screen of a plan.

    Args:
        plan: the question with its numbers.
        tables: the tables of sizes by name.
        compared: formula and simulation of every analysis.
        assured: the assurances, the first over all that is uncertain.
    """
    design = plan.design
    if isinstance(design, ActivityDesign):
        headline, paragraph, limits = _activity(plan, design, tables)
    elif isinstance(design, OccupancyDesign):
        headline, paragraph, limits = _occupancy(plan, design)
    else:
        headline, paragraph, limits = _intervals(plan, design, tables)
    main = compared[0]
    return Answer(
        question=plan.question.asks,
        headline=headline,
        findings=_findings(plan, main, assured[0]),
        sentences=(
            " ".join((paragraph, _simulation(main), _assurance(plan, assured))),
            *disagreements(plan, compared),
        ),
        limits=(*limits, *(() if isinstance(design, OccupancyDesign) else (_TIDY,)), _ASSUMED),
    )


def _activity(
    plan: Plan, design: ActivityDesign, tables: Mapping[str, Table]
) -> tuple[str, str, tuple[str, ...]]:
    by_activity: dict[float, list[str]] = {}
    others = []
    for row in tables["sizes"].frame.to_dicts():
        text = f"{row['patients']:,} patients followed for {_years(row['years'])}"
        by_activity.setdefault(row["activity_per_year_pct"], []).append(text)
        if row["years"] == design.years and abs(row["activity_per_year_pct"] - 100 * design.activity) > 1e-9:
            others.append(
                f"{row['patients']:,} where {row['activity_per_year_pct']:.3g} % become active a year"
            )
    sizes = "; ".join(
        f"where {activity:.3g} % of those without wearing-off become active in a year, {_or(texts)}"
        for activity, texts in by_activity.items()
    )
    effect = f"that wearing-off goes with {significant(design.ratio)} times the hazard of disease activity"
    aims = (
        f"{share(design.exposed)} have wearing-off and {share(design.dropout)} are lost each year, at "
        f"{share(design.power)} power and a two-sided {share(design.alpha)} level"
    )
    if plan.is_sized:
        headline = (
            f"{design.patients:,} patients followed for {_years(design.years)} where {share(design.activity)} become "
            f"active a year{''.join(f', {one}' for one in others)}; or fewer for longer. About "
            f"{design.events_needed:.0f} of them must become active."
        )
    else:
        headline = (
            f"{design.patients:,} patients followed for {_years(design.years)} have a power of "
            f"{percent(design.closed_form(LOG_RANK))}; about {design.events:.0f} of them will become active."
        )
    paragraph = (
        f"To show {effect}, when {aims}, about {design.events_needed:.0f} patients with activity are needed: "
        f"{sizes}."
    )
    if design.scans:
        paragraph += (
            f" This counts what {design.scans:g} scans a year show, with {share(design.relapse_share)} of first "
            "activity noticed at once."
        )
    first = tables["first_study"].frame.row(0, named=True)
    paragraph += (
        f" For comparison: with {first['with_wearing_off']} and {first['without']} patients, a doubling from "
        f"{first['activity_without_pct']:.3g} % had a chance of {percent(first['fisher_power'])} to be found."
    )
    limits = (
        "Wearing-off is not allotted by chance: such a study shows whether activity goes with it, not whether it comes "
        "from it. What is adjusted for costs patients that are not counted here.",
        "Only first activity is counted. Relapses and lesions counted one by one would tell more, where they are "
        "recorded.",
    )
    return headline, paragraph, limits


def _occupancy(plan: Plan, design: OccupancyDesign) -> tuple[str, str, tuple[str, ...]]:
    odds, ranks = design.needed(ODDS), design.needed(RANK_SUM)
    if plan.is_sized:
        headline = f"{design.patients:,} patients with an occupancy and an answer; nobody has to be followed."
    else:
        headline = f"{design.patients:,} patients have a power of {percent(design.closed_form(ODDS))}."
    sizes = (
        ""
        if odds is None or ranks is None
        else (
            f" {odds:,} patients are needed if the three answers are used in their order (proportional odds), and "
            f"{ranks:,} if those who wear off regularly are compared with the rest (rank-sum test)."
        )
    )
    paragraph = (
        f"Suppose that an occupancy lower by one standard deviation multiplies the odds of more wearing-off by "
        f"{significant(design.ratio)}, that {share(design.sometimes)} wear off sometimes and "
        f"{share(design.regularly)} regularly, and that {share(design.dropout)} have no usable pair of sample and "
        f"answer. At {share(design.power)} power and a two-sided {share(design.alpha)} level,{sizes}"
    )
    limits = (
        "The odds ratio is for one standard deviation of occupancy as it is measured, error of the assay included: a "
        "coarser assay makes the ratio smaller and the study larger.",
        "One sample and one answer a patient, at the same time of the cycle. Repeated pairs would tell more.",
    )
    return headline, paragraph, limits


def _intervals(
    plan: Plan, design: IntervalDesign, tables: Mapping[str, Table]
) -> tuple[str, str, tuple[str, ...]]:
    rows = tables["sizes"].frame.to_dicts()
    texts = [
        f"{row['evaluable']:,} (equal arms {row['evaluable_equal_arms']:,}) at {row['activity_per_year_pct']:.3g} %"
        for row in rows
    ]
    main = next(
        (row for row in rows if abs(row["activity_per_year_pct"] - 100 * design.activity) < 1e-9), None
    )
    if plan.is_sized:
        headline = (
            f"{design.patients:,} patients for {_years(design.years)}, to show that less than "
            f"{100 * design.margin:g} points more become active on the extended interval."
        )
    else:
        headline = (
            f"{design.patients:,} patients for {_years(design.years)} have a power of "
            f"{percent(design.closed_form(MARGIN))} to exclude a difference of {100 * design.margin:g} points."
        )
    rates = design.needed(RATE)
    paragraph = (
        f"To exclude that the extended interval leaves {100 * design.margin:g} points more patients active over "
        f"{_years(design.years)}, at {share(design.power)} power, one-sided {share(design.alpha)}, with "
        f"{share(design.exposed)} on it, the normal form asks for so many patients who can be evaluated, by the "
        f"yearly activity on the standard interval: {sentence_list(texts)}."
    )
    if main is not None and plan.is_sized:
        paragraph += (
            f" Counted out exactly, {main['evaluable']:,} have a power of {percent(main['exact_power'])} at "
            f"{main['activity_per_year_pct']:.3g} %, and {main['evaluable_exact']:,} are needed. With "
            f"{share(design.dropout)} lost a year the former become {main['entering']:,} who have to enter."
        )
    if rates is not None:
        paragraph += (
            f" To see {significant(design.ratio)} times the relapses, from {design.rate:g} a year, takes {rates:,} "
            f"patients over {_years(design.years)}."
        )
    limits = (
        "A margin is a judgement of how much more activity would be accepted, not a figure of statistics. A share with "
        "activity says nothing of how severe it is, and nothing of PML, which such a study cannot see.",
        "If patients or physicians choose the interval, those who differ choose differently: the sizes hold for groups "
        "made by lot.",
    )
    return headline, paragraph, limits


def _simulation(main: Compared) -> str:
    drawn = main.simulated
    found, claimed = (
        ("the margin was kept to", "where the truth was as bad as the margin, this was claimed all the same")
        if main.test == MARGIN
        else ("the effect was found", "where there was none, one was claimed")
    )
    return (
        f"In {drawn.replicates:,} simulated studies of {main.patients:,} patients {found} in {percent(drawn.power)} "
        f"(Monte Carlo error {100 * drawn.error:.1f} points); {claimed} in {percent(main.without.shown)}."
    )


def _assurance(plan: Plan, assured: tuple[Assured, ...]) -> str:
    one = assured[0]
    ratio, activity = one.prior.quantiles()
    uncertain = []
    if ratio is not None:
        what = "the true ratio of activity" if isinstance(plan.design, IntervalDesign) else "the ratio"
        uncertain.append(f"{what} may be anything from {significant(ratio[0])} to {significant(ratio[1])}")
    if activity is not None:
        uncertain.append(f"the yearly activity from {percent_range(*activity)}")
    size = ""
    if one.by_formula < plan.design.power - 0.01:
        wanted = share(plan.design.power)
        size = (
            f"; no number of patients raises it to {wanted}"
            if one.needed is None
            else f"; {one.needed:,} patients would raise it to {wanted}"
        )
    return (
        f"All this supposes that the numbers are known. If {' and '.join(uncertain)} (95 % of what is thought "
        f"possible), the chance of success is {percent(one.by_formula, 0)}{size}."
    )


def _findings(plan: Plan, main: Compared, assured: Assured) -> tuple[Finding, ...]:
    design = plan.design
    length = "" if isinstance(design, OccupancyDesign) else f" for {_years(design.years)}"
    what = {
        "wearing_off_activity": f"hazard ratio {significant(design.ratio)}",
        "occupancy_wearing_off": f"odds ratio {significant(design.ratio)} per SD of occupancy",
        "sid_eid": f"margin {100 * design.margin:g} points" if isinstance(design, IntervalDesign) else "",
    }[plan.name]
    found = [
        Finding(
            "Patients",
            f"{design.patients:,}{length}",
            f"{what}; {main.test}" + ("" if plan.is_sized else "; this number was chosen"),
        )
    ]
    if isinstance(design, ActivityDesign):
        needed = f"{design.events_needed:.0f} are needed for {share(design.power)} power"
        found.append(Finding("With activity", f"{design.events:.0f}", f"expected; {needed}"))
    exact = "" if main.exact is None else f", every outcome counted {percent(main.exact)}"
    found += [
        Finding(
            "Power",
            percent(main.simulated.power),
            f"simulated, {percent_range(main.simulated.interval.low, main.simulated.interval.high)}; "
            f"{main.formula} {percent(main.closed_form)}{exact}",
        ),
        Finding(
            "Chance of success",
            percent(assured.by_formula, 0),
            "the truth being uncertain: see the table of assurance",
        ),
    ]
    return tuple(found)


def disagreements(plan: Plan, compared: tuple[Compared, ...]) -> list[str]:
    """A sentence for each formula that the simulation contradicts, with the likely reason and the size that follows.

    Args:
        plan: the question with its numbers.
        compared: formula and simulation of every analysis.
    """
    sentences = []
    for one in compared:
        if one.agrees is not False or one.closed_form is None:
            continue
        distance = abs(one.simulated.distance(one.closed_form))
        text = (
            f"{one.test}: {one.formula} says {percent(one.closed_form)}, {one.simulated.replicates:,} simulated "
            f"studies say {percent(one.simulated.power)} ({distance:.1f} Monte Carlo errors apart). "
            f"{_REASONS.get(one.test, _FAR)} The simulation, which uses the very estimator, is the one to go by"
        )
        size = one.needed_by_simulation(plan.design.power)
        sentences.append(
            f"{text}."
            if size is None
            else f"{text}: by it about {size[0]:,} patients are needed ({size[1]:,} to {size[2]:,})."
        )
    return sentences


_FAR = (
    "The formula holds for effects near none and for many patients with the event; with a large effect, few events or "
    "groups that differ in size it is off."
)
_REASONS = {
    MARGIN: "The normal form does not know that counts are whole and that Newcombe's interval is wide where few are "
    "active; counting every outcome does.",
    ODDS: "The formula takes the information at no effect; a large odds ratio gives less, and the estimate is skewed.",
}


def share(value: float) -> str:
    """A share that was chosen, as short as it was written: `42.5 %`, `5 %`."""
    return f"{100 * value:.4g} %"


def _years(years: float) -> str:
    return f"{years:g} year" if years == 1 else f"{years:g} years"


def _or(texts: list[str]) -> str:
    """`516 patients followed for 1 year, 297 for 2 years or 225 for 3 years`."""
    short = [texts[0], *(text.replace(" patients followed", "") for text in texts[1:])]
    return short[0] if len(short) == 1 else f"{', '.join(short[:-1])} or {short[-1]}"
