"""Whether interim looks come when something new is known, and leave a level for the end."""

from __future__ import annotations

from itertools import pairwise

from wearoff.dosing.hand_written import Faults, shown
from wearoff.trial.definition.method_checks import is_test, level_of
from wearoff.trial.protocol import Analysis, Protocol

__all__ = ["note_looks"]


def note_looks(protocol: Protocol, faults: Faults) -> None:
    """Note every look that cannot be, at its place in the list of weeks."""
    looks, schedule = protocol.looks, protocol.schedule
    if looks is None:
        return
    primary = [analysis for analysis in protocol.analyses if analysis.is_primary]
    if len(primary) != 1:
        found = "none is" if not primary else f"{len(primary)} are"
        faults.add(
            f"looks are at the primary analysis, and {found} marked so; write is_primary = true in one [[analysis]].",
            ("looks",),
            "looks",
        )
    for analysis in primary:
        if not is_test(analysis):
            faults.add(
                f"looks test at a level that is spent over them, and {analysis.method} tests nothing; make another "
                "analysis primary, or leave [looks] out.",
                ("looks",),
                "looks",
            )
    if not looks.weeks:
        faults.add(
            "there is no look before the end; give their weeks, or leave [looks] out.",
            ("looks", "weeks"),
            "looks",
            "weeks",
        )
    end, before = schedule.accrual_weeks + schedule.followup_weeks, len(faults.problems)
    for index, week in enumerate(looks.weeks):
        place = ("looks", "weeks", index)
        if index and week <= looks.weeks[index - 1]:
            faults.add("looks stand in order of time, each once.", place, "looks", "weeks", week)
        if week >= end:
            faults.add(
                f"the study ends {end} weeks after the first patient entered, and that is the last look of itself; "
                "give those before it.",
                place,
                "looks",
                "weeks",
                week,
            )
        elif week <= 0:
            faults.add("a look is after the first patient has entered.", place, "looks", "weeks", week)
    if primary and len(faults.problems) == before:
        _information(primary[0], protocol, faults)


def _information(analysis: Analysis, protocol: Protocol, faults: Faults) -> None:
    """Looks at which nothing new is known of the primary analysis, or all, or at which the level is spent."""
    from wearoff.trial.reading.looks import boundaries, information_fraction

    looks = protocol.looks
    if looks is None or analysis.endpoint not in {endpoint.name for endpoint in protocol.endpoints}:
        return
    known = [0.0]
    for index, week in enumerate(looks.weeks):
        known.append(information_fraction(protocol, analysis, week))
        if known[-1] <= known[-2]:
            faults.add(
                f"at week {week:g} nothing is known of {shown(analysis.name)} that was not known before; look after "
                "the window of the first patient has ended.",
                ("looks", "weeks", index),
                "looks",
                "weeks",
                week,
            )
        elif known[-1] >= 1.0:
            faults.add(
                f"at week {week:g} all is known of {shown(analysis.name)} that ever will be; look before that.",
                ("looks", "weeks", index),
                "looks",
                "weeks",
                week,
            )
    if all(first < second < 1.0 for first, second in pairwise(known)):
        try:
            boundaries([*known[1:], 1.0], alpha=level_of(analysis), spending=looks.spending)
        except ValueError as fault:
            faults.add(f"{fault}; make alpha larger, or look less often.", ("looks",), "looks", "weeks")
