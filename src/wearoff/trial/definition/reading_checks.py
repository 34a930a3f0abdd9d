"""What the second half of a protocol cannot mean: endpoints without their table, windows that end too soon.

An endpoint is computed from recorded tables, so that the schedule has to fill them: a rule with MRI needs a scan where
it closes its window, a worsening needs two visits far enough apart, a diary as many cycles as its rule asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wearoff.cohort.association import FROM_START, REBASELINED
from wearoff.cohort.neda import DEFAULT_RULE, load_rule, relapse_rule_names, rule_names
from wearoff.cohort.wearing_off import CODINGS, diary_rule_names, load_diary_rule
from wearoff.dosing.hand_written import Faults, did_you_mean, shown
from wearoff.trial.definition.look_checks import note_looks
from wearoff.trial.definition.method_checks import Reason, method_faults, uses_all_groups
from wearoff.trial.protocol import Analysis, Endpoint, EndpointKind, Protocol

__all__ = ["RULES", "note_unreadable", "rule_of"]

RULES: dict[EndpointKind, tuple[str, tuple[str, ...]]] = {
    "neda": ("NEDA rule", (DEFAULT_RULE, *rule_names())),
    "first_activity": ("NEDA rule", (DEFAULT_RULE, *rule_names())),
    "first_relapse": ("relapse rule", relapse_rule_names()),
    "relapses": ("relapse rule", relapse_rule_names()),
    "lesions": ("outcome rule", (FROM_START.name, REBASELINED.name)),
    "diary": ("diary rule", diary_rule_names()),
}
"""What scores each kind of endpoint, and the names there are, the usual one first; other kinds need no rule."""

_COLUMN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ -]*")
_TOLERANCE_D = load_rule(DEFAULT_RULE).closes_late_days


def rule_of(endpoint: Endpoint) -> str | None:
    """The name of the rule that scores an endpoint; None where its kind needs none."""
    if endpoint.kind not in RULES:
        return None
    return endpoint.rule or RULES[endpoint.kind][1][0]


def note_unreadable(protocol: Protocol, faults: Faults) -> None:
    """Note every endpoint, analysis and look that the data of the protocol cannot feed."""
    if not protocol.endpoints:
        faults.add("there is no endpoint; add an [[endpoint]] with name and kind.", ("endpoint",), "endpoint")
    if not protocol.analyses:
        faults.add(
            "there is no analysis; add an [[analysis]] with name, method, endpoint and by.",
            ("analysis",),
            "analysis",
        )
    names = [endpoint.name for endpoint in protocol.endpoints]
    for index, endpoint in enumerate(protocol.endpoints):
        found = _name(endpoint.name, "endpoints", names.index(endpoint.name) < index)
        if not _COLUMN.fullmatch(endpoint.name):
            reason = (
                f"{shown(endpoint.name)} names columns of tables; use letters, numbers, blanks, hyphens and "
                "underscores."
            )
            found.append((reason, "name", endpoint.name))
        found += _rule(endpoint)
        if not found and protocol.schedule.followup_weeks >= 1:
            found += _table(endpoint, protocol)
        _add(faults, "endpoint", index, found)
    names = [analysis.name for analysis in protocol.analyses]
    for index, analysis in enumerate(protocol.analyses):
        found = _name(analysis.name, "analyses", names.index(analysis.name) < index)
        _add(faults, "analysis", index, [*found, *_analysis(analysis, protocol)])
    note_looks(protocol, faults)


def _add(faults: Faults, table: str, index: int, found: list[Reason]) -> None:
    for reason, key, value in found:
        if key.startswith("schedule."):
            faults.add(reason, ("schedule", key[9:]), "schedule", key[9:], value)
        else:
            faults.add(reason, (table, index, key), f"{table} {index + 1}", key, value)


def _name(name: str, what: str, is_twice: bool) -> list[Reason]:
    if is_twice:
        return [(f"there are two {what} {shown(name)}; give each a name of its own.", "name", name)]
    if not name.isprintable() or name != name.strip():
        return [("the name has blanks at its ends or signs that do not print.", "name", name)]
    return []


def _rule(endpoint: Endpoint) -> Iterator[Reason]:
    """An unknown rule, or one that the kind has no use for."""
    if endpoint.rule is None:
        return
    if endpoint.kind not in RULES:
        yield f"{endpoint.kind} is read without a rule; leave it out.", "rule", endpoint.rule
        return
    what, names = RULES[endpoint.kind]
    if endpoint.rule not in names:
        known = ", ".join(dict.fromkeys(names))
        hint = did_you_mean(endpoint.rule, names)
        yield f"there is no {what} {shown(endpoint.rule)}.{hint} Known: {known}.", "rule", endpoint.rule


def _table(endpoint: Endpoint, protocol: Protocol) -> Iterator[Reason]:
    """What the schedule does not record of what the endpoint reads."""
    schedule = protocol.schedule
    until = endpoint.until_weeks or schedule.followup_weeks
    if until > schedule.followup_weeks:
        yield (
            f"its window ends after the follow-up of {schedule.followup_weeks} weeks (followup_weeks in [schedule]); "
            "end it with that or before.",
            "until_weeks",
            until,
        )
        return
    if endpoint.kind in ("neda", "first_activity"):
        yield from _neda(endpoint, protocol, until)
    elif endpoint.kind == "lesions":
        yield from _lesions(endpoint, protocol, until)
    elif endpoint.kind == "diary":
        yield from _diary(endpoint, protocol, until)
    elif endpoint.kind == "answer" and 7 * schedule.question_every_weeks > 7 * until + _TOLERANCE_D:
        yield (
            f"the question is asked at entry and then after {schedule.question_every_weeks} weeks, and the window ends "
            f"after {until}: no answer falls in it. Ask more often (question_every_weeks in [schedule]).",
            "kind",
            endpoint.kind,
        )
    elif endpoint.kind in ("level", "occupancy"):
        key = f"{endpoint.kind}_every_weeks"
        if getattr(schedule, key) is None:
            yield (
                f"no {endpoint.kind} is measured ({key} in [schedule]); say how often, or leave the endpoint out.",
                "kind",
                endpoint.kind,
            )


def _neda(endpoint: Endpoint, protocol: Protocol, until: int) -> Iterator[Reason]:
    schedule, rule = protocol.schedule, load_rule(rule_of(endpoint) or DEFAULT_RULE)
    end, kind = 7 * until, endpoint.kind
    if "brain_volume" in rule.components:
        yield (
            f"rule {rule.name} needs brain volume, which virtual scans do not have; take a rule without it.",
            "rule",
            rule.name,
        )
    if max(rule.rebaseline_day, rule.mri_start_day) >= end:
        yield (
            f"rule {rule.name} counts from day {max(rule.rebaseline_day, rule.mri_start_day)} on, and the window ends "
            f"on day {end}.",
            "until_weeks",
            endpoint.until_weeks,
        )
        return
    first, last = end - rule.closes_early_days, end + rule.closes_late_days
    between = f"between day {max(first, 0)} and {last}"
    looks = [("visit", "visit_every_weeks", "worsening"), ("scan", "mri_every_weeks", "mri")]
    for what, key, component in looks:
        if component not in rule.components:
            continue
        planned = _planned(getattr(schedule, key), schedule.followup_weeks)
        start = rule.mri_start_day if component == "mri" else rule.rebaseline_day
        if kind == "neda" and not any(first <= day <= last for day in planned):
            yield (
                f"rule {rule.name} closes its window by a {what} {between}, and none is planned then ({key} in "
                "[schedule]): nobody could be said to be without activity. Plan one, or move the end of the window.",
                "until_weeks",
                endpoint.until_weeks,
            )
        elif kind == "first_activity" and not any(day <= last for day in planned):
            yield (
                f"rule {rule.name} needs {what}s, and none is planned after entry ({key} in [schedule]).",
                "kind",
                kind,
            )
        opens = range(start - rule.closes_early_days, start + rule.closes_late_days + 1)
        if start and component == "mri" and not any(day in opens for day in planned):
            yield (
                f"rule {rule.name} counts lesions against a scan near day {start}, and none is planned from day "
                f"{opens[0]} to {opens[-1]} (mri_every_weeks in [schedule]).",
                "rule",
                rule.name,
            )
    if "worsening" in rule.components:
        visits = _planned(schedule.visit_every_weeks, schedule.followup_weeks)
        shortest = rule.worsening.confirmation_days[0] - rule.worsening.confirmation_early_days
        if not visits or visits[-1] - visits[0] < shortest:
            weeks = rule.worsening.confirmation_weeks[0]
            yield (
                f"rule {rule.name} confirms a worsening over {weeks} weeks, and no two visits after entry lie that far "
                "apart (visit_every_weeks and followup_weeks in [schedule]): none could ever be confirmed.",
                "rule",
                rule.name,
            )


def _lesions(endpoint: Endpoint, protocol: Protocol, until: int) -> Iterator[Reason]:
    schedule = protocol.schedule
    rule = REBASELINED if rule_of(endpoint) == REBASELINED.name else FROM_START
    scans = [0, *_planned(schedule.mri_every_weeks, schedule.followup_weeks)]
    inside = [day for day in scans if day <= 7 * until + _TOLERANCE_D]
    baselines = range(rule.mri_from_d - rule.baseline_early_d, rule.mri_from_d + rule.baseline_late_d + 1)
    is_baseline = [day for day in inside if day in baselines]
    if not is_baseline or inside[-1] <= is_baseline[0]:
        yield (
            f"rule {rule.name} counts lesions between a scan from day {max(baselines[0], 0)} to {baselines[-1]} and a "
            f"later one in the window, and there are no two such (mri_every_weeks in [schedule]).",
            "rule",
            rule.name,
        )


def _diary(endpoint: Endpoint, protocol: Protocol, until: int) -> Iterator[Reason]:
    schedule, rule = protocol.schedule, load_diary_rule(rule_of(endpoint) or RULES["diary"][1][0])
    if not schedule.diary_weeks:
        yield (
            "nobody keeps a diary (diary_weeks in [schedule]); say for how many weeks, or leave the endpoint out.",
            "kind",
            endpoint.kind,
        )
        return
    weeks = min(schedule.diary_weeks, until)
    for arm in protocol.arms:
        shortest, longest = rule.cycle_d
        if not shortest <= round(7 * arm.weeks) <= longest and arm.policy == "fixed":
            yield (
                f"rule {rule.name} reads cycles of {shortest} to {longest} days, and those of arm {shown(arm.name)} "
                f"have {7 * arm.weeks:g}.",
                "rule",
                rule.name,
            )
        elif weeks < rule.fewest_cycles * arm.weeks:
            yield (
                f"rule {rule.name} needs {rule.fewest_cycles} cycles, which are {rule.fewest_cycles * arm.weeks:g} "
                f"weeks in arm {shown(arm.name)}, and the diary has {weeks} (diary_weeks in [schedule]).",
                "rule",
                rule.name,
            )


def _analysis(analysis: Analysis, protocol: Protocol) -> Iterator[Reason]:
    endpoints = [endpoint.name for endpoint in protocol.endpoints]
    if analysis.endpoint not in endpoints:
        hint = did_you_mean(analysis.endpoint, endpoints)
        known = ", ".join(endpoints) or "none"
        yield (
            f"there is no endpoint {shown(analysis.endpoint)}.{hint} Those of this protocol: {known}.",
            "endpoint",
            analysis.endpoint,
        )
    if analysis.by == "arm":
        yield from _by_arm(analysis, protocol)
    else:
        yield from _by_answer(analysis, protocol)
    yield from method_faults(analysis, protocol)


def _by_arm(analysis: Analysis, protocol: Protocol) -> Iterator[Reason]:
    names = [arm.name for arm in protocol.arms]
    default = type(analysis).model_fields["coding"].default
    if analysis.coding != default:
        yield "a coding makes groups of answers, and here the arm makes them; leave it out.", "coding", None
    if len(names) < 2:
        yield (
            'the study has one arm, and arms are to be compared; add an [[arm]], or write by = "wearing_off".',
            "by",
            analysis.by,
        )
        return
    for key in ("compared", "reference"):
        name = getattr(analysis, key)
        if name is not None and name not in names:
            hint = did_you_mean(name, names)
            yield (
                f"there is no arm {shown(name)}.{hint} Those of this protocol: {', '.join(names)}.",
                key,
                name,
            )
    yield from _own_troughs(analysis, protocol)
    compared, reference = analysis.compared or names[1], analysis.reference or names[0]
    if compared == reference:
        yield (
            f"arm {shown(compared)} is compared with itself; name another one (by default the second arm is compared "
            "with the first).",
            "compared" if analysis.compared else "reference",
            compared,
        )


def _own_troughs(analysis: Analysis, protocol: Protocol) -> Iterator[Reason]:
    """Levels of arms of which none is measured after entry: the first is of the interval before."""
    found = [endpoint for endpoint in protocol.endpoints if endpoint.name == analysis.endpoint]
    for endpoint in found:
        if endpoint.kind not in ("level", "occupancy"):
            continue
        every = getattr(protocol.schedule, f"{endpoint.kind}_every_weeks")
        until = endpoint.until_weeks or protocol.schedule.followup_weeks
        if every is not None and every > until:
            yield (
                f"{endpoint.kind} is measured at entry and then after {every} weeks, and the window ends after "
                f"{until}: no trough of an interval that an arm decided. Measure more often "
                f"({endpoint.kind}_every_weeks in [schedule]).",
                "endpoint",
                analysis.endpoint,
            )


def _by_answer(analysis: Analysis, protocol: Protocol) -> Iterator[Reason]:
    for key in ("compared", "reference"):
        if getattr(analysis, key) is not None:
            yield (
                'the answers make the groups, so that no arm is compared; leave it out, or write by = "arm".',
                key,
                getattr(analysis, key),
            )
    if analysis.coding not in CODINGS:
        hint = did_you_mean(analysis.coding, CODINGS)
        yield (
            f"there is no coding {shown(analysis.coding)}.{hint} Known: {', '.join(CODINGS)}.",
            "coding",
            analysis.coding,
        )
        return
    if uses_all_groups(analysis):
        return
    world = protocol.world
    shares = {"regularly": world.regularly, "sometimes": world.sometimes}
    exposed = sum(shares[answer] for answer in CODINGS[analysis.coding].exposed)
    if not 0.0 < exposed < 1.0 and not protocol.recording.other_answer:
        yield (
            f"under coding {analysis.coding} {100 * exposed:g} % of the patients have wearing-off (regularly and "
            "sometimes in [world]), so that there is one group only.",
            "coding",
            analysis.coding,
        )


def _planned(every_weeks: int, followup_weeks: int) -> list[int]:
    """The days on which something is planned after entry."""
    return [7 * week for week in range(every_weeks, followup_weeks + 1, every_weeks)]
