"""What one analysis sees: the patients in its groups, with the endpoint as arrays.

The arrays are made once for all replicates of a block; a replicate is a stretch of them. NaN stands where nobody
looked, and every method leaves those patients out by itself, so that it says how many it could use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import ANSWERS, load_coding

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import Analysis, Protocol

__all__ = ["AT_ENTRY", "Rows", "rows_of"]

AT_ENTRY = "at_entry."
"""How columns of covariates begin in a frame of endpoints."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Patients with their group and their endpoint; arrays that the endpoint does not have hold NaN.

    Attributes:
        group: 1 compared, 0 reference, -1 in neither, shape [patients].
        place: place in the order of the groups (of answers, or of arms as the protocol lists them), -1 in none,
            shape [patients].
        places: how many groups the order has.
        event: 1 with the event and 0 without, shape [patients].
        time, low, high: days to the event or the end of observation, and the window in which the event lies;
            `high` is infinite where none was seen, shape [patients].
        count, years: events, and the time over which they were looked for, shape [patients].
        value: a measured quantity, shape [patients].
        samples: single measurements, patient by patient, shape [samples].
        sampled: where each patient's samples begin, and their end, shape [patients + 1].
        covariates: as recorded at entry, shape [patients, covariates].
        covariate_names: what they are.
    """

    group: Int[np.ndarray, " patients"]
    place: Int[np.ndarray, " patients"]
    places: int
    event: Float[np.ndarray, " patients"]
    time: Float[np.ndarray, " patients"]
    low: Float[np.ndarray, " patients"]
    high: Float[np.ndarray, " patients"]
    count: Float[np.ndarray, " patients"]
    years: Float[np.ndarray, " patients"]
    value: Float[np.ndarray, " patients"]
    samples: Float[np.ndarray, " samples"]
    sampled: Int[np.ndarray, " patients+1"]
    covariates: Float[np.ndarray, "patients covariates"]
    covariate_names: tuple[str, ...]

    def stretch(self, begin: int, end: int) -> Rows:
        """The patients from one place up to another.

        Args:
            begin: the first.
            end: one behind the last.
        """
        first, last = int(self.sampled[begin]), int(self.sampled[end])
        part = slice(begin, end)
        return Rows(
            group=self.group[part],
            place=self.place[part],
            places=self.places,
            event=self.event[part],
            time=self.time[part],
            low=self.low[part],
            high=self.high[part],
            count=self.count[part],
            years=self.years[part],
            value=self.value[part],
            samples=self.samples[first:last],
            sampled=self.sampled[begin : end + 1] - first,
            covariates=self.covariates[part],
            covariate_names=self.covariate_names,
        )


def rows_of(frame: pl.DataFrame, protocol: Protocol, analysis: Analysis) -> Rows:
    """The arrays that an analysis needs, for every patient of a frame of endpoints.

    Args:
        frame: from `endpoints_of`.
        protocol: its endpoint of the analysis, and its arms.
        analysis: the analysis.

    Raises:
        UnknownNameError: the analysis names a coding that does not exist.
        KeyError: the protocol has no such endpoint.
    """
    endpoint = {one.name: one for one in protocol.endpoints}[analysis.endpoint]
    size = frame.height
    group, place, places = _groups(frame, protocol, analysis)
    nothing = np.full(size, np.nan)
    found = dict.fromkeys(("event", "time", "low", "high", "count", "years", "value"), nothing)
    samples, sampled = np.zeros(0), np.zeros(size + 1, dtype=np.int64)

    def column(part: str) -> np.ndarray:
        return frame[f"{endpoint.name}.{part}"].cast(pl.Float64).fill_null(np.nan).to_numpy()

    match endpoint.kind:
        case "neda":
            codes = {"active": 1.0, "neda": 0.0}
            found["event"] = _coded(frame[f"{endpoint.name}.state"], codes)
        case "diary":
            found["event"] = column("is_wearing_off")
        case "answer":
            answer = frame[f"{endpoint.name}.answer"]
            exposed = load_coding(analysis.coding).exposed
            found["event"] = _coded(answer, {one: float(one in exposed) for one in ANSWERS})
            found["value"] = _coded(answer, {one: float(number) for number, one in enumerate(ANSWERS)})
        case "first_activity" | "first_relapse":
            found |= {"time": column("time_d"), "event": column("is_event"), "low": column("low_d")}
            found["high"] = np.where(found["event"] == 0.0, np.inf, column("high_d"))
        case "relapses" | "lesions":
            found |= {"count": column("count"), "years": column("years")}
        case "occupancy" | "level":
            of_arm = "arm_" if analysis.by == "arm" else ""
            found["value"] = column(f"{of_arm}value")
            lists = frame[f"{endpoint.name}.{of_arm}samples"]
            sampled = np.concatenate(
                [[0], np.cumsum(lists.list.len().fill_null(0).to_numpy().astype(np.int64))]
            )
            samples = lists.explode(empty_as_null=False).drop_nulls().to_numpy()
    covariates = {
        name.removeprefix(AT_ENTRY): frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in frame.columns
        if name.startswith(AT_ENTRY)
    }
    if analysis.by == "arm":  # the answer at entry is a covariate where it does not make the groups
        codes = {one: float(number) for number, one in enumerate(ANSWERS)}
        covariates["wearing_off"] = _coded(frame["answer"], codes)
    return Rows(
        group=group,
        place=place,
        places=places,
        samples=samples,
        sampled=sampled,
        covariates=np.column_stack([np.zeros((size, 0)), *covariates.values()]),
        covariate_names=tuple(covariates),
        **found,
    )


def _groups(
    frame: pl.DataFrame, protocol: Protocol, analysis: Analysis
) -> tuple[np.ndarray, np.ndarray, int]:
    if analysis.by == "wearing_off":
        exposed = load_coding(analysis.coding).exposed
        place = _placed(frame["answer"], ANSWERS)
        groups = np.array([int(one in exposed) for one in ANSWERS] + [-1])
        return groups[place], place, len(ANSWERS)
    arms = tuple(arm.name for arm in protocol.arms)
    reference = analysis.reference or arms[0]
    compared = analysis.compared or next((arm for arm in arms if arm != reference), None)
    place = _placed(frame["arm"], arms)
    groups = np.array([1 if arm == compared else 0 if arm == reference else -1 for arm in arms] + [-1])
    return groups[place], place, len(arms)


def _placed(column: pl.Series, order: tuple[str, ...]) -> np.ndarray:
    codes = {name: place for place, name in enumerate(order)}
    return column.replace_strict(codes, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


def _coded(column: pl.Series, codes: dict[str, float]) -> np.ndarray:
    coded = column.replace_strict(codes, default=np.nan, return_dtype=pl.Float64)
    return coded.fill_null(np.nan).to_numpy()
