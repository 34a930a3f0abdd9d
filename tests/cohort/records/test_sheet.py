import csv
import random
from hashlib import sha256

import pytest

from tests.cohort.records.reading import AS_OF, fault
from wearoff.cohort.records import csv_text, load_dictionary, read_files, sheet
from wearoff.errors import InputError

HEADER = b"patient_id,date,edss\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"\xef\xbb\xbf", "nothing but blanks"),
        (b"\n\n", "nothing but blanks"),
        (b"\n" + HEADER, "visit.csv, row 1: the first row is empty"),
        (HEADER + b"P1,2020-01-01,2\nP\xe6r,2020-01-01,2\n", "visit.csv, row 3: byte 39 (0xE6) is not UTF-8"),
        (b"\xef\xbb\xbf" + HEADER + b"P\xe6r,,\n", "visit.csv, row 2: byte 26 (0xE6) is not UTF-8"),
        ("patient_id,date,edss\n".encode("utf-16"), "looks like UTF-16"),
        ("patient_id,date,edss\n".encode("utf-16-le"), "NUL byte at byte 2"),
        (HEADER + b"P1,2020-01-01,\x002\n", "visit.csv, row 2: there is a NUL byte at byte 36"),
        (b"PK\x03\x04\x14\x00\x06", "NUL byte"),
        (
            b"patient_id,date\nP1,2020-01-01\n",
            "visit.csv, row 1, column edss: the required column is missing; add it",
        ),
        (b"patient_id,Date,edss\n", "column date: the required column is missing; is 'Date' meant?"),
        (b"patient_id,visit_date,edss\n", "column date: the required column is missing"),
        (b"patient_id,date,edss,edss\n", "column edss: the column name stands 2 times"),
        (b"patient_id;date;edss\nP1;2020-01-01;2,0\n", "separated by semicolons"),
        (b"patient_id\tdate\tedss\n", "separated by tabs"),
        (b"P1,2020-01-01,2.0\nP2,2020-01-01,2.0\n", "there is no header"),
        (HEADER + b'P1,"2020-01-01,2.0\nP2,2020-01-01,2.0\n', 'visit.csv, row 2: a quote (") is opened'),
        (HEADER + b'P1,"2020-01-01"x,2.0\n', "visit.csv, row 2: text follows a closing quote"),
        (
            HEADER + b"P1,2020-01-01,2.0\nP1," + b"9" * 200_000 + b",2\n",
            "visit.csv, row 3: a cell is longer than 131072",
        ),
    ],
)
def test_a_file_that_cannot_be_trusted_is_turned_away_whole(content: bytes, says: str) -> None:
    message = fault(content)
    assert says in message
    assert "visit.csv" in message


def test_an_mri_table_needs_something_that_was_counted() -> None:
    message = fault(b"patient_id,date,enlarging_t2\nP1,2020-01-01,1\n", "mri.csv")
    assert "mri.csv, row 1: one of the columns new_t2, new_or_enlarging_t2, gd_lesions is required" in message


def test_the_faults_of_all_files_are_listed_together() -> None:
    with pytest.raises(InputError) as caught:
        read_files(
            {
                "patient.csv": b"",
                "visit.csv": b"patient_id,day\n",
                "mri.csv": b"\xff\xfe",
                "cohort.toml": b"label = \n",
            },
            as_of=AS_OF,
            timezone="Europe/Olso",
        )
    files = [problem.file for problem in caught.value.problems]
    assert files == [None, "cohort.toml", "patient.csv", "visit.csv", "visit.csv", "mri.csv"]
    assert "there is no time zone 'Europe/Olso'" in str(caught.value)


def test_a_byte_order_mark_and_any_line_end_are_read() -> None:
    for end in ("\n", "\r\n", "\r"):
        text = end.join(("patient_id,date,edss", "P1,2020-01-01,2.0", "P2,2020-01-01,4"))
        cohort = read_files({"visit.csv": b"\xef\xbb\xbf" + text.encode()}, as_of=AS_OF)
        assert cohort.visit.select("row", "patient_id", "edss").rows() == [(2, "P1", 2.0), (3, "P2", 4.0)]


def test_the_receipt_has_the_digest_of_each_file() -> None:
    content = HEADER + b"P1,2020-01-01,2.0\n"
    cohort = read_files({"visit.csv": content}, as_of=AS_OF)
    assert cohort.receipt.files["sha256"].to_list() == [sha256(content).hexdigest()]


