"""The scoreboard carried out: every figure predicted by simulation, beside what was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.scoreboard.computations import computation
from wearoff.dosing.scoreboard.entries import Entry, entries
from wearoff.dosing.scoreboard.simulations import Progress, Simulations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wearoff.dosing.pk.models import PkModel
    from wearoff.dosing.published_dosing import Estimate


@dataclass(frozen=True, slots=True)
class Scored:
    """One figure beside its prediction.

    Attributes:
        entry: the figure.
        curve: the saturation curve; None where none is used.
        predicted: the value with its Monte Carlo error.
    """

    entry: Entry
    curve: str | None
    predicted: Estimate

    @property
    def is_hit(self) -> bool:
        """Whether the prediction lies in the accepted band; its error is not subtracted."""
        low, high = self.entry.accepted
        return low <= self.predicted.value <= high

    @property
    def missed_by(self) -> float:
        """How far outside the band it lies: above it positive, below it negative, inside 0."""
        low, high = self.entry.accepted
        value = self.predicted.value
        return value - high if value > high else min(0.0, value - low)

    @property
    def is_near_the_edge(self) -> bool:
        """Whether two Monte Carlo errors would carry the prediction over an end of the band."""
        nearest = min(abs(self.predicted.value - end) for end in self.entry.accepted)
        return nearest < 2 * self.predicted.error

    @property
    def is_fitted(self) -> bool:
        """Whether the figure is no test, because something was chosen after it."""
        return self.entry.is_fitted(self.curve)


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """Every figure beside its prediction.

    Attributes:
        rows: in the order of the files; one for each curve where a figure needs a curve.
        patients: virtual patients.
        policy_patients: those behind the policies.
        seed: the seed of the draws.
        provenance: the model and the digest of its file.
    """

    rows: tuple[Scored, ...]
    patients: int
    policy_patients: int
    seed: int
    provenance: dict[str, str]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Hits and rows among those that are a test, and among those that were used to fit."""
        found = {}
        for name, is_fitted in (("test", False), ("used to fit", True)):
            mine = [row for row in self.rows if row.is_fitted is is_fitted]
            found[name] = sum(row.is_hit for row in mine), len(mine)
        return found

    def columns(self) -> dict[str, list[object]]:
        """The scoreboard as columns of a table, one value a row."""
        rows = [_cells(row) for row in self.rows]
        return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def score(
    patients: int = 4000,
    seed: int = 0,
    *,
    policy_patients: int | None = None,
    model: PkModel | None = None,
    chosen: Sequence[Entry] | None = None,
    progress: Progress | None = None,
) -> Scoreboard:
    """Every published figure predicted.

    Args:
        patients: virtual patients, at least 2.
        seed: the seed of every drawn number.
        policy_patients: those behind the policies, each of whom is fitted three times; by default at most 300.
        model: by default the published model that everything else uses.
        chosen: the figures; by default all of them.
        progress: called with the patients fitted and their number in all.

    Raises:
        ValueError: fewer than two patients.
        UnknownNameError: a figure names a computation or a row that there is none of.
        ComputationError: a level cannot be computed; names the patient.
    """
    from wearoff.dosing.pk.models import load_model

    fitted = min(patients, 300) if policy_patients is None else policy_patients
    used = load_model() if model is None else model
    simulations = Simulations(used, patients, fitted, seed, progress)
    rows = tuple(
        row for entry in (entries() if chosen is None else chosen) for row in _scored(entry, simulations)
    )
    return Scoreboard(rows, patients, fitted, seed, used.provenance)


def _scored(entry: Entry, simulations: Simulations) -> Iterator[Scored]:
    compute = computation(entry.computation)
    for curve in curve_names() if entry.by_curve else (None,):
        settings = entry.settings if curve is None else {**entry.settings, "curve": curve}
        yield Scored(entry, curve, compute(simulations, settings))


def _cells(row: Scored) -> dict[str, object]:
    entry = row.entry
    low, high = entry.accepted
    return {
        "figure": entry.name,
        "what": entry.title,
        "curve": row.curve,
        "evidence": "; ".join(entry.evidence),
        "mark": str(entry.mark),
        "published": entry.published,
        "unit": entry.unit,
        "accepted_low": low,
        "accepted_high": high,
        "why_this_band": entry.why,
        "predicted": row.predicted.value,
        "monte_carlo_error": row.predicted.error,
        "is_hit": row.is_hit,
        "is_near_the_edge": row.is_near_the_edge,
        "missed_by": row.missed_by,
        "used_to_fit": row.is_fitted,
        "note": entry.note,
    }
