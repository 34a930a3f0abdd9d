"""The analysis plan of a protocol as text, made from its values and from the named rules.

Nobody writes a plan beside the protocol: every sentence here comes from a value of the protocol, or from the rule,
policy or method that it names, so that what is printed is what is computed. `world_plan.py` says what is true of the
virtual patients.
"""

from __future__ import annotations

from collections.abc import Iterator

from wearoff.cohort.association import FROM_START, REBASELINED
from wearoff.cohort.neda import load_relapse_rule, load_rule
from wearoff.cohort.results import Section
from wearoff.cohort.wearing_off import CODINGS, load_diary_rule
from wearoff.cohort.wording import count, sentence_list
from wearoff.dosing.figures import Figure
from wearoff.dosing.policies import policy_card
from wearoff.trial.definition.method_checks import uses_all_groups
from wearoff.trial.definition.reading_checks import rule_of
from wearoff.trial.definition.world_plan import amount, share_words, world_paragraphs
from wearoff.trial.protocol import Analysis, Arm, Endpoint, Protocol
from wearoff.trial.reading.looks import SPENDING, planned_looks
from wearoff.trial.reading.methods import load_method

__all__ = ["analysis_plan"]

_LOST = {
    "dropout_per_year": "of the patients are lost in a year (at the rate -ln(1 - share))",
    "missed_visit": "of the visits after entry do not take place",
    "unscanned": "of the scans after entry do not take place",
    "no_gadolinium": "of the scans are made without contrast",
    "no_edss": "of the visits are without an EDSS",
    "unreported_relapse": "of the relapses are not reported",
    "other_answer": "of the answers are one step off",
    "no_sample": "of the planned samples are not taken",
    "missing_diary": "of the weeks have no entry in the diary",
    "diary_fatigue_per_week": "of those who still write in the diary stop in a week",
    "missing_weight": "of the infusions are without a weight",
}
_WHEN = {
    "always": "at every decision",
    "wearing_off": "after wearing-off was reported",
    "active": "after a relapse or a scan with activity",
}
_KINDS = {
    "neda": "whether the patient is active, without evidence of activity, or not evaluable in the window",
    "first_activity": "the time to the first activity, and the days between which it lies",
    "first_relapse": "the time to the first relapse",
    "relapses": "the number of relapses over the time observed",
    "lesions": "the number of new lesions over the time between scans",
    "answer": "the last answer to the wearing-off question after entry",
    "occupancy": "measured receptor occupancy at the end of intervals",
    "level": "the measured level at the end of intervals",
    "diary": "wearing-off as the diary shows it",
}


def analysis_plan(
    protocol: Protocol, *, seed: int | None = None, replicates: int | None = None
) -> tuple[Section, ...]:
    """The plan in sections, in the order of a protocol's own headings.

    Args:
        protocol: the study, free of contradictions (`protocol_checks.py`).
        seed: the seed of every draw, where one is chosen.
        replicates: how many virtual studies are made, where that is chosen.

    Returns:
        Sections of paragraphs, without tables.

    Example:
        >>> from wearoff.trial.definition.protocol_file import load_protocol
        >>> analysis_plan(load_protocol("bergen-2020"))[0].title
        'Design'
    """
    sections = [
        ("Design", _design(protocol)),
        ("Intervals and who decides on them", _policies(protocol)),
        ("Schedule and what is lost", _schedule(protocol)),
        ("Endpoints", _endpoints(protocol)),
        ("Analyses", _analyses(protocol)),
        ("Interim looks", _looks(protocol)),
        ("What is true of the virtual patients", world_paragraphs(protocol)),
        ("Simulation", _simulation(protocol, seed, replicates)),
    ]
    return tuple(Section(title, tuple(paragraphs)) for title, paragraphs in sections)