def test_columns_that_mean_nothing_are_named_and_near_ones_are_offered() -> None:
    content = b"patient_id,date,edss,Visit_Kind,row,,\nP1,2020-01-01,2.0,x,9,,\n"
    cohort = read_files({"visit.csv": content}, as_of=AS_OF)
    (not_read,) = cohort.receipt.files["columns_not_read"].to_list()
    assert not_read == "Visit_Kind, row, (column 6 without a name), (column 7 without a name)"
    assert cohort.receipt.notes == (
        "visit.csv: the column Visit_Kind was not read; if visit_kind is meant, rename it",
    )
    assert cohort.visit["row"].to_list() == [2]


@pytest.mark.parametrize(
    "name", ["*", "^.*$", "primary_key", "row|unique", "patient_id|nullability", "{date}", "a" * 65]
)
def test_no_name_of_a_further_column_confuses_the_reader(name: str) -> None:
    content = f'patient_id,start_date,kind,"{name}"\nP1,2020-01-01,x,y\n'.encode()
    cohort = read_files({"event.csv": content}, as_of=AS_OF)
    assert cohort.event.height == 1
    assert (name in cohort.event.columns) != (name in str(cohort.receipt.files["columns_not_read"].to_list()))


def test_a_reason_may_stand_beside_any_column() -> None:
    content = b"patient_id,start_date,kind,grade,grade_missing\nP1,2020-01-01,x,,REF\nP1,2020-01-02,x,3,ND\n"
    cohort = read_files({"event.csv": content}, as_of=AS_OF)
    assert cohort.event.select("row", "grade", "grade_missing").rows() == [(2, None, "REF")]
    assert cohort.receipt.refusals["column"].to_list() == ["grade_missing"]


def test_the_limit_of_the_csv_module_is_the_one_that_is_relied_on() -> None:
    assert csv.field_size_limit() == 131072


def _both_ways(content: bytes, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the quick path makes of a file, and what the other one does, each a sheet or the faults."""
    found: list[object] = []
    for is_quick in (True, False):
        with monkeypatch.context() as patch:
            if not is_quick:
                patch.setattr(sheet, "plain_records", lambda _: None)
            try:
                one = sheet.read_sheet(load_dictionary().table("event"), content)
            except InputError as error:
                found.append(str(error))
            else:
                cells = {name: given.to_list() for name, given in one.cells.items()}
                found.append((one.header, list(one.rows), cells, one.ragged, one.not_read))
    return found


@pytest.mark.parametrize("seed", range(300))
def test_the_quick_path_reads_what_the_other_one_reads(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)  # noqa: S311 - a seed is wanted
    cells = (
        "",
        " ",
        "P1",
        "2020-01-01",
        "a b",
        "\u00a0",
        "\t",
        "é",
        "'",
        "#x",
        "NA",
        "null",
        "\u2028",
        "\x0b",
        "\x1f",
        "1e5",
    )
    lines = ["patient_id,start_date,kind,comment"]
    for _ in range(rng.randrange(6)):
        width = 4 if rng.random() < 0.9 else rng.randrange(7)
        lines.append(",".join(rng.choice(cells) for _ in range(width)))
    ends = rng.choice(("\n", "\n", "\r\n", "\n\n", "\r"))
    text = ends.join(lines) + rng.choice(("", ends, "\n"))
    content = b"\xef\xbb\xbf" * rng.randrange(3) + text.encode()
    quick, other = _both_ways(content, monkeypatch)
    assert quick == other


def test_the_quick_path_is_taken_and_refuses_a_line_that_is_too_long() -> None:
    plain = b"patient_id,start_date\nP1,2020-01-01\n"
    assert csv_text.plain_records(plain) is not None
    assert csv_text.plain_records(plain + b"P1," + b"x" * 131_073 + b"\n") is None


@pytest.mark.parametrize(
    "start", [b"x\x01", b"x^", b'\x04"M\x18', b"\xef\xbb\xbf\xef\xbb\xbf", b"#", b"-", b"BZh", b"PK"]
)
def test_first_bytes_that_look_like_something_else_are_text(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = start + b",patient_id,start_date,kind\n1,P1,2020-01-01,x\n"
    quick, other = _both_ways(content, monkeypatch)
    assert quick == other
