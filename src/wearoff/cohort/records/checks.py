"""Checks that need more than one cell: within a row, between rows, and between tables.

Each returns findings, which become refusals. A row in which two cells contradict each other is refused
whole, because which of them is wrong cannot be known. Where several rows state the same thing, one is
kept if they agree and none if they do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from wearoff.cohort.records.dictionary import MISSING_SUFFIX, Table

__all__ = [
    "Finding",
    "before_birth",
    "contradictions",
    "overlapping_infusions",
    "repeated",
    "unknown_patients",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to refuse a row.

    Attributes:
        row: row in the file.
        column: the column at fault, None where it is the row.
        reason: what is wrong and what to do.
        loses_information: whether the row said something that no accepted row says.
    """

    row: int
    column: str | None
    reason: str
    loses_information: bool = True


@dataclass(frozen=True, slots=True)
class _RowRule:
    """What cells of one row must not say together; null cells say nothing."""

    table: str
    column: str
    is_broken: pl.Expr
    reason: str


def _before(table: str, column: str, other: str) -> _RowRule:
    return _RowRule(
        table,
        column,
        pl.col(column) < pl.col(other),
        f"{column} {{{column}}} is before {other} {{{other}}}; correct one of them.",
    )


def _fewer(column: str, part: str) -> _RowRule:
    return _RowRule(
        "mri",
        column,
        pl.col(column) < pl.col(part),
        f"{column} is {{{column}}} but {part} alone is {{{part}}}; correct one of them.",
    )


_HAS_NO_UNIT = pl.col("unit").is_null()

_ROW_RULES = (
    _before("patient", "followup_end", "followup_start"),
    _RowRule(
        "patient",
        "ms_onset_date",
        pl.col("ms_onset_date").dt.year() < pl.col("birth_year"),
        "ms_onset_date {ms_onset_date} is before the birth year {birth_year}; correct one of them.",
    ),
    _RowRule(
        "patient",
        "followup_start",
        pl.col("followup_start").dt.year() < pl.col("birth_year"),
        "followup_start {followup_start} is before the birth year {birth_year}; correct one of them.",
    ),
    _before("relapse", "end_date", "onset_date"),
    _before("mri", "date", "reference_date"),
    _fewer("new_or_enlarging_t2", "new_t2"),
    _fewer("new_or_enlarging_t2", "enlarging_t2"),
    _RowRule(
        "mri",
        "new_or_enlarging_t2",
        pl.col("new_or_enlarging_t2") > pl.col("new_t2") + pl.col("enlarging_t2"),
        "new_or_enlarging_t2 is {new_or_enlarging_t2} but new_t2 {new_t2} and enlarging_t2 "
        "{enlarging_t2} do not add up to it; correct one of them.",
    ),
    _RowRule(
        "mri",
        "gd_lesions",
        (pl.col("gd_lesions") > 0) & (pl.col("gd_given") == "N"),
        "gd_lesions is {gd_lesions} but gd_given says N, and without gadolinium none are seen; "
        "correct one of them.",
    ),
    _RowRule(
        "measurement",
        "unit",
        pl.col("value").is_not_null() & _HAS_NO_UNIT,
        "the value has no unit, and a unit is never guessed; write it in this row.",
    ),
    _RowRule(
        "measurement",
        "unit",
        pl.col("value").is_null() & pl.col("lloq").is_not_null() & _HAS_NO_UNIT,
        "lloq has no unit, and a unit is never guessed; write it in this row.",
    ),
    _RowRule(
        "measurement",
        "below_lloq",
        (pl.col("below_lloq") == "Y") & pl.col("lloq").is_null(),
        "below_lloq says Y but lloq is empty; state the limit of quantification.",
    ),
    _RowRule(
        "measurement",
        "below_lloq",
        (pl.col("below_lloq") == "Y") & (pl.col("value") > pl.col("lloq")),
        "below_lloq says Y but the value {value} is above lloq {lloq}; correct one of them.",
    ),
    _RowRule(
        "measurement",
        "below_lloq",
        (pl.col("below_lloq") == "N") & (pl.col("value") < pl.col("lloq")),
        "below_lloq says N but the value {value} is below lloq {lloq}; correct one of them.",
    ),
)


def contradictions(table: Table, frame: pl.DataFrame, companions: Iterable[str]) -> list[Finding]:
    """Rows in which one cell cannot be true beside another.

    Args:
        table: the table.
        frame: its rows, with null where a cell was not a value.
        companions: the companion columns of the file.

    Returns:
        A finding for each contradiction.
    """
    rules = [rule for rule in _ROW_RULES if rule.table == table.name]
    for name in companions:
        base = name.removesuffix(MISSING_SUFFIX)
        rules.append(
            _RowRule(
                table.name,
                name,
                pl.col(base).is_not_null() & pl.col(name).is_not_null(),
                f"{base} has a value and {name} says why it has none; keep one of them.",
            )
        )
    if not rules or frame.is_empty():
        return []
    broken = frame.select(
        rule.is_broken.fill_null(value=False).any().alias(str(place)) for place, rule in enumerate(rules)
    ).row(0)
    return [
        Finding(row["row"], rule.column, rule.reason.format(**_texts(row, rule.reason)))
        for rule, is_broken in zip(rules, broken, strict=True)
        if is_broken
        for row in frame.filter(rule.is_broken).iter_rows(named=True)
    ]


