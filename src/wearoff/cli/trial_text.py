"""What `wearoff trial` prints: a plan, one study's results, and what a design can be expected to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from wearoff.cli.models import WIDTH
from wearoff.cohort.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from wearoff.cohort.results import Section
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.running.archive import Archive
    from wearoff.trial.running.block import BlockResult
    from wearoff.trial.running.run import TrialRun


def protocol_lines(study: Protocol) -> list[str]:
    """A protocol in the list: name and title, the question below."""
    wrapped = textwrap.wrap(study.question, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return [f"{study.name}  {study.title}", *wrapped]


def plan_lines(sections: Iterable[Section]) -> Iterator[str]:
    """The analysis plan, a heading over the paragraphs of each section."""
    for section in sections:
        yield section.title
        for paragraph in section.paragraphs:
            yield from textwrap.wrap(paragraph, WIDTH, initial_indent="  ", subsequent_indent="  ")
        yield ""


def result_lines(study: Protocol, block: BlockResult, seed: int) -> Iterator[str]:
    """What the analyses of one study gave: of an example, so that nobody takes it for the design's power."""
    yield f"One study as it might come out, of {study.size} virtual patients, seed {seed}; others come out differently"
    measures = _measures(study)
    for row in block.results.iter_rows(named=True):
        measure, unit = measures[row["analysis"]]
        look = "" if study.looks is None else f", look {row['look']}"
        yield f"  {row['analysis']}{look}: {row['verdict']}"
        parts = [
            f"{measure} {_digits(row['estimate'])}{unit if row['estimate'] is not None else ''}",
            _interval(row["low"], row["high"]),
            f"p {_digits(row['p'])}" if row["p"] is not None else "",
            count(row["events"], "event") if row["events"] is not None else "",
            count(row["patients"], "patient"),
        ]
        yield f"    {'; '.join(part for part in parts if part)}"
    counts, prefix = block.counts, "rows in "
    rows = [f"{name.removeprefix(prefix)} {height}" for name, height in counts.items() if prefix in name]
    true = [count(counts[name], name.removesuffix("s")) for name in ("relapses", "lesions")]
    text = f"What is true and nobody may have seen: {' and '.join(true)}. Rows of its records: {', '.join(rows)}."
    yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def characteristic_lines(archive: Archive, found: pl.DataFrame) -> Iterator[str]:
    """What each analysis showed and estimated over all replicates, the Monte Carlo error in brackets."""
    study = archive.protocol
    replicates = max(found["replicates"].to_list(), default=0)
    source = " from the tables of another archive" if archive.rescored else ""
    yield (
        f"{replicates:,} replicate{'' if replicates == 1 else 's'} of {study.name}{source}, {study.size:,} patients "
        f"each, seed {archive.seed}; in brackets the Monte Carlo error"
    )
    unsolved = archive.counts().get("unsolved", 0)
    if unsolved:
        yield f"the levels of {count(unsolved, 'patient')} could not be solved; they are in the records, lost at entry"
    measures = _measures(study)
    for row in found.iter_rows(named=True):
        yield ""
        yield row["analysis"] if study.looks is None else f"{row['analysis']}, look {row['look']}"
        named = _characteristics(row, *measures[row["analysis"]])
        yield from (f"  {name:14}{text}" for name, text in named)
    yield ""


def look_lines(looks: pl.DataFrame) -> Iterator[str]:
    """How a study goes that ends at the first look that shows something."""
    for name in looks["analysis"].unique(maintain_order=True):
        rows = list(looks.filter(looks["analysis"] == name).iter_rows(named=True))
        yield f"{name}, where the study ends at the first look that shows something"
        for row in rows:
            share = _share(row["shown_by_then"], row["shown_by_then_error"])
            yield f"  look {row['look']}, week {row['weeks']:g}: shown by then in {share}"
        yield (
            f"  it lasts {_value(rows[0]['mean_weeks'], rows[0]['mean_weeks_error'])} weeks in the mean, and the "
            f"analysis could use {_value(rows[0]['mean_patients'], rows[0]['mean_patients_error'])} patients"
        )
        if rows[0]["estimate_then"] is not None:
            then, at_last = (
                _mean(rows[0], at, rows[0][f"{at}_error"]) for at in ("estimate_then", "estimate_at_last")
            )
            yield f"  it estimates {then} in the mean; were every study to go on to the end, {at_last}"
        yield ""


