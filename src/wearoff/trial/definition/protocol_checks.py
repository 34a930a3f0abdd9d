"""What a protocol cannot mean, found before anything is simulated.

A protocol may be well formed and still ask for what cannot be: an arm of nobody, visits that overtake each other, a
capacity below what the arms need. Each such fault is noted at its table and key with what to do. This file looks at the
half that makes the data; `reading_checks.py` at the half that reads them, `slips.py` at numbers of a wrong size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from wearoff.dosing.hand_written import Faults, did_you_mean, shown
from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.policies import policy_card, policy_names
from wearoff.errors import InputError, WearoffError
from wearoff.trial.definition.reading_checks import note_unreadable
from wearoff.trial.definition.slips import note_slips
from wearoff.trial.protocol import COVARIATES, Arm, Protocol
from wearoff.trial.world.people_file import load_people

__all__ = ["check_protocol", "infusions_per_week", "note_contradictions"]

UNMEASURED = ("frailty", "wearing_off")
"""What may drive the choice of an arm beside the covariates."""


def check_protocol(protocol: Protocol) -> None:
    """Refuse a protocol that was put together in Python and contradicts itself.

    Raises:
        InputError: every contradiction, with table and key.
    """
    faults = Faults()
    note_contradictions(protocol, faults)
    faults.stop()


def note_contradictions(protocol: Protocol, faults: Faults) -> None:
    """Note everything that a well-formed protocol cannot mean, at its table and key."""
    is_laid_out = note_slips(protocol, faults)
    _people(protocol, faults)
    _arms(protocol, faults)
    _assignment(protocol, faults)
    _world(protocol, faults)
    _schedule(protocol, faults)
    _capacity(protocol, faults)
    if is_laid_out:
        note_unreadable(protocol, faults)


def infusions_per_week(protocol: Protocol) -> float:
    """The fewest infusions a week that the arms settle to with everybody in the study: each at its longest interval."""
    return sum(
        arm.size / _longest(arm) * (1.0 - protocol.attendance.skipped)
        for arm in protocol.arms
        if arm.size > 0 and arm.policy in policy_names()
    )


def _people(protocol: Protocol, faults: Faults) -> None:
    patients = protocol.patients
    if patients.source == "cohort":
        if patients.folder is None:
            faults.add(
                'rows of a cohort are to be drawn, and no folder is given; add folder, or write source = "drawn".',
                ("patients", "source"),
                "patients",
                "folder",
            )
        elif not Path(patients.folder).is_dir():
            faults.add(
                "there is no such folder; it is looked for from the folder of the protocol.",
                ("patients", "folder"),
                "patients",
                "folder",
                patients.folder,
            )
    elif patients.folder is not None:
        faults.add(
            'patients are drawn from distributions, so that the folder is not read; write source = "cohort", or '
            "leave it out.",
            ("patients", "folder"),
            "patients",
            "folder",
            patients.folder,
        )
    if patients.numbers is not None and not Path(patients.numbers).is_file():
        faults.add(
            "there is no such file; it is looked for from the folder of the protocol.",
            ("patients", "numbers"),
            "patients",
            "numbers",
            patients.numbers,
        )
    elif patients.numbers is not None:
        try:
            load_people(patients.numbers)
        except InputError as fault:
            for problem in fault.problems:
                faults.add(str(problem), ("patients", "numbers"), "patients", "numbers", patients.numbers)


def _arms(protocol: Protocol, faults: Faults) -> None:
    if not protocol.arms:
        faults.add("there is no arm; add an [[arm]] with name and size.", ("arm",), "arm")
    names = [arm.name for arm in protocol.arms]
    for index, arm in enumerate(protocol.arms):

        def fail(reason: str, key: str, value: object = None, *, place: int = index) -> None:
            faults.add(reason, ("arm", place, *key.split(".")), f"arm {place + 1}", key, value)

        if names.index(arm.name) < index:
            fail(
                f"there are two arms {shown(arm.name)}; tables tell arms apart by their names.",
                "name",
                arm.name,
            )
        if not arm.name.isprintable() or arm.name != arm.name.strip():
            fail("the name has blanks at its ends or signs that do not print.", "name", arm.name)
        if arm.size < 1:
            fail(
                f"an arm has at least 1 patient, and this one {arm.size}; give its size, or leave the arm out.",
                "size",
                arm.size,
            )
        for reason, key, value in (*_policy(arm, protocol), *_override(arm, protocol)):
            fail(reason, key, value)
        if arm.activity_ratio != 1.0 and protocol.world.activity != "stated":
            fail(
                'activity follows from the levels here, so that a ratio has no effect; write activity = "stated" in '
                "[world], or leave it out.",
                "activity_ratio",
                arm.activity_ratio,
            )


def _policy(arm: Arm, protocol: Protocol) -> Iterator[tuple[str, str, object]]:
    """What is wrong with the policy of an arm: reason, key and value."""
    if not _is_days(arm.weeks):
        yield _half_days(arm.weeks), "weeks", arm.weeks
    if arm.policy not in policy_names():
        known = ", ".join(policy_names())
        hint = did_you_mean(arm.policy, policy_names())
        yield f"there is no policy {shown(arm.policy)}.{hint} Known: {known}.", "policy", arm.policy
        return
    aim = arm.aim_mg_per_l
    if arm.policy == "fixed":
        if aim is not None:
            yield (
                "a fixed interval keeps no trough; leave the aim out, or name the policy that keeps it.",
                "aim_mg_per_l",
                aim,
            )
        return
    if aim is None:
        yield (
            f"{arm.policy} keeps a trough, and no aim is preset; add aim_mg_per_l, as in aim_mg_per_l = 10.0.",
            "aim_mg_per_l",
            None,
        )
        return
    if not aim > 0:
        yield f"{aim:g} is not more than 0; give the trough that is to be kept, in mg/L.", "aim_mg_per_l", aim
        return
    lloq = protocol.recording.level_lloq_mg_per_l
    if aim <= lloq:
        yield (
            f"the aim is not above the limit of quantification ({lloq:g} mg/L, level_lloq_mg_per_l in [recording]): "
            "no measured trough could tell whether it is kept.",
            "aim_mg_per_l",
            aim,
        )
    first = arm.decide_every_infusions * arm.weeks
    if first > protocol.schedule.followup_weeks >= 1:
        yield (
            f"the first decision comes {first:g} weeks after entry, after the follow-up of "
            f"{protocol.schedule.followup_weeks} weeks: the policy would decide nothing. Decide more often.",
            "decide_every_infusions",
            arm.decide_every_infusions,
        )
    longest = _longest(arm)
    if arm.weeks > longest:
        yield (
            f"{arm.policy} goes to {longest:g} weeks at most; begin at that or below.",
            "weeks",
            arm.weeks,
        )


def _override(arm: Arm, protocol: Protocol) -> Iterator[tuple[str, str, object]]:
    """What is wrong with the clinician's own rule."""
    if arm.override is None:
        return
    if not _is_days(arm.override.weeks):
        yield _half_days(arm.override.weeks), "override.weeks", arm.override.weeks
    world = protocol.world
    if arm.override.when == "wearing_off" and not world.regularly + world.sometimes:
        yield (
            "nobody has wearing-off (regularly and sometimes in [world]), so that this never holds; leave the override "
            "out.",
            "override.when",
            arm.override.when,
        )
    if arm.policy == "fixed" and arm.override.weeks == arm.weeks:
        yield (
            f"the clinician goes back to the {arm.weeks:g} weeks that everyone has; name another interval, or leave "
            "the override out.",
            "override.weeks",
            arm.override.weeks,
        )