def _design(protocol: Protocol) -> Iterator[str]:
    patients, assignment = protocol.patients, protocol.assignment
    yield f"{protocol.title}. {protocol.question}"
    who = {
        "stable": "Patients have had a year of 4-weekly dosing without lesion or relapse",
        "starter": "Patients begin the drug at entry",
    }[patients.population]
    drawn = (
        "they are rows of a recorded cohort, drawn with replacement"
        if patients.source == "cohort"
        else "they are drawn from stated distributions"
    )
    arms = sentence_list([f"{arm.name} ({count(arm.size, 'patient')})" for arm in protocol.arms])
    yield f"{who}; {drawn}. {count(len(protocol.arms), 'arm')}: {arms}."
    if assignment.kind == "observed":
        driven = sentence_list([f"{name} {value:+g}" for name, value in assignment.log_odds.items()])
        unmeasured: list[str] = [name for name in ("frailty", "wearing_off") if name in assignment.log_odds]
        yield (
            "Nobody is randomised: the log odds of each arm against the one before it change with each standard "
            f"deviation of {driven}; sizes of arms are expected numbers."
        )
        if unmeasured:
            yield (
                f"What no analysis can use as a covariate drives the choice too ({sentence_list(unmeasured)}), so that "
                "no weighting can correct for it."
            )
    elif len(protocol.arms) > 1:
        yield "Patients are randomised to arms of exactly these sizes."
    schedule = protocol.schedule
    entry = (
        f"Patients enter evenly over {count(schedule.accrual_weeks, 'week')}"
        if schedule.accrual_weeks
        else "All patients enter together"
    )
    yield (
        f"{entry} and are followed for {count(schedule.followup_weeks, 'week')}. "
        f"Infusions of {count(schedule.before_weeks, 'week')} before entry are in the records."
    )
    yield from protocol.notes


def _policies(protocol: Protocol) -> Iterator[str]:
    for arm in protocol.arms:
        yield " ".join(_arm(arm))
    for name in dict.fromkeys(arm.policy for arm in protocol.arms):
        card = policy_card(name)
        settings = "; ".join(_figure(key, figure) for key, figure in card.settings.items())
        numbers = f" Its numbers: {settings}." if settings else ""
        yield (
            f"Policy {name}: {card.title}. {card.rule} {' '.join(card.notes)} "
            f"Reference: {card.reference.citation}.{numbers}"
        ).replace("  ", " ")
    attendance, capacity = protocol.attendance, protocol.capacity
    kept = [
        *(
            [f"an infusion is {amount(attendance.late_d, 'day')} late on average"]
            if attendance.late_d
            else []
        ),
        *([f"{share_words(attendance.skipped)} of the infusions are left out"] if attendance.skipped else []),
    ]
    yield (
        f"Of the plan is kept what attendance leaves: {sentence_list(kept)}."
        if kept
        else "Infusions are given on the day planned."
    )
    if capacity is not None:
        yield (
            f"The infusion unit of a study gives {capacity.infusions_per_week} infusions a week; more are put off to "
            "the next week with room."
        )


def _arm(arm: Arm) -> Iterator[str]:
    begin = "" if arm.policy == "fixed" else "beginning "
    yield f"Arm {arm.name}: policy {arm.policy}, {begin}every {arm.weeks:g} weeks."
    if arm.aim_mg_per_l is not None:
        every = "every infusion" if arm.decide_every_infusions == 1 else f"every {_nth(arm)} infusion"
        yield f"It keeps a trough of {arm.aim_mg_per_l:g} mg/L; a trough is measured and decided on at {every}."
    if arm.override is not None:
        yield (
            f"The clinician goes back to {arm.override.weeks:g} weeks {_WHEN[arm.override.when]}, in "
            f"{share_words(arm.override.share)} of cases."
        )
    if arm.activity_ratio != 1.0:
        yield f"Activity comes {arm.activity_ratio:g} times as often."


