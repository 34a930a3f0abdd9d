"""From concentration to the entry of leukocytes into tissue, relative to no drug: bands, never a line.

A saturation curve gives the share u of alpha-4 integrin that the drug leaves free. What still enters is
e = rho + (1 - rho) u^g: a part rho needs no alpha-4, the rest needs g free integrins for firm arrest. Cells that do not
leave stay in the blood, and those of the cerebrospinal fluid turn over (`turnover.py`). Nearly every number of
`trafficking.toml` is assumed, so that everything is computed under all curves and over the scanned ranges.

What may be said of it is the *change of entry* within an interval and between intervals. It is no risk of infection,
and no day of a cycle is shown to be safe. No comparison of human CSF under 4- and 6-weekly dosing exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.by_dose import QUANTILES
from wearoff.dosing.figures import Figure, Strict, digest_of, read_figures
from wearoff.dosing.occupancy import SaturationCurve, curve_names, load_curve
from wearoff.dosing.streams import stream
from wearoff.dosing.turnover import turn_over
from wearoff.errors import UnknownNameError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import numpy.typing as npt
    from jaxtyping import Float

    from wearoff.dosing.pk.models import Parameters
    from wearoff.dosing.regimen import Regimen

CSF_ORGAN = "cns"
_JUST_AFTER_D = 1e-6


class Route(Strict):
    """How one subset of leukocytes enters one organ.

    Attributes:
        title: one line for people.
        organ: cns, lung or gut.
        subset: the cells.
        rho_quiet: share of the entry that needs no alpha-4 in quiet tissue.
        rho_inflamed: the same in tissue that is inflamed throughout.
        exponent: how many free integrins firm arrest needs.
        csf_cells: cells of the untreated cerebrospinal fluid, cells/uL, where a figure is at hand.
    """

    title: str
    organ: str
    subset: str
    rho_quiet: Figure
    rho_inflamed: Figure
    exponent: Figure
    csf_cells: Figure | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for name, low, high in (
            ("rho_quiet", 0.0, 1.0),
            ("rho_inflamed", 0.0, 1.0),
            ("exponent", 0.1, 20.0),
        ):
            figure: Figure = getattr(self, name)
            if figure.interval is None or not low <= figure.interval[0] <= figure.interval[1] <= high:
                raise ValueError(f"{name} needs a scanned range within {low:g} to {high:g}")
        if self.rho_inflamed.value < self.rho_quiet.value:
            raise ValueError("rho_inflamed must not be below rho_quiet")
        return self


class TraffickingFile(Strict):
    """Every number of `trafficking.toml`, each with its source, mark and scanned range.

    Attributes:
        alpha4_share_of_exit: share of the cells leaving the blood that alpha-4 lets out.
        csf_half_life: half-life of a cell in the cerebrospinal fluid, days.
        routes: the ways into tissue by name.
    """

    alpha4_share_of_exit: Figure
    csf_half_life: Figure
    routes: dict[str, Route]

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for name, high in (("alpha4_share_of_exit", 0.99), ("csf_half_life", 1e4)):
            interval = getattr(self, name).interval
            if interval is None or not 0 < interval[0] <= interval[1] <= high:
                raise ValueError(f"{name} needs a scanned range above 0 and up to {high:g}")
        return self

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number under its dotted name."""
        found = {"alpha4_share_of_exit": self.alpha4_share_of_exit, "csf_half_life": self.csf_half_life}
        for name, route in self.routes.items():
            for key in ("rho_quiet", "rho_inflamed", "exponent", "csf_cells"):
                figure = getattr(route, key)
                if figure is not None:
                    found[f"{name}.{key}"] = figure
        return found


@dataclass(frozen=True, slots=True, eq=False)
class TraffickingNumbers:
    """One set of numbers for each draw.

    Attributes:
        alpha4_share_of_exit: f.
        csf_rate_per_d: q.
        rho_quiet, rho_inflamed, exponent: by name of the route.
    """

    alpha4_share_of_exit: Float[np.ndarray, " draws"]
    csf_rate_per_d: Float[np.ndarray, " draws"]
    rho_quiet: Mapping[str, Float[np.ndarray, " draws"]]
    rho_inflamed: Mapping[str, Float[np.ndarray, " draws"]]
    exponent: Mapping[str, Float[np.ndarray, " draws"]]

    @property
    def draws(self) -> int:
        """How many sets there are."""
        return int(self.csf_rate_per_d.size)

    def rho(self, route: str, inflammation: float) -> Float[np.ndarray, " draws"]:
        """The share of the entry that needs no alpha-4.

        Args:
            route: name of the route.
            inflammation: of the tissue, from 0, quiet, to 1.

        Raises:
            ValueError: the inflammation lies outside 0 to 1.
        """
        if not 0 <= inflammation <= 1:
            raise ValueError("the inflammation of a tissue lies between 0, quiet, and 1")
        quiet = self.rho_quiet[route]
        return np.asarray(quiet + (self.rho_inflamed[route] - quiet) * inflammation)


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """What one curve makes of the levels, draw by draw; everything is relative to no drug.

    Attributes:
        day: the samples, days.
        free: share of alpha-4 left free.
        blood: cells in the blood.
        entry: cells entering the tissue for each one in the blood, by route.
        arriving: cells entering, blood excess included, by route.
        csf: cells in the cerebrospinal fluid by route into the central nervous system.
    """

    day: Float[np.ndarray, " times"]
    free: Float[np.ndarray, "draws times"]
    blood: Float[np.ndarray, "draws times"]
    entry: Mapping[str, Float[np.ndarray, "draws times"]]
    arriving: Mapping[str, Float[np.ndarray, "draws times"]]
    csf: Mapping[str, Float[np.ndarray, "draws times"]]


