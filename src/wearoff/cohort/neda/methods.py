"""The methods paragraph of a rule: every setting in a sentence, so that another reader reaches the same number."""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wearoff.cohort.neda.rules import LabelRule, NedaRule, RelapseRule, WorseningRule

_COMPONENT = {
    "relapse": "no relapse",
    "worsening": "no confirmed disability worsening",
    "mri": "no MRI activity",
    "brain_volume": "no more than the allowed loss of brain volume",
}
_COUNTED = {
    "worsening": "Worsening is an EDSS rise",
    "improvement": "Improvement is an EDSS fall",
    "both": "Worsening is an EDSS rise and improvement a fall",
}
_MOVES = {
    "fixed": "The baseline is fixed",
    "roving": "The baseline is roving: it moves after every confirmed worsening and improvement",
    "roving_improvement": "The baseline moves after every confirmed improvement only",
    "roving_worsening": "The baseline moves after every confirmed worsening only",
}
_REFERENCE = {
    "onset": "the level at onset",
    "confirmation": "the level at the first confirming visit",
    "lowest_between": "the level that held from onset to confirmation (the smallest change in between)",
}
_SUB_THRESHOLD = {
    "improvement": "confirmed improvements smaller than a step",
    "worsening": "confirmed worsenings smaller than a step",
    "both": "confirmed changes smaller than a step",
}


def neda_paragraph(rule: NedaRule) -> str:
    """All of a NEDA rule in sentences."""
    *parts, last = (_COMPONENT[name] for name in rule.components)
    sentences = [
        f"Rule {rule.name}: no evidence of disease activity means {', '.join(parts)} and {last}.",
        *_change(rule.worsening),
        *_first_baseline(rule.worsening),
    ]
    if "mri" in rule.components:
        sentences.append(
            "MRI activity is any new or enlarging T2 lesion or any gadolinium-enhancing lesion; a scan without "
            "gadolinium is judged on T2."
        )
    if "brain_volume" in rule.components:
        sentences.append(
            f"Brain volume is active where the mean loss between the scans at both ends of the window is more than "
            f"{rule.brain_volume_loss_pct_per_year:g} % a year, to two decimals (Kappos 2016, "
            "10.1177/1352458515616701, as quoted by Guevara 2019)."
        )
    sentences += [
        _relapse(rule.relapses),
        f"A window is closed by a visit{' and a scan' if 'mri' in rule.components else ''} from "
        f"{rule.closes_early_days} days before to {rule.closes_late_days} days after its end.",
        "Each component is active, none or unknown: any active component makes the patient active; otherwise any "
        "unknown component makes the patient not evaluable.",
    ]
    if rule.rebaseline_day:
        sentences.append(
            f"Every component counts from day {rule.rebaseline_day} on, against a new baseline there (re-baselining)."
        )
    if rule.mri_rebaseline_day:
        sentences.append(f"MRI activity counts from day {rule.mri_rebaseline_day} on (re-baselining).")
    return " ".join(sentences)


def worsening_paragraph(rule: WorseningRule) -> str:
    """All of a rule of confirmed change in sentences."""
    what = {"first": "the first one of each patient counts", "every": "every one counts"}[rule.occurrence]
    only = "" if rule.counted_label == "any" else f" that is {rule.counted_label}"
    return " ".join(
        [
            f"Rule {rule.name}: {rule.description}; {what}{only}.",
            *_change(rule),
            *_first_baseline(rule),
            *label_sentences(rule),
            _relapse(rule.relapses),
        ]
    )


