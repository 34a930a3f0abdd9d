"""What one analysis of one replicate leaves: a row."""

from __future__ import annotations

import polars as pl

__all__ = ["RESULT_SCHEMA"]

RESULT_SCHEMA: dict[str, type[pl.DataType]] = {
    "replicate": pl.Int64,
    "look": pl.Int64,  # from 1; the last is the end of the study
    "analysis": pl.String,
    "estimate": pl.Float64,  # null where nothing could be estimated
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "is_shown": pl.Boolean,  # whether the analysis says that what it looks for is there; never null
    "verdict": pl.String,  # in one of the registry's words, `uninformative` where there is nothing to test
    "events": pl.Int64,
    "patients": pl.Int64,  # that the analysis could use
}
