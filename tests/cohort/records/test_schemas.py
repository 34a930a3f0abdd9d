import datetime as dt

import polars as pl
import pytest

from wearoff.cohort.records.dictionary import Table, load_dictionary
from wearoff.cohort.records.schemas import empty_table, table_schema, validated

TABLES = load_dictionary().tables
VISIT = load_dictionary().table("visit")


def visit(**changes: object) -> pl.DataFrame:
    row = {"row": 2, "patient_id": "P1", "date": dt.date(2020, 1, 1), "edss": 2.0} | changes
    empty = empty_table(VISIT)
    return pl.DataFrame([row], schema={name: empty.schema[name] for name in row}).select(
        pl.lit(None, kind).alias(name) if name not in row else name for name, kind in empty.schema.items()
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_empty_table_keeps_its_schema_and_has_every_fixed_column(table: Table) -> None:
    empty = empty_table(table)
    assert validated(empty, table_schema(table)).is_empty()
    assert empty.columns[:2] == ["row", "patient_id"]
    for column in table.fixed:
        assert column.name in empty.columns
        assert (f"{column.name}_missing" in empty.columns) is not column.is_filled


def test_a_schema_carries_what_the_dictionary_says_of_its_table() -> None:
    assert table_schema(VISIT).__doc__ == VISIT.about
    assert table_schema(VISIT) is table_schema(VISIT)


def test_a_good_row_passes() -> None:
    assert validated(visit(), table_schema(VISIT)).height == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"edss": 2.3},
        {"edss": 0.5},
        {"edss": 11.0},
        {"patient_id": None},
        {"patient_id": ""},
        {"date": None},
        {"date": dt.date(1980, 1, 1)},
        {"visit_kind": "Scheduled"},
        {"edss_missing": "why"},
        {"row": 1},
    ],
)
def test_an_accepted_row_that_breaks_its_schema_is_a_fault_of_ours_and_raises(
    changes: dict[str, object],
) -> None:
    with pytest.raises(AssertionError, match="an accepted table breaks VisitSchema"):
        validated(visit(**changes), table_schema(VISIT))


def test_two_accepted_rows_of_one_key_raise() -> None:
    twice = pl.concat([visit(), visit(row=3)])
    with pytest.raises(AssertionError, match="is_single"):
        validated(twice, table_schema(VISIT))


def test_a_missing_column_raises() -> None:
    with pytest.raises(AssertionError, match="VisitSchema"):
        validated(visit().drop("edss"), table_schema(VISIT))