def repeated(table: Table, frame: pl.DataFrame, timezone: str) -> list[Finding]:
    """Rows that state the same thing as another: all but one if they agree, all if they do not.

    Args:
        table: the table, whose key says what a row is about.
        frame: rows without any other fault.
        timezone: where the day of a time is told.

    Returns:
        A finding for each row to be refused. It loses no information where every cell of the row
        stands in the kept row too.
    """
    if frame.height < 2:
        return []
    said = [name for name in frame.columns if name != "row"]
    key = said if table.key == ("*",) else list(table.key)
    deciding = [name for name in said if name not in key] if table.decides == ("*",) else list(table.decides)
    keys = [_day(frame, name, timezone) if table.key != ("*",) else pl.col(name) for name in key]
    names = [f"key|{place}" for place in range(len(keys))]
    several = (
        frame.with_columns(each.alias(name) for each, name in zip(keys, names, strict=True))
        .filter(pl.struct(names).is_duplicated())
        .sort("row")
    )
    groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    told = several.select("row", *said).iter_rows()
    for group, record in zip(several.select(names).iter_rows(), told, strict=True):
        groups.setdefault(group, []).append(record)
    places = {name: 1 + said.index(name) for name in deciding}
    return [finding for group in groups.values() for finding in _about_group(table, group, places)]


def overlapping_infusions(frame: pl.DataFrame) -> list[Finding]:
    """Infusions that began before the one before them had ended.

    Args:
        frame: rows of the table infusion without any other fault.

    Returns:
        A finding for each of the two.
    """
    ends = pl.col("start_time") + pl.duration(minutes=pl.col("duration_min"))
    pairs = (
        frame.sort("patient_id", "start_time")
        .with_columns(
            ends.shift(1).over("patient_id").alias("end_before"),
            pl.col("row").shift(1).over("patient_id").alias("row_before"),
        )
        .filter(pl.col("start_time") < pl.col("end_before"))
    )
    findings = []
    for row, other in pairs.select("row", "row_before").iter_rows():
        for mine, theirs in ((row, other), (other, row)):
            reason = f"this infusion and that of row {theirs} overlap; correct start_time or duration_min."
            findings.append(Finding(mine, "start_time", reason))
    return findings


def unknown_patients(frame: pl.DataFrame, known: frozenset[str]) -> list[Finding]:
    """Rows of patients who are not in patient.csv.

    Args:
        frame: rows of any other table.
        known: the patients of patient.csv.

    Returns:
        A finding for each row.
    """
    names = set(frame["patient_id"].drop_nulls().unique().to_list()) - known
    if not names:
        return []
    strangers = frame.filter(pl.col("patient_id").is_in(sorted(names)))
    folded = {_folded(name): name for name in sorted(known)}
    findings = []
    for row, name in strangers.select("row", "patient_id").iter_rows():
        close = folded.get(_folded(name))
        hint = f" Is {close!r} meant?" if close else ""
        reason = f"the patient {name!r} is not in patient.csv; add the patient there.{hint}"
        findings.append(Finding(row, "patient_id", reason))
    return findings


def before_birth(table: Table, frame: pl.DataFrame, births: pl.DataFrame, timezone: str) -> list[Finding]:
    """Rows dated before the year in which the patient was born.

    Args:
        table: the table.
        frame: its rows.
        births: patient_id and birth_year of the accepted patients.
        timezone: where the day of a time is told.

    Returns:
        A finding for each date.
    """
    born = births.filter(pl.col("birth_year").is_not_null())
    if born.is_empty() or frame.is_empty():
        return []
    days = [column.name for column in table.fixed if column.kind in ("date", "time")]
    dated = frame.select("row", "patient_id", *(_day(frame, name, timezone) for name in days)).join(
        born.select("patient_id", "birth_year"), on="patient_id"
    )
    is_early = [pl.col(name).dt.year() < pl.col("birth_year") for name in days]
    early = dated.filter(pl.any_horizontal(is_early))
    return [
        Finding(
            row["row"],
            name,
            f"{row[name]} is before {row['birth_year']}, the patient's birth year.",
        )
        for row in early.iter_rows(named=True)
        for name in days
        if row[name] is not None and row[name].year < row["birth_year"]
    ]


def _about_group(table: Table, group: list[tuple[Any, ...]], deciding: dict[str, int]) -> Iterator[Finding]:
    """What becomes of rows of one key, each a tuple that begins with its row in the file."""
    rows = [record[0] for record in group]
    these = f"{len(rows)} {table.several} (rows {', '.join(map(str, rows))})"
    for name, place in deciding.items():
        values = dict.fromkeys(record[place] for record in group if record[place] is not None)
        if len(values) > 1:
            reason = f"{these} with {name} {' and '.join(map(_text, values))}; keep the right one."
            yield from (Finding(row, name, reason) for row in rows)
            return
    filled = [sum(value is not None for value in record) for record in group]
    kept = group[filled.index(max(filled))]
    for record in group:
        if record is not kept:
            pairs = zip(record[1:], kept[1:], strict=True)
            loses = any(mine is not None and mine != theirs for mine, theirs in pairs)
            differing = ", though other cells differ" if loses else ""
            reason = f"{these} that agree; row {kept[0]} was kept{differing}."
            yield Finding(record[0], None, reason, loses_information=loses)


def _day(frame: pl.DataFrame, name: str, timezone: str) -> pl.Expr:
    column = pl.col(name)
    if frame.schema[name] == pl.Datetime("us", "UTC"):
        return column.dt.convert_time_zone(timezone).dt.date()
    return column


def _texts(row: dict[str, Any], reason: str) -> dict[str, str]:
    return {name: _text(value) for name, value in row.items() if f"{{{name}}}" in reason}


def _text(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if hasattr(value, "hour") else str(value)


def _folded(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
