import pytest

from wearoff.cohort.records.receipt import FileCount, Refusal, make_receipt


def counted(read: int, accepted: int, refused: int) -> FileCount:
    return FileCount("visit", "visit.csv", "0" * 64, read, accepted, refused, ())


def refusal(row: int, reason: str = "it is wrong.", table: str = "visit") -> Refusal:
    return Refusal(table, f"{table}.csv", row, "edss", "P1", "2.3", reason)


@pytest.mark.parametrize(
    ("count", "rows", "is_balanced"),
    [
        (counted(3, 3, 0), [], True),
        (counted(3, 2, 1), [4], True),
        (counted(3, 2, 1), [4, 4], True),
        (counted(3, 2, 1), [], False),
        (counted(3, 3, 0), [4], False),
        (counted(3, 2, 0), [], False),
        (counted(3, 1, 2), [4, 4], False),
    ],
)
def test_a_receipt_balances_when_every_row_is_accounted_for(
    count: FileCount, rows: list[int], is_balanced: bool
) -> None:
    assert make_receipt([count], [refusal(row) for row in rows], []).is_balanced is is_balanced


def test_a_refusal_in_a_file_that_was_not_counted_unbalances_the_receipt() -> None:
    assert not make_receipt([counted(1, 1, 0)], [refusal(2, table="mri")], []).is_balanced


def test_a_receipt_reads_as_counts_places_and_notes() -> None:
    receipt = make_receipt([counted(2, 1, 1)], [refusal(3)], ["a note"])
    assert str(receipt) == (
        "visit.csv: 2 rows read, 1 accepted, 1 refused\n"
        "visit.csv, row 3, column edss, patient P1: it is wrong.\n"
        "a note"
    )


def test_a_long_value_is_shortened() -> None:
    fault = Refusal("visit", "visit.csv", 2, None, None, "x" * 500, "it is wrong.")
    (value,) = make_receipt([], [fault], []).refusals["value"].to_list()
    assert len(value) == 120
    assert value.endswith("…")