def free_share(curve: SaturationCurve, level: npt.ArrayLike) -> Float[np.ndarray, "..."]:
    """The share of alpha-4 that a level leaves free, relative to no drug.

    A curve that begins above 0 describes what an assay reads without any drug. No drug must leave everything free, so
    that the rest counts from there: u = (1 - S(C)) / (1 - S(0)), which is 1 - S where a curve begins at 0.

    Args:
        curve: the saturation curve.
        level: concentration, mg/L, any shape.
    """
    return np.asarray((1.0 - curve.saturation(level)) / (1.0 - curve.e0.value))


def entry(free: npt.ArrayLike, rho: npt.ArrayLike, exponent: npt.ArrayLike) -> Float[np.ndarray, "..."]:
    """Entry relative to no drug, e = rho + (1 - rho) u^g.

    Args:
        free: u, 0 to 1.
        rho: the share that needs no alpha-4.
        exponent: g.
    """
    u, share = np.asarray(free, dtype=float), np.asarray(rho, dtype=float)
    return np.asarray(share + (1.0 - share) * u**exponent)


def blood_excess(free: npt.ArrayLike, alpha4_share_of_exit: npt.ArrayLike) -> Float[np.ndarray, "..."]:
    """Cells in the blood relative to no drug, b = 1 / (1 - f (1 - u)).

    Args:
        free: u, 0 to 1.
        alpha4_share_of_exit: f, below 1.
    """
    f = np.asarray(alpha4_share_of_exit, dtype=float)
    return np.asarray(1.0 / (1.0 - f * (1.0 - np.asarray(free, dtype=float))))


def traffic(
    day: Float[np.ndarray, " times"],
    level: Float[np.ndarray, "draws times"],
    curve: SaturationCurve,
    numbers: TraffickingNumbers,
    *,
    inflammation: float = 0.0,
    csf_start: Mapping[str, npt.ArrayLike] | None = None,
) -> Traffic:
    """What one saturation curve makes of levels over time.

    Args:
        day: the samples, days; `sample_days` gives some that miss no jump.
        level: concentration, mg/L, a row for each draw.
        curve: the saturation curve.
        numbers: as many sets as there are rows, or one for all of them.
        inflammation: of every tissue, from 0, quiet, to 1.
        csf_start: cells in the cerebrospinal fluid at the first sample, relative to no drug; without it 1.

    Raises:
        ValueError: the sets do not fit the rows, or the inflammation lies outside 0 to 1.
    """
    if numbers.draws not in {1, level.shape[0]}:
        raise ValueError(f"{level.shape[0]} draws of levels do not fit {numbers.draws} of the numbers")
    u = free_share(curve, level)
    blood = blood_excess(u, numbers.alpha4_share_of_exit[:, None])
    enters = {
        name: entry(u, numbers.rho(name, inflammation)[:, None], numbers.exponent[name][:, None])
        for name in numbers.exponent
    }
    arriving = {name: blood * share for name, share in enters.items()}
    starts = {} if csf_start is None else csf_start
    routes = trafficking_file().routes
    csf = {
        name: turn_over(day, source, numbers.csf_rate_per_d, starts.get(name, 1.0)).value
        for name, source in arriving.items()
        if routes[name].organ == CSF_ORGAN
    }
    return Traffic(day, u, blood, enters, arriving, csf)


def under_curves(
    day: Float[np.ndarray, " times"],
    level: Float[np.ndarray, "draws times"],
    numbers: TraffickingNumbers,
    *,
    inflammation: float = 0.0,
    curves: Mapping[str, SaturationCurve] | None = None,
) -> dict[str, Traffic]:
    """What every saturation curve makes of the levels, by name; arguments as for `traffic`."""
    chosen = {name: load_curve(name) for name in curve_names()} if curves is None else curves
    return {
        name: traffic(day, level, curve, numbers, inflammation=inflammation) for name, curve in chosen.items()
    }