def _assignment(protocol: Protocol, faults: Faults) -> None:
    assignment, place = protocol.assignment, ("assignment", "log_odds")
    known = (*COVARIATES, *UNMEASURED)
    for name in assignment.log_odds:
        if name not in known:
            faults.add(
                f"there is no covariate {shown(name)}.{did_you_mean(name, known)} Known: {', '.join(known)}.",
                (*place, name),
                "assignment",
                f"log_odds.{name}",
            )
    if assignment.kind == "randomised" and assignment.log_odds:
        faults.add(
            'chance alone decides in a randomised study; write kind = "observed", or leave log_odds out.',
            place,
            "assignment",
            "log_odds",
        )
    if assignment.kind == "observed" and not assignment.log_odds:
        faults.add(
            'nothing drives the choice; add log_odds, as in { weight_kg = -0.3 }, or write kind = "randomised".',
            ("assignment", "kind"),
            "assignment",
            "log_odds",
        )
    if assignment.kind == "observed" and len(protocol.arms) == 1:
        faults.add(
            "with one arm there is nothing to choose; add an [[arm]], or leave [assignment] out.",
            ("assignment", "kind"),
            "assignment",
            "kind",
            assignment.kind,
        )


def _world(protocol: Protocol, faults: Faults) -> None:
    world = protocol.world

    def fail(reason: str, key: str, value: object = None) -> None:
        faults.add(reason, ("world", key), "world", key, value)

    try:
        load_model(world.model)
    except WearoffError as fault:
        fail(str(fault), "model", world.model)
    if world.curve not in curve_names():
        hint = did_you_mean(world.curve, curve_names())
        fail(
            f"there is no saturation curve {shown(world.curve)}.{hint} Known: {', '.join(curve_names())}.",
            "curve",
            world.curve,
        )
    total = world.regularly + world.sometimes
    if total > 1.0 + 1e-12:
        fail(
            f"the shares with regular and with some wearing-off make {total:g} together; more than 1 cannot be.",
            "sometimes" if "sometimes" in world.model_fields_set else "regularly",
            world.sometimes,
        )
    if world.activity == "stated" and world.yearly_activity is None:
        fail(
            "the activity is stated, and not how much; add yearly_activity, the share with activity in a year, or "
            'write activity = "model".',
            "yearly_activity",
        )
    if world.activity == "model":
        shares = type(world).model_fields["relapse_share"].default
        for key, value, is_given in (
            ("yearly_activity", world.yearly_activity, world.yearly_activity is not None),
            ("relapse_share", world.relapse_share, world.relapse_share != shares),
        ):
            if is_given:
                fail(
                    'activity follows from the levels here, so that this has no effect; write activity = "stated", '
                    "or leave it out.",
                    key,
                    value,
                )
    if world.wearing_off == "independent" and world.strength != type(world).model_fields["strength"].default:
        fail(
            "wearing-off is independent of the drug here, so that its strength has no effect; leave it out, or "
            'write wearing_off = "low_occupancy".',
            "strength",
            world.strength,
        )


