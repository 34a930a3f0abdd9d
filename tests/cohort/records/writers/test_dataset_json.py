import datetime as dt
import json

import pytest

from tests.cohort.records.drawn import AS_OF, assert_same, drawn_cohort
from wearoff.cohort.records import read_files
from wearoff.cohort.records.writers.dataset_json import dataset_json_files

CREATED = dt.datetime(2024, 6, 30, 12, tzinfo=dt.UTC)
# The keys that the schema of Dataset-JSON 1.1 demands, and all that it allows.
REQUIRED = {
    "datasetJSONCreationDateTime",
    "datasetJSONVersion",
    "itemGroupOID",
    "records",
    "name",
    "label",
    "columns",
}
ALLOWED = REQUIRED | {
    "fileOID",
    "dbLastModifiedDateTime",
    "originator",
    "sourceSystem",
    "studyOID",
    "metaDataVersionOID",
    "metaDataRef",
    "isReferenceData",
    "rows",
}
TYPES = {"string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time", "URI"}


@pytest.mark.parametrize("seed", range(40))
def test_a_cohort_written_as_dataset_json_is_read_as_the_same_cohort(seed: int) -> None:
    cohort = drawn_cohort(seed)
    assert_same(cohort, read_files(dataset_json_files(cohort), as_of=AS_OF))


def test_a_dataset_has_the_form_of_version_1_1() -> None:
    for name, content in dataset_json_files(drawn_cohort(1), created=CREATED).items():
        if name == "cohort.toml":
            continue
        dataset = json.loads(content)
        assert REQUIRED <= set(dataset) <= ALLOWED
        assert dataset["datasetJSONCreationDateTime"] == "2024-06-30T12:00:00+00:00"
        assert dataset["records"] == len(dataset["rows"])
        for column in dataset["columns"]:
            assert {"itemOID", "name", "label", "dataType"} <= set(column)
            assert column["dataType"] in TYPES
        assert all(len(row) == len(dataset["columns"]) for row in dataset["rows"])


def test_the_same_cohort_and_moment_give_the_same_bytes() -> None:
    files = [dataset_json_files(drawn_cohort(2), created=CREATED) for _ in range(2)]
    assert files[0] == files[1]
