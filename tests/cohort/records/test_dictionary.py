import pytest

from wearoff.cohort.records.dictionary import Column, Table, load_dictionary, parse_dictionary
from wearoff.units import factor, known_units

DICTIONARY = load_dictionary()
COLUMNS = [(table, column) for table in DICTIONARY.tables for column in table.columns]


def named(pair: object) -> str:
    return pair.name if isinstance(pair, Table | Column) else str(pair)


def test_the_tables_are_those_of_a_cohort() -> None:
    assert [table.name for table in DICTIONARY.tables] == [
        "patient",
        "infusion",
        "measurement",
        "visit",
        "relapse",
        "mri",
        "wearing_off",
        "diary",
        "score",
        "event",
    ]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=named)
def test_a_description_of_a_column_agrees_with_itself(table: Table, column: Column) -> None:
    assert column.about.endswith((".", ".)"))
    assert bool(column.codes) == (column.kind == "code")
    assert (column.flag is not None) == (column.kind == "time")
    assert not column.is_filled or column.is_required
    is_measured = column.kind in ("number", "integer")
    assert is_measured or (column.minimum, column.maximum, column.step) == (None, None, None)
    if column.minimum is not None and isinstance(column.maximum, int | float):
        assert column.minimum < column.maximum
    # A whole number without limits could be larger than memory holds.
    assert column.kind != "integer" or (column.minimum is not None and column.maximum is not None)
    assert table.column(column.name) == column


@pytest.mark.parametrize("table", DICTIONARY.tables, ids=named)
def test_a_table_begins_with_its_patient_and_names_only_columns_it_has(table: Table) -> None:
    assert table.columns[0].name == "patient_id"
    assert table.columns[0].is_required
    names = {column.name for column in table.columns} | {"*"}
    assert {*table.key, *table.decides, *table.at_least_one} <= names
    assert not set(table.key) & set(table.decides) - {"*", "start_time"}


def test_a_pattern_describes_every_column_that_begins_with_it() -> None:
    visit = DICTIONARY.table("visit")
    found, named = visit.column("fs_other"), visit.column("fs_visual")
    assert found is not None
    assert named is not None
    assert (found.name, found.maximum) == ("fs_other", 12)
    assert (named.name, named.maximum) == ("fs_visual", 6)
    assert visit.column("fs_") is None
    assert visit.column("weather") is None


@pytest.mark.parametrize("analyte", DICTIONARY.analytes, ids=lambda analyte: analyte.name)
def test_an_analyte_prevails_in_a_unit_that_converts_to_its_own(analyte: object) -> None:
    if analyte.unit is not None:
        assert analyte.unit in known_units()
        assert factor(analyte.prevails, analyte.unit) > 0
    assert analyte.minimum < analyte.maximum


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ('{ type = "float", about = "x" }', "has the type 'float', which does not exist"),
        ('{ type = "number", about = "x", maximum = 3 }', "fields that do not exist: maximum"),
    ],
)
def test_a_slip_in_the_dictionary_is_an_error(cell: str, says: str) -> None:
    text = f'[table.t]\nabout = "x"\nkey = []\ndecides = []\nseveral = "x"\n[table.t.columns]\nc = {cell}\n[analyte]'
    with pytest.raises(ValueError, match=says):
        parse_dictionary(text)