def band(drawn: Sequence[Float[np.ndarray, "draws ..."]]) -> dict[str, Float[np.ndarray, "..."]]:
    """One band over draws and curves: the lowest 5 and 25 % of any curve, the highest 75 and 95 %, medians between.

    Args:
        drawn: an array for each curve, its first axis the draws.

    Returns:
        `p05`, `p25`, `p75`, `p95`, and `p50_low` and `p50_high`, the medians of the curves that differ most.
    """
    by_curve = np.stack([np.quantile(values, list(QUANTILES.values()), axis=0) for values in drawn])
    lowest, highest = by_curve.min(axis=0), by_curve.max(axis=0)
    return {
        "p05": lowest[0],
        "p25": lowest[1],
        "p50_low": lowest[2],
        "p50_high": highest[2],
        "p75": highest[3],
        "p95": highest[4],
    }


def sample_days(regimen: Regimen, until_d: float) -> Float[np.ndarray, " times"]:
    """Days at which levels must be known so that no jump is missed.

    Every whole day, each dose just before it and at its end, each plasma exchange just before and just after.

    Args:
        regimen: the doses and exchanges.
        until_d: the last day, days from the first dose.
    """
    every_day = np.arange(0.0, until_d + 1e-9)
    exchange = regimen.exchange_d
    days = np.concatenate(
        (every_day, [until_d], regimen.start_d, regimen.end_d, exchange, exchange + _JUST_AFTER_D)
    )
    return np.asarray(np.unique(days[(days >= 0) & (days <= until_d)]))


def levels_over(
    parameters: Parameters, regimen: Regimen, day: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "draws times"]:
    """The concentration of every draw of one patient on some days, mg/L.

    Args:
        parameters: of one patient.
        regimen: the doses, of which none needs to come after the last day.
        day: days from the first dose.

    Raises:
        ValueError: there is more than one patient.
    """
    from wearoff.dosing.pk.solve import simulate  # loads JAX

    if parameters.shape[0] != 1:
        raise ValueError("the levels of one patient are wanted")
    return np.asarray(np.maximum(simulate(parameters, [regimen], [day])[0], 0.0))


def typical_numbers() -> TraffickingNumbers:
    """The numbers as they stand in the file, one set."""
    return _numbers(lambda _key, figure: np.array([figure.value]))


def draw_numbers(draws: int, seed: int, patient: str = "patient") -> TraffickingNumbers:
    """Numbers drawn evenly from their scanned ranges, each with a stream of its own.

    Args:
        draws: how many sets; more keep the first ones.
        seed: the seed of the draws.
        patient: whose numbers, since they may differ between people.

    Raises:
        ValueError: fewer than one draw.
    """
    if draws < 1:
        raise ValueError("there must be at least one draw")

    def drawn(key: str, figure: Figure) -> np.ndarray:
        assert figure.interval is not None  # noqa: S101 - checked when the file is read
        low, high = figure.interval
        return np.asarray(stream(seed, patient, f"trafficking:{key}").uniform(low, high, size=draws))

    return _numbers(drawn)


@cache
def trafficking_file() -> TraffickingFile:
    """The numbers of the package."""
    return read_trafficking(_file())


def read_trafficking(file: Traversable) -> TraffickingFile:
    """Numbers from a file.

    Raises:
        InputError: the file does not hold them; names every wrong field.
    """
    return read_figures(TraffickingFile, file)


def load_route(name: str) -> Route:
    """A route by its name.

    Raises:
        UnknownNameError: there is no such route.
    """
    routes = trafficking_file().routes
    if name not in routes:
        raise UnknownNameError("route into tissue", name, routes)
    return routes[name]


def trafficking_digest() -> str:
    """SHA-256 of the file of numbers, by which a result says which it used."""
    return digest_of(_file())


def _file() -> Traversable:
    return files("wearoff.dosing") / "trafficking.toml"


def _numbers(drawn: Callable[[str, Figure], np.ndarray]) -> TraffickingNumbers:
    """Numbers made of figures; inflammation never lowers what enters without alpha-4."""
    content = trafficking_file()
    quiet = {name: drawn(f"{name}.rho_quiet", route.rho_quiet) for name, route in content.routes.items()}
    return TraffickingNumbers(
        alpha4_share_of_exit=drawn("alpha4_share_of_exit", content.alpha4_share_of_exit),
        csf_rate_per_d=np.log(2.0) / drawn("csf_half_life", content.csf_half_life),
        rho_quiet=quiet,
        rho_inflamed={
            name: np.maximum(quiet[name], drawn(f"{name}.rho_inflamed", route.rho_inflamed))
            for name, route in content.routes.items()
        },
        exponent={name: drawn(f"{name}.exponent", route.exponent) for name, route in content.routes.items()},
    )
