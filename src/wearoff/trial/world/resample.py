"""Virtual patients from the rows of a recorded cohort, drawn with replacement.

Weight, sex, age and EDSS must be recorded of everyone; without them a patient cannot be simulated, and the error names
him. Height, antibody index, onset, years on the drug and antibodies against it are often not recorded; where they are
missing the patient gets those of a drawn one, and `fallbacks` says of how many.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.pk.virtual import patient_uniforms
from wearoff.errors import InputError, Problem
from wearoff.trial.world.people import Covariates, whole_edss

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.cohort.records.cohort import Cohort

__all__ = ["RecordedPeople", "recorded_people"]

_NEGATIVE_BELOW = 0.4  # of an antibody index, as in `people.toml`
_NEEDED = {
    "weight_kg": ("infusion.csv", "weight_kg", "no weight is recorded"),
    "is_female": ("patient.csv", "sex", "the sex is not recorded as F or M"),
    "age": ("patient.csv", "birth_year", "the year of birth or the day of entry is not recorded"),
    "edss": ("visit.csv", "edss", "no EDSS is recorded"),
}


@dataclass(frozen=True, slots=True, eq=False)
class RecordedPeople:
    """The patients of a cohort as they were recorded; NaN is what was not.

    Attributes:
        patients: identifiers.
        values: every covariate by its name, NaN where it is missing; an antibody index of 0 is a negative test.
        fallbacks: what is drawn from the stated distributions instead, in words.
    """

    patients: tuple[str, ...]
    values: dict[str, Float[np.ndarray, " patients"]]
    fallbacks: tuple[str, ...]

    def drawn(self, others: Covariates, seed: int, first: int) -> Covariates:
        """Rows drawn with replacement, keyed by the index of the virtual patient.

        Args:
            others: drawn patients, who stand in for what is missing.
            seed: the seed of the draws.
            first: index of the first patient.
        """
        count = others.weight_kg.size
        chance = patient_uniforms(seed, "trial:row", first, count)
        row = np.minimum((chance * len(self.patients)).astype(np.int64), len(self.patients) - 1)
        found: dict[str, np.ndarray] = {}
        for item in fields(Covariates):
            other = getattr(others, item.name)
            value = self.values[item.name][row]
            is_missing = np.isnan(value)
            if item.name == "jcv_index":
                value = np.where(value == 0, np.nan, value)
            mixed = np.where(is_missing, other, value)
            found[item.name] = mixed > 0.5 if other.dtype == np.bool_ else mixed
        whole = Covariates(**found)
        return replace(
            whole,
            edss=whole_edss(whole.edss),
            # a drawn number of years must fit a recorded one
            ms_years=np.maximum(whole.ms_years, whole.treatment_years),
        )


@lru_cache(maxsize=4)
def recorded_people(cohort: Cohort) -> RecordedPeople:
    """The covariates at entry of every patient of a cohort.

    Entry is the first day of the follow-up, or the first infusion where that is not recorded. What holds at entry is
    the last value up to it, or the first after it.

    Args:
        cohort: the recorded cohort.

    Raises:
        InputError: a patient lacks weight, sex, age or EDSS; names everyone.
    """
    names = cohort.patients
    if not names:
        raise InputError(Problem("the cohort has no patient to draw from.", file="patient.csv"))
    everyone = pl.DataFrame({"patient_id": names}, schema={"patient_id": pl.String})
    rows = everyone.join(cohort.patient, on="patient_id", how="left", maintain_order="left")
    first_dose = cohort.infusion.group_by("patient_id").agg(first_dose=pl.col("start_time").min().dt.date())
    rows = rows.join(first_dose, on="patient_id", how="left", maintain_order="left")
    rows = rows.with_columns(entry=pl.coalesce("followup_start", "first_dose"))
    days = rows.select("patient_id", "entry")
    year = pl.col("entry").dt.year() - pl.col("birth_year")
    since_onset = (pl.col("entry") - pl.col("ms_onset_date")).dt.total_days() / YEAR_D
    treated = (pl.col("entry") - pl.col("first_dose")).dt.total_days() / YEAR_D
    index = cohort.measurement.filter(pl.col("analyte") == "jcv_index").with_columns(
        value=pl.when(pl.col("value").is_null() | (pl.col("value") < _NEGATIVE_BELOW))
        .then(pl.when(pl.col("value").is_null() & (pl.col("below_lloq") != "Y")).then(None).otherwise(0.0))
        .otherwise(pl.col("value"))
    )
    values = {
        "weight_kg": _at_entry(days, cohort.infusion, pl.col("start_time").dt.date(), "weight_kg"),
        "height_cm": _column(rows, pl.col("height_cm")),
        "is_female": _column(rows, pl.col("sex").replace_strict({"F": 1.0, "M": 0.0}, default=None)),
        "age": _column(rows, year),
        "edss": _at_entry(days, cohort.visit, pl.col("date"), "edss"),
        "jcv_index": _at_entry(days, index, pl.col("time").dt.date(), "value"),
        "ms_years": _column(rows, since_onset),
        # who entered with the first recorded infusion may have had the drug before
        "treatment_years": _column(rows, pl.when(treated > 0).then(treated)),
        "has_antibodies": np.full(len(names), np.nan),
    }
    problems = [
        Problem(f"{why}; give it, or leave the patient out.", file=file, column=column, patient=names[at])
        for name, (file, column, why) in _NEEDED.items()
        for at in np.flatnonzero(np.isnan(values[name]))
    ]
    if problems:
        raise InputError(problems)
    fallbacks = tuple(
        f"{name}: not recorded of {missing} of {len(names)} patients, drawn from the stated distribution instead"
        for name, value in values.items()
        if (missing := int(np.isnan(value).sum()))
    )
    return RecordedPeople(names, values, fallbacks)


def _column(rows: pl.DataFrame, column: pl.Expr) -> Float[np.ndarray, " patients"]:
    found = rows.select(column.cast(pl.Float64)).to_series()
    return found.fill_null(np.nan).to_numpy()


def _at_entry(
    days: pl.DataFrame, table: pl.DataFrame, day: pl.Expr, value: str
) -> Float[np.ndarray, " patients"]:
    """The last value up to entry, or the first after it."""
    known = table.select("patient_id", day.alias("day"), pl.col(value).alias("value")).drop_nulls()
    both = known.join(days, on="patient_id").with_columns(
        is_after=pl.col("entry").is_null() | (pl.col("day") > pl.col("entry")),
        away=(pl.col("day") - pl.coalesce("entry", pl.lit(dt.date(1900, 1, 1)))).dt.total_days().abs(),
    )
    nearest = both.sort("patient_id", "is_after", "away").group_by("patient_id", maintain_order=True).first()
    return _column(
        days.join(nearest.select("patient_id", "value"), on="patient_id", how="left", maintain_order="left"),
        pl.col("value"),
    )
