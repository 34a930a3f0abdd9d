"""How the estimates of each analysis lie over many virtual studies, as quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wearoff.trial.reading.methods import kind_of, load_method

if TYPE_CHECKING:
    from wearoff.trial.protocol import Protocol

__all__ = ["QUANTILES", "QUANTILE_SCHEMA", "estimate_quantiles"]

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
"""The quantiles by the names of their columns."""

QUANTILE_SCHEMA: dict[str, type[pl.DataType]] = {
    "analysis": pl.String,
    "look": pl.Int64,
    "measure": pl.String,
    "unit": pl.String,  # of what is measured: mg/L, or points of occupancy; None of shares and ratios
    "replicates": pl.Int64,
    "estimated": pl.Int64,  # replicates with a finite estimate, which the quantiles are of
    **dict.fromkeys(QUANTILES, pl.Float64),
    "null_value": pl.Float64,  # where there is nothing to find, of a test of non-inferiority its margin
    "true_value": pl.Float64,
}


def estimate_quantiles(results: pl.LazyFrame | pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Quantiles of the finite estimates of each analysis at each look.

    An estimate that is missing or infinite, as of a ratio without events in one group, is in no quantile: `estimated`
    says how many there are. Analyses that estimate nothing have no row.

    Args:
        results: rows with the columns of `RESULT_SCHEMA`, such as `Archive.results()`.
        protocol: the study.

    Returns:
        A row for each analysis and look, in the order of the protocol, with the columns of `QUANTILE_SCHEMA`.
    """
    parts = []
    for analysis in protocol.analyses:
        method = load_method(analysis.method)
        if method.measure == "none":
            continue
        estimate = pl.col("estimate").fill_nan(None)
        finite = pl.when(estimate.is_finite()).then(estimate)
        found = (
            results.lazy()
            .filter(pl.col("analysis") == analysis.name)
            .group_by("look")
            .agg(
                replicates=pl.len(),
                estimated=finite.count(),
                **{name: finite.quantile(share, interpolation="linear") for name, share in QUANTILES.items()},
            )
            .sort("look")
            .with_columns(
                analysis=pl.lit(analysis.name),
                measure=pl.lit(method.measure),
                unit=pl.lit(method.unit(kind_of(analysis, protocol)) or None, dtype=pl.String),
                null_value=pl.lit(
                    analysis.margin if method.needs_margin else method.null_value, dtype=pl.Float64
                ),
                true_value=pl.lit(analysis.true_value, dtype=pl.Float64),
            )
            .select(pl.col(name).cast(kind) for name, kind in QUANTILE_SCHEMA.items())
            .collect(engine="streaming")
        )
        parts.append(found)
    return pl.concat(parts) if parts else pl.DataFrame(schema=QUANTILE_SCHEMA)
