"""One patient in a folder: the page, the sheet of paper, four tables with every digit, and `result.json` as the last.

`result.json` names the other files with their digests, so that a folder where it agrees is whole; it also holds the
patient as a patient file, from which the same answer can be had again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from wearoff.charts.patient_data import clock, course_frame
from wearoff.dosing.fit.patient_file import to_toml
from wearoff.report.files import ResultFiles, csv_of, json_of, not_written, put, refuse_a_file
from wearoff.report.page import DISCLAIMER
from wearoff.report.patient_html import render_patient
from wearoff.report.patient_pdf import render_pdf

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment, ModelFit
    from wearoff.dosing.intervals import IntervalOption


def write_patient(found: Assessment, folder: Path) -> ResultFiles:
    """The files of one patient, written into a folder that is made where it is missing.

    Files of an earlier run are replaced; no other file is touched.

    Raises:
        InputError: the folder is an existing file or cannot be written.
    """
    refuse_a_file(folder)
    frames = tables_of(found)
    contents = {
        "report.html": render_patient(found).encode("utf-8", "replace"),
        "report.pdf": render_pdf(found),
        **{f"{name}.csv": csv_of(frame) for name, frame in frames.items()},
    }
    summary = json_of(summary_of(found, contents)).encode("utf-8", "replace")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            put(folder / name, content)
        put(folder / "result.json", summary)
    except OSError as error:
        raise not_written(folder, error) from error
    return ResultFiles(
        folder=folder,
        report=folder / "report.html",
        paper=folder / "report.pdf",
        result=folder / "result.json",
        tables={name: folder / f"{name}.csv" for name in frames},
    )


def tables_of(found: Assessment) -> dict[str, pl.DataFrame]:
    """The tables of one patient with every digit, by name: options, levels, course and decline."""
    return {
        "options": _options(found),
        "levels": _levels(found),
        "course": course_frame(found),
        "decline": _decline(found),
    }


def summary_of(found: Assessment, contents: Mapping[str, bytes]) -> dict[str, Any]:
    """What `result.json` holds: every figure, the patient, the provenance, and the digest of each file.

    Args:
        found: what was found of the patient.
        contents: the bytes of each file beside it.
    """
    from wearoff.dosing.decline import FOLLOWED_WEEKS

    patient = found.patient
    return {
        "intended_use": DISCLAIMER,
        "provenance": found.provenance,
        "patient": to_toml(patient),
        "notes": patient.notes,
        "target": found.target,
        "options": _options(found),
        "models": [_fit(fit) for fit in found.fits],
        "levels": _levels(found),
        "occupancies": {"predicted": found.occupancies.predicted, "is_within": found.occupancies.is_within},
        "delays": found.delays,
        "decline": found.decline,
        "followed_weeks": FOLLOWED_WEEKS,  # null in what follows is longer than that
        "holding": found.holding,
        "policies": found.policies,
        "exchange": found.exchange,
        "cautions": found.cautions,
        "counting": found.after.counting,
        "files": [
            {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        ],
    }


def _fit(fit: ModelFit) -> dict[str, Any]:
    """One model: its weight, and what the levels made of the patient under it."""
    after = fit.posterior
    return {
        "model": fit.model.name,
        "model_sha256": fit.model.digest,
        "weight": fit.weight,
        "effects": dict(zip(after.names, after.best.tolist(), strict=True)),
        "covariance": after.laplace,
        "remaining": fit.remaining,
        "counting": after.counting,
        "log_evidence": after.log_evidence,
        "verdict": after.verdict,
        "outside": fit.outside,
    }


def _options(found: Assessment) -> pl.DataFrame:
    """Every option: averaged, under each model alone, and under another weight where one was asked for."""
    groups: list[tuple[str, tuple[IntervalOption, ...]]] = [("average", found.options)]
    groups += [(fit.model.name, fit.options) for fit in found.fits]
    if found.what_if is not None:
        groups.append((f"average at {found.what_if.weight_kg:g} kg", found.what_if.options))
    return pl.DataFrame(
        [_option(found, basis, option) for basis, options in groups for option in options],
        infer_schema_length=None,
    )


def _option(found: Assessment, basis: str, option: IntervalOption) -> dict[str, Any]:
    row: dict[str, Any] = {
        "basis": basis,
        "weeks": option.weeks,
        "next_date": f"{found.patient.date_of(option.next_d):%Y-%m-%d}",
    }
    for when, trough, under in (
        ("next", option.next_trough, option.next_saturation),
        ("settled", option.settled_trough, option.settled_saturation),
    ):
        row |= {f"{when}_trough_{name}_mg_per_l": value for name, value in trough.items()}
        for curve, bands in under.items():
            row |= {f"{when}_saturation_{curve}_{name}": value for name, value in bands.items()}
    return row | {
        "probability_next": option.probability_next,
        "error_next": option.error_next,
        "probability_settled": option.probability_settled,
        "error_settled": option.error_settled,
        "days_below": option.days_below,
        "meets_rule": option.meets_rule,
        "infusions_per_year": option.infusions_per_year,
        "evidence": option.evidence.badge,
        "evidence_rows": "; ".join(option.evidence.evidence),
        "evidence_sentence": option.evidence.sentence,
    }


def _levels(found: Assessment) -> pl.DataFrame:
    """Every level under every model: what was measured, predicted, and moved by it."""
    return pl.DataFrame(
        [row for fit in found.fits for row in _levels_under(found, fit)], infer_schema_length=None
    )


def _levels_under(found: Assessment, fit: ModelFit) -> Iterator[dict[str, Any]]:
    levels = found.patient.levels
    for index, day in enumerate(levels.time_d.tolist()):
        pulls = zip(fit.posterior.names, fit.pulls[index].tolist(), strict=True)
        yield {
            "model": fit.model.name,
            "time": clock(found, day),
            "day": day,
            "laboratory": levels.laboratory[index],
            "measured_mg_per_l": None if levels.is_below[index] else float(levels.value_mg_per_l[index]),
            "is_below": bool(levels.is_below[index]),
            "lloq_mg_per_l": float(levels.lloq_mg_per_l[index]),
            "typical_mg_per_l": float(fit.levels.typical[index]),
            "fitted_mg_per_l": float(fit.levels.fitted[index]),
            "residual_sd": float(fit.levels.residual[index]),
            "is_far": bool(fit.levels.is_far[index]),
            **{f"moves {name}": pull for name, pull in pulls},
        }


def _decline(found: Assessment) -> pl.DataFrame:
    """Level, saturation and chance week by week after the last dose."""
    gone, last = found.decline, float(found.patient.regimen.start_d[-1])
    columns: dict[str, Any] = {
        "date": [f"{found.patient.date_of(last + day):%Y-%m-%d}" for day in gone.day.tolist()],
        "days_after_last_dose": gone.day,
        **{f"level_{name}_mg_per_l": values for name, values in gone.level.items()},
    }
    for curve, bands in gone.saturation.items():
        columns |= {f"saturation_{curve}_{name}": values for name, values in bands.items()}
    if gone.chance is not None and gone.error is not None:
        columns |= {"chance": gone.chance, "error": gone.error}
    return pl.DataFrame(columns)
