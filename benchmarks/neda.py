"""NEDA from tables in memory to the state of every patient, in CPU seconds, beside a peer from the registry.

Every patient has 13 visits, relapses and 5 scans with brain volume, and is scored under NEDA-4, all four
components, in each of three years. The peer is msclinical (MIT), the one package found whose `neda` does the
same; it goes from patient to patient, so it is given fewer of them and the ratio is per patient. Both engines'
first confirmed worsening is compared on these patients: a fast and wrong result ends the benchmark with an error.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from wearoff.cohort.neda import (
    Scores,
    events_frame,
    find_events,
    load_rule,
    load_worsening_rule,
    read_followup,
    score_followup,
    yearly_windows,
)
from wearoff.cohort.records import Cohort, read_cohort

VISITS = 13
SCAN_DAYS = (0, 180, 365, 730, 1090)
SIZES = (100_000, 1_000_000)
ALLOWED_S = {100_000: 5.0, 1_000_000: 60.0}
ALLOWED_GIB = 8.0
PEER_PATIENTS = 500
DAY_ZERO = date(2015, 1, 1)
SEED = 20260901


@dataclass(frozen=True)
class People:
    """Patients as tables: visit (patient, day, edss), relapse (patient, day), mri (patient, day, ...)."""

    visit: pl.DataFrame
    relapse: pl.DataFrame
    mri: pl.DataFrame
    patients: int


def people(patients: int, seed: int = SEED) -> People:
    """Visits every twelve weeks or so over three years, a relapse every other year, five scans."""
    rng = np.random.default_rng(seed)
    day = np.arange(VISITS) * 90 + np.concatenate(
        [np.zeros((patients, 1), int), rng.integers(-10, 11, (patients, VISITS - 1))], axis=1
    )
    start = rng.choice([0, 2, 3, 4, 6, 8, 10], (patients, 1))
    moves = rng.choice([-2, -1, 0, 1, 2], (patients, VISITS), p=[0.04, 0.1, 0.7, 0.1, 0.06])
    edss = np.clip(start + np.cumsum(moves, axis=1), 0, 19) / 2
    edss[edss == 0.5] = 1.0
    who = np.repeat(np.arange(patients), VISITS)
    visit = pl.DataFrame({"patient": who, "day": day.ravel(), "edss": edss.ravel()})
    count = rng.poisson(1.5, patients)
    relapse = pl.DataFrame(
        {"patient": np.repeat(np.arange(patients), count), "day": rng.integers(1, 1080, count.sum())}
    ).unique(maintain_order=True)
    scan_day = np.tile(SCAN_DAYS, patients)
    since = np.tile((np.nan, *SCAN_DAYS[:-1]), patients)
    mri = pl.DataFrame(
        {
            "patient": np.repeat(np.arange(patients), len(SCAN_DAYS)),
            "day": scan_day,
            "reference_day": since,
            "new_t2": rng.choice([0, 1, 3], patients * len(SCAN_DAYS), p=[0.94, 0.04, 0.02]),
            "gd": rng.choice([0, 1], patients * len(SCAN_DAYS), p=[0.97, 0.03]),
            "volume": np.round(rng.normal(-0.25, 0.3, patients * len(SCAN_DAYS)), 2),
        }
    ).with_columns(pl.col("reference_day").fill_nan(None))
    return People(visit, relapse, mri, patients)


def cohort(of: People) -> Cohort:
    """The people as a cohort in memory, with the schemas of one that was read."""
    with TemporaryDirectory() as folder:
        for name, line in (
            ("patient", "patient_id,followup_start,followup_end"),
            ("visit", "patient_id,date,edss,visit_kind"),
            ("relapse", "patient_id,onset_date,fever_or_infection,objective_sign,duration_h"),
            ("mri", "patient_id,date,reference_date,new_or_enlarging_t2,gd_given,gd_lesions,pbvc_pct"),
        ):
            Path(folder, f"{name}.csv").write_text(f"{line}\n", encoding="utf-8")
        empty = read_cohort(Path(folder), as_of=date(2026, 1, 1))
    names = pl.format("P{}", pl.col("patient").cast(pl.String).str.zfill(7))

    def like(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
        known = {name: pl.col(name) for name in frame.columns}
        return frame.select(
            known.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in schema.items()
        )

    patient = pl.DataFrame({"patient": np.arange(of.patients)}).select(
        patient_id=names, followup_start=pl.lit(DAY_ZERO), followup_end=pl.lit(date(2018, 1, 15))
    )
    visit = of.visit.select(patient_id=names, date=_on("day"), edss="edss")
    relapse = of.relapse.select(patient_id=names, onset_date=_on("day"))
    mri = of.mri.select(
        patient_id=names,
        date=_on("day"),
        reference_date=_on("reference_day"),
        new_or_enlarging_t2="new_t2",
        gd_lesions="gd",
        pbvc_pct="volume",
    )
    tables = {"patient": patient, "visit": visit, "relapse": relapse, "mri": mri}
    frames = {name: like(frame, empty.tables[name].schema) for name, frame in tables.items()}
    return Cohort(
        **(empty.tables | frames),
        present=empty.present,
        receipt=empty.receipt,
        as_of=empty.as_of,
        timezone=empty.timezone,
        label=None,
        is_simulated=True,
    )


def score(records: Cohort) -> Scores:
    """All four components in each of three years: what is measured."""
    return score_followup(read_followup(records), load_rule("neda4_12w"), yearly_windows(3))


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of a piece of work on all cores together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def report(sizes: tuple[int, ...] = SIZES) -> list[str]:
    """Print every line; what was slower, larger or other than allowed comes back."""
    wrong = []
    each = 0.0
    for size in sizes:
        records = cohort(people(size))
        ours = cpu_s(partial(score, records))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        each = ours / size
        print(
            f"NEDA-4 of {size:9,d} patients  {ours:8.2f} CPU s   {1e3 * each:8.4f} ms each   peak {memory:5.2f} GiB"
        )
        if ours > ALLOWED_S.get(size, float("inf")) or memory > ALLOWED_GIB:
            wrong.append(f"NEDA-4 of {size} patients took {ours:.1f} CPU s and {memory:.1f} GiB")
        del records
    if find_spec("msclinical") is None:
        print("msclinical is not installed: no ratio (it stands in the dependency group bench)")
        return wrong
    theirs, differ = against_msclinical(PEER_PATIENTS)
    print(
        f"msclinical, {PEER_PATIENTS} patients      {theirs:8.2f} CPU s   {1e3 * theirs / PEER_PATIENTS:8.4f} ms each"
    )
    print(
        f"ratio to msclinical {theirs / PEER_PATIENTS / each:.0f}x; first confirmed worsening differs in {differ}"
    )
    if differ:
        wrong.append(f"the first confirmed worsening differs from msclinical in {differ} of {PEER_PATIENTS}")
    return wrong


def against_msclinical(patients: int) -> tuple[float, int]:
    """CPU seconds of msclinical's NEDA-4, and in how many the first confirmed worsening differs from ours."""
    import pandas
    from msclinical.edssplus import core as edssplus
    from msclinical.neda import core as neda

    of = people(patients)
    visit, relapse, mri = (
        pandas.DataFrame(table.with_columns(date=_on("day")).to_dict(as_series=False))
        for table in (of.visit, of.relapse, of.mri.rename({"volume": "pbvc"}))
    )
    seconds = cpu_s(partial(neda.neda, visit, relapse, mri))
    theirs = edssplus.events(visit, edssplus.Rules(reference="fixed"), components=("edss",))
    theirs = theirs[theirs["status"] == "confirmed"].groupby("patient")["onset_date"].min()
    expected = {int(who): (day - DAY_ZERO).days for who, day in theirs.items()}
    rule = load_worsening_rule("held").with_settings(
        step="ge6_0", baseline="fixed", relapse_to_baseline_days=(0, 0), occurrence="first"
    )
    followup = read_followup(cohort(of))
    frame = events_frame(followup, find_events(followup.visits, followup.reports, rule), rule)
    confirmed = frame.filter(pl.col("status") == "confirmed")
    ours = {int(who[1:]): day for who, day in confirmed.select("patient_id", "onset_day").iter_rows()}
    return seconds, sum(ours.get(who) != expected.get(who) for who in range(patients))


def _on(column: str) -> pl.Expr:
    return pl.lit(DAY_ZERO) + pl.duration(days=pl.col(column))


if __name__ == "__main__":
    if failed := report(tuple(int(size) for size in sys.argv[1:]) or SIZES):
        sys.exit("\n".join(failed))
