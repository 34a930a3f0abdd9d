"""The schema of each table in memory, made from the data dictionary.

A schema is the last gate. Whatever a file holds, the checks before it have refused what does not
belong, so an accepted table that breaks its schema is a fault of wearoff and not of the file.
"""

from __future__ import annotations

from functools import lru_cache
from types import new_class
from typing import Any, cast

import dataframely as dy
import polars as pl
from dataframely.exc import SchemaError, ValidationError

from wearoff.cohort.records.dictionary import MISSING_CODES, MISSING_SUFFIX, Column, Table

__all__ = ["empty_table", "table_schema", "validated"]


@lru_cache(maxsize=256)
def table_schema(
    table: Table, further: tuple[Column, ...] = (), companions: tuple[str, ...] = ()
) -> type[dy.Schema]:
    """The dataframely schema of a table in memory.

    Args:
        table: the table.
        further: columns of the file beyond the fixed ones, in their order.
        companions: companion columns of `further` that the file has.

    Returns:
        A schema class: `row`, the columns, the flags of times, and the reasons for absences.
    """
    columns: dict[str, dy.Column] = {"row": dy.Int64(unique=True, min=2)}
    for column in (*table.fixed, *further):
        columns[column.name] = _schema_column(column)
        if column.flag is not None:
            columns[column.flag] = dy.Bool(nullable=not column.is_filled)
    for name in (*companions_of(table), *companions):
        columns[name] = dy.String(nullable=True, check=_one_of(MISSING_CODES))
    # A column may have any name, so the class knows it by its place and by an alias.
    members: dict[str, Any] = {"__doc__": table.about, "__module__": __name__}
    for place, (name, description) in enumerate(columns.items()):
        description.alias = name
        members[f"column_{place}"] = description
    if table.key != ("*",):
        key = list(table.key)

        @dy.rule()
        def is_single(_: type[dy.Schema]) -> pl.Expr:
            return pl.struct(key).is_unique()

        members["key|is_single"] = is_single
    name = f"{table.name.title()}Schema"
    return cast(type[dy.Schema], new_class(name, (dy.Schema,), {}, lambda space: space.update(members)))


def companions_of(table: Table) -> tuple[str, ...]:
    """Names of the companion columns that a table always has in memory.

    Args:
        table: the table.

    Returns:
        One name for each fixed column whose cells may be empty.
    """
    return tuple(column.name + MISSING_SUFFIX for column in table.fixed if not column.is_filled)


@lru_cache(maxsize=64)
def empty_table(table: Table) -> pl.DataFrame:
    """A table without rows, as it stands in memory where its file is absent.

    Args:
        table: the table.

    Returns:
        Zero rows with every fixed column.
    """
    return pl.DataFrame(schema=table_schema(table).create_empty().schema)


def validated(frame: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    """The same frame, if it keeps its schema.

    Args:
        frame: accepted rows.
        schema: what they must be.

    Returns:
        The frame.

    Raises:
        AssertionError: if it does not, which is a fault of wearoff.
    """
    try:
        return pl.DataFrame(schema.validate(frame))
    except (SchemaError, ValidationError) as error:
        raise AssertionError(f"an accepted table breaks {schema.__name__}: {error}") from error


def _schema_column(column: Column) -> dy.Column:
    is_nullable = not column.is_filled
    match column.kind:
        case "code":
            return dy.String(nullable=is_nullable, check=_one_of(column.codes))
        case "identifier" | "word" | "text":
            return dy.String(nullable=is_nullable, min_length=1)
        case "number":
            return dy.Float64(
                nullable=is_nullable,
                min=column.minimum,
                max=_limit(column),
                check=None if column.step is None else _in_steps(column.step, column.but_not),
            )
        case "integer":
            low, high = column.minimum, _limit(column)
            return dy.Int64(
                nullable=is_nullable,
                min=None if low is None else int(low),
                max=None if high is None else int(high),
            )
        case "date":
            return dy.Date(nullable=is_nullable, min=column.earliest)
        case "time":
            return dy.Datetime(nullable=is_nullable, time_unit="us", time_zone="UTC")


def _limit(column: Column) -> float | None:
    return None if column.maximum == "as_of" else column.maximum


def _one_of(codes: tuple[str, ...]) -> Any:
    return lambda values: values.is_in(list(codes))


def _in_steps(step: float, but_not: tuple[float, ...]) -> Any:
    return lambda values: (values % step == 0) & ~values.is_in(list(but_not))
