"""The components of NEDA that are read from scans: new lesions, and in NEDA-4 the loss of brain volume.

Lesions are new against an earlier scan, so that "none" needs comparisons that cover the window without a gap.
Brain volume is a rate between two scans, one near each end of the window, whose changes against their
references lead to the same scan.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from wearoff.cohort.neda.components import begin
from wearoff.cohort.neda.dated import NO_DAY, first_row
from wearoff.cohort.neda.followup import REGIONS, Followup, Scans
from wearoff.cohort.neda.rules import NedaRule
from wearoff.cohort.neda.verdicts import ACTIVE, NONE, UNKNOWN, Decision, Verdict
from wearoff.cohort.neda.windows import DAYS_PER_YEAR, Window, closing_day, closing_range

SPINE = REGIONS.index("spine")
_NO_LIMIT = 1 << 30


def with_references(scans: Scans, rule: NedaRule) -> Int[np.ndarray, "rows"]:
    """The day each scan is compared with: recorded, else the scan before it of its region, else day 0.

    A first scan around day 0 without a reference is the baseline: it has nothing to be new against (`NO_DAY`).
    """
    reference = scans.reference_day.copy()
    for padded in scans.rows.padded():
        day, region = padded.lay(scans.rows.day, NO_DAY), padded.lay(scans.region, 0)
        latest = np.full((len(padded.patient), len(REGIONS)), NO_DAY)
        some = np.arange(len(padded.patient))
        for column in range(padded.width):
            who = some[column < padded.count]
            row, at = padded.first[who] + column, region[who, column]
            none = reference[row] == NO_DAY
            reference[row[none]] = latest[who, at][none]
            is_late = (reference[row] == NO_DAY) & (day[who, column] > rule.worsening.baseline_late_days)
            reference[row[is_late]] = 0
            latest[who, at] = day[who, column]
    return reference


def mri_component(
    followup: Followup, reference: Int[np.ndarray, "rows"], window: Window, rule: NedaRule
) -> Verdict:
    """Whether a new or enlarging T2 lesion or an enhancing lesion appeared in the window.

    Args:
        followup: the records.
        reference: from `with_references`.
        window: the window.
        rule: the rule.
    """
    scans, late = followup.scans, rule.worsening.baseline_late_days
    decision = _begin(followup, window, rule)
    rows, days, patients = scans.rows, scans.rows.days, scans.rows.patients
    start = max(window.start_day, rule.mri_start_day)
    is_first = start == 0
    opening = closing_day(days, start, rule, behind=np.full(patients, NO_DAY))
    start_scan = np.full(patients, start)
    if not is_first:
        start_scan = np.where(opening == NO_DAY, start, opening)
    earliest_reference = -rule.worsening.baseline_early_days if is_first else np.minimum(start, start_scan)
    closing = closing_day(days, window.end_day, rule, behind=start_scan)
    until = np.where(closing == NO_DAY, window.end_day, closing)
    who = rows.patient
    inside = (rows.day > start_scan[who]) & (rows.day <= until[who])

    limit = np.broadcast_to(earliest_reference, (patients,))[who]
    is_comparable = (reference != NO_DAY) & (reference >= limit)
    has_new_t2 = inside & is_comparable & (scans.new_t2 > 0)
    is_baseline = is_first & ~is_comparable & (rows.day <= late)
    has_gd = inside & (scans.gd_lesions > 0) & ~is_baseline
    active = first_row(rows, has_new_t2 | has_gd)
    seen = np.maximum(active, 0)
    day = _take(rows.day, seen)
    is_t2 = (active >= 0) & _take(has_new_t2, seen)
    new_t2, since = _take(scans.new_t2, seen), _take(reference, seen)
    decision.give(
        is_t2, ACTIVE, "{} new or enlarging T2 on day {} against day {}", new_t2, day, since, day=day
    )
    decision.give(active >= 0, ACTIVE, "{} Gd+ on day {}", _take(scans.gd_lesions, seen), day, day=day)
    decision.give(followup.refused["mri"], UNKNOWN, "a scan record of this patient was refused")

    latest_reference = np.full(patients, late) if is_first else start_scan
    covered = _covered_to(scans, reference, inside, latest_reference)
    is_covered = (covered != NO_DAY) & (covered >= window.end_day - rule.closes_early_days)
    decision.give(is_covered, NONE, "no new lesion up to the scan on day {}", covered)
    early = first_row(rows, inside & (scans.new_t2 > 0) & (reference != NO_DAY))
    seen = np.maximum(early, 0)
    decision.give(
        early >= 0,
        UNKNOWN,
        "{} new T2 on day {} against day {}, before activity counts (day {})",
        _take(scans.new_t2, seen),
        _take(rows.day, seen),
        _take(reference, seen),
        start_scan,
    )
    decision.give(closing == NO_DAY, UNKNOWN, f"no scan {closing_range(window, rule)}")
    decision.give(True, UNKNOWN, "the scans' comparisons leave a gap or T2 was not judged")
    return decision.verdict()


def brain_volume_component(
    followup: Followup, reference: Int[np.ndarray, "rows"], window: Window, rule: NedaRule
) -> Verdict:
    """Whether the mean loss of brain volume over the window is more than the rule allows, in percent a year.

    Args:
        followup: the records.
        reference: from `with_references`.
        window: the window.
        rule: the rule.
    """
    scans = followup.scans
    decision = _begin(followup, window, rule)
    rate, first, last = _volume_rate(scans, reference, window, rule)
    shown = np.round(rate, 2) + 0.0  # no -0
    sentence = "brain volume {} % a year from day {} to day {}"
    is_known = ~np.isnan(rate)
    # judged as it is shown: 0.40 % over 365 days is not more than 0.4 % a year of 365.25
    is_loss = is_known & (-shown > rule.brain_volume_loss_pct_per_year + 1e-9)
    decision.give(is_loss, ACTIVE, sentence, shown, first, last, day=last)
    decision.give(followup.refused["mri"], UNKNOWN, "a scan record of this patient was refused")
    decision.give(is_known, NONE, sentence, shown, first, last)
    was_measured = first_row(scans.rows, ~np.isnan(scans.volume_change_pct)) >= 0
    decision.give(~was_measured, UNKNOWN, "brain volume was not measured")
    decision.give(True, UNKNOWN, "no change of brain volume between scans at both ends of the window")
    return decision.verdict()


def _begin(followup: Followup, window: Window, rule: NedaRule) -> Decision:
    decision = begin(followup, window, rule.mri_start_day)
    rows = followup.scans.rows
    has_scan = first_row(rows, np.ones(len(rows.day), dtype=bool)) >= 0
    if "mri" in followup.absent:
        decision.give(~has_scan, UNKNOWN, "the cohort has no mri table")
    decision.give(~has_scan & followup.refused["mri"], UNKNOWN, "no scan (a scan record was refused)")
    decision.give(~has_scan, UNKNOWN, "no scan")
    return decision


def _take(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    return values[at] if len(values) else np.zeros(len(at), dtype=values.dtype)


def _covered_to(
    scans: Scans,
    reference: np.ndarray,
    inside: Bool[np.ndarray, "rows"],
    latest_reference: Int[np.ndarray, "patients"],
) -> Int[np.ndarray, "patients"]:
    """The day up to which clean brain comparisons follow each other without a gap, `NO_DAY` if none does."""
    is_clean = inside & (scans.new_t2 == 0) & (scans.gd_lesions <= 0) & (scans.region != SPINE)
    is_clean &= reference != NO_DAY
    covered, limit = np.full(scans.rows.patients, NO_DAY), latest_reference.copy()
    for padded in scans.rows.padded():
        day, since = padded.lay(scans.rows.day, NO_DAY), padded.lay(reference, NO_DAY)
        clean = padded.lay(is_clean, False)
        for column in range(padded.width):
            fits = clean[:, column] & (since[:, column] <= limit[padded.patient])
            who = padded.patient[fits]
            covered[who] = day[fits, column]
            limit[who] = np.maximum(limit[who], day[fits, column])
    return covered


def _volume_rate(
    scans: Scans, reference: np.ndarray, window: Window, rule: NedaRule
) -> tuple[Float[np.ndarray, "patients"], Int[np.ndarray, "patients"], Int[np.ndarray, "patients"]]:
    """Percent a year, and the days between which it was measured; nan where it was not.

    Every scan gets its log volume relative to the scan at the root of its references. Two scans with one root
    can be compared, and a root can be compared with whatever hangs on it, recorded itself or not.
    """
    patients = scans.rows.patients
    rate = np.full(patients, np.nan)
    first, last = np.full(patients, NO_DAY), np.full(patients, NO_DAY)
    start = max(window.start_day, rule.mri_start_day)
    if start == 0:
        early, late = rule.worsening.baseline_early_days, rule.worsening.baseline_late_days
    else:
        early, late = rule.closes_early_days, rule.closes_late_days
    for padded in scans.rows.padded():
        day, root, volume = _volumes(
            padded.lay(scans.rows.day, NO_DAY),
            *(
                padded.lay(reference, NO_DAY),
                padded.lay(scans.volume_change_pct, np.nan),
                padded.lay(scans.region, SPINE) != SPINE,
            ),
        )
        best = np.full(len(day), _NO_LIMIT, dtype=np.int64)
        for end in range(padded.width):
            off_end = np.abs(day[:, end] - window.end_day)
            closes = (root[:, end] != NO_DAY) & (day[:, end] >= window.end_day - rule.closes_early_days)
            closes &= day[:, end] <= window.end_day + rule.closes_late_days
            for begin_ in range(-1, end):
                start_day = root[:, end] if begin_ < 0 else day[:, begin_]
                log_start = 0.0 if begin_ < 0 else volume[:, begin_]
                fits = closes & (start_day >= start - early) & (start_day <= start + late)
                fits &= start_day < day[:, end]
                if begin_ >= 0:
                    fits &= root[:, begin_] == root[:, end]
                off = off_end * 10_000 + np.abs(start_day - start)
                better = fits & (off < best)
                best[better] = off[better]
                who = padded.patient[better]
                first[who], last[who] = start_day[better], day[better, end]
                years = (day[better, end] - start_day[better]) / DAYS_PER_YEAR
                change = (volume[:, end] - log_start)[better]
                rate[who] = 100 * np.expm1(change / years)
    return rate, first, last


def _volumes(
    day: np.ndarray, reference: np.ndarray, change_pct: np.ndarray, is_brain: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The day of each scan, the day of its root (`NO_DAY` off the brain), and its log volume over the root's."""
    root, volume = np.where(is_brain, day, NO_DAY), np.zeros(day.shape)
    for column in range(day.shape[1]):
        measured = is_brain[:, column] & ~np.isnan(change_pct[:, column]) & (reference[:, column] != NO_DAY)
        change = np.log1p(np.where(measured, change_pct[:, column], 0.0) / 100)
        root[:, column] = np.where(measured, reference[:, column], root[:, column])
        volume[:, column] = change
        for earlier in range(column):
            hangs = measured & is_brain[:, earlier] & (day[:, earlier] == reference[:, column])
            root[:, column] = np.where(hangs, root[:, earlier], root[:, column])
            volume[:, column] = np.where(hangs, change + volume[:, earlier], volume[:, column])
    return day, root, volume
