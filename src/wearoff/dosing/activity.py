"""From free alpha-4 integrin to lesions and relapses: an infiltrate that follows, and counts that cluster in people.

The infiltrate X fills toward u^gL and empties with a time constant tauL (`turnover.py`); off the drug it is 1. New
lesions and relapses of patient j are Poisson. Their mean is Z_j times the integral of a rate that goes from the one on
the drug, at X = 0, to the one off it, at X = 1; Z_j is gamma with mean 1, so that counts are negative binomial. gL
belongs to a saturation curve: under each it is fitted to the return of activity after stopping
(`benchmarks/fit_activity.py`), never to a comparison of intervals, which stays a test. Everyone in the evidence on
intervals was stable on 4-weekly dosing first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.figures import Figure, Strict, digest_of, read_figures
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.pk.uncertainty import scaled
from wearoff.dosing.streams import stream
from wearoff.dosing.turnover import Turnover, turn_over
from wearoff.errors import UnknownNameError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import numpy.typing as npt
    from jaxtyping import Float

Kind = Literal["t2", "gd", "relapse"]
KINDS: tuple[Kind, ...] = ("t2", "gd", "relapse")
SCANNED = "scanned range"


class CurveActivity(Strict):
    """The two numbers that belong to one saturation curve.

    Attributes:
        exponent: gL, how steeply the infiltrate follows the free share.
        rate_on_drug: new T2 lesions a year that full block leaves.
    """

    exponent: Figure
    rate_on_drug: Figure


class ActivityFile(Strict):
    """Every number of `activity.toml`, each with its source, mark and range.

    Attributes:
        infiltrate_d: tauL, days.
        t2_rate: new or enlarging T2 lesions a year off the drug, seen by yearly scans.
        gd_rate: new Gd+ lesions a year off the drug, seen by monthly scans.
        lesion_shape: shape of the gamma distribution of lesions between people.
        relapse_rate: relapses a year off the drug.
        relapse_rate_on_drug: relapses a year that full block leaves.
        relapse_shape: shape of the gamma distribution of relapses between people.
        frailty_correlation: of the normal numbers behind the two frailties of one patient.
        curves: what belongs to a saturation curve, by its name.
    """

    infiltrate_d: Figure
    t2_rate: Figure
    gd_rate: Figure
    lesion_shape: Figure
    relapse_rate: Figure
    relapse_rate_on_drug: Figure
    relapse_shape: Figure
    frailty_correlation: Figure
    curves: dict[str, CurveActivity]

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for name, figure in self.figures.items():
            low = figure.value if figure.interval is None else figure.interval[0]
            if not (low > 0 or (low == 0 and name == "frailty_correlation")):
                raise ValueError(f"{name} must be more than 0 over its whole range")
        if (self.frailty_correlation.interval or (0, self.frailty_correlation.value))[1] > 1:
            raise ValueError("frailty_correlation must not be more than 1")
        return self

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number under its dotted name."""
        found = {name: getattr(self, name) for name in _SHARED}
        for name, curve in self.curves.items():
            found[f"{name}.exponent"] = curve.exponent
            found[f"{name}.rate_on_drug"] = curve.rate_on_drug
        return found


@dataclass(frozen=True, slots=True, eq=False)
class ActivityNumbers:
    """One set of numbers for each draw, or one set for everybody; rates are per year.

    Attributes:
        exponent, rate_on_drug: as in `CurveActivity`.
        infiltrate_d, t2_rate, gd_rate, lesion_shape, frailty_correlation: as in `ActivityFile`.
        relapse_rate, relapse_rate_on_drug, relapse_shape: as there.
    """

    exponent: Float[np.ndarray, " draws"]
    rate_on_drug: Float[np.ndarray, " draws"]
    infiltrate_d: Float[np.ndarray, " draws"]
    t2_rate: Float[np.ndarray, " draws"]
    gd_rate: Float[np.ndarray, " draws"]
    lesion_shape: Float[np.ndarray, " draws"]
    relapse_rate: Float[np.ndarray, " draws"]
    relapse_rate_on_drug: Float[np.ndarray, " draws"]
    relapse_shape: Float[np.ndarray, " draws"]
    frailty_correlation: Float[np.ndarray, " draws"]

    def rates(self, kind: Kind) -> tuple[Float[np.ndarray, " draws"], Float[np.ndarray, " draws"]]:
        """Events a year that full block leaves, and events a year off the drug.

        A monthly Gd scan sees more lesions than a yearly T2 scan, on the drug by the same factor.
        """
        if kind == "relapse":
            return self.relapse_rate_on_drug, self.relapse_rate
        if kind == "gd":
            return self.rate_on_drug * self.gd_rate / self.t2_rate, self.gd_rate
        return self.rate_on_drug, self.t2_rate

    def shape(self, kind: Kind) -> Float[np.ndarray, " draws"]:
        """The shape of the gamma distribution between people."""
        return self.relapse_shape if kind == "relapse" else self.lesion_shape


def infiltrate(
    day: Float[np.ndarray, " times"],
    free: Float[np.ndarray, "draws times"],
    numbers: ActivityNumbers,
    start: npt.ArrayLike = 1.0,
) -> Turnover:
    """The lesion-forming infiltrate, dX/dt = (u^gL - X)/tauL, and its integral.

    Args:
        day: the samples, days.
        free: u, the share of alpha-4 left free relative to no drug (`trafficking.free_share`).
        numbers: as many sets as there are rows, or one.
        start: X at the first sample: 1 in someone who never had the drug, about 0 after long treatment.
    """
    rows = free.shape[0]
    source = np.power(free, np.broadcast_to(numbers.exponent, (rows,))[:, None])
    return turn_over(day, source, 1.0 / np.broadcast_to(numbers.infiltrate_d, (rows,)), start)


