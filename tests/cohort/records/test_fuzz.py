"""Whatever a file holds, it is turned away by name, or every row is accounted for and no value changes.

A valid cohort is damaged in a thousand ways, from a seed. What the reader then says is held against a
second, much simpler reading of the same bytes, which shares no code with the first.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearoff.cohort.records import Cohort, read_files
from wearoff.errors import InputError

AS_OF = dt.date(2024, 6, 30)
ZONE = "Europe/Oslo"

VALID = {
    "patient.csv": """patient_id,birth_year,sex,height_cm,ms_onset_date,followup_start,followup_end,end_reason
P1,1980,F,170,2005-03-01,2018-01-01,2023-01-01,
P2,1975,M,182.5,2001-09-15,2018-01-01,2022-06-01,moved
"Pær, 3",1990,U,,,,,
""",
    "infusion.csv": """patient_id,start_time,dose_mg,route,planned_date,weight_kg,product,duration_min
P1,2020-01-01T10:00,300,IV,2020-01-01,70.5,Tysabri,60
P1,2020-02-12 09:30:00+01:00,300,IV,2020-02-10,70,Tysabri,60
P2,2020-07-01,300,SC,,82,,
"Pær, 3",2021-03-03T08:15Z,300.0,IV,,61,"a ""quoted"" name",55
""",
    "measurement.csv": """patient_id,time,analyte,subset,value,unit,lloq,below_lloq,method,lab,value_missing
P1,2020-01-29T09:00,natalizumab_conc,,25.5,mg/L,0.5,N,ELISA,A,
P2,2020-01-30,natalizumab_conc,,8,ug/mL,,,ELISA,A,
P1,2020-01-29T09:00,receptor_occupancy,CD4,85,%,,,flow,A,
P2,2020-02-29T09:00,nfl,none,0.008,ng/mL,,,,B,
"Pær, 3",2021-03-03,crp,,,mg/L,0.3,Y,,B,ND
P1,2021-03-03,il6,,3.25,pg/mL,,,,B,
""",
    "visit.csv": """patient_id,date,visit_kind,edss,fs_visual,fs_pyramidal,edss_source,edss_missing
P1,2020-01-01,scheduled,2.0,1,2,examined,
P1,2020-07-01,telephone,,,,telephone,ND
P2,2020-01-01,relapse,4,0,3,examined,
"Pær, 3",2021-01-01,unscheduled,1.5,,,chart,
""",
    "relapse.csv": """patient_id,onset_date,end_date,fever_or_infection,objective_sign,duration_h,steroids
P1,2020-05-01,2020-05-20,N,Y,480,Y
P2,2021-02-28,,U,U,,N
""",
    "mri.csv": """\
patient_id,date,region,reference_date,new_t2,enlarging_t2,new_or_enlarging_t2,gd_given,gd_lesions,pbvc_pct
P1,2021-01-01,brain,2020-01-01,1,0,1,Y,0,-0.4
P2,2021-01-01,spine,,0,0,0,N,,
P2,2021-01-01,brain,2020-06-01,3,1,4,Y,2,-1.25
""",
    "wearing_off.csv": """patient_id,date,answer,question_version
P1,2020-03-01,never,v1
P2,,regularly,v1
"Pær, 3",2021-02-01,sometimes,
""",
    "diary.csv": """patient_id,week_ending,severity_0_10,symptom_fatigue,confounder_infection,entered_late_d
P1,2020-02-02,4,7,N,0
P1,2020-02-09,5.5,=1+1,Y,3
P2,2020-02-09,0,,,
""",
    "score.csv": """patient_id,date,instrument,value
P1,2020-01-01,SDMT,52
P1,2020-01-01,T25FW,5.4
P2,2020-01-01,SDMT,-1
""",
    "event.csv": """patient_id,start_date,kind,end_date,comment
