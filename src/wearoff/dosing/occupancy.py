"""How much of the alpha-4 integrin is bound at a concentration: four curves, because none is established.

S(C) = E0 + Emax C^h / (EC50^h + C^h), with the numbers of `curves.toml`. Saturation is what a curve
predicts; occupancy is what a laboratory measures, and differs between assays and leukocyte subsets.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.figures import Figure, Strict, digest_of, read_figures
from wearoff.errors import UnknownNameError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import numpy.typing as npt
    from jaxtyping import Float


class _Numbers(Strict):
    """One curve as it stands in the file."""

    title: str
    e0: Figure
    emax: Figure
    ec50: Figure
    hill: Figure

    @model_validator(mode="after")
    def _is_a_saturation(self) -> Self:
        floor, ceiling = self.e0.value, self.e0.value + self.emax.value
        if not 0 <= floor <= ceiling <= 1:
            raise ValueError("e0 and e0 + emax must be fractions, the floor below the ceiling")
        if not (self.ec50.value > 0 and self.hill.value > 0):
            raise ValueError("ec50 and hill must be positive")
        if self.ec50.unit != "mg/L":
            raise ValueError("ec50 must be in mg/L")
        return self


class SaturationCurve(_Numbers):
    """A published or derived relation between concentration and receptor saturation.

    Attributes:
        name: the name by which a user chooses it.
        title: one line for people.
        e0: saturation without drug, a fraction.
        emax: rise of the saturation from none to unlimited drug, a fraction.
        ec50: concentration at half of the rise, mg/L.
        hill: steepness.
        digest: SHA-256 of the file the curve stands in.
    """

    name: str
    digest: str

    def saturation(self, concentration: npt.ArrayLike) -> Float[np.ndarray, "..."]:
        """The bound fraction at each concentration.

        Args:
            concentration: mg/L, any shape, not negative; NaN stays NaN.

        Raises:
            ValueError: a concentration is negative.
        """
        C = np.asarray(concentration, dtype=np.float64)
        if (C < 0).any():
            raise ValueError("a concentration cannot be negative")
        with np.errstate(divide="ignore", over="ignore"):  # no drug: the ratio is infinite
            share = 1.0 / (1.0 + (self.ec50.value / C) ** self.hill.value)
        return np.asarray(self.e0.value + self.emax.value * share)

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number of the curve under its name."""
        return {"e0": self.e0, "emax": self.emax, "ec50": self.ec50, "hill": self.hill}


class _CurveFile(Strict):
    """The file of curves."""

    curves: dict[str, _Numbers]


def curve_names() -> tuple[str, ...]:
    """The names of the curves, in the order of the file."""
    return tuple(_curves())


def load_curve(name: str) -> SaturationCurve:
    """A curve by its name.

    Raises:
        UnknownNameError: there is no such curve.
        InputError: the file of curves is damaged; names the field.
    """
    curves = _curves()
    if name not in curves:
        raise UnknownNameError("saturation curve", name, curves)
    return curves[name]


def read_curves(file: Traversable) -> dict[str, SaturationCurve]:
    """Every curve of a file by its name.

    Raises:
        InputError: the file is not a set of curves; names every wrong field.
    """
    digest = digest_of(file)
    return {
        name: SaturationCurve(name=name, digest=digest, **dict(numbers))
        for name, numbers in read_figures(_CurveFile, file).curves.items()
    }


@cache
def _curves() -> dict[str, SaturationCurve]:
    return read_curves(files("wearoff").joinpath("dosing", "curves.toml"))
