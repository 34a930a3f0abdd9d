"""Whatever a cohort holds that reading accepts, the report says something whole about it and fails on nothing."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.quality import check_quality

days = st.one_of(st.integers(0, 1500).map(on), st.sampled_from([on(0), on(28), f"{on(28)}T10:00+00:00"]))
dates = st.integers(0, 1500).map(on)
cells = {
    "patient_id": st.sampled_from(["A", "B", "C"]),
    "start_time": days,
    "time": days,
    "date": dates,
    "onset_date": dates,
    "start_date": dates,
    "week_ending": dates,
    "followup_start": dates,
    "followup_end": dates,
    "planned_date": dates,
    "dose_mg": st.sampled_from(["", "300", "30"]),
    "route": st.sampled_from(["", "IV", "SC"]),
    "weight_kg": st.sampled_from(["", "60", "80", "176"]),
    "analyte": st.sampled_from(["natalizumab_conc", "receptor_occupancy", "nfl"]),
    "value": st.sampled_from(["", "0", "0.03", "30", "90"]),
    "lloq": st.sampled_from(["", "0.5"]),
    "below_lloq": st.sampled_from(["", "Y", "N"]),
    "unit": st.sampled_from(["mg/L", "%", "pg/mL"]),
    "edss": st.sampled_from(["", "0", "2", "6.5", "10"]),
    "fs_pyramidal": st.sampled_from(["", "0", "3", "6"]),
    "fs_visual": st.sampled_from(["", "0", "6"]),
    "ambulation_score": st.sampled_from(["", "0", "5", "16"]),
    "region": st.sampled_from(["", "brain", "spine", "brain_and_spine"]),
    "new_t2": st.sampled_from(["", "0", "2"]),
    "severity_0_10": st.sampled_from(["0", "10"]),
    "instrument": st.sampled_from(["SDMT", "sdmt", "FSS"]),
    "kind": st.sampled_from(["death", "Infection", "infection "]),
    "end_reason": st.sampled_from(["", "died", "moved"]),
    "height_cm": st.sampled_from(["", "150"]),
}
tables = {
    "patient": ["patient_id", "followup_start", "followup_end", "end_reason", "height_cm"],
    "infusion": ["patient_id", "start_time", "dose_mg", "route", "weight_kg", "planned_date"],
    "measurement": ["patient_id", "time", "analyte", "value", "unit", "lloq", "below_lloq"],
    "visit": ["patient_id", "date", "edss", "fs_pyramidal", "fs_visual", "ambulation_score"],
    "relapse": ["patient_id", "onset_date"],
    "mri": ["patient_id", "date", "region", "new_t2"],
    "diary": ["patient_id", "week_ending", "severity_0_10"],
    "score": ["patient_id", "date", "instrument", "value"],
    "event": ["patient_id", "start_date", "kind"],
}


@st.composite
def folders(draw: st.DrawFn) -> dict[str, list[str]]:
    """Some of the tables, each with up to eight rows."""
    found = {}
    for name, columns in tables.items():
        if draw(st.booleans()) or name == "infusion":
            rows = draw(st.lists(st.tuples(*(cells[column] for column in columns)), max_size=8))
            found[name] = [",".join(columns), *map(",".join, rows)]
    return found


@settings(max_examples=60, deadline=None)
@given(tables=folders())
def test_every_accepted_cohort_gets_a_whole_report(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, list[str]]
) -> None:
    records = cohort(tmp_path_factory.mktemp("any"), **tables)
    report = check_quality(records)
    assert report.findings["seen"].null_count() == 0
    assert report.findings["row"].null_count() == 0
    accepted = report.findings.filter(pl.col("rule") != "refused_on_reading")
    for (table,), rows in accepted.group_by("table"):
        assert set(rows["row"]) <= set(records.tables[str(table)]["row"])
        assert not rows.select("rule", "row", "seen").is_duplicated().any()