P1,2020-03-01,infection,2020-03-05,"two
lines"
P2,2020-03-01,pregnancy,,@home
""",
}
CONTENT = {name: text.encode() for name, text in VALID.items()}

# Cells that spreadsheets, people and attackers write.
_WRITTEN = (
    "¦ ¦0¦-0¦1¦2.3¦0.5"
    '¦10¦10.5¦700¦-1¦1e5¦1,5¦"1,5"¦1.0¦007¦inf¦nan¦NA¦ND¦UNK¦REF¦n/a¦-¦?¦<0.5¦>9¦1 000¦0x10¦½¦３¦٣¦1_0¦'
    "2020-01-01¦2020-02-30¦01.02.2020¦2020-1-1¦43831¦2030-01-01¦1970-01-01¦0000-00-00¦2020-03-29T02:30¦"
    "2020-10-25T02:30¦2020-10-25T02:30+01:00¦2020-01-01 24:00¦2020-01-01T10:00¦9999-12-31T23:59-14:00¦"
    "0001-01-01T00:00+14:00¦2020-01-01T10:00Z¦2020-01-01T10:00:60¦P1¦P2¦p1¦P9¦Pær¦P1 ¦\u200bP1¦P\u00a01¦Ｐ1¦=1+1¦@x¦+1¦"
    "Y¦N¦y¦IV¦brain¦mg/L¦ng/mL¦ug/mL¦µg/mL¦mg/dL¦%¦fraction¦IU¦MG/L¦natalizumab_conc¦receptor_occupancy¦crp¦never¦Never¦"
    'true¦{date}¦%s¦^.*$¦\ufeff¦"¦""¦"a¦a"b¦a;b¦a\tb¦"a\nb"¦\\¦\'¦\u2028¦\x1f¦é¦e\u0301¦\U0001f489'
)
CELLS = (*_WRITTEN.split("¦"), "x" * 70, "9" * 400)
HEADS = (
    "*",
    "^.*$",
    "row",
    "primary_key",
    "patient_id",
    "Date",
    "edss ",
    "fs_",
    "fs_*",
    "edss_missing",
    "x|y",
    "",
    '"',
)
SNIPS = (
    b"\0",
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\xff",
    b"\xe6",
    b"\xef\xbb\xbf",
    b";",
    b"\t",
    b"\xc3",
    b"\xed\xa0\x80",
    b"9",
)


def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")


def _line_changed(rng: random.Random, data: bytes, change: Callable[[list[bytes]], None]) -> bytes:
    """The same text with the cells of one line below the header changed, quotes not minded."""
    lines = _lines(data)
    place = min(rng.randrange(1, max(len(lines) - 1, 2)), len(lines) - 1)
    cells = lines[place].split(b",")
    change(cells)
    lines[place] = b",".join(cells)
    return b"\n".join(lines)


def _cell(rng: random.Random, data: bytes) -> bytes:
    def change(cells: list[bytes]) -> None:
        cells[rng.randrange(len(cells))] = rng.choice(CELLS).encode()

    return _line_changed(rng, data, change)


def _swap_cells(rng: random.Random, data: bytes) -> bytes:
    def change(cells: list[bytes]) -> None:
        first, second = rng.randrange(len(cells)), rng.randrange(len(cells))
        cells[first], cells[second] = cells[second], cells[first]

    return _line_changed(rng, data, change)


def _width(rng: random.Random, data: bytes) -> bytes:
    def change(cells: list[bytes]) -> None:
        if rng.random() < 0.5:
            cells.insert(rng.randrange(len(cells) + 1), b"")
        else:
            cells.pop(rng.randrange(len(cells)))

    return _line_changed(rng, data, change)


def _row(rng: random.Random, data: bytes) -> bytes:
    lines = _lines(data)
    place, other = rng.randrange(1, len(lines) + 1), rng.randrange(1, max(len(lines), 2))
    kind = rng.randrange(4)
    if kind == 0 and other < len(lines):
        lines.insert(place, lines[other])
    elif kind == 1:
        lines.insert(place, rng.choice((b"", b",,,,", b"  ", b'""')))
    elif kind == 2 and other < len(lines):
        lines.pop(other)
    elif place < len(lines) and other < len(lines):
        lines[place], lines[other] = lines[other], lines[place]
    return b"\n".join(lines)


def _digit(rng: random.Random, data: bytes) -> bytes:
    places = [place for place, byte in enumerate(data) if 0x30 <= byte <= 0x39]
    if not places:
        return data
    place = rng.choice(places)
    return data[:place] + rng.choice((b"0", b"1", b"5", b"9", b".", b"-", b"")) + data[place + 1 :]


def _slip(rng: random.Random, data: bytes) -> bytes:
    """A number as some spreadsheet or person would have written it."""

    def change(cells: list[bytes]) -> None:
        numbers = [place for place, cell in enumerate(cells) if cell.replace(b".", b"", 1).isdigit()]
        if numbers:
            place = rng.choice(numbers)
            cell = cells[place]
            slips = (
                cell + b".5",
                cell + b"e1",
                b'"%b,5"' % cell,
                b"+" + cell,
                cell + b"_0",
                cell + b"/1",
                cell + b".0",
            )
            cells[place] = rng.choice(slips)

    return _line_changed(rng, data, change)


def _line_ends(rng: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n")))


def _columns_moved(rng: random.Random, data: bytes) -> bytes:
    records = list(csv.reader(io.StringIO(data.decode(errors="ignore"), newline="")))
    order = list(range(len(records[0]) if records else 0))
    rng.shuffle(order)
    if rng.random() < 0.3 and order:
        order.pop()
    out = io.StringIO()
    csv.writer(out).writerows(
        [record[k] for k in order] for record in records if len(record) > max(order, default=0)
    )
    return out.getvalue().encode()


def _head(rng: random.Random, data: bytes) -> bytes:
    head, *rest = _lines(data)
    names = head.split(b",")
    place = rng.randrange(len(names))
    kind = rng.randrange(4)
    if kind == 0:
        names[place] = rng.choice(HEADS).encode()
    elif kind == 1:
        names[place] = names[place].upper()
    elif kind == 2:
        names.insert(place, rng.choice(HEADS).encode())
    else:
        names.pop(place)
    return b"\n".join((b",".join(names), *rest))


def _flip(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    place = rng.randrange(len(data))
    return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(SNIPS) + data[place:]


def _cut(rng: random.Random, data: bytes) -> bytes:
    start, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    return data[:start] + data[end:] if rng.random() < 0.5 else data[:end]


def _encode(rng: random.Random, data: bytes) -> bytes:
    text = data.decode(errors="ignore")
    kind = rng.choice(("utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "cp037"))
    return codecs.encode(text, kind, "replace")


def _delimiter(rng: random.Random, data: bytes) -> bytes:
    return data.replace(b",", rng.choice((b";", b"\t", b"|", b", ", b",,")))


Damage = Callable[[random.Random, bytes], bytes]
MILD: tuple[Damage, ...] = (
    _cell,
    _cell,
    _cell,
    _cell,
    _swap_cells,
    _width,
    _row,
    _row,
    _digit,
    _slip,
    _slip,
    _line_ends,
)
HARSH: tuple[Damage, ...] = (
    _columns_moved,
    _head,
    _flip,
    _flip,
    _insert,
    _cut,
    _encode,
    _delimiter,
    _cell,
    _width,
)


def damaged(rng: random.Random) -> dict[str, bytes]:
    """Several files with mild damage, or one with harsh damage beside a whole table of patients."""
    if rng.random() < 0.5:
        names = [name for name in CONTENT if rng.random() < 0.6] or ["visit.csv"]
        files = {name: CONTENT[name] for name in names}
        choices = MILD
    else:
        name = rng.choice(tuple(CONTENT))
        files = {name: CONTENT[name]}
        choices = HARSH
    for name in files:
        for _ in range(rng.choice((1, 1, 2, 3))):
            files[name] = rng.choice(choices)(rng, files[name])
    if choices is HARSH and rng.random() < 0.3:
        files.setdefault("patient.csv", CONTENT["patient.csv"])
    return files


# The second reading.

FACTORS = {
    ("natalizumab_conc", "ng/mL"): Fraction(1, 1000),
    ("natalizumab_conc", "mg/dL"): Fraction(10),
    ("receptor_occupancy", "%"): Fraction(1, 100),
    ("nfl", "ng/mL"): Fraction(1000),
    ("crp", "mg/dL"): Fraction(10),
    ("crp", "ng/mL"): Fraction(1, 1000),
}
MEMORY_UNITS = {"natalizumab_conc": "mg/L", "receptor_occupancy": "fraction", "nfl": "pg/mL", "crp": "mg/L"}
EDGES = " \t\u00a0"


def again(content: bytes) -> dict[int, dict[str, str]]:
    """The cells of each record by its row; a line without anything is no record."""
    text = content.decode("utf-8-sig")
    records = list(csv.reader(io.StringIO(text, newline="")))
    header = [name.strip(EDGES) for name in records[0]]
    return {
        row: dict(zip(header, (cell.strip(EDGES) for cell in record), strict=False))
        for row, record in enumerate(records[1:], start=2)
        if record
    }


def meant(kind: pl.DataType, text: str) -> object:
    if kind in (pl.Float64, pl.Int64):
        assert set(text) <= set("-.0123456789")
        return float(text) if kind == pl.Float64 else Fraction(text)
    if kind == pl.Date:
        return dt.date.fromisoformat(text)
    if isinstance(kind, pl.Datetime):
        moment = dt.datetime.fromisoformat(text if len(text) > 10 else text + "T12:00")
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(ZONE))
    return text


def assert_the_law(files: dict[str, bytes]) -> str:
    """Read the files, hold the outcome against the second reading, and say which outcome it was."""
    cohort, problems = None, ()
    try:
        cohort = read_files(files, as_of=AS_OF, timezone=ZONE)
    except InputError as error:
        problems, message = error.problems, str(error)
    if cohort is None:
        assert problems
        for problem in problems:
            assert problem.file in files
            assert str(problem.file) in message
            assert len(problem.reason) > 10
        return "turned away"
    assert cohort.receipt.is_balanced
    assert cohort.present == {name.removesuffix(".csv") for name in files}
    for name, content in files.items():
        assert_no_value_changed(cohort, name, content)
    return "with refusals" if cohort.receipt.refusals.height else "clean"


def assert_no_value_changed(cohort: Cohort, name: str, content: bytes) -> None:
    table = name.removesuffix(".csv")
    frame = cohort.tables[table]
    records = again(content)
    counts = cohort.receipt.files.row(by_predicate=pl.col("file") == name, named=True)
    refused = set(cohort.receipt.refusals.filter(pl.col("file") == name)["row"].to_list())
    accepted = set(frame["row"].to_list())
    assert counts["read"] == len(records)
    assert counts["accepted"] == frame.height == len(accepted)
    assert counts["refused"] == len(refused)
    assert accepted | refused == set(records)
    assert not accepted & refused
    for row in frame.iter_rows(named=True):
        texts = records[row["row"]]
        for column, kind in frame.schema.items():
            value = row[column]
            if column == "row":
                continue
            if column.endswith("_is_date_only"):
                text = texts.get(column.replace("_is_date_only", "") + "_time", texts.get("time", ""))
                assert value == (len(text) == 10)
                continue
            text = texts.get(column, "")
            if value is None:
                assert text == ""
                continue
            scale = FACTORS.get((texts.get("analyte", ""), texts.get("unit", "")), Fraction(1))
            if table == "measurement" and column in ("value", "lloq"):
                assert value == float(Fraction(text) * scale)
            elif table == "measurement" and column == "unit":
                assert value == MEMORY_UNITS.get(texts["analyte"], text)
            else:
                assert value == meant(kind, text)


def outcomes(seed: int, files: int) -> Counter[str]:
    """How damaged folders fared, until so many files have been read."""
    rng = random.Random(seed)  # noqa: S311 - a seed is wanted
    counts: Counter[str] = Counter()
    while counts["files"] < files:
        folder = damaged(rng)
        try:
            counts[assert_the_law(folder)] += 1
        except BaseException:
            print(folder)  # noqa: T201 - what to repeat
            raise
        counts["files"] += len(folder)
        counts["folders"] += 1
    return counts


def test_the_undamaged_cohort_is_clean() -> None:
    assert assert_the_law(dict(CONTENT)) == "clean"


def test_two_thousand_damaged_files_keep_the_law() -> None:
    counts = outcomes(seed=20240630, files=2_000)
    assert counts["turned away"] > 50
    assert counts["with refusals"] > 50
    assert counts["clean"] > 10


@pytest.mark.slow
def test_a_hundred_thousand_damaged_files_keep_the_law() -> None:
    counts = outcomes(seed=1, files=100_000)
    print(dict(counts))  # noqa: T201 - reported with -s
    assert counts["files"] >= 100_000


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CONTENT)), st.text(max_size=200))
def test_any_text_below_a_header_keeps_the_law(name: str, text: str) -> None:
    header = VALID[name].split("\n", 1)[0]
    assert_the_law({name: f"{header}\n{text}".encode()})


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CONTENT)), st.data())
def test_any_text_in_a_cell_keeps_the_law(name: str, data: st.DataObject) -> None:
    records = list(csv.reader(io.StringIO(VALID[name], newline="")))
    place = data.draw(st.integers(0, len(records[0]) - 1))
    records[1][place] = data.draw(
        st.text(max_size=20) | st.from_regex(r"[-+0-9.,:TZ ]{1,20}", fullmatch=True)
    )
    out = io.StringIO()
    csv.writer(out).writerows(records)
    assert_the_law({name: out.getvalue().encode()})


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CONTENT)), st.binary(max_size=100))
def test_any_bytes_keep_the_law(name: str, content: bytes) -> None:
    assert_the_law({name: content})
    assert_the_law({name: CONTENT[name] + content})
