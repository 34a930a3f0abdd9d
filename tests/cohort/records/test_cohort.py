import doctest
import importlib
import pickle

import pytest

from tests.cohort.records.drawn import AS_OF, assert_same, drawn_cohort
from tests.cohort.records.readers.test_excel import saved, workbook
from tests.cohort.records.readers.test_redcap import flat
from tests.cohort.records.test_fuzz import VALID
from wearoff.cohort.records import read_files
from wearoff.cohort.records.writers.dataset_json import dataset_json_files


@pytest.mark.parametrize("name", ["guard", "readers.json_text", "readers.products", "writers.texts"])
def test_the_examples_in_the_docstrings_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"wearoff.cohort.records.{name}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_a_cohort_of_any_format_can_be_sent_to_another_process() -> None:
    for files in (
        {"export.csv": flat(drawn_cohort(1))},
        {"cohort.xlsx": saved(workbook(VALID, is_typed=True))},
        dataset_json_files(drawn_cohort(1)),
    ):
        cohort = read_files(files, as_of=AS_OF)
        copy = pickle.loads(pickle.dumps(cohort))  # noqa: S301 - our own bytes
        assert_same(cohort, copy)
        assert copy.place("visit", 2, "edss") == cohort.place("visit", 2, "edss")