def _nth(arm: Arm) -> str:
    number = arm.decide_every_infusions
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _schedule(protocol: Protocol) -> Iterator[str]:
    schedule, recording = protocol.schedule, protocol.recording
    contrast = "with" if schedule.is_with_gadolinium else "without"
    yield (
        f"Visits with EDSS are at entry and every {schedule.visit_every_weeks} weeks, at most "
        f"{schedule.visit_window_d} days early or late; scans {contrast} contrast at entry and every "
        f"{schedule.mri_every_weeks} weeks, at most {schedule.mri_window_d} days early or late. The wearing-off "
        f"question is asked at entry and every {schedule.question_every_weeks} weeks."
    )
    sampled = [
        f"{what} before the first infusion at or after entry and every {weeks} weeks"
        for what, weeks in (
            ("the level", schedule.level_every_weeks),
            ("receptor occupancy", schedule.occupancy_every_weeks),
        )
        if weeks is not None
    ]
    yield (
        f"Measured are {sentence_list(sampled)}."
        if sampled
        else "Neither level nor receptor occupancy is measured."
    )
    if schedule.diary_weeks:
        yield (
            f"A diary is kept for {count(schedule.diary_weeks, 'week')} from entry on. Severity rises by "
            f"{amount(recording.diary_rise, 'point')} over the interval in those with regular wearing-off and by half "
            f"of that in those with some, with a spread of {amount(recording.diary_sd, 'point')} from week to week."
        )
    lost = [
        f"{share_words(getattr(recording, key))} {words}"
        for key, words in _LOST.items()
        if getattr(recording, key)
    ]
    yield f"Of what was planned: {'; '.join(lost)}." if lost else "Nothing of what was planned is lost."
    error = (
        "the proportional error of the concentration model"
        if recording.level_cv is None
        else f"a proportional error of {share_words(recording.level_cv)}"
    )
    yield (
        f"An examiner's EDSS spreads by {amount(recording.edss_sd, 'point')} around the true one before it is rounded "
        f"to half a step. A level is measured with {error} and is not quantified below "
        f"{recording.level_lloq_mg_per_l:g} mg/L, receptor occupancy with a spread of "
        f"{amount(100 * recording.occupancy_sd, 'point')}."
    )


def _endpoints(protocol: Protocol) -> Iterator[str]:
    yield (
        "Every endpoint is computed from the recorded tables by the code that scores a real cohort; what is true of a "
        "virtual patient is never seen by it."
    )
    rules: dict[str, str] = {}
    for endpoint in protocol.endpoints:
        weeks = endpoint.until_weeks or protocol.schedule.followup_weeks
        name = rule_of(endpoint)
        by = f", by rule {name}" if name else ""
        yield f"Endpoint {endpoint.name}: {_KINDS[endpoint.kind]}, from entry to week {weeks}{by}."
        if name:
            rules[name] = _described(endpoint, name)
    yield from rules.values()


def _described(endpoint: Endpoint, name: str) -> str:
    """The rule of an endpoint in its own words."""
    if endpoint.kind in ("neda", "first_activity"):
        return load_rule(name).describe()
    if endpoint.kind == "lesions":
        return (REBASELINED if name == REBASELINED.name else FROM_START).describe()
    if endpoint.kind == "diary":
        return load_diary_rule(name).describe()
    rule = load_relapse_rule(name)
    return f"Rule {rule.name}: {rule.description} ({rule.source})."


def _analyses(protocol: Protocol) -> Iterator[str]:
    methods = {analysis.method: load_method(analysis.method) for analysis in protocol.analyses}
    for analysis in protocol.analyses:
        what = "Primary analysis" if analysis.is_primary else "Analysis"
        yield " ".join(
            [
                f"{what} {analysis.name}: method {analysis.method}, of the endpoint {analysis.endpoint}, "
                f"{_groups(analysis, protocol)}.",
                *_level(analysis),
            ]
        )
    for method in methods.values():
        yield f"Method {method.name} ({method.title}): {method.describe()}"
    tests = sum(methods[analysis.method].measure != "share" for analysis in protocol.analyses)
    primary = [analysis.name for analysis in protocol.analyses if analysis.is_primary]
    if len(primary) == 1 and tests > 1:
        yield (
            f"The study stands or falls by {primary[0]}; the levels of the other analyses are not adjusted for their "
            "number."
        )
    elif tests > 1:
        yield f"{count(tests, 'test')} are made, and their levels are not adjusted for their number."


