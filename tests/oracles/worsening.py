"""Confirmed change of the EDSS a second time: slow, obvious, one patient, from every triple of visits.

A triple is (baseline, onset, confirming visit). All of them are tried against the wording of the rule, and the
earliest onset with the earliest confirmation wins. Nothing here is shared with the engine but the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from wearoff.cohort.neda import RelapseRule, WorseningRule

EPSILON = 1e-9


@dataclass(frozen=True)
class Found:
    """One change that the oracle found."""

    onset_day: int
    direction: int
    status: str
    baseline_day: int
    baseline_edss: float
    confirmed_days: tuple[int | None, ...]
    previous_day: int | None
    label: str | None = None
    confirming: tuple[int, ...] = field(default=(), compare=False)
    """Every visit that confirms it in any period."""


@dataclass(frozen=True)
class Report:
    """One reported relapse; answers are Y, N, U or None."""

    day: int
    fever: str | None
    sign: str | None
    hours: float | None


def standing(report: Report, rule: RelapseRule) -> str:
    if report.hours is not None and report.hours < rule.min_hours:
        return "none"
    if rule.fever == "excludes" and report.fever == "Y":
        return "none"
    if rule.objective_sign != "ignored" and report.sign == "N":
        return "none"
    if rule.fever == "excludes" and report.fever == "U":
        return "possible"
    if rule.objective_sign != "ignored" and report.sign == "U":
        return "possible"
    if rule.objective_sign == "required" and report.sign is None:
        return "possible"
    return "relapse"


def relapses(reports: Sequence[Report], rule: RelapseRule) -> list[tuple[int, bool]]:
    """Onset and certainty of each relapse: groups whose neighbours are less than `merge_days` apart."""
    counted = sorted((r.day, standing(r, rule)) for r in reports if standing(r, rule) != "none")
    groups: list[list[tuple[int, str]]] = []
    for entry in counted:
        near = groups and any(entry[0] - day < rule.merge_days for day, _ in groups[-1])
        if near:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    found = []
    for group in groups:
        certain = [day for day, status in group if status == "relapse"]
        found.append((min(certain), True) if certain else (group[0][0], False))
    return found


def events(
    days: Sequence[int],
    edss: Sequence[float],
    is_scheduled: Sequence[bool],
    reports: Sequence[Report] | None,
    rule: WorseningRule,
) -> list[Found]:
    """The changes that the rule counts, with labels, from the first usable visit on."""
    known = relapses(reports or [], rule.relapses)
    by_report = rule.relapses.guarded_by == "report"
    guards = [r.day for r in reports or []] if by_report else [day for day, _ in known]
    found = changes(days, edss, is_scheduled, guards, rule)
    labelled = [
        Found(**{**vars(f), "label": label(f, None if reports is None else known, rule)}) for f in found
    ]
    wanted = []
    for f in labelled:
        is_open = f.status == "unconfirmed" or f.label == "unknown"
        is_asked = not is_open and rule.counted_label in ("any", f.label)
        if is_open or is_asked:
            wanted.append(f)
        if is_asked and rule.occurrence == "first":
            break
    return wanted


def label(found: Found, known: list[tuple[int, bool]] | None, rule: WorseningRule) -> str | None:
    if found.direction < 0 or found.status == "unconfirmed":
        return None
    certain = one_label(found, [day for day, is_certain in known or [] if is_certain], rule)
    every = one_label(found, [day for day, _ in known or []], rule)
    if known is None or certain != every:
        return "unknown"
    return certain


def one_label(found: Found, onsets: list[int], rule: WorseningRule) -> str:
    """PIRA if the windows are free of relapses with any of the confirming visits."""
    labels = [label_with(found, day, onsets, rule) for day in found.confirming or (found.onset_day,)]
    return "PIRA" if "PIRA" in labels else labels[0]


def label_with(found: Found, confirmed: int, onsets: list[int], rule: WorseningRule) -> str:
    def relapse(first: int, last: int) -> bool:
        return any(first <= day <= last for day in onsets)

    onset, pira = found.onset_day, rule.label
    if relapse(onset - rule.raw_before_days, onset + rule.raw_after_days):
        return "RAW"
    if pira.before_event == "reference":
        first = found.baseline_day
    elif pira.before_event == "previous_visit":
        assert found.previous_day is not None
        first = found.previous_day
    else:
        first = onset - pira.before_event
    if relapse(first, confirmed if pira.after_event == "confirmation" else onset + pira.after_event):
        return "undefined"
    has_window = pira.before_confirmation is not None or pira.after_confirmation is not None
    before, after = pira.before_confirmation or 0, pira.after_confirmation or 0
    if has_window and relapse(confirmed - before, confirmed + after):
        return "undefined"
    return "PIRA"


def changes(
    days: Sequence[int],
    edss: Sequence[float],
    is_scheduled: Sequence[bool],
    guards: Sequence[int],
    rule: WorseningRule,
) -> list[Found]:
    """Every change in the directions that the rule counts, confirmed, unconfirmed or imputed."""
    visits = range(len(days))
    moves = {"fixed": (), "roving": (1, -1), "roving_improvement": (-1,), "roving_worsening": (1,)}[
        rule.baseline
    ]
    counted = {"worsening": (1,), "improvement": (-1,), "both": (1, -1)}[rule.counts]
    small = {"none": (), "improvement": (-1,), "worsening": (1,), "both": (1, -1)}[rule.sub_threshold]
    periods = [7 * weeks for weeks in rule.confirmation_weeks]

    def clear(visit: int, guard: tuple[int, int]) -> bool:
        return not any(
            0 <= days[visit] - day < guard[0] or 0 < day - days[visit] < guard[1] for day in guards
        )

    def step(level: float) -> float:
        if level == 0:
            return rule.step.from_zero
        return rule.step.low if level <= rule.step.low_up_to else rule.step.high

    def fitting(onset: int, period: int, holds: Callable[[int], bool]) -> list[int]:
        """The visits that confirm in a period, by trying every later visit."""
        return [
            visit
            for visit in visits
            if visit > onset
            and period - rule.confirmation_early_days
            <= days[visit] - days[onset]
            <= period + rule.confirmation_late_days
            and clear(visit, rule.relapse_to_confirmation_days)
            and (is_scheduled[visit] or not rule.scheduled_only)
            and holds(visit)
            and (not rule.must_hold_between or all(holds(v) for v in range(onset, visit)))
        ]

    def confirming(onset: int, holds: Callable[[int], bool]) -> list[int | None]:
        """The first confirming visit of each period."""
        return [next(iter(fitting(onset, period, holds)), None) for period in periods]

    def every_confirming(onset: int, holds: Callable[[int], bool]) -> list[int]:
        """The visits that confirm in any period."""
        return sorted({visit for period in periods for visit in fitting(onset, period, holds)})

    def stands(onset: int, within: float, holds: Callable[[int], bool]) -> bool:
        asked = [v for v in visits if v > onset and days[v] - days[onset] <= within]
        if rule.must_hold_between:
            return all(holds(v) for v in asked)
        return not asked or holds(asked[-1])

    def judge(onset: int, holds: Callable[[int], bool]) -> tuple[str, list[int | None]]:
        found = confirming(onset, holds)
        none: list[int | None] = [None] * len(periods)
        if any(c is not None for c in found):
            if not rule.sustained_days or stands(onset, rule.sustained_days, holds):
                return "confirmed", found
            found = none
        longest = max(periods[-1] + rule.confirmation_late_days, rule.sustained_days)
        return ("unconfirmed" if stands(onset, longest, holds) else "refuted"), none

    listed: list[Found] = []
    running: dict[int, int | None] = {1: None, -1: None}  # position in `listed` and visit of an open change
    running_visit: dict[int, int] = {}
    settled: dict[int, int | None] = {
        1: None,
        -1: None,
    }  # where a change that left the baseline was confirmed
    at = 0
    baseline: tuple[float, int] | None = None  # level and day
    while True:
        if baseline is None:
            usable = [v for v in visits if v >= at and clear(v, rule.relapse_to_baseline_days)]
            if not usable:
                break
            baseline, at = (edss[usable[0]], days[usable[0]]), usable[0] + 1
            running, settled = {1: None, -1: None}, {1: None, -1: None}
        level, level_day = baseline

        def full(direction: int, level: float = level) -> Callable[[int], bool]:
            return lambda k: direction * (edss[k] - level) >= step(level) - EPSILON

        def less(direction: int, level: float = level) -> Callable[[int], bool]:
            return lambda k: EPSILON < direction * (edss[k] - level) < step(level) - EPSILON

        tests = [(full(d), d, True) for d in (1, -1) if d in counted or d in moves]
        tests += [(less(d), d, False) for d in moves if d in small]
        # where a relapse ends this baseline, and which visit the next one is, once there is one
        reset, reset_to, crossing = len(days), 0, len(days)
        if rule.rebaseline_after_relapse:
            for v in visits:
                since = [day for day in guards if level_day < day <= days[v]]
                if v < at or not since:
                    continue
                crossing = min(crossing, v)
                usable = [
                    u
                    for u in visits
                    if u <= v and days[u] >= max(since) and clear(u, rule.relapse_to_baseline_days)
                ]
                if usable:
                    reset, reset_to = v, usable[0]
                    break
        # every triple from this baseline: the onset, what confirms it, and what kind of change it is
        triples = []
        for onset in visits:
            if onset < at or onset >= crossing or not clear(onset, rule.relapse_to_event_days):
                continue
            for holds, direction, is_full in tests:
                goes_on = settled[direction] is not None and all(
                    holds(v) for v in range(settled[direction] or 0, onset + 1)
                )
                if holds(onset) and not (is_full and goes_on):
                    status, found = judge(onset, holds)
                    triples.append((onset, status, found, holds, direction, is_full))
        decisive = min((t[0] for t in triples if t[1] == "confirmed"), default=len(days))
        for onset, status, _, holds, direction, is_full in triples:
            if not is_full or status != "unconfirmed" or onset >= min(decisive, reset):
                continue
            place = running[direction]
            is_same = False
            if place is not None:
                since = running_visit[direction]
                longest = max(periods[-1] + rule.confirmation_late_days, rule.sustained_days)
                is_same = (
                    all(holds(v) for v in range(since, onset + 1))
                    if rule.must_hold_between
                    else days[onset] - days[since] <= longest
                )
            entry = describe(days, level, level_day, onset, direction, "unconfirmed", [None] * len(periods))
            if rule.impute_last_visit and onset == len(days) - 1:
                entry = describe(days, level, level_day, onset, direction, "imputed", [None] * len(periods))
                if is_same and place is not None:
                    del listed[place]
                listed.append(entry)
            elif not is_same:
                listed.append(entry)
                running[direction], running_visit[direction] = len(listed) - 1, onset
        if reset < len(days) and reset <= decisive:
            baseline, at = (edss[reset_to], days[reset_to]), reset + (reset_to == reset)
            running, settled = {1: None, -1: None}, {1: None, -1: None}
            continue
        if decisive == len(days):
            break
        onset, _, found, holds, direction, is_full = next(
            t for t in triples if t[0] == decisive and t[1] == "confirmed"
        )
        first = min(c for c in found if c is not None)
        at = first + 1
        if is_full:
            shown = [None if c is None else days[c] for c in found]
            entry = describe(days, level, level_day, onset, direction, "confirmed", shown)
            listed.append(replace(entry, confirming=tuple(days[v] for v in every_confirming(onset, holds))))
            running[direction], settled[direction] = None, first
        if direction in moves:
            between = [v for v in range(onset, first + 1) if holds(v)]
            visit = {
                "onset": onset,
                "confirmation": first,
                "lowest_between": min(between, key=lambda v: direction * edss[v]),
            }[rule.reference]
            baseline = (edss[visit], days[visit])
            running, settled = {1: None, -1: None}, {1: None, -1: None}
            if rule.reference != "lowest_between" and not clear(visit, rule.relapse_to_baseline_days):
                baseline = None
    found_ = [f for f in listed if f.direction in counted]
    return sorted(found_, key=lambda f: (f.onset_day, f.direction))


def describe(
    days: Sequence[int],
    level: float,
    level_day: int,
    onset: int,
    direction: int,
    status: str,
    confirmed: Sequence[int | None],
) -> Found:
    previous = days[onset - 1] if onset else None
    return Found(days[onset], direction, status, level_day, level, tuple(confirmed), previous)
