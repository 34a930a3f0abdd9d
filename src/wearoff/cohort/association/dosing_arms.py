"""Standard against extended dosing, weighted until the arms are alike at entry.

The arms of the emulated trial differ in who got them. Inverse-probability weights make them alike in what was
recorded at entry, and the ratio is then the one a trial would give, averaged over these patients; gaps in that are
filled in several times and the results pooled. Shown are the balance before and after, what the weights cost, the
hazard ratio without and with weights, and how strong something unrecorded would have to be to explain it away
(E-value). Gaps are filled in entry by entry, so that two entries of one patient may be given different values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from wearoff.cohort.association.target_trial import COVARIATES, SID_EID, TargetTrial
from wearoff.stats import (
    Balance,
    ColumnKind,
    EValue,
    Imputed,
    Pooled,
    RateRatio,
    Term,
    Truncation,
    Weighting,
    analyse_imputed,
    cox,
    e_value,
    impute,
    inverse_probability_weights,
    is_shown,
    poisson_ratio,
)

DAYS_PER_YEAR = 365.25
_BINARY = frozenset({"is_female"})
_STEPPED = frozenset({"edss", "relapses_before"})


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: entries, patients behind them, relapses, and years of follow-up."""

    name: str
    entries: int
    patients: int
    events: int
    years: float
    effective_entries: float | None


@dataclass(frozen=True, slots=True, eq=False)
class DosingComparison:
    """Extended against standard dosing.

    Attributes:
        protocol: of the emulated trial.
        arms: extended, standard.
        neither: entries without an arm, by reason, the most frequent first.
        rate_ratio: relapses per year, extended over standard, unweighted and exact; None where an arm is empty. A
            patient's entries overlap, so its limits are too narrow; it is for orientation.
        plain: hazard ratio without weights, robust to a patient's several entries; None without events in both arms.
        weighted: hazard ratio with weights, pooled over completed tables.
        balance: of each covariate, before and after weighting, in the first completed table.
        covariates: those that were used.
        dropped: covariates that were not, with the reason.
        imputed: whether gaps were filled in.
        e_value: of the weighted ratio; None without one.
        verdict: by the weighted interval.
        note: what the reader must know, or None.
    """

    protocol: TargetTrial
    arms: tuple[Arm, Arm]
    neither: tuple[tuple[str, int], ...]
    rate_ratio: RateRatio | None
    plain: Term | None
    weighted: Pooled | None
    balance: tuple[Balance, ...]
    covariates: tuple[str, ...]
    dropped: tuple[tuple[str, str], ...]
    imputed: bool
    e_value: EValue | None
    verdict: str
    note: str | None


def compare_dosing(
    trials: pl.DataFrame,
    *,
    seed: int,
    protocol: TargetTrial = SID_EID,
    truncation: Truncation = "percentiles 1 and 99",
    draws: int = 20,
) -> DosingComparison:
    """The hazard of a relapse on extended over that on standard dosing.

    Args:
        trials: from `emulate_trials`.
        seed: of the tables with gaps filled in; not used where nothing is missing.
        protocol: that of `emulate_trials`.
        truncation: which weights are cut.
        draws: how many completed tables.
    """
    rows = trials.filter(pl.col("arm").is_not_null())
    reasons = trials.filter(pl.col("arm").is_null())["why"].value_counts(sort=True)
    neither = tuple((str(why), int(count)) for why, count in reasons.iter_rows())
    is_extended = (rows["arm"] == "eid").to_numpy()
    time, event = rows["time_d"].to_numpy(), rows["is_event"].to_numpy()
    clusters = rows["patient_id"].to_list()
    used, dropped = _usable(rows, is_extended)
    plain: Term | None = None
    weighted: Pooled | None = None
    balance: tuple[Balance, ...] = ()
    strength: EValue | None = None
    weightings: list[Weighting] = []
    has_gaps = any(rows[name].null_count() for name in used)
    notes = []
    both = min(int(event[is_extended].sum()), int(event[~is_extended].sum())) if event.any() else 0
    if both == 0:
        notes.append("an arm has no relapse: there is no hazard ratio, only the exact limits of the rates")
    else:
        arm = is_extended.astype(np.float64)
        plain = cox(time, event, arm, names=["extended dosing"], clusters=clusters).terms[0]

        def analysis(table: np.ndarray) -> tuple[Term, ...]:
            weighting = inverse_probability_weights(
                is_extended, table[:, : len(used)], names=used, truncation=truncation
            )
            weightings.append(weighting)
            weights = weighting.weights
            return cox(time, event, arm, names=["extended dosing"], clusters=clusters, weights=weights).terms

        try:
            weighted = analyse_imputed(
                _completed(rows, used, arm, time, event, has_gaps, seed, draws), analysis
            )[0]
        except ValueError as refused:
            notes.append(str(refused))
    if weighted is not None:
        balance = weightings[0].balance
        limits = weighted.term.ratio_interval
        is_rare = float(event.mean()) < 0.15
        strength = e_value(
            weighted.term.ratio,
            limits.low,
            limits.high,
            kind="risk ratio" if is_rare else "hazard ratio, common",
        )
        notes += [note for note in {weighting.note for weighting in weightings} if note][:1]
    patients = len(set(clusters))
    if 0 < patients < 20:
        notes.append(f"robust errors from {patients} patients are too small; read the interval with care")
    arms = tuple(
        _arm(rows, name, weightings[0].effective_sizes[place] if weightings else None)
        for place, name in enumerate(("eid", "sid"))
    )
    return DosingComparison(
        protocol=protocol,
        arms=(arms[0], arms[1]),
        neither=neither,
        rate_ratio=_rate_ratio(arms[0], arms[1]),
        plain=plain,
        weighted=weighted,
        balance=balance,
        covariates=tuple(used),
        dropped=dropped,
        imputed=weighted is not None and has_gaps,
        e_value=strength,
        verdict=_verdict(weighted),
        note="; ".join(notes) or None,
    )