def _groups(analysis: Analysis, protocol: Protocol) -> str:
    """What is compared with what."""
    if uses_all_groups(analysis):
        return (
            "over all arms"
            if analysis.by == "arm"
            else "over the answers never, sometimes and regularly at entry"
        )
    if analysis.by == "arm":
        names = [arm.name for arm in protocol.arms]
        compared, reference = analysis.compared or names[1], analysis.reference or names[0]
        return f"arm {compared} against arm {reference}"
    coding = CODINGS[analysis.coding]
    return (
        f"{coding.exposed_label} against {coding.other_label} by the answer at entry (coding {coding.name}); who gave "
        "no answer is in neither group"
    )


def _level(analysis: Analysis) -> Iterator[str]:
    """At what level, against what margin, and what is known to be true."""
    method = load_method(analysis.method)
    if method.needs_margin and analysis.margin is not None:
        yield (
            f"The margin is {amount(100 * analysis.margin, 'point')}, the one-sided level {100 * analysis.alpha:g} %, "
            f"the interval one of {100 * (1 - 2 * analysis.alpha):g} %."
        )
    elif method.measure == "share":
        yield f"The interval is one of {100 * (1 - analysis.alpha):g} %."
    elif method.measure == "none":
        yield f"The two-sided level is {100 * analysis.alpha:g} %."
    else:
        yield (
            f"The two-sided level is {100 * analysis.alpha:g} %, the interval one of {100 * (1 - analysis.alpha):g} %."
        )
    if analysis.true_value is not None:
        yield f"The true {method.measure} is {analysis.true_value:g}, against which bias and coverage are told."


def _looks(protocol: Protocol) -> Iterator[str]:
    looks, schedule = protocol.looks, protocol.schedule
    end = schedule.accrual_weeks + schedule.followup_weeks
    if looks is None:
        yield f"There is one look, at the end, {end} weeks after the first patient entered."
        return
    weeks = sentence_list([f"{week:g}" for week in looks.weeks])
    yield (
        f"The primary analysis is looked at {_times(len(looks.weeks))} before the end: {weeks} weeks after the "
        f"first patient entered, and at the end, after {end} weeks. At a look the records are those of that day, "
        f"scored again by the same code. The level is spent by {SPENDING[looks.spending]}."
    )
    edges = [
        f"{'the end' if look.week is None else f'week {look.week:g}'} at {100 * look.boundary.fraction:.3g} % of the "
        f"planned information, |z| from {look.boundary.z:.3f} on (nominal level {100 * look.alpha:.3g} %)"
        for look in planned_looks(protocol)
    ]
    yield f"Boundaries: {'; '.join(edges)}."


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _simulation(protocol: Protocol, seed: int | None, replicates: int | None) -> Iterator[str]:
    many = "Virtual studies" if replicates is None else count(replicates, "virtual study", "virtual studies")
    stated = "a seed that is kept with the results" if seed is None else f"seed {seed}"
    yield (
        f"{many} of {count(protocol.size, 'patient')} are made. Every random number belongs to {stated}, a patient "
        "and a purpose, so that a study is the same alone and among others, on one machine and on many. A share of "
        "studies is given with its Monte Carlo error, sqrt(p (1 - p) / n), and its exact interval."
    )


def _figure(name: str, figure: Figure) -> str:
    word = {"week": "week", "d": "day"}.get(figure.unit)
    many = "" if figure.value == 1 else "s"
    unit = "" if figure.unit == "1" else f" {figure.unit if word is None else word + many}"
    return f"{name} {figure.value:g}{unit} ({figure.mark}, {figure.source.text})"
