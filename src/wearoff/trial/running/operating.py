"""What a design can be expected to do: the results of many replicates, counted, each share and mean with its error.

Rows are read from Parquet as they are needed and are never in memory together. Ratios are averaged as logarithms, so
that a half and a double cancel; `scale` says where.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import polars as pl

from wearoff.stats.proportions import proportion_interval

if TYPE_CHECKING:
    from wearoff.trial.protocol import Protocol

__all__ = [
    "LOOK_SCHEMA",
    "OPERATING_SCHEMA",
    "Read",
    "characteristics_by_look",
    "operating_characteristics",
    "summarise",
]

OPERATING_SCHEMA: dict[str, type[pl.DataType]] = {
    "analysis": pl.String,
    "look": pl.Int64,
    "replicates": pl.Int64,
    "estimated": pl.Int64,  # replicates with a finite estimate
    "shown": pl.Float64,  # share of all replicates in which the analysis says that something is there
    "shown_error": pl.Float64,
    "shown_low": pl.Float64,
    "shown_high": pl.Float64,
    "mean_estimate": pl.Float64,
    "median_estimate": pl.Float64,
    "true_value": pl.Float64,
    "bias": pl.Float64,
    "bias_error": pl.Float64,
    "coverage": pl.Float64,  # of `intervals`, at the level of the analysis
    "coverage_error": pl.Float64,
    "mean_width": pl.Float64,  # of finite intervals
    "mean_events": pl.Float64,
    "mean_patients": pl.Float64,
    "uninformative": pl.Float64,
    "scale": pl.String,  # of means, bias and width
    "mean_error": pl.Float64,
    "width_error": pl.Float64,
    "events_error": pl.Float64,
    "patients_error": pl.Float64,
    "uninformative_error": pl.Float64,
    "intervals": pl.Int64,  # replicates with an interval, of which `coverage` is
}

LOOK_SCHEMA: dict[str, type[pl.DataType]] = {
    "analysis": pl.String,
    "look": pl.Int64,
    "weeks": pl.Float64,  # since the first patient entered
    "replicates": pl.Int64,
    "shown_first": pl.Float64,  # share in which it is shown at this look and at none before
    "shown_by_then": pl.Float64,  # share in which it is shown at this look or before
    "shown_by_then_error": pl.Float64,
    "mean_weeks": pl.Float64,  # duration of a study that ends at the first look that shows it
    "mean_weeks_error": pl.Float64,
    "mean_patients": pl.Float64,  # that the analysis could use when such a study ends
    "mean_patients_error": pl.Float64,
    "estimate_then": pl.Float64,  # mean of what such a study estimates when it ends, of ratios geometric
    "estimate_then_error": pl.Float64,
    "estimate_at_last": pl.Float64,  # the same where every study goes on to the last look
    "estimate_at_last_error": pl.Float64,
    "scale": pl.String,  # of the errors of both
}

_LEVEL = 0.95
_SCALES = {True: "log", False: "as estimated"}


@dataclass(frozen=True, slots=True)
class Read:
    """How the estimates of an analysis are to be read.

    Attributes:
        analysis: its name.
        is_ratio: whether they are ratios, averaged as logarithms.
        true_value: what they are estimates of, None where it is not known.
    """

    analysis: str
    is_ratio: bool
    true_value: float | None = None


def operating_characteristics(results: pl.LazyFrame | pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """What every analysis of a protocol showed and estimated over all replicates, with Monte Carlo errors.

    Args:
        results: rows with the columns of `RESULT_SCHEMA`, such as `Archive.results()`.
        protocol: the study.

    Returns:
        A row for each analysis and look, in the order of the protocol, with the columns of `OPERATING_SCHEMA`.
    """
    from wearoff.trial.reading.methods import load_method

    return summarise(
        results,
        [Read(each.name, load_method(each.method).is_ratio, each.true_value) for each in protocol.analyses],
    )


def summarise(results: pl.LazyFrame | pl.DataFrame, analyses: Iterable[Read]) -> pl.DataFrame:
    """The same for analyses that are said one by one.

    `shown` is the power where there is something to find, and the rate of errors of the first kind where there is
    nothing; a two-sided test counts on either side. Its error is that of a binomial share, its interval that of
    Clopper and Pearson at 95 %. Errors of means are those of independent replicates. An estimate that is missing or
    infinite, as of a ratio where one group has no event, is in no mean, so that mean and bias are those of the
    `estimated` replicates alone; the results leave it out, so that it is in no median either. A true value is covered
    by the limits themselves.

    Args:
        results: rows with the columns of `RESULT_SCHEMA`.
        analyses: the analyses, in the order of the result; rows of others are left out.

    Returns:
        A row for each analysis and look, with the columns of `OPERATING_SCHEMA`.
    """
    read = _frame_of(analyses)
    is_ratio, truth = pl.col("is_ratio"), pl.col("true_value")

    def scaled(column: str) -> pl.Expr:
        value = pl.col(column).fill_nan(None)
        on_scale = pl.when(is_ratio & (value >= 0)).then(value.log()).when(~is_ratio).then(value)
        return pl.when(on_scale.is_finite()).then(on_scale)

    limits = pl.col("low").fill_nan(None).is_not_null() & pl.col("high").fill_nan(None).is_not_null()
    covered = pl.when(limits).then((pl.col("low") <= truth) & (truth <= pl.col("high"))).cast(pl.Float64)
    counted = (
        results.lazy()
        .join(read.lazy(), on="analysis", how="inner")
        .select(
            "order",
            "look",
            "is_shown",
            _value=scaled("estimate"),
            _width=scaled("high") - scaled("low"),
            _covered=covered,
            _events=pl.col("events").cast(pl.Float64),
            _patients=pl.col("patients").cast(pl.Float64),
            _nothing=pl.col("verdict") == "uninformative",
        )
        .group_by("order", "look")
        .agg(
            replicates=pl.len(),
            estimated=pl.col("_value").count(),
            shown=pl.col("is_shown").mean(),
            mean=pl.col("_value").mean(),
            mean_error=_error("_value"),
            coverage=pl.col("_covered").mean(),
            intervals=pl.col("_covered").count(),
            mean_width=pl.col("_width").mean(),
            width_error=_error("_width"),
            mean_events=pl.col("_events").mean(),
            events_error=_error("_events"),
            mean_patients=pl.col("_patients").mean(),
            patients_error=_error("_patients"),
            uninformative=pl.col("_nothing").mean(),
        )
        .collect(engine="streaming")
        .join(read, on="order")
        .join(_medians(results.lazy(), read), on=["analysis", "look"])
        .sort("order", "look")
    )
    on_scale = pl.when(is_ratio).then(truth.log()).otherwise(truth)
    found = counted.with_columns(
        shown_error=_share_error("shown", "replicates"),
        mean_estimate=pl.when(is_ratio).then(pl.col("mean").exp()).otherwise(pl.col("mean")),
        bias=pl.col("mean") - on_scale,
        bias_error=pl.when(truth.is_not_null()).then(pl.col("mean_error")),
        coverage_error=_share_error("coverage", "intervals"),
        uninformative_error=_share_error("uninformative", "replicates"),
        scale=pl.when(is_ratio).then(pl.lit(_SCALES[True])).otherwise(pl.lit(_SCALES[False])),
        **_limits(counted),
    )
    chosen = found.select(pl.col(name).cast(kind) for name, kind in OPERATING_SCHEMA.items())
    # rows are summed in whatever order they come, which shows in the last digits
    return chosen.with_columns(pl.col(pl.Float64).round_sig_figs(10))


def characteristics_by_look(results: pl.LazyFrame | pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """How a study with interim looks goes that ends at the first look at which its analysis shows something.

    It ends early where chance has made the difference large, so that what it estimates then lies on average further
    from nothing than the truth (Pocock and Hughes 1989, doi 10.1016/0197-2456(89)90059-7). How much further is told by
    the same estimate where every study goes on to the last look.

    Args:
        results: rows with the columns of `RESULT_SCHEMA`.
        protocol: the study.

    Returns:
        A row for each primary analysis and look, with the columns of `LOOK_SCHEMA`; none without looks.
    """
    from wearoff.trial.reading.methods import load_method

    if protocol.looks is None:
        return pl.DataFrame(schema=LOOK_SCHEMA)
    schedule = protocol.schedule
    is_ratio = {each.name: load_method(each.method).is_ratio for each in protocol.analyses}
    weeks = [*sorted(protocol.looks.weeks), float(schedule.accrual_weeks + schedule.followup_weeks)]
    primary = [each.name for each in protocol.analyses if each.is_primary]
    look, last = pl.col("look"), len(weeks)
    first_shown = look.filter("is_shown").min()
    value = pl.col("estimate").fill_nan(None)
    on_scale = (
        pl.when(~pl.col("analysis").is_in([name for name, ratio in is_ratio.items() if ratio]))
        .then(value)
        .when(value > 0)
        .then(value.log())
    )
    ends = (
        results.lazy()
        .filter(pl.col("analysis").is_in(primary))
        .with_columns(value=pl.when(on_scale.is_finite()).then(on_scale))
        .group_by("analysis", "replicate")
        .agg(
            shown=first_shown,
            patients=pl.col("patients").filter(look == first_shown.fill_null(last)).first(),
            then=pl.col("value").filter(look == first_shown.fill_null(last)).first(),
            at_last=pl.col("value").filter(look == last).first(),
        )
        .with_columns(
            weeks=pl.col("shown")
            .fill_null(last)
            .replace_strict(dict(enumerate(weeks, 1)), return_dtype=pl.Float64)
        )
        .collect(engine="streaming")
    )
    rows = []
    for name in primary:
        mine = ends.filter(pl.col("analysis") == name)
        count = mine.height
        if not count:
            continue
        means = mine.select(
            mean_weeks=pl.col("weeks").mean(),
            mean_weeks_error=_error("weeks"),
            mean_patients=pl.col("patients").mean(),
            mean_patients_error=_error("patients"),
            estimate_then=pl.col("then").mean().exp() if is_ratio[name] else pl.col("then").mean(),
            estimate_then_error=_error("then"),
            estimate_at_last=pl.col("at_last").mean().exp() if is_ratio[name] else pl.col("at_last").mean(),
            estimate_at_last_error=_error("at_last"),
            scale=pl.lit(_SCALES[is_ratio[name]]),
        ).row(0, named=True)
        for number, week in enumerate(weeks, 1):
            first = float((mine["shown"] == number).sum()) / count
            by_then = float((mine["shown"] <= number).sum()) / count
            error = (by_then * (1 - by_then) / count) ** 0.5
            rows.append(
                {
                    "analysis": name,
                    "look": number,
                    "weeks": week,
                    "replicates": count,
                    "shown_first": first,
                    "shown_by_then": by_then,
                    "shown_by_then_error": error,
                    **means,
                }
            )
    return pl.DataFrame(rows, schema=LOOK_SCHEMA)


def _frame_of(analyses: Iterable[Read]) -> pl.DataFrame:
    listed = list(analyses)
    for each in listed:
        value = each.true_value
        if value is not None and (not isfinite(value) or (each.is_ratio and value <= 0)):
            raise ValueError(f"the true value of {each.analysis!r} is {value}, which no estimate can have")
    return pl.DataFrame(
        {
            "order": range(len(listed)),
            "analysis": [each.analysis for each in listed],
            "is_ratio": [each.is_ratio for each in listed],
            "true_value": [each.true_value for each in listed],
        },
        schema={"order": pl.Int64, "analysis": pl.String, "is_ratio": pl.Boolean, "true_value": pl.Float64},
    )


def _medians(results: pl.LazyFrame, read: pl.DataFrame) -> pl.DataFrame:
    """The median of each analysis at each look, one after another, because one has to see all of its values."""
    estimate = pl.col("estimate").fill_nan(None)
    found = [pl.DataFrame(schema={"analysis": pl.String, "look": pl.Int64, "median_estimate": pl.Float64})]
    found += [
        results.filter(pl.col("analysis") == name)
        .group_by("analysis", "look")
        .agg(median_estimate=estimate.median())
        .collect(engine="streaming")
        for name in read["analysis"]
    ]
    return pl.concat(found)


def _error(column: str) -> pl.Expr:
    """Error of a mean of independent replicates; null where there is one."""
    return pl.col(column).std() / pl.col(column).count().sqrt()


def _share_error(share: str, of: str) -> pl.Expr:
    return (pl.col(share) * (1.0 - pl.col(share)) / pl.col(of)).sqrt()


def _limits(counted: pl.DataFrame) -> dict[str, pl.Series]:
    """The interval of each share that was shown."""
    found = [
        proportion_interval(round(share * count), count, level=_LEVEL)
        for share, count in counted.select("shown", "replicates").iter_rows()
    ]
    return {
        "shown_low": pl.Series([each.low for each in found], dtype=pl.Float64),
        "shown_high": pl.Series([each.high for each in found], dtype=pl.Float64),
    }
