"""How many events, and how many members, a comparison of two hazards needs: Schoenfeld's formula.

What a study of time to an event can see depends on the number of events alone; members, length and losses only decide
how many events there will be (Schoenfeld 1981, doi 10.1093/biomet/68.1.316, and 1983, doi 10.2307/2531021). The formula
holds for hazards that are not far apart; with a ratio far from 1, or with few events, a simulation says how far off it
is.
"""

from __future__ import annotations

from math import exp, inf, sqrt

from wearoff.stats.power.normal import checked_share, log_ratio, signal_needed, signal_power


def schoenfeld_events(
    ratio: float, *, share: float = 0.5, power: float = 0.8, alpha: float = 0.05, sides: int = 2
) -> float:
    """The events, both groups together, with which a hazard ratio is found: z^2 / (log(ratio)^2 share (1 - share)).

    Args:
        ratio: of the hazards, above 0 and not 1.
        share: of the members that are in the one group.
        power: chance to find the ratio.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(schoenfeld_events(2.0, share=0.425), 2)
        66.85
    """
    weight = checked_share(share, "the share of the one group") * (1.0 - share)
    needed = signal_needed(power, alpha=alpha, sides=sides)
    return (needed / log_ratio(ratio, "the hazard ratio")) ** 2 / weight


def schoenfeld_power(
    events: float, ratio: float, *, share: float = 0.5, alpha: float = 0.05, sides: int = 2
) -> float:
    """The chance that so many events show a hazard ratio; the inverse of `schoenfeld_events`.

    Args:
        events: both groups together, 0 or more.
        ratio: of the hazards, above 0 and not 1.
        share: of the members that are in the one group.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(schoenfeld_power(66.85, 2.0, share=0.425), 3)
        0.8
    """
    if not 0.0 <= events < inf:
        raise ValueError(f"events must be a number of 0 or more; got {events!r}")
    weight = checked_share(share, "the share of the one group") * (1.0 - share)
    signal = log_ratio(ratio, "the hazard ratio") * sqrt(events * weight)
    return signal_power(signal, alpha=alpha, sides=sides)


def event_chance(hazard: float, length: float, *, loss: float = 0.0) -> float:
    """The chance that a member has the event while under observation.

    Event and loss come at constant hazards, and whichever comes first ends the observation:
    hazard / (hazard + loss) (1 - exp(-(hazard + loss) length)). A yearly share becomes a hazard by `hazard_of_share`.

    Args:
        hazard: of the event, per unit of time, 0 or more.
        length: of the planned observation, in the same unit, above 0.
        loss: hazard of being lost before the end, 0 or more.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(event_chance(0.10536, 1.0, loss=0.13353), 4)
        0.0937
    """
    if not (hazard >= 0.0 and loss >= 0.0):
        raise ValueError(f"hazards cannot be negative; got {hazard!r} for the event and {loss!r} for loss")
    if not 0.0 < length < inf:
        raise ValueError(f"the length of observation must be above 0; got {length!r}")
    both = hazard + loss
    return hazard / both * (1.0 - exp(-both * length)) if both else 0.0


def schoenfeld_total(
    ratio: float,
    *,
    hazard: float,
    length: float,
    loss: float = 0.0,
    share: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
    sides: int = 2,
) -> float:
    """The members, both groups together, who will have the events that `schoenfeld_events` asks for.

    Args:
        ratio: hazard of the one group over that of the other.
        hazard: of the event in the other group, per unit of time, above 0.
        length: of the planned observation, in the same unit.
        loss: hazard of being lost before the end, the same in both groups.
        share: of the members that are in the one group.
        power: chance to find the ratio.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Returns:
        The number before rounding up.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> from wearoff.stats.power.normal import hazard_of_share
        >>> yearly, lost = hazard_of_share(0.1), hazard_of_share(0.125)
        >>> round(schoenfeld_total(2.0, hazard=yearly, length=1.0, loss=lost, share=0.425), 1)
        515.6
    """
    if not hazard > 0.0:
        raise ValueError("a hazard of 0 never gives an event, so no number of members suffices")
    events = schoenfeld_events(ratio, share=share, power=power, alpha=alpha, sides=sides)
    exposed = event_chance(ratio * hazard, length, loss=loss)
    other = event_chance(hazard, length, loss=loss)
    return events / (share * exposed + (1.0 - share) * other)
