"""Dataset-JSON from elsewhere, and what becomes of a damaged one."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.cohort.records.drawn import AS_OF, drawn_cohort
from tests.cohort.records.reading import outcome
from wearoff.cohort.records import Cohort, read_files
from wearoff.cohort.records.writers.dataset_json import dataset_json_files
from wearoff.errors import InputError

COLUMNS = ("PATIENT_ID", "Date", "EDSS")


def dataset(*rows: Any, name: str = "VISIT", columns: tuple[str, ...] = COLUMNS, **further: Any) -> bytes:
    return json.dumps(
        {
            "datasetJSONCreationDateTime": "2024-06-30T12:00:00",
            "datasetJSONVersion": "1.1.0",
            "itemGroupOID": f"IG.{name}",
            "records": len(rows),
            "name": name,
            "label": "Visits",
            "columns": [{"itemOID": n, "name": n, "label": n, "dataType": "string"} for n in columns],
            "rows": list(rows),
        }
        | further
    ).encode()


def read(content: bytes) -> Cohort:
    cohort = read_files({"visit.json": content}, as_of=AS_OF)
    assert cohort.receipt.is_balanced
    return cohort


def test_columns_are_known_in_any_case_and_numbers_keep_their_text() -> None:
    cohort = read(dataset(["P1", "2020-01-01", 2.5], ["P1", "2020-02-01", None], ["P1", "2020-03-01", "4"]))
    assert cohort.visit["edss"].to_list() == [2.5, None, 4.0]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (["P1", "2020-01-01", 2.3], "visit.json, rows[0], column edss, patient P1: 2.3 does not exist here"),
        (["P1", "2020-01-01"], "visit.json, rows[0]: the row has 2 cells, the columns are 3"),
        ({"a": 1}, "the row has no cells"),
        (["P1", "2020-01-01", True], "the cell is no text and no number"),
        ([1, "2020-01-01", [2]], "the cell is no text and no number"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_refused_with_its_place(row: Any, says: str) -> None:
    cohort = read(dataset(row))
    assert cohort.visit.height == 0
    assert says in str(cohort.receipt)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (dataset(datasetJSONVersion="1.0.0"), "key datasetJSONVersion: version '1.0.0' is not read"),
        (dataset(datasetJSONVersion=None), "does not name its version"),
        (dataset(records=7), "it names 7 records and holds 0"),
        (dataset(columns=("patient_id", "date")), "column edss: the required column is missing"),
        (dataset(rows=3), "the rows must be a list of lists"),
        (dataset(name="DM"), "no dataset here is one of the tables"),
        (dataset()[:-5], "the file ends too early"),
        (b'{"datasetJSONVersion": "1.1", "name": "\xff"}', "is not UTF-8"),
    ],
)
def test_a_dataset_that_cannot_be_trusted_is_turned_away(content: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_files({"visit.json": content}, as_of=AS_OF, form="dataset-json")
    assert says in str(caught.value)


def test_a_table_stands_once() -> None:
    with pytest.raises(InputError, match=r"b\.json: the dataset visit stands in a\.json too"):
        read_files({"a.json": dataset(), "b.json": dataset()}, as_of=AS_OF)


VALUES = (None, "", 0, -1, 2.3, 1e300, True, [], {}, "x" * 200, "2020-02-30", "1.1.0")


def _changed(rng: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.95:
        key = rng.choice(list(value))
        return value | {key: _changed(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.95:
        place = rng.randrange(len(value))
        return [*value[:place], _changed(rng, value[place]), *value[place + 1 :]]
    return rng.choice(VALUES)


def test_a_damaged_dataset_is_turned_away_or_every_row_is_accounted_for() -> None:
    rng = random.Random(9)  # noqa: S311 - a seed is wanted
    whole = dataset_json_files(drawn_cohort(4))
    fared = {"read": 0, "turned away": 0}
    for _ in range(100):
        files = dict(whole)
        name = rng.choice([name for name in files if name.endswith(".json")])
        document = json.loads(files[name])
        for _ in range(rng.randrange(1, 5)):
            document = _changed(rng, document)
        content = json.dumps(document).encode()
        files[name] = content[: rng.randrange(len(content))] if rng.random() < 0.15 else content
        cohort, problems = outcome(files, form="dataset-json")
        fared["turned away" if cohort is None else "read"] += 1
        assert all(problem.file == name for problem in problems)
        if cohort is not None and isinstance(document.get("rows"), list):
            assert cohort.receipt.files["read"].sum() <= sum(
                len(json.loads(c)["rows"]) for n, c in files.items() if n.endswith(".json")
            )
    assert min(fared.values()) > 10
