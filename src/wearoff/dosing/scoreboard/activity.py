"""Lesions and relapses computed as they were published: shares of an arm, means, the scan that saw the first one.

Everybody has the numbers of `activity.toml` as they stand under one saturation curve. Shares of people without an event
follow from each patient's expected events in closed form, so that only levels and weights are random; where events of
two kinds count together they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.activity import Kind, share_without, typical_activity
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.dosing.virtual_activity import VirtualActivity, Watch
from wearoff.sources import figure

if TYPE_CHECKING:
    from jaxtyping import Float

Settings = Mapping[str, float | str]

MONTH_D = 28.0
_YEARS = 2
_GROUPS_WITH_ONE = 0.5


def untreated_events(simulations: Simulations, settings: Settings) -> Estimate:
    """Mean events of a `kind` over two years without the drug; relapses for each year."""
    return _mean_events(simulations, settings, weeks=None)


def events_of_starters(simulations: Simulations, settings: Settings) -> Estimate:
    """Mean events of a `kind` over two years of 4-weekly dosing in people who begin it; relapses for each year."""
    return _mean_events(simulations, settings, weeks=4.0)


def untreated_share_without(simulations: Simulations, settings: Settings) -> Estimate:
    """The share without an event of a `kind` over two years without the drug, %."""
    found = simulations.activity(_curve(settings), "starter", None, _two_years())
    return _percent(_share_without(found, _kind(settings)))


def patients_with_gd(simulations: Simulations, settings: Settings) -> Estimate:
    """How many of an arm as large as that of the row `arm` have a Gd+ lesion on a monthly scan by `until_week`.

    Settings: `weeks`, the interval of those who went on; without it they stopped. The scans begin 4 weeks after a dose
    of people who were stable on 4-weekly dosing.
    """
    found = _stable(simulations, settings, _monthly(float(settings["until_week"])))
    with_one = 1.0 - _share_without(found, "gd", is_selected=True)
    size = _size(settings)
    return Estimate(size * float(with_one.mean()), size * _error(with_one))


def week_of_first_gd(simulations: Simulations, settings: Settings) -> Estimate:
    """The week of the first scan on which half of the groups as large as the row `arm` have seen a Gd+ lesion.

    The error is the distance to the scan that a share one Monte Carlo error lower would give.
    """
    found = _stable(simulations, settings, _monthly(float(settings["until_week"])))
    shape, seen = _shape(found, "gd"), found.seen["gd"]
    until = np.cumsum(found.expected["gd"], axis=1)
    nobody = share_without(until, shape, seen[:, None])
    share, error = nobody.mean(axis=0), nobody.std(axis=0, ddof=1) / np.sqrt(nobody.shape[0])
    size = _size(settings)
    week, later = (_first_week(np.minimum(each, 1.0) ** size) for each in (share, share + error))
    return Estimate(week, later - week if np.isfinite(week) else 0.0)


def middle_week_of_first_gd(simulations: Simulations, settings: Settings) -> Estimate:
    """The median week of the scan with the first Gd+ lesion, of those who have one by `until_week`; stopped."""
    found = _stable(simulations, settings, _monthly(float(settings["until_week"])))
    is_new = found.counts["gd"] > 0
    has_one = is_new.any(axis=1)
    if not has_one.any():
        return Estimate(np.inf, 0.0)
    week = MONTH_D / 7 * (1 + is_new[has_one].argmax(axis=1))
    # the distance between the ranks one error below and above the middle
    half = 0.5 / np.sqrt(week.size)
    low, high = np.quantile(week, [max(0.0, 0.5 - half), min(1.0, 0.5 + half)])
    return Estimate(float(np.median(week)), float(high - low) / 2)


def share_with_lesions(simulations: Simulations, settings: Settings) -> Estimate:
    """The share of people stable on 4-weekly dosing with a new T2 lesion within `until_week` at `weeks`, %.

    Trials took people without relapses and Gd+ lesions, not without any new lesion in the year before, so that frailty
    is not selected here.
    """
    found = _stable(simulations, settings, _yearly(float(settings["until_week"])))
    with_one = 1.0 - _share_without(found, "t2")
    return _percent(with_one)


def share_rescued(simulations: Simulations, settings: Settings) -> Estimate:
    """The share of stable people with two Gd+ lesions on a scan, or a relapse, by `until_week` at `weeks`, %."""
    last = 7.0 * float(settings["until_week"])
    watch = Watch(gd_d=_monthly(last / 7).gd_d, relapse_d=(last,))
    found = _stable(simulations, settings, watch)
    is_rescued = (found.counts["gd"] >= 2).any(axis=1) | found.counts["relapse"].any(axis=1)
    return _drawn_share(100.0, np.asarray(is_rescued))


def patients_without_activity(simulations: Simulations, settings: Settings) -> Estimate:
    """How many of an arm as large as the row `arm` have no T2 lesion and no relapse in a year at `weeks`."""
    found = _stable(simulations, settings, Watch(t2_d=(YEAR_D,), relapse_d=(YEAR_D,)))
    is_free = ~(found.counts["t2"].any(axis=1) | found.counts["relapse"].any(axis=1))
    return _drawn_share(float(_size(settings)), np.asarray(is_free))


def _mean_events(simulations: Simulations, settings: Settings, weeks: float | None) -> Estimate:
    kind = _kind(settings)
    found = simulations.activity(_curve(settings), "starter", weeks, _two_years())
    events = found.expected[kind].sum(axis=1) / (_YEARS if kind == "relapse" else 1)
    return Estimate(float(events.mean()), _error(events))


def _stable(simulations: Simulations, settings: Settings, watch: Watch) -> VirtualActivity:
    weeks = float(settings["weeks"]) if "weeks" in settings else None
    return simulations.activity(_curve(settings), "stable", weeks, watch)


def _two_years() -> Watch:
    ends = tuple(YEAR_D * year for year in range(1, _YEARS + 1))
    return Watch(t2_d=ends, relapse_d=ends)


def _monthly(until_week: float) -> Watch:
    return Watch(gd_d=tuple(np.arange(MONTH_D, 7 * until_week + 1e-9, MONTH_D).tolist()))


def _yearly(until_week: float) -> Watch:
    return Watch(t2_d=(7.0 * until_week,))


def _share_without(
    found: VirtualActivity, kind: Kind, *, is_selected: bool = False
) -> Float[np.ndarray, " patients"]:
    """Each patient's chance of no event; selected ones had none in the year before."""
    seen = found.seen[kind] if is_selected else 0.0
    return share_without(found.expected[kind].sum(axis=1), _shape(found, kind), seen)