def _schedule(protocol: Protocol, faults: Faults) -> None:
    schedule = protocol.schedule

    def fail(reason: str, key: str, value: object = None) -> None:
        faults.add(reason, ("schedule", key), "schedule", key, value)

    weeks = schedule.followup_weeks
    if weeks < 1:
        fail(f"nobody is followed for {weeks} weeks; give 1 or more.", "followup_weeks", weeks)
        return
    for what, each, window in (
        ("visits", "visit_every_weeks", "visit_window_d"),
        ("scans", "mri_every_weeks", "mri_window_d"),
    ):
        every, days = getattr(schedule, each), getattr(schedule, window)
        if every <= weeks and 2 * days >= 7 * every:
            fail(
                f"{what} are {7 * every} days apart, and each may be {days} days early or late: two could change "
                f"places. A window below {7 * every / 2:g} days, or a longer interval.",
                window,
                days,
            )
    if schedule.diary_weeks > weeks:
        fail(
            f"the diary is longer than the follow-up of {weeks} weeks; shorten it.",
            "diary_weeks",
            schedule.diary_weeks,
        )
    if not schedule.is_with_gadolinium and protocol.recording.no_gadolinium > 0:
        faults.add(
            "no scan is planned with contrast (is_with_gadolinium in [schedule]), so that none can go without it; "
            "leave it out.",
            ("recording", "no_gadolinium"),
            "recording",
            "no_gadolinium",
            protocol.recording.no_gadolinium,
        )
    if not schedule.diary_weeks:
        _unused(
            protocol,
            faults,
            ("missing_diary", "diary_fatigue_per_week"),
            "nobody keeps a diary (diary_weeks in [schedule])",
        )
    if schedule.level_every_weeks is None and schedule.occupancy_every_weeks is None:
        is_measured = any(arm.policy == "trough_guided_tree" for arm in protocol.arms)
        if not is_measured and all(arm.policy != "model_informed" for arm in protocol.arms):
            _unused(protocol, faults, ("no_sample",), "nothing is sampled ([schedule])")


def _unused(protocol: Protocol, faults: Faults, keys: Sequence[str], why: str) -> None:
    """Note losses of something that is not recorded at all."""
    for key in keys:
        value = getattr(protocol.recording, key)
        if value:
            faults.add(
                f"{why}, so that this has no effect; leave it out.", ("recording", key), "recording", key
            )


def _capacity(protocol: Protocol, faults: Faults) -> None:
    if protocol.capacity is None:
        return
    needed, room = infusions_per_week(protocol), protocol.capacity.infusions_per_week
    if needed > room:
        faults.add(
            f"the arms need {needed:.3g} infusions a week even at their longest intervals, and there is room for "
            f"{room}: delays would grow without end. Raise it, or make the arms smaller.",
            ("capacity", "infusions_per_week"),
            "capacity",
            "infusions_per_week",
            room,
        )


def _longest(arm: Arm) -> float:
    """The longest interval at which an arm can settle, weeks."""
    if arm.policy == "fixed":
        return arm.weeks
    return policy_card(arm.policy).settings["longest"].value


def _is_days(weeks: float) -> bool:
    """Whether an interval is a whole number of days, as far as anybody writes decimals."""
    return abs(7.0 * weeks - round(7.0 * weeks)) < 0.01 and round(7.0 * weeks) >= 1


def _half_days(weeks: float) -> str:
    return f"an interval has a whole number of days, and {weeks:g} weeks have {7.0 * weeks:.4g}."