def speed_line(done: TrialRun) -> str:
    """How long it took, and how many replicates a processor made in a second."""
    workers = done.workers
    if not done.ran:
        return "nothing was left to run"
    each = (
        f", {done.ran / done.wall_s / workers:.1f} for each of {workers} workers"
        if workers is not None and workers > 1
        else ""
    )
    before = f" ({done.found:,} were there before)" if done.found else ""
    return (
        f"ran {done.ran:,} replicates{before} in {done.wall_s:.1f} s: {done.ran / done.wall_s:.1f} a second{each}; "
        f"{1000 * done.cpu_s / done.ran:.0f} ms of a processor for each"
    )


def _measures(study: Protocol) -> dict[str, tuple[str, str]]:
    """What each analysis estimates, and the unit of that with a blank before it."""
    from wearoff.trial.reading.methods import kind_of, load_method

    found: dict[str, tuple[str, str]] = {}
    for analysis in study.analyses:
        method = load_method(analysis.method)
        unit = method.unit(kind_of(analysis, study))
        found[analysis.name] = "estimate" if method.measure == "none" else method.measure, f" {unit}".rstrip()
    return found


def _characteristics(row: dict[str, Any], measure: str, unit: str) -> Iterator[tuple[str, str]]:
    low, high = 100 * row["shown_low"], 100 * row["shown_high"]
    yield "shown in", f"{_share(row['shown'], row['shown_error'])}, 95 % interval {low:.1f} to {high:.1f} %"
    if row["mean_estimate"] is not None:
        kind = "geometric mean" if row["scale"] == "log" else "mean"
        mean = _mean(row, "mean_estimate", row["mean_error"])
        many = "" if row["estimated"] == 1 else "s"
        text = f"{kind} {mean}, median {_digits(row['median_estimate'])}{unit}"
        yield "estimate", f"{measure}: {text}, in {row['estimated']:,} replicate{many}"
    if row["bias"] is not None:
        on = " on the log scale" if row["scale"] == "log" else ""
        bias = _value(row["bias"], row["bias_error"])
        yield "true value", f"{_digits(row['true_value'])}{unit}, bias {bias}{on or unit}"
    if row["coverage"] is not None:
        yield "", f"in {_share(row['coverage'], row['coverage_error'])} of {row['intervals']:,} intervals"
    if row["mean_width"] is not None:
        width = _value(row["mean_width"], row["width_error"])
        yield (
            "interval",
            f"{width}{unit} wide in the mean{' on the log scale' if row['scale'] == 'log' else ''}",
        )
    events = (
        "" if row["mean_events"] is None else f"{_value(row['mean_events'], row['events_error'])} events in "
    )
    yield "in the mean", f"{events}{_value(row['mean_patients'], row['patients_error'])} patients"
    if row["uninformative"]:
        share = _share(row["uninformative"], row["uninformative_error"])
        yield "uninformative", f"in {share}: there was nothing to test"


def _share(share: float, error: float) -> str:
    return f"{100 * share:.1f} % ({100 * error:.1f} %)"


def _mean(row: dict[str, Any], name: str, error: float | None) -> str:
    """A mean estimate with its error; that of a logarithm is a share of the mean itself."""
    if row["scale"] == "log" and error:
        return f"{_digits(row[name])} ({_error(100 * error)} %)"
    return _value(row[name], error)


def _value(value: float, error: float | None) -> str:
    """A value to three digits, and its error to one."""
    return _digits(value) if not error else f"{_digits(value)} ({_error(error)})"


def _error(error: float) -> str:
    """An error to one digit, and whole from ten on: 27 and not 3e+01."""
    return f"{error:.1g}" if error < 9.5 else f"{error:,.0f}"


def _interval(low: float | None, high: float | None) -> str:
    """An interval in words, of which a side may be open."""
    if low is None or high is None:
        return ""
    if high == float("inf"):
        return f"interval from {_digits(low)} on, without an upper limit"
    return f"interval {_digits(low)} to {_digits(high)}"


def _digits(value: float | None) -> str:
    """A number to three digits, whole from a hundred on."""
    if value is None:
        return "none"
    return f"{value:,.0f}" if 100 <= abs(value) < float("inf") else f"{value:.3g}"
