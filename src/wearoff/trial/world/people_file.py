"""The numbers behind virtual patients: distributions of their covariates, correlations, and what events leave."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from wearoff.dosing.figures import Figure, Strict, digest_of, read_figures, refusal
from wearoff.trial.protocol import COVARIATES

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jaxtyping import Float

__all__ = ["LogNormal", "Normal", "PeopleFile", "load_people", "people_digest", "read_people"]

_ROUNDING = 1e-12


class Normal(Strict):
    """A normal distribution cut off at both ends; mean and SD are those before that."""

    kind: Literal["normal"]
    mean: Figure
    sd: Figure
    lowest: Figure
    highest: Figure

    def quantile(self, share: Float[np.ndarray, " patients"]) -> Float[np.ndarray, " patients"]:
        """The values below which these shares of people lie."""
        return _cut(share, self.mean.value, self.sd.value, self.lowest.value, self.highest.value)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        _check_ends("sd", self.sd, self.lowest, self.highest)
        return self


class LogNormal(Strict):
    """A log-normal distribution cut off at both ends; median and the SD of logarithms are those before that."""

    kind: Literal["log-normal"]
    median: Figure
    log_sd: Figure
    lowest: Figure
    highest: Figure

    def quantile(self, share: Float[np.ndarray, " patients"]) -> Float[np.ndarray, " patients"]:
        """The values below which these shares of people lie."""
        median, lowest, highest = np.log([self.median.value, self.lowest.value, self.highest.value])
        return np.asarray(np.exp(_cut(share, median, self.log_sd.value, lowest, highest)))

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        _check_ends("log_sd", self.log_sd, self.lowest, self.highest)
        if not min(self.median.value, self.lowest.value) > 0:
            raise refusal(
                (("lowest", "a log-normal number is more than 0, and so are its median and its ends"),)
            )
        return self


Distribution = Annotated[Normal | LogNormal, Field(discriminator="kind")]


class ByPopulation(Strict):
    """A share of people in each of the two populations."""

    stable: Figure
    starter: Figure


class DistributionByPopulation(Strict):
    """A distribution in each of the two populations."""

    stable: Distribution
    starter: Distribution


class PeopleFile(Strict):
    """Every number of `people.toml`, each with its source and mark.

    Attributes:
        weight_kg, height_cm, age, ms_years: distributions.
        treatment_years: of stable patients; starters have none.
        edss: of the true EDSS, by population.
        jcv_index: of those who are antibody positive.
        jcv_positive, antibodies: shares, by population.
        female: share.
        correlations: of the normal numbers behind two covariates, under their names with a colon between.
        enhancing_d: how long a lesion enhances.
        relapse_rise, relapse_d: by how much and for how long a relapse raises the EDSS.
        relapse_leaves: share of relapses after which a step stays.
        step, step_from: a step of the EDSS, and the EDSS from which it is half as large.
    """

    weight_kg: Distribution
    height_cm: Distribution
    age: Distribution
    ms_years: Distribution
    treatment_years: Distribution
    edss: DistributionByPopulation
    jcv_index: Distribution
    jcv_positive: ByPopulation
    female: Figure
    antibodies: ByPopulation
    correlations: dict[str, Figure]
    enhancing_d: Figure
    relapse_rise: Figure
    relapse_d: Figure
    relapse_leaves: Figure
    step: Figure
    step_from: Figure

    @property
    def factor(self) -> Float[np.ndarray, "covariates covariates"]:
        """The Cholesky factor of the correlations, in the order of `COVARIATES`."""
        return np.linalg.cholesky(self._matrix())

    def _matrix(self) -> Float[np.ndarray, "covariates covariates"]:
        matrix = np.eye(len(COVARIATES))
        for pair, figure in self.correlations.items():
            i, j = (COVARIATES.index(name) for name in pair.split(":"))
            matrix[i, j] = matrix[j, i] = figure.value
        return matrix

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        known = {f"{a}:{b}" for one in combinations(COVARIATES, 2) for a, b in (one, one[::-1])}
        faults = [
            (f"correlations.{pair}", f"two different covariates of {', '.join(COVARIATES)} are wanted")
            for pair in self.correlations
            if pair not in known
        ]
        faults += [
            (f"correlations.{pair}", "the same two covariates stand here twice")
            for pair in self.correlations
            if pair in known and ":".join(reversed(pair.split(":"))) in self.correlations
        ]
        faults += [
            (f"{name}.value", "a share lies between 0 and 1")
            for name, figure in self._shares().items()
            if not 0 <= figure.value <= 1
        ]
        faults += [
            (f"{name}.value", "this number is more than 0")
            for name in ("enhancing_d", "relapse_rise", "relapse_d", "step")
            if not getattr(self, name).value > 0
        ]
        if not faults and np.linalg.eigvalsh(self._matrix())[0] < _ROUNDING:
            faults.append(("correlations", "no people can be correlated so; make some correlations smaller"))
        if faults:
            raise refusal(faults)
        return self

    def _shares(self) -> dict[str, Figure]:
        both = {
            f"{name}.{population}": getattr(getattr(self, name), population)
            for name in ("jcv_positive", "antibodies")
            for population in ("stable", "starter")
        }
        return {**both, "female": self.female, "relapse_leaves": self.relapse_leaves}

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number under its dotted name."""
        found: dict[str, Figure] = {}

        def gather(name: str, part: object) -> None:
            if isinstance(part, Figure):
                found[name] = part
            elif isinstance(part, dict):
                for key, value in part.items():
                    gather(f"{name}.{key}", value)
            elif isinstance(part, Strict):
                for key in type(part).model_fields:
                    gather(f"{name}.{key}" if name else key, getattr(part, key))

        gather("", self)
        return found


def load_people(path: str | None = None) -> PeopleFile:
    """The numbers of the package, or those of a file of one's own.

    Args:
        path: a TOML file in the form of `people.toml`.

    Raises:
        InputError: the file is missing or damaged; names every wrong field.
    """
    return _shipped() if path is None else read_people(Path(path))


def read_people(file: Traversable) -> PeopleFile:
    """Numbers from a file.

    Raises:
        InputError: the file does not hold them; names every wrong field.
    """
    return read_figures(PeopleFile, file)


def people_digest(path: str | None = None) -> str:
    """SHA-256 of the file of numbers, by which a result says which it used."""
    return digest_of(_file() if path is None else Path(path))


@cache
def _shipped() -> PeopleFile:
    return read_people(_file())


def _file() -> Traversable:
    return files("wearoff.trial.world") / "people.toml"


def _check_ends(name: str, spread: Figure, lowest: Figure, highest: Figure) -> None:
    if not spread.value > 0:
        raise refusal(((name, "a spread is more than 0"),))
    if not lowest.value < highest.value:
        raise refusal((("highest", "the highest value lies above the lowest"),))


def _cut(share: np.ndarray, mean: float, sd: float, lowest: float, highest: float) -> Float[np.ndarray, " n"]:
    """Quantiles of a normal distribution that is cut off at both ends."""
    from scipy.special import ndtr, ndtri  # a tenth of a second that importing this need not wait for

    low, high = ndtr((lowest - mean) / sd), ndtr((highest - mean) / sd)
    return np.asarray((mean + sd * ndtri(low + (high - low) * share)).clip(lowest, highest))
