"""Import of a large cohort from CSV with its receipt: `python -m benchmarks.records [PATIENTS]`.

Three years of infusions of 100,000 patients are 3,000,000 rows. The yardstick is what polars alone takes to
read the same bytes as text and to parse the same columns, without a single check. Every value that was read is
held against the one that was written, so a fast and wrong import ends with an error. Writing the files is not timed.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.population import peak_memory

PATIENTS, INFUSIONS = 100_000, 30
ALLOWED_S = 60.0
SEED = 2026
AS_OF = dt.date(2024, 1, 1)
ZONE = "Europe/Oslo"


@dataclass(frozen=True, slots=True)
class Imported:
    """Seconds and CPU seconds of the import, of polars alone, rows that differ, peak memory in MiB."""

    patients: int
    infusions: int
    wall_s: float
    cpu_s: float
    polars_s: float
    wrong: int
    memory: float


def main(patients: int = PATIENTS) -> None:
    """Write a cohort, import it in a process of its own, and print what that took."""
    with tempfile.TemporaryDirectory() as folder:
        write_cohort(Path(folder), patients)
        command = [sys.executable, "-m", "benchmarks.records", "--import", folder]
        run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
    found = Imported(**json.loads(run.stdout))
    print(
        f"import of {found.patients:,} patients, {found.infusions:,} infusions: {found.wall_s:.1f} s "
        f"({found.cpu_s:.1f} CPU s, {found.memory:.0f} MiB); polars alone {found.polars_s:.1f} s, "
        f"ratio {found.wall_s / found.polars_s:.1f}; rows that differ {found.wrong}"
    )
    if found.wrong:
        sys.exit(f"{found.wrong} rows differ from what was written")
    if patients == PATIENTS and found.wall_s > ALLOWED_S:
        sys.exit(f"the import took longer than {ALLOWED_S:.0f} s")


def write_cohort(folder: Path, patients: int) -> None:
    """patient.csv and infusion.csv: 30 infusions each, 26 to 44 days apart, at any minute from 8 to 16 o'clock."""
    random = np.random.default_rng(SEED)
    names = np.array([f"P{place:06d}" for place in range(patients)])
    pl.DataFrame(
        {
            "patient_id": names,
            "birth_year": random.integers(1950, 2000, patients),
            "sex": random.choice(["F", "M"], patients),
        }
    ).write_csv(folder / "patient.csv")
    shape = (patients, INFUSIONS)
    first = np.datetime64("2012-01-01", "D") + random.integers(0, 5 * 365, patients)
    days = first[:, None] + np.cumsum(random.integers(26, 45, shape), axis=1)
    minutes = random.integers(480, 960, shape).astype("timedelta64[m]")
    weights = np.round(random.normal(75, 15, patients).clip(45, 120), 1)
    pl.DataFrame(
        {
            "patient_id": np.repeat(names, INFUSIONS),
            "start_time": np.datetime_as_string((days.astype("datetime64[m]") + minutes).ravel(), unit="m"),
            "dose_mg": np.full(patients * INFUSIONS, 300),
            "route": np.full(patients * INFUSIONS, "IV"),
            "weight_kg": np.repeat(weights, INFUSIONS),
            "product": np.full(patients * INFUSIONS, "Tysabri"),
            "duration_min": np.full(patients * INFUSIONS, 60),
        }
    ).write_csv(folder / "infusion.csv")


def imported(folder: Path) -> Imported:
    """The import of a written cohort, and how many of its rows differ from the files."""
    from wearoff.cohort.records import read_cohort

    wall, cpu = time.perf_counter(), time.process_time()
    cohort = read_cohort(folder, as_of=AS_OF, timezone=ZONE)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = peak_memory()
    start = time.perf_counter()
    plain = read_plainly(folder / "infusion.csv")
    polars_s = time.perf_counter() - start
    columns = plain.columns
    same = cohort.infusion.select(columns).equals(plain)
    differ = 0 if same else max(int((cohort.infusion.select(columns) != plain).sum_horizontal().sum()), 1)
    is_whole = cohort.receipt.is_balanced and not cohort.receipt.refusals.height
    return Imported(
        cohort.patient.height,
        cohort.infusion.height,
        wall,
        cpu,
        polars_s,
        differ if is_whole else plain.height,
        memory,
    )


def read_plainly(file: Path) -> pl.DataFrame:
    """The infusions as polars alone reads them: no check, no receipt, the local clock as the zone tells it."""
    return pl.read_csv(file, infer_schema=False).with_columns(
        pl.col("start_time")
        .str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us")
        .dt.replace_time_zone(ZONE)
        .dt.convert_time_zone("UTC"),
        *(pl.col(name).cast(pl.Float64) for name in ("dose_mg", "weight_kg", "duration_min")),
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--import"]:
        print(json.dumps(asdict(imported(Path(sys.argv[2])))))
    else:
        main(*(int(argument) for argument in sys.argv[1:2]))
