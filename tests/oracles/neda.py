"""The components of NEDA a second time: one patient, one window, one question after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.oracles import worsening as oracle
from tests.oracles.worsening import Report
from wearoff.cohort.neda import NedaRule, Window

BRAIN, SPINE = 0, 1
Verdict = tuple[str, str, int | None]
"""State, reason, day of the first activity."""


@dataclass(frozen=True)
class Scan:
    """One scan; region 0 is brain, 1 spine, 2 both."""

    day: int
    reference_day: int | None
    region: int
    new_t2: int | None
    gd_lesions: int | None
    volume: float | None


@dataclass(frozen=True)
class Record:
    """One patient."""

    days: list[int]
    edss: list[float]
    is_scheduled: list[bool]
    reports: list[Report]
    scans: list[Scan]
    observed_to: int | None
    refused: tuple[str, ...]
    absent: frozenset[str]
    is_dated: bool


def neda(record: Record, window: Window, rule: NedaRule) -> tuple[str, dict[str, Verdict]]:
    """NEDA and its components."""
    judge = {"relapse": relapse, "worsening": worsening, "mri": mri, "brain_volume": brain_volume}
    verdicts = {name: judge[name](record, window, rule) for name in rule.components}
    states = {state for state, _, _ in verdicts.values()}
    if "active" in states:
        return "active", verdicts
    return ("unknown" if "unknown" in states else "neda"), verdicts


def early(record: Record, window: Window, start_day: int) -> Verdict | None:
    if not record.is_dated:
        return "unknown", "nothing dated is recorded", None
    if window.end_day <= start_day:
        return "unknown", f"the window ends before activity counts (day {start_day})", None
    return None


def relapse(record: Record, window: Window, rule: NedaRule) -> Verdict:
    if stop := early(record, window, rule.rebaseline_day):
        return stop
    start = max(window.start_day, rule.rebaseline_day)
    found = [
        (day, sure)
        for day, sure in oracle.relapses(record.reports, rule.relapses)
        if start < day <= window.end_day
    ]
    for day, is_certain in found:
        if is_certain:
            return "active", f"relapse on day {day}", day
    if "relapse" in record.absent:
        return "unknown", "the cohort has no relapse table", None
    if "relapse" in record.refused:
        return "unknown", "a relapse record of this patient was refused", None
    if found:
        return "unknown", f"report on day {found[0][0]}: fever or objective sign unknown", None
    if record.observed_to is None:
        return "unknown", "no follow-up recorded", None
    if record.observed_to < window.end_day - rule.closes_early_days:
        return "unknown", f"observed to day {record.observed_to} only", None
    return "none", "no relapse recorded over an observed window", None


def worsening(record: Record, window: Window, rule: NedaRule) -> Verdict:
    if stop := early(record, window, rule.rebaseline_day):
        return stop
    if not record.days:
        refused = " (a visit record was refused)" if "visit" in record.refused else ""
        return "unknown", f"no EDSS{refused}", None
    settings = rule.worsening
    guards = [day for day, _ in oracle.relapses(record.reports, rule.relapses)]
    if rule.relapses.guarded_by == "report":
        guards = [report.day for report in record.reports]
    after, before = settings.relapse_to_baseline_days
    usable = [
        k
        for k, day in enumerate(record.days)
        if not any(0 <= day - r < after or 0 < r - day < before for r in guards)
    ]
    origin = rule.rebaseline_day
    at_start = [k for k in usable if origin - settings.baseline_early_days <= record.days[k] <= origin]
    later = [k for k in usable if record.days[k] > origin]
    if not at_start and not later:
        return "unknown", "every EDSS lies within a relapse: no baseline", None
    baseline = at_start[-1] if at_start else later[0]
    closing = closing_day(record.days[baseline + 1 :], window.end_day, rule)
    start = max(window.start_day, origin)
    if window.start_day > origin:
        opening = closing_day(record.days, start, rule)
        start = start if opening is None else opening
    until = window.end_day if closing is None else closing
    days = record.days[baseline:]
    found = oracle.changes(days, record.edss[baseline:], record.is_scheduled[baseline:], guards, settings)
    inside = [f for f in found if f.direction > 0 and start < f.onset_day <= until]

    def change(f: oracle.Found) -> str:
        onset = record.edss[record.days.index(f.onset_day)]
        return f"EDSS {f.baseline_edss:g} to {onset:g} on day {f.onset_day}"

    for f in inside:
        if f.status == "confirmed":
            day = min(d for d in f.confirmed_days if d is not None)
            return "active", f"{change(f)}, confirmed on day {day}", f.onset_day
    for f in inside:
        if f.status == "imputed":
            return "active", f"{change(f)}, at the last visit", f.onset_day
    for is_to_end, why in (
        (True, "unconfirmed at the end of the record"),
        (False, "unconfirmed: nobody looked in time"),
    ):
        for f in inside:
            need = f.baseline_edss + float(settings.step.step(f.baseline_edss))
            rest = [e for d, e in zip(record.days, record.edss, strict=True) if d >= f.onset_day]
            if all(e >= need - 1e-9 for e in rest) or not is_to_end:
                return "unknown", f"{change(f)}, {why}", None
    if "visit" in record.refused:
        return "unknown", "a visit record of this patient was refused", None
    if record.days[baseline] > origin + settings.baseline_late_days:
        return "unknown", f"first usable EDSS only on day {record.days[baseline]}", None
    if closing is None:
        return "unknown", f"no EDSS {closing_range(window, rule)}", None
    return "none", f"no confirmed worsening up to the visit on day {closing}", None


def mri(record: Record, window: Window, rule: NedaRule) -> Verdict:
    if stop := early(record, window, rule.mri_start_day) or no_scan(record):
        return stop
    start = max(window.start_day, rule.mri_start_day)
    is_first = start == 0
    late = rule.worsening.baseline_late_days
    scans = with_references(record.scans, late)
    days = [scan.day for scan in scans]
    opening = None if is_first else closing_day(days, start, rule)
    start_scan = start if opening is None else opening
    earliest = -rule.worsening.baseline_early_days if is_first else min(start, start_scan)
    closing = closing_day([day for day in days if day > start_scan], window.end_day, rule)
    until = window.end_day if closing is None else closing
    inside = [scan for scan in scans if start_scan < scan.day <= until]
    for scan in inside:
        since = scan.reference_day
        is_comparable = since is not None and since >= earliest
        if is_comparable and scan.new_t2:
            what = f"{scan.new_t2} new or enlarging T2 on day {scan.day} against day {since}"
            return "active", what, scan.day
        is_baseline = is_first and not is_comparable and scan.day <= late
        if scan.gd_lesions and not is_baseline:
            return "active", f"{scan.gd_lesions} Gd+ on day {scan.day}", scan.day
    if "mri" in record.refused:
        return "unknown", "a scan record of this patient was refused", None
    covered, limit = None, late if is_first else start_scan
    for scan in inside:
        is_clean = scan.new_t2 == 0 and not scan.gd_lesions and scan.region != SPINE
        if is_clean and scan.reference_day is not None and scan.reference_day <= limit:
            covered, limit = scan.day, max(limit, scan.day)
    if covered is not None and covered >= window.end_day - rule.closes_early_days:
        return "none", f"no new lesion up to the scan on day {covered}", None
    for scan in inside:
        if scan.new_t2 and scan.reference_day is not None:
            why = f"{scan.new_t2} new T2 on day {scan.day} against day {scan.reference_day}"
            return "unknown", f"{why}, before activity counts (day {start_scan})", None
    if closing is None:
        return "unknown", f"no scan {closing_range(window, rule)}", None
    return "unknown", "the scans' comparisons leave a gap or T2 was not judged", None


def brain_volume(record: Record, window: Window, rule: NedaRule) -> Verdict:
    """By hand: follow each scan's references down to their root, and compare what shares one."""
    if stop := early(record, window, rule.mri_start_day) or no_scan(record):
        return stop
    late = rule.worsening.baseline_late_days
    scans = [s for s in with_references(record.scans, late) if s.region != SPINE]
    volumes: dict[int, tuple[int, float]] = {}  # day of a scan: day of its root, volume over the root's
    for scan in scans:
        since = scan.reference_day
        if scan.volume is None or since is None:
            volumes[scan.day] = scan.day, 1.0
        else:
            root, size = volumes.get(since, (since, 1.0))
            volumes[scan.day] = root, size * (1 + scan.volume / 100)
    start = max(window.start_day, rule.mri_start_day)
    before, after = (
        (rule.worsening.baseline_early_days, late)
        if start == 0
        else (rule.closes_early_days, rule.closes_late_days)
    )
    pairs = []
    for end, (root, size) in volumes.items():
        if -rule.closes_early_days <= end - window.end_day <= rule.closes_late_days:
            points = {root: 1.0} | {d: v for d, (r, v) in volumes.items() if r == root}
            for begin, first in points.items():
                if begin < end and -before <= begin - start <= after:
                    pairs.append(((abs(end - window.end_day), abs(begin - start)), begin, end, size / first))
    if not pairs:
        if "mri" in record.refused:
            return "unknown", "a scan record of this patient was refused", None
        if all(scan.volume is None for scan in record.scans):
            return "unknown", "brain volume was not measured", None
        return "unknown", "no change of brain volume between scans at both ends of the window", None
    best = min(p[0] for p in pairs)
    _, begin, end, ratio = next(p for p in pairs if p[0] == best)
    rate = 100 * (ratio ** (365.25 / (end - begin)) - 1)
    why = f"brain volume {rate:.2f} % a year from day {begin} to day {end}"
    if round(rate, 2) < -rule.brain_volume_loss_pct_per_year:
        return "active", why, end
    if "mri" in record.refused:
        return "unknown", "a scan record of this patient was refused", None
    return "none", why, None


def no_scan(record: Record) -> Verdict | None:
    if record.scans:
        return None
    if "mri" in record.absent:
        return "unknown", "the cohort has no mri table", None
    refused = " (a scan record was refused)" if "mri" in record.refused else ""
    return "unknown", f"no scan{refused}", None


def closing_day(days: Iterable[int], boundary: int, rule: NedaRule) -> int | None:
    near = [
        day for day in days if boundary - rule.closes_early_days <= day <= boundary + rule.closes_late_days
    ]
    return min(near, key=lambda day: (abs(day - boundary), -day), default=None)


def closing_range(window: Window, rule: NedaRule) -> str:
    first = window.end_day - rule.closes_early_days
    return f"from day {first} to {window.end_day + rule.closes_late_days} to close the window"


def with_references(scans: Sequence[Scan], late: int) -> list[Scan]:
    referenced: list[Scan] = []
    last_of: dict[int, int] = {}
    for scan in scans:
        reference = scan.reference_day
        if reference is None:
            reference = last_of.get(scan.region)
        if reference is None and scan.day > late:
            reference = 0
        last_of[scan.region] = scan.day
        referenced.append(Scan(scan.day, reference, scan.region, scan.new_t2, scan.gd_lesions, scan.volume))
    return referenced