def _shape(found: VirtualActivity, kind: Kind) -> Float[np.ndarray, " one"]:
    return typical_activity(found.curve).shape(kind)


def _first_week(nobody: Float[np.ndarray, " scans"]) -> float:
    is_seen = nobody <= _GROUPS_WITH_ONE
    return MONTH_D / 7 * (1 + int(is_seen.argmax())) if is_seen.any() else np.inf


def _percent(shares: Float[np.ndarray, " patients"]) -> Estimate:
    return Estimate(100.0 * float(shares.mean()), 100.0 * _error(shares))


def _drawn_share(times: float, is_so: Float[np.ndarray, " patients"]) -> Estimate:
    share = float(is_so.mean())
    return Estimate(times * share, times * float(np.sqrt(share * (1 - share) / is_so.size)))


def _error(values: Float[np.ndarray, " patients"]) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _size(settings: Settings) -> int:
    size = figure(str(settings["arm"])).n
    if size is None:
        raise ValueError(f"the row {settings['arm']} does not say how many people there were")
    return size


def _curve(settings: Settings) -> str:
    return str(settings["curve"])


def _kind(settings: Settings) -> Kind:
    kinds: dict[str, Kind] = {"t2": "t2", "gd": "gd", "relapse": "relapse"}
    return kinds[str(settings["kind"])]
