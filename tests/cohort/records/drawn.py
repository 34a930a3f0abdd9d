"""Cohorts drawn at random from the data dictionary, for the laws of round trips.

Cells are drawn by the kind of their column, with the texts that break careless writers among them. The
reader itself decides which rows make a cohort: what it refuses is no part of the law.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from functools import cache

import polars as pl

from wearoff.cohort.records import Cohort, read_files
from wearoff.cohort.records.dictionary import MISSING_CODES, Column, Table, load_dictionary

AS_OF = dt.date(2024, 6, 30)
ZONE = "Europe/Oslo"
TEXTS = (
    "Tysabri",
    "=1+1",
    "-5",
    "+x",
    "@home",
    "'quoted",
    "'=1",
    "''",
    'a "word"',
    "a,b",
    "two\nlines",
    "\nfirst",
    "a\rb",
    "é\u0301",
    "\U0001f489",
    "＝１",
    "NA",
    "UNK",
    "null",
    "2020-01-01",
    "1.0",
    "<b>",
    "{}",
    "\\",
    "a;b|c",
    "x" * 200,
)
PATIENTS = ("P1", "Pær, 3", "=P2", "'P4", "007", "-5", "a b")
UNITS = {
    "natalizumab_conc": ("mg/L", "ug/mL"),
    "receptor_occupancy": ("%", "fraction"),
    "nfl": ("pg/mL",),
    "jcv_index": ("index",),
    "lymphocytes": ("10^9/L",),
    "vitamin_d": ("nmol/L",),
    "crp": ("mg/L",),
    "svcam1": ("ng/mL",),
    "anti_natalizumab_ab": ("AU/mL", "=U"),
    "il6": ("pg/mL", "mg/L (x)", ""),
    "body_weight": ("kg",),
}


@cache
def drawn_cohort(seed: int, rows: int = 12) -> Cohort:
    """A cohort of a few patients whose every accepted row is one that the reader itself let pass."""
    rng = random.Random(seed)  # noqa: S311 - a seed is wanted
    files = {}
    for table in load_dictionary().tables:
        if rng.random() < 0.85:
            files[table.file] = _file(rng, table, 0 if rng.random() < 0.1 else rows)
    files = files or {"visit.csv": b"patient_id,date,edss\n"}
    if rng.random() < 0.7:
        label = rng.choice(("A cohort", 'with "quotes" and \\', "Kohorte Ä"))
        said = 'label = "' + label.replace("\\", "\\\\").replace('"', '\\"') + '"\nsimulated = true\n'
        files["cohort.toml"] = said.encode()
    while True:
        cohort = read_files(files, as_of=AS_OF, timezone=ZONE)
        refused = cohort.receipt.refusals
        if not refused.height:
            return cohort
        for name in set(refused["file"]):
            rows_refused = set(refused.filter(pl.col("file") == name)["row"])
            files[name] = _without(files[name], rows_refused)


def _without(content: bytes, rows: set[int]) -> bytes:
    records = csv.reader(io.StringIO(content.decode(), newline=""))
    out = io.StringIO()
    csv.writer(out).writerows(record for row, record in enumerate(records, start=1) if row not in rows)
    return out.getvalue().encode()


def assert_same(one: Cohort, other: Cohort) -> None:
    """Two cohorts hold the same values; only the numbers of their rows may differ."""
    assert other.receipt.refusals.height == 0, str(other.receipt)
    assert one.present == other.present
    assert (one.label, one.is_simulated, one.timezone) == (other.label, other.is_simulated, other.timezone)
    for name, frame in one.tables.items():
        mine, theirs = frame.drop("row"), other.tables[name].drop("row")
        assert set(mine.columns) == set(theirs.columns), name
        theirs = theirs.select(mine.columns)
        assert mine.schema == theirs.schema, name
        assert mine.equals(theirs), (name, mine.to_dicts(), theirs.to_dicts())


def cells_of(frame: pl.DataFrame) -> int:
    """How many cells hold a value."""
    return frame.height * frame.width - sum(frame.null_count().row(0))


def _file(rng: random.Random, table: Table, rows: int) -> bytes:
    columns = [column for column in table.offered if column.is_required or rng.random() < 0.8]
    if table.at_least_one and not {column.name for column in columns} & set(table.at_least_one):
        columns.append(next(column for column in table.columns if column.name in table.at_least_one))
    names = [column.name for column in columns]
    further = ["comment", "End date (planned)"] if table.keeps_others and rng.random() < 0.7 else []
    companions = [f"{name}_missing" for name in (*names, *further) if rng.random() < 0.15]
    if "value" in names and "value_missing" not in companions:
        companions.append("value_missing")
    header = [*names, *further, *companions]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    is_patients = table.name == "patient"
    for place in range(len(PATIENTS) if is_patients else rows):
        cells = {column.name: _cell(rng, column) for column in columns}
        if is_patients:
            cells["patient_id"] = PATIENTS[place]
        cells |= {name: rng.choice(("", *TEXTS)) for name in further}
        if table.name == "measurement":
            cells["analyte"] = rng.choice(tuple(UNITS))
            cells["unit"] = rng.choice(UNITS[cells["analyte"]])
            cells["value"] = rng.choice(("", "0.5", "0.0000001", "1", "0.75"))
        if table.name == "mri":
            cells |= {name: "" for name in ("new_or_enlarging_t2",) if name in cells}
        for name in companions:
            base = name.removesuffix("_missing")
            column = table.column(base)
            is_filled = column is not None and column.is_filled
            cells[name] = rng.choice(MISSING_CODES) if not cells[base] and not is_filled else ""
        writer.writerow([cells[name] for name in header])
    return out.getvalue().encode()


def _cell(rng: random.Random, column: Column) -> str:
    if not column.is_filled and rng.random() < 0.3:
        return ""
    day = dt.date(2019, 1, 1) + dt.timedelta(days=rng.randrange(1700))
    match column.kind:
        case "identifier":
            return rng.choice(PATIENTS)
        case "word":
            return rng.choice(("nfl", "il6"))
        case "text":
            return rng.choice(TEXTS)
        case "code":
            return rng.choice(column.codes)
        case "date":
            return day.isoformat()
        case "time":
            clock = f"{rng.randrange(4, 24):02d}:{rng.randrange(60):02d}"
            return rng.choice(
                (
                    day.isoformat(),
                    f"{day}T{clock}",
                    f"{day} {clock}:{rng.randrange(60):02d}Z",
                    f"{day}T{clock}-03:30",
                )
            )
        case "integer" | "number":
            low = 0.0 if column.minimum is None else column.minimum
            high = low + 10 if not isinstance(column.maximum, int | float) else min(column.maximum, low + 300)
            if column.step is not None:
                return f"{rng.choice((0, 1, 1.5, 4, 6.5, 10)):g}"
            if column.kind == "integer":
                return str(int(low + rng.random() * (min(high, 2000) - low)))
            return f"{low + rng.random() * (high - low):.{rng.randrange(10)}f}"
