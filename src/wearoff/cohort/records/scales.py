"""Laboratory values on one scale: each known analyte in its own unit, and no file that mixes scales.

A file that states one analyte in mg/L here and in ng/mL there has probably lost a conversion on the
way, and a value a thousand times too high cannot be told from a true one. So the rows that are not on
the prevailing scale are refused. A file on one other scale throughout is converted, with a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

import polars as pl

from wearoff.cohort.records.checks import Finding
from wearoff.cohort.records.dictionary import Analyte, Dictionary
from wearoff.errors import InputError
from wearoff.units import convert, factor

__all__ = ["Scaled", "notes_on_scales", "to_memory_units"]


@dataclass(frozen=True, slots=True)
class Scaled:
    """Measurements in the units of memory.

    Attributes:
        frame: the measurements; value, lloq and unit are changed where the scale was another.
        findings: rows whose unit or value cannot be used.
        written: row, analyte and unit as written in the file, for every row with a known analyte.
    """

    frame: pl.DataFrame
    findings: list[Finding]
    written: pl.DataFrame


def to_memory_units(frame: pl.DataFrame, dictionary: Dictionary) -> Scaled:
    """Measurements of known analytes in the unit of memory.

    Args:
        frame: the table measurement, with null where a cell was not a value.
        dictionary: where the analytes are described.

    Returns:
        The converted frame, with a finding for each row whose unit does not belong to its analyte,
        whose scale is not the prevailing one, or whose value is out of range.
    """
    findings: list[Finding] = []
    written = [frame.select("row", "analyte", "unit").clear()]
    stated = set(frame["analyte"].to_list())
    for analyte in dictionary.analytes:
        if analyte.name not in stated:
            continue
        rows = frame.filter(pl.col("analyte") == analyte.name)
        written.append(rows.select("row", "analyte", "unit"))
        if analyte.unit is not None:
            scales, unusable = _scales(rows, analyte, analyte.unit)
            findings += unusable
            findings += _mixed(rows, analyte, analyte.unit, scales)
            for unit in scales:
                frame = _converted(frame, analyte.name, unit, analyte.unit)
            rows = frame.filter(pl.col("analyte") == analyte.name)
        findings += _out_of_range(rows, analyte, {finding.row for finding in findings})
    return Scaled(frame, findings, pl.concat(written))


def notes_on_scales(written: pl.DataFrame, accepted: pl.DataFrame, dictionary: Dictionary) -> list[str]:
    """What a reader of the receipt should know about units.

    Args:
        written: analyte and unit of each row as written.
        accepted: the measurements that were accepted.
        dictionary: where the analytes are described.

    Returns:
        One line for each conversion, and for each analyte or unit that looks like a slip.
    """
    notes = []
    valued = accepted.filter(pl.col("value").is_not_null() | pl.col("lloq").is_not_null())
    kept = written.join(valued.select("row", "value"), on="row")
    analytes = {analyte.name: analyte for analyte in dictionary.analytes}
    for (name, unit), group in kept.group_by("analyte", "unit", maintain_order=True):
        analyte = analytes[str(name)]
        if analyte.unit is not None and factor(str(unit), analyte.unit) != 1:
            notes.append(f"{group.height} {name} values converted from {unit} to {analyte.unit}")
        values = group["value"].drop_nulls()
        if unit == "%" and values.len() > 1 and bool((values <= 0.01).all()):
            notes.append(f"no {name} value in % exceeds 1 %; if they are fractions, change the unit")
    names = list(analytes)
    others = accepted.filter(~pl.col("analyte").is_in(names))
    for (name,), group in others.group_by("analyte", maintain_order=True):
        units = sorted(group["unit"].drop_nulls().unique().to_list())
        if len(units) > 1:
            notes.append(f"{name} is stated in {', '.join(units)}; its values are kept as written")
        if close := get_close_matches(str(name), names, n=1, cutoff=0.75):
            notes.append(
                f"the analyte {name} is not known and its {group.height} values are kept as written; "
                f"if {close[0]} is meant, rename it"
            )
    return notes


def _scales(rows: pl.DataFrame, analyte: Analyte, unit: str) -> tuple[dict[str, Fraction], list[Finding]]:
    """The factor of each unit that the rows use, and the rows whose unit measures something else."""
    scales: dict[str, Fraction] = {}
    findings = []
    for text in rows["unit"].drop_nulls().unique(maintain_order=True).to_list():
        try:
            scales[text] = factor(text, unit)
        except InputError:
            reason = (
                f"the unit {text!r} is not one for {analyte.name}; state the value in {analyte.prevails}."
            )
            wrong = rows.filter(pl.col("unit") == text)
            findings += [Finding(row, "unit", reason) for row in wrong["row"].to_list()]
    return scales, findings


def _mixed(rows: pl.DataFrame, analyte: Analyte, unit: str, scales: dict[str, Fraction]) -> list[Finding]:
    stated = rows.filter(pl.col("value").is_not_null() | pl.col("lloq").is_not_null())
    used = [text for text in scales if text in set(stated["unit"].to_list())]
    if len({scales[text] for text in used}) < 2:
        return []
    prevailing = factor(str(analyte.prevails), unit)
    reason = (
        f"{analyte.name} is stated in {' and '.join(sorted(used))} in one file: the scales are "
        f"mixed, and one of them is probably mislabelled; state every value in {analyte.prevails}."
    )
    wrong = [text for text in used if scales[text] != prevailing]
    return [
        Finding(row, "unit", reason) for row in stated.filter(pl.col("unit").is_in(wrong))["row"].to_list()
    ]


def _converted(frame: pl.DataFrame, name: str, unit: str, to: str) -> pl.DataFrame:
    if unit == to:
        return frame
    is_meant = (pl.col("analyte") == name) & (pl.col("unit") == unit)
    changes = [pl.when(is_meant).then(pl.lit(to)).otherwise(pl.col("unit")).alias("unit")]
    if factor(unit, to) != 1:
        for column in ("value", "lloq"):
            old = frame.filter(is_meant)[column].drop_nulls().unique()
            new = pl.Series([convert(value, unit, to) for value in old.to_list()], dtype=pl.Float64)
            scaled = pl.col(column).replace_strict(old, new, default=None)
            changes.append(pl.when(is_meant).then(scaled).otherwise(pl.col(column)).alias(column))
    return frame.with_columns(changes)


def _out_of_range(rows: pl.DataFrame, analyte: Analyte, refused: set[int]) -> list[Finding]:
    unit = "" if analyte.unit is None else f" {analyte.unit}"
    findings = []
    for column in ("value", "lloq"):
        wrong = rows.filter(~pl.col(column).is_between(analyte.minimum, analyte.maximum))
        for row, value in wrong.select("row", column).iter_rows():
            if row not in refused:
                reason = (
                    f"{value:g}{unit} is outside {analyte.minimum:g} to {analyte.maximum:g}{unit} "
                    f"for {analyte.name}; is the unit right?"
                )
                findings.append(Finding(row, column, reason))
    return findings
