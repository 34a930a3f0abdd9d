"""A whole result with every table that a picture draws, made of drawn numbers; no patient is behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from wearoff.cohort.association import OUTCOME_SCHEMA, activity_curves
from wearoff.cohort.results import (
    Answer,
    Finding,
    Provenance,
    Section,
    StudyResult,
    Table,
)

CURVES = {
    "ec50_only": (0.0, 1.0, 2.51),
    "bridge": (0.177, 0.775, 2.51),
    "trough_pairs_low": (0.0, 0.93, 2.0),
    "trough_pairs_high": (0.0, 1.0, 5.1),
}


def example_result(patients: int = 12, seed: int = 7, ids: list[str] | None = None) -> StudyResult:
    """A result of so many patients; `ids` names the first of them."""
    rng = np.random.default_rng(seed)
    names = [f"P{number:03d}" for number in range(1, patients + 1)]
    names[: len(ids or [])] = ids or []
    answers = [str(a) for a in rng.choice(ANSWERS, patients, p=SHARES)]
    frames: dict[str, pl.DataFrame] = {
        "receipt_files": _receipt(patients),
        "refusals": pl.DataFrame(
            {
                "file": ["measurement.csv", "mri.csv"],
                "row": [14, 41],
                "column": ["unit", "date"],
                "patient_id": names[:2],
                "value": ["ng", "2023-02-30"],
                "reason": ["the unit is not known; use mg/L", "there is no such day"],
            }
        ),
        "notes": pl.DataFrame({"note": ["12 natalizumab_conc values converted from ng/mL to mg/L"]}),
        "table_one": _table_one(answers),
        "timeline": _timeline(rng, names, answers),
        "typical_cycle": _typical_cycle(),
        "saturation_cycle": _saturation_cycle(),
        "occupancy": _occupancy(rng, names, answers),
        "neda_components": _components(patients),
        "risk_by_group": _risk_by_group(),
        "splits": _splits(),
        "reconstructions": _reconstructions(),
        "diary_by_cycle_day": _diary(rng, names),
        "activity_curves": _curves(answers),
        "effects": _effects(),
        "balance": _balance(),
        "operating": _operating(),
        "estimates": _estimates(),
        "power_curves": _power_curves(),
        "associations": pl.DataFrame(
            {
                "quantity": ["occupancy at trough", "concentration at trough"],
                "test": ["Jonckheere", "Jonckheere"],
                "n": [37, 36],
                "estimate": [-0.21, 0.034],
                "low": [-0.4, None],
                "high": [-0.02, float("inf")],
                "p": [0.0093, 0.00004],
                "note": ["", "https://doi.org/10.1002/psp4.70014"],
            }
        ),
    }
    return StudyResult(
        name="example",
        title=f"Example cohort of {patients} patients on natalizumab",
        banner="Simulated data: no patient was recorded here.",
        answer=ANSWER,
        sections=SECTIONS,
        tables={
            name: Table(name, TITLES[name], frame, NOTES.get(name, "")) for name, frame in frames.items()
        },
        provenance=Provenance(
            version="0.1.0",
            inputs={"infusion.csv": "3f" * 32, "mri.csv": "a7" * 32},
            choices={"rule": "ge5_5, 24 weeks", "coding": "any_vs_never", "timezone": "UTC"},
            seed=seed,
        ),
        figures={"events_exposed": 0, "risk_difference": 0.0, "odds_ratio_high": float("inf")},
    )


def with_frame(result: StudyResult, name: str, frame: pl.DataFrame) -> StudyResult:
    """The same result with the rows of one table exchanged."""
    table = result.tables.get(name, Table(name, name, frame))
    return replace(result, tables={**result.tables, name: replace(table, frame=frame)})


def without(result: StudyResult, name: str) -> StudyResult:
    """The same result without one table."""
    return replace(result, tables={key: t for key, t in result.tables.items() if key != name})


ANSWERS = ["never", "sometimes", "regularly", "no answer"]
SHARES = [0.5, 0.25, 0.17, 0.08]

ANSWER = Answer(
    question="Do wearing-off symptoms at the end of the interval mean that the drug is losing the disease?",
    headline=(
        "No sign of it in these patients, and too few to rule it out: disease activity in 0 of 15 with "
        "wearing-off and 0 of 20 without."
    ),
    findings=(
        Finding("Activity with wearing-off", "0 of 15", "0 % (95 % interval 0 to 22 %)"),
        Finding("Activity without", "0 of 20", "0 % (95 % interval 0 to 17 %)"),
        Finding("Risk difference", "−16 to +20 points", "Newcombe 95 % interval; no test without events"),
        Finding("Trough, 6-weekly", "7.6 mg/L", "saturation 60 to 80 % over four curves"),
    ),
    sentences=(
        "With no event in either group the study is uninformative about a difference: it neither shows "
        "nor excludes one.",
        "Five of 40 patients were lost; had they all been active with wearing-off, the difference would "
        "be 5 of 17 against 0 of 23 (p = 0.009).",
    ),
    limits=(
        "The rule is NEDA-3 with the step ge5_5, confirmed after 24 weeks.",
        "Wearing-off was asked once; the answer may change.",
        "All patients were stable on 4-weekly dosing before.",
    ),
)

SECTIONS = (
    Section("Who was studied", ("Patients by their answer.",), (), ("table_one",)),
    Section("Dosing", ("Intervals as they were recorded.",), ("intervals",), ("timeline",)),
    Section(
        "Drug level and receptors",
        ("Predicted under van_den_berg_2025 (doi 10.1002/psp4.70014).",),
        ("typical_cycle", "saturation_cycle", "occupancy"),
        (),
    ),
    Section("Diaries", (), ("diary_heat_map",), ()),
    Section(
        "Disease activity",
        (),
        (
            "neda_components",
            "risk_by_group",
            "splits",
            "reconstructions",
            "activity_curves",
            "forest",
            "balance",
            "operating",
            "estimates",
            "power_curves",
        ),
        ("associations",),
    ),
    Section("What was read", (), (), ("receipt_files", "refusals", "notes")),
)

TITLES = {
    "receipt_files": "Files that were read",
    "refusals": "Rows that were refused",
    "notes": "Assumptions and conversions",
    "table_one": "Patients by wearing-off answer",
    "timeline": "Every fact of every patient",
    "typical_cycle": "Predicted concentration over one cycle",
    "saturation_cycle": "Predicted saturation over one cycle",
    "occupancy": "Measured receptor occupancy",
    "neda_components": "Patients by component and state",
    "risk_by_group": "Risk by group",
    "splits": "Every possible split",
    "reconstructions": "Tables that fit",
    "diary_by_cycle_day": "Diary severity by cycle day",
    "activity_curves": "Share free of activity over time",
    "effects": "Ratios",
    "balance": "Balance of the arms",
    "operating": "How often each analysis shows it",
    "estimates": "Estimates over studies",
    "power_curves": "Power over what can be chosen",
    "associations": "Associations with wearing-off",
}
NOTES = {
    "risk_by_group": "Clopper-Pearson 95 % intervals.",
    "associations": "Exact tests; p values are not corrected for their number.",
}


def _receipt(patients: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "table": ["infusion", "mri"],
            "file": ["infusion.csv", "mri.csv"],
            "read": [patients * 18, patients * 3],
            "accepted": [patients * 18, patients * 3 - 1],
            "refused": [0, 1],
            "sha256": ["3f" * 32, "a7" * 32],
        }
    )


def _table_one(answers: list[str]) -> pl.DataFrame:
    counts = {answer: str(answers.count(answer)) for answer in ANSWERS}
    return pl.DataFrame(
        {
            "characteristic": ["patients", "age, years: median (range)", "women", "EDSS: median (range)"],
            "all": [str(len(answers)), "38 (21 to 61)", "27 (68 %)", "2.0 (0 to 6.0)"],
            "never": [counts["never"], "38 (21 to 61)", "13 (65 %)", "2.0 (0 to 4.5)"],
            "sometimes": [counts["sometimes"], "39 (24 to 55)", "8 (73 %)", "2.0 (0 to 5.0)"],
            "regularly": [counts["regularly"], "36 (23 to 50)", "4 (67 %)", "2.5 (1.0 to 6.0)"],
            "no_answer": [counts["no answer"], "41 (30 to 52)", "2 (67 %)", None],
        }
    )


def _timeline(rng: np.random.Generator, names: list[str], answers: list[str]) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for name, answer in zip(names, answers, strict=True):

        def fact(
            kind: str, day: float, *, gap: float | None = None, active: bool | None = None,
            name: str = name, answer: str = answer,
        ) -> dict[str, Any]:  # fmt: skip
            return {
                "patient_id": name,
                "kind": kind,
                "day": day,
                "interval_d": gap,
                "is_active": active,
                "answer": answer,
            }

        end = 730.0 if rng.random() < 0.8 else float(rng.integers(200, 700))
        planned = 42 if rng.random() < 0.7 else 28
        day, gap = 0.0, None
        while day <= end:
            rows.append(fact("infusion", day, gap=gap))
            gap = max(21.0, round(planned + rng.normal(0, 2)) + 10.0 * (rng.random() < 0.12))
            day += gap
        rows += [fact("scan", d, active=bool(rng.random() < 0.08)) for d in (180.0, 365.0, 720.0) if d <= end]
        if rng.random() < 0.1:
            rows.append(fact("relapse", float(rng.integers(30, int(end))), active=True))
        rows += [fact("answer", 200.0), fact("followup_end", end)]
    return pl.DataFrame(
        rows,
        schema={
            "patient_id": pl.String,
            "kind": pl.String,
            "day": pl.Float64,
            "interval_d": pl.Float64,
            "is_active": pl.Boolean,
            "answer": pl.String,
        },
    )


def _typical(weeks: int) -> tuple[np.ndarray, np.ndarray]:
    peak, trough = (111.5, 25.6) if weeks == 4 else (93.5, 7.56)
    day = np.linspace(0, 7 * weeks, 57)
    fast = 0.4 * peak * np.exp(-day / 1.8)
    slow = 0.6 * peak * (trough / (0.6 * peak)) ** (day / (7 * weeks))
    return day, fast + slow


def _typical_cycle() -> pl.DataFrame:
    frames = []
    for weeks in (4, 6):
        day, typical = _typical(weeks)
        spread = 0.18 + 0.5 * (day / day[-1]) ** 2 * weeks / 6
        part = {f"p{q:02d}": typical * np.exp(z * spread) for q, z in QUANTILES.items()}
        frames.append(pl.DataFrame({"interval_weeks": weeks, "day": day, "typical": typical, **part}))
    return pl.concat(frames)


QUANTILES = {5: -1.645, 25: -0.674, 50: 0.0, 75: 0.674, 95: 1.645}


def _saturation_cycle() -> pl.DataFrame:
    frames = []
    for weeks in (4, 6):
        day, typical = _typical(weeks)
        frames += [
            pl.DataFrame(
                {
                    "interval_weeks": weeks,
                    "day": day,
                    "curve": curve,
                    "saturation": floor + reach * typical / (typical + half),
                }
            )
            for curve, (floor, reach, half) in CURVES.items()
        ]
    return pl.concat(frames)


def _occupancy(rng: np.random.Generator, names: list[str], answers: list[str]) -> pl.DataFrame:
    rows = [
        {
            "patient_id": name,
            "answer": answer,
            "subset": subset,
            "method": method,
            "lab": "Bergen",
            "day": float(day),
            "cycle_day": 42.0 if day != 150 else 20.0,
            "occupancy": float(np.clip(level + rng.normal(0, 0.08) - 0.05 * (day != 150), 0, 1)),
            "is_trough": day != 150,
        }
        for name, answer in zip(names, answers, strict=True)
        for subset, method, level in (
            ("CD4", "mass cytometry", 0.78),
            ("CD8", "mass cytometry", 0.82),
            ("CD8", "flow, bound of total", 0.7),
        )
        for day in (84, 150, 168)
        if rng.random() < 0.7
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _components(patients: int) -> pl.DataFrame:
    rows = []
    for window, lost in (("first year", 0.05), ("second year", 0.13)):
        for component, share in (("relapse", 0.05), ("worsening", 0.0), ("mri", 0.1), ("NEDA-3", 0.15)):
            active, unknown = round(share * patients), round(lost * patients)
            counts = {"active": active, "none": patients - active - unknown, "unknown": unknown}
            rows += [(window, component, state, count) for state, count in counts.items()]
    return pl.DataFrame(rows, schema=["window", "component", "state", "patients"], orient="row")


def _risk_by_group() -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = [
        ("first year", "any_vs_never", "any", 0, 15, 2, 0.0, 0.0, 0.218),
        ("first year", "any_vs_never", "never", 0, 20, 3, 0.0, 0.0, 0.168),
        ("first year", "regular_vs_rest", "regularly", 0, 6, 1, 0.0, 0.0, 0.459),
        ("first year", "regular_vs_rest", "never or sometimes", 2, 29, 4, 0.069, 0.008, 0.228),
        ("second year", "ordered", "never", 3, 19, 4, 0.158, 0.034, 0.396),
        ("second year", "ordered", "sometimes", 1, 9, 2, 0.111, 0.003, 0.483),
        ("second year", "ordered", "regularly", 0, 0, 6, None, None, None),
    ]
    names = ["window", "coding", "group", "events", "evaluable", "lost", "risk", "low", "high"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _splits() -> pl.DataFrame:
    rows = [
        {
            "exposed_evaluable": exposed,
            "other_evaluable": 35 - exposed,
            "risk_difference": 0.0,
            "low": -3.84 / (3.84 + 35 - exposed),
            "high": 3.84 / (3.84 + exposed),
            "odds_ratio": 1.0,
            "or_low": 0.007,
            "or_high": 251.0,
            "fisher_p": None,
            "verdict": "uninformative",
        }
        for exposed in range(12, 18)
    ]
    return pl.DataFrame(rows, schema_overrides={"fisher_p": pl.Float64})


def _reconstructions() -> pl.DataFrame:
    rows = [
        {
            "sid_events": a,
            "sid_total": 48,
            "eid_events": c,
            "eid_total": 45,
            "risk_difference": a / 48 - c / 45,
            "low": a / 48 - c / 45 - 0.18,
            "high": a / 48 - c / 45 + 0.19,
            "odds_ratio": 0.8,
            "or_low": 0.3,
            "or_high": 2.4,
            "fisher_p": 0.63,
            "fisher_mid_p": 0.54,
        }
        for a in (14, 15, 16)
        for c in (12, 13)
    ]
    return pl.DataFrame(rows)


def _diary(rng: np.random.Generator, names: list[str]) -> pl.DataFrame:
    rows = []
    for place, name in enumerate(names):
        weeks, level, rise = (4, 6)[place % 2], rng.uniform(0.5, 4.0), rng.choice([0.0, 0.0, 3.5])
        offset = int(rng.integers(0, 4))
        for week in range(weeks):
            if rng.random() < 0.12:
                continue
            severity = float(np.clip(level + rise * (week / (weeks - 1)) ** 2 + rng.normal(0, 0.4), 0, 10))
            rows.append((name, 7 * week + 3 + offset, int(rng.integers(2, 6)), severity, severity - level))
    names_of = ["patient_id", "cycle_day", "entries", "severity", "severity_centred"]
    return pl.DataFrame(rows, schema=names_of, orient="row")


def _curves(answers: list[str]) -> pl.DataFrame:
    """The real curves of drawn outcomes, one a patient, so that the picture draws what a study gives it."""
    rng = np.random.default_rng(11)
    rows: list[dict[str, Any]] = []
    for answer in answers:
        observed, relapse = float(rng.integers(300, 1900)), float(rng.exponential(3000))
        clean, active = 0.0, float("inf")
        event = rng.exponential(2500)
        for scan in np.arange(180.0, observed, 180.0) + rng.integers(-20, 20):
            if event < scan:
                active = float(scan)
                break
            clean = float(scan)
        rows.append(
            {
                "observed_d": round(observed),
                "relapses": int(relapse < observed),
                "first_relapse_d": round(relapse) if relapse < observed else None,
                "clean_to_d": clean,
                "mri_active_by_d": active,
                "answer": answer if answer != "no answer" else None,
            }
        )
    outcomes = pl.DataFrame(
        [{**dict.fromkeys(OUTCOME_SCHEMA), "patient_id": str(k)} | row for k, row in enumerate(rows)]
    ).select(pl.col(name).cast(kind) for name, kind in OUTCOME_SCHEMA.items())
    coded = pl.DataFrame({"patient_id": map(str, range(len(rows))), "answer": [r["answer"] for r in rows]})
    return activity_curves(outcomes, coded)


def _effects() -> pl.DataFrame:
    inf = float("inf")
    shown, not_shown, silent = "difference shown", "no difference shown", "uninformative"
    time, rate, odds = "Time to first activity", "Activity per year", "Answer in three steps"
    rows: list[tuple[Any, ...]] = [
        (time, "first relapse", "any_vs_never", "hazard ratio", 1.84, 0.71, 4.75, 17, 112, not_shown),
        (time, "first relapse", "regular_vs_rest", "hazard ratio", None, None, None, 0, 112, silent),
        (time, "first MRI activity", "any_vs_never", "hazard ratio", 0.93, 0.52, 1.66, 41, 108, not_shown),
        (time, "first MRI activity", "regular_vs_rest", "hazard ratio", 0.0, 0.0, 0.88, 9, 108, shown),
        (rate, "relapses", "any_vs_never", "rate ratio", 1.97, 0.86, 4.28, 32, 112, not_shown),
        (rate, "relapses", "regular_vs_rest", "rate ratio", inf, 0.31, inf, 3, 112, not_shown),
        (rate, "new T2 lesions", "any_vs_never", "rate ratio", 2.4, 1.2, 4.9, 130, 108, shown),
        (odds, "any activity", "ordered", "odds ratio", 1.12, 0.44, 2.9, 21, 35, not_shown),
    ]
    schema: dict[str, Any] = {
        **dict.fromkeys(("analysis", "outcome", "coding", "measure"), pl.String),
        **dict.fromkeys(("estimate", "low", "high"), pl.Float64),
        **dict.fromkeys(("events", "patients"), pl.Int64),
        "verdict": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _balance() -> pl.DataFrame:
    rows = [
        ("age", 0.21, 0.02),
        ("is_female", -0.08, 0.01),
        ("duration", 0.34, -0.05),
        ("edss", -0.62, -0.12),
        ("relapses_before", -0.41, 0.03),
        ("weight", 0.05, 0.04),
        ("infusions", 0.77, 0.09),
        ("year", 0.51, 0.0),
    ]
    return pl.DataFrame(rows, schema=["covariate", "smd_before", "smd_after"], orient="row")


def _operating() -> pl.DataFrame:
    rows = [
        ("time to activity by wearing-off", 1, 1000, 0.41, 0.379, 0.441, 0.0),
        ("time to activity by wearing-off", 2, 1000, 0.812, 0.786, 0.836, 0.0),
        ("activity in year 1 by wearing-off", 2, 1000, 0.013, 0.0069, 0.0221, 0.22),
        ("occupancy by regular wearing-off", 2, 1000, None, None, None, None),
    ]
    names = ["analysis", "look", "replicates", "shown", "shown_low", "shown_high", "uninformative"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _estimates() -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = [
        (
            "time to activity by wearing-off",
            1,
            "hazard ratio",
            None,
            1000,
            981,
            0.9,
            1.4,
            1.9,
            2.7,
            4.4,
            1.0,
            2.0,
        ),
        (
            "time to activity by wearing-off",
            2,
            "hazard ratio",
            None,
            1000,
            1000,
            1.3,
            1.7,
            2.0,
            2.4,
            3.0,
            1.0,
            2.0,
        ),
        ("relapses by wearing-off", 2, "rate ratio", None, 1000, 0, None, None, None, None, None, 1.0, None),
        (
            "activity in year 1",
            2,
            "risk difference",
            None,
            1000,
            1000,
            -0.02,
            0.01,
            0.04,
            0.06,
            0.1,
            0.0,
            None,
        ),
        ("level", 2, "shift", "mg/L", 1000, 1000, -20.0, -18.0, -16.0, -14.0, -12.0, 0.0, None),
        ("occupancy", 2, "shift", "points", 1000, 1000, -4.0, -3.5, -3.0, -2.0, -1.0, 0.0, None),
        ("wearing-off in the diary", 2, "share", None, 1000, 1000, 0.3, 0.33, 0.35, 0.37, 0.4, None, None),
    ]
    names = [
        "analysis",
        "look",
        "measure",
        "unit",
        "replicates",
        "estimated",
        "q05",
        "q25",
        "q50",
        "q75",
        "q95",
    ]
    return pl.DataFrame(rows, schema=[*names, "null_value", "true_value"], orient="row")


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "x" * 10_000,
    '"><img src=x onerror=alert(1)>',
    "a\x00b\x1b\u202ec]]>&amp;",
    "http://example.org/evil.js",
]


def _power_curves() -> pl.DataFrame:
    rows = [
        {
            "varies": varies,
            "series": series,
            "at": at,
            "analysis": "log-rank",
            "patients": 516,
            "power_formula": power,
            "power_exact": power - 0.02 if series == "within" else None,
            "power_simulated": power + 0.01,
            "low": power - 0.04,
            "high": power + 0.05,
            "power_asked": 0.8,
            "replicates": 200,
        }
        for varies, series, places in (
            ("patients", "1 year", (130.0, 260.0, 520.0)),
            ("patients", "2 years", (130.0, 260.0, 520.0)),
            ("share lost in a year", "as planned", (0.0, 0.125, 0.3)),
            ("scans in a year", "within", (0.5, 1.0, 12.0)),
        )
        for at, power in zip(places, (0.3, 0.5, 0.8), strict=True)
    ]
    return pl.DataFrame(rows)


def hostile_result(patients: int = 12) -> StudyResult:
    """A result in which every text that a file may bring is meant to break the page."""
    result = example_result(patients, ids=HOSTILE)
    for table, columns in {
        "occupancy": ["subset", "method", "lab"],
        "neda_components": ["window", "component"],
        "risk_by_group": ["window", "group"],
        "saturation_cycle": ["curve"],
        "activity_curves": ["group"],
        "effects": ["analysis", "outcome", "coding", "measure", "verdict"],
        "balance": ["covariate"],
        "operating": ["analysis"],
        "estimates": ["analysis", "measure", "unit"],
        "power_curves": ["varies", "series"],
        "notes": ["note"],
        "refusals": ["file", "column", "value", "reason"],
        "table_one": ["characteristic", "all"],
    }.items():
        frame = result.tables[table].frame
        names = (HOSTILE * (frame.height // len(HOSTILE) + 1))[: frame.height]
        frame = frame.with_columns(pl.Series(column, names) for column in columns)
        result = with_frame(result, table, frame)
    text = "".join(HOSTILE)
    return replace(
        result,
        title=text,
        banner=text,
        answer=Answer(text, text, (Finding(text, text, text),), (text,), (text,)),
        sections=tuple(replace(s, title=text, paragraphs=(text,)) for s in result.sections),
        tables={name: replace(table, title=text, note=text) for name, table in result.tables.items()},
        provenance=Provenance(text, {text: text}, {text: text}, None),
        figures={text: text},
    )