def _change(rule: WorseningRule) -> Iterable[str]:
    weeks = _or(f"{days} days ({days // 7} weeks)" for days in rule.confirmation_days)
    between = (
        "every visit in between had to hold it"
        if rule.must_hold_between
        else "visits in between could fall below it"
    )
    early = (
        f"a visit up to {rule.confirmation_early_days:g} days early" if rule.confirmation_early_days else ""
    )
    late = (
        "any later visit"
        if isinf(rule.confirmation_late_days)
        else f"one up to {rule.confirmation_late_days:g} days late"
        if rule.confirmation_late_days
        else ""
    )
    accepted = " and ".join(part for part in (early, late) if part)
    yield (
        f"{_COUNTED[rule.counts]} of {rule.step.description} (step rule {rule.step.name}; {rule.step.source}), "
        f"confirmed at a visit {weeks} after onset{f' ({accepted} accepted)' if accepted else ''}; {between}."
    )
    if rule.scheduled_only:
        yield "Visits recorded as unscheduled or for a relapse did not confirm; a visit without a kind did."
    if isinf(rule.sustained_days):
        yield "It had to be held to the end of the record."
    elif rule.sustained_days:
        yield (
            f"It had to be held at every visit up to {rule.sustained_days:g} days after onset, or to the end of the "
            "record where that came first."
        )
    guards = [
        _guard("onset", rule.relapse_to_event_days),
        _guard("confirmation", rule.relapse_to_confirmation_days),
    ]
    if any(guards):
        yield f"A visit was no {' and no '.join(guard for guard in guards if guard)}."
    else:
        yield "Relapses did not keep a visit from being an onset or a confirmation."
    if rule.impute_last_visit:
        yield "A change seen at the last visit, which nobody could confirm, was counted from that visit."
    yield ("A change that no visit could confirm or refute in time is unconfirmed: unknown, never dropped.")


def _first_baseline(rule: WorseningRule) -> Iterable[str]:
    guard = _guard("baseline", rule.relapse_to_baseline_days)
    yield (
        f"The first baseline is the last visit from {rule.baseline_early_days} days before to the start of follow-up, "
        f"else the first up to {rule.baseline_late_days} days after it"
        + (f"; a visit was no {guard}." if guard else ".")
    )
    if rule.baseline == "fixed":
        yield f"{_MOVES['fixed']}; a change that goes on after its confirmation is the same change."
    else:
        yield f"{_MOVES[rule.baseline]}, to {_REFERENCE[rule.reference]}."
        if rule.sub_threshold_moves:
            yield f"It moves after {_SUB_THRESHOLD[rule.sub_threshold]} too."
    if rule.rebaseline_after_relapse:
        yield "A relapse ends the baseline; the first usable visit after it is the next one."


def label_sentences(rule: WorseningRule) -> Iterable[str]:
    """How a worsening is told to be RAW, PIRA or neither."""
    if rule.counts == "improvement":
        return
    after = f" to {rule.raw_after_days} days after" if rule.raw_after_days else ""
    yield (
        f"A worsening is relapse-associated (RAW) when a relapse began in the {rule.raw_before_days} days before"
        f"{after} its onset or on that day. {_pira(rule.label)} What is neither is undefined; without a record of "
        "relapses it is unknown."
    )


def _pira(label: LabelRule) -> str:
    doi = f", {label.doi}" if label.doi else ""
    return (
        f"Otherwise it is independent of relapse activity (PIRA) by definition {label.name} ({label.source}{doi}): "
        f"{label.description}."
    )


def _relapse(rule: RelapseRule) -> str:
    excluded = [
        *(["fever or infection is recorded"] if rule.fever == "excludes" else []),
        *(["an objective sign is denied"] if rule.objective_sign != "ignored" else []),
        *([f"it lasted under {rule.min_hours:g} hours"] if rule.min_hours else []),
    ]
    text = "A relapse is a reported relapse"
    if rule.objective_sign == "required":
        text += " with an objective sign (a possible one where that is not recorded)"
    if excluded:
        text += f" unless {_or(excluded)}"
    text += "; where fever or a sign is recorded as not known it is a possible relapse"
    if rule.merge_days:
        text += f", and a report under {rule.merge_days} days after any earlier one belongs to that relapse"
    return f"{text} (relapse rule {rule.name})."


def _guard(what: str, guard: tuple[int, int]) -> str:
    after, before = guard
    parts = [
        *([f"less than {after} days after a relapse onset"] if after else []),
        *([f"less than {before} days before one"] if before else []),
    ]
    return f"{what} {' or '.join(parts)}" if parts else ""


def _or(parts: Iterable[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} or {last}" if others else last