def balance_table(comparison: DosingComparison) -> pl.DataFrame:
    """The balance as a table for a picture: covariate, smd_before, smd_after."""
    rows = [(one.name, one.before, one.after) for one in comparison.balance]
    schema = {"covariate": pl.String, "smd_before": pl.Float64, "smd_after": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _usable(rows: pl.DataFrame, is_extended: np.ndarray) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Covariates that vary and are mostly known, and why the others are left out."""
    used, dropped = [], []
    for name in COVARIATES:
        known = rows[name].drop_nulls()
        if known.len() < 0.5 * rows.height or not known.len():
            dropped.append((name, "recorded at fewer than half of the entries"))
        elif known.n_unique() < 2:
            dropped.append((name, "the same at every entry"))
        elif (
            min((rows[name].is_not_null().to_numpy() & side).sum() for side in (is_extended, ~is_extended))
            < 3
        ):
            dropped.append((name, "recorded at fewer than three entries of an arm"))
        else:
            used.append(name)
    return used, tuple(dropped)


def _completed(
    rows: pl.DataFrame,
    used: list[str],
    arm: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    has_gaps: bool,
    seed: int,
    draws: int,
) -> Imputed:
    """The covariates, arm and outcome, completed; the outcome informs what is missing, as it must."""
    columns = [rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in used]
    table = np.column_stack([*columns, arm, event.astype(np.float64), np.log1p(time)])
    kinds: list[ColumnKind] = [_kind(name) for name in used]
    names = [*used, "arm", "relapse", "log time"]
    if not has_gaps:
        # Two tables that are the same: pooling then changes nothing.
        return Imputed(np.stack([table, table]), tuple(names), (0,) * len(names), seed)
    return impute(
        table, names=names, kinds=[*kinds, "yes or no", "yes or no", "number"], seed=seed, draws=draws
    )


def _kind(name: str) -> ColumnKind:
    return "yes or no" if name in _BINARY else "matched number" if name in _STEPPED else "number"


def _arm(rows: pl.DataFrame, name: str, effective: float | None) -> Arm:
    mine = rows.filter(pl.col("arm") == name)
    return Arm(
        name=name,
        entries=mine.height,
        patients=mine["patient_id"].n_unique(),
        events=int(mine["is_event"].sum() or 0),
        years=float(mine["time_d"].sum() or 0.0) / DAYS_PER_YEAR,
        effective_entries=effective,
    )


def _rate_ratio(extended: Arm, standard: Arm) -> RateRatio | None:
    if min(extended.years, standard.years) <= 0.0:
        return None
    return poisson_ratio(extended.events, extended.years, standard.events, standard.years)


def _verdict(weighted: Pooled | None) -> str:
    if weighted is None:
        return "uninformative"
    return "difference shown" if is_shown(weighted.term.p) else "no difference shown"