def expected_events(
    day: Float[np.ndarray, " times"],
    found: Turnover,
    numbers: ActivityNumbers,
    kind: Kind,
    at: Float[np.ndarray, " edges"],
) -> Float[np.ndarray, "draws windows"]:
    """Mean events between consecutive days in a patient of average frailty.

    The rate is (rate on the drug) (1 - X) + (rate off it) X, so that no drug gives exactly the untreated rate.

    Args:
        day: the samples, days.
        found: the infiltrate.
        numbers: as for `infiltrate`.
        kind: `t2`, `gd` or `relapse`.
        at: days, within the samples and increasing; a scan counts what is new since the day before it in the list.

    Raises:
        ValueError: a day lies outside the samples, or they do not increase.
    """
    at = np.asarray(at, dtype=float)
    if at.size < 2 or not (np.diff(at) > 0).all() or at[0] < day[0] or at[-1] > day[-1] + 1e-9:
        raise ValueError("events are counted between at least two days that increase, within the samples")
    after = np.searchsorted(day, at, side="left").clip(1, day.size - 1)
    length = day[after] - day[after - 1]
    share = np.where(length > 0, (at - day[after - 1]) / np.where(length > 0, length, 1.0), 1.0)
    area = (1.0 - share) * found.area[..., after - 1] + share * found.area[..., after]
    infiltrated, passed = np.diff(area, axis=-1) / YEAR_D, np.diff(at) / YEAR_D
    left, off = (rate[:, None] for rate in numbers.rates(kind))
    return np.asarray(left * (passed - infiltrated) + off * infiltrated)


def share_without(
    mean: npt.ArrayLike, shape: npt.ArrayLike, seen: npt.ArrayLike = 0.0
) -> Float[np.ndarray, "..."]:
    """The share of people without any event, where counts are Poisson and their rates gamma.

    Args:
        mean: events of a patient of average frailty.
        shape: k of the gamma distribution.
        seen: events that a patient of average frailty would have had in an earlier time in which these had none.
    """
    k = np.asarray(shape, dtype=float) + np.asarray(seen, dtype=float)
    return np.asarray((1.0 + np.asarray(mean, dtype=float) / k) ** -np.asarray(shape, dtype=float))


def typical_activity(curve: str) -> ActivityNumbers:
    """The numbers as they stand in the file, one set.

    Args:
        curve: name of the saturation curve that gL was fitted under.

    Raises:
        UnknownNameError: nothing was fitted under such a curve.
    """
    return _numbers(curve, lambda _key, figure: np.array([figure.value]))


def draw_activity(curve: str, draws: int, seed: int, patient: str = "population") -> ActivityNumbers:
    """Numbers drawn from their ranges, each with a stream of its own.

    A scanned range is drawn from evenly. An interval of an estimate is drawn from as that of a model is
    (`pk/uncertainty.py`), so that its ends hold 95 %. The numbers are drawn independently, which is too wide, because
    those that were fitted together are correlated.

    Args:
        curve: name of the saturation curve.
        draws: how many sets; more keep the first ones.
        seed: the seed of the draws.
        patient: whose numbers.

    Raises:
        UnknownNameError: nothing was fitted under such a curve.
        ValueError: fewer than one draw.
    """
    if draws < 1:
        raise ValueError("there must be at least one draw")

    def drawn(key: str, figure: Figure) -> np.ndarray:
        if figure.interval is None:
            return np.full(draws, figure.value)
        random = stream(seed, patient, f"activity:{key}")
        if figure.interval_kind == SCANNED:
            return np.asarray(random.uniform(figure.interval[0], figure.interval[1], size=draws))
        return scaled(key, figure, random.standard_normal(draws))

    return _numbers(curve, drawn)


@cache
def activity_file() -> ActivityFile:
    """The numbers of the package."""
    return read_activity(_file())


def read_activity(file: Traversable) -> ActivityFile:
    """Numbers from a file.

    Raises:
        InputError: the file does not hold them; names every wrong field.
    """
    return read_figures(ActivityFile, file)


def activity_digest() -> str:
    """SHA-256 of the file of numbers, by which a result says which it used."""
    return digest_of(_file())


_SHARED = (
    "infiltrate_d",
    "t2_rate",
    "gd_rate",
    "lesion_shape",
    "relapse_rate",
    "relapse_rate_on_drug",
    "relapse_shape",
    "frailty_correlation",
)


def _file() -> Traversable:
    return files("wearoff.dosing") / "activity.toml"


def _numbers(curve: str, drawn: Callable[[str, Figure], np.ndarray]) -> ActivityNumbers:
    content = activity_file()
    if curve not in content.curves:
        raise UnknownNameError("saturation curve with a fit of disease activity", curve, content.curves)
    own = content.curves[curve]
    return ActivityNumbers(
        exponent=drawn(f"{curve}.exponent", own.exponent),
        rate_on_drug=drawn(f"{curve}.rate_on_drug", own.rate_on_drug),
        **{name: drawn(name, getattr(content, name)) for name in _SHARED},
    )
