"""Write the simulated cohort in `examples/simulated_cohort/`: 40 made-up patients, two years, every table.

The cohort is shaped like the published one (8 wear off regularly, 9 sometimes, 23 never; five are lost before
the first year ends) and has the gaps of a real one: late and skipped infusions, scans without gadolinium,
missed visits, a level under the limit of quantification, an EDSS that was not done. Levels come from the
default dosing model with its spread and residual error, occupancy from one saturation curve with assay noise.
In this made-up world wearing-off follows low occupancy, and disease activity follows neither.

    python examples/make_simulated_cohort.py [FOLDER]
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from simulated_people import PATIENTS, SEED, YEARS, Person, make_people

from wearoff.dosing.pk.models import load_model

RELAPSES_PER_YEAR = 0.04
LESIONS_PER_YEAR = 0.05
LLOQ_MG_PER_L = 0.5
FOLDER = Path(__file__).parent / "simulated_cohort"
Row = list[object]


def main(folder: Path = FOLDER) -> None:
    """Write every table of the simulated cohort into a folder."""
    random = np.random.default_rng(SEED)
    people, levels = make_people(random)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cohort.toml").write_text(
        f'label = "{PATIENTS} made-up patients shaped like the Bergen cohort, two years, seed {SEED}"\n'
        "simulated = true\n",
        encoding="utf-8",
    )
    writers = {
        "patient": patients(people),
        "infusion": infusions(random, people),
        "measurement": measurements(random, people, levels),
        "visit": visits(random, people),
        "relapse": relapses(random, people),
        "mri": scans(random, people),
        "wearing_off": answers(people),
        "diary": diaries(random, people),
        "score": scores(random, people),
        "event": events(random, people),
    }
    for name, rows in writers.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def patients(people: list[Person]) -> list[Row]:
    """patient.csv"""
    header: Row = ["patient_id", "birth_year", "sex", "height_cm", "height_cm_missing", "ms_onset_date"]
    rows: list[Row] = [[*header, "followup_start", "followup_end", "end_reason"]]
    for number, person in enumerate(people):
        height: Row = ["", "UNK"] if number % 17 == 11 else [person.height_cm, ""]
        who: Row = [person.patient_id, person.birth_year, person.sex, *height, person.onset]
        rows.append([*who, person.start, person.on(person.end_day), person.end_reason])
    return rows


def infusions(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """infusion.csv; weight is taken at every third infusion or so."""
    rows: list[Row] = [
        [
            "patient_id",
            "start_time",
            "dose_mg",
            "route",
            "weight_kg",
            "weight_kg_missing",
            "product",
            "duration_min",
        ]
    ]
    for person in people:
        drift = random.normal(0, 1.5)
        for number, (day, minutes) in enumerate(
            zip(person.infusion_days, person.infusion_minutes, strict=False)
        ):
            known = number == 0 or random.random() < 0.35
            now = person.weight_kg + drift * day / 365 + random.normal(0, 0.4)
            weight: Row = [f"{now:.1f}", ""] if known else ["", "ND"]
            rows.append([person.patient_id, person.at(day, minutes), 300, "IV", *weight, "Tysabri", 60])
    return rows


def measurements(
    random: np.random.Generator, people: list[Person], levels: dict[str, list[tuple[int, float]]]
) -> list[Row]:
    """measurement.csv: troughs, occupancy on CD4 and CD8 cells at the first sample, antibodies, NfL, JCV index."""
    residual = load_model().residual_proportional.value
    rows: list[Row] = [
        ["patient_id", "time", "analyte", "subset", "value", "unit", "lloq", "below_lloq", "method", "lab"]
    ]
    for person in people:
        samples = levels[person.patient_id]
        for number, (day, level) in enumerate(samples):
            minutes = person.infusion_minutes[person.infusion_days.index(day)] - 20
            base: Row = [person.patient_id, person.at(day, minutes)]
            observed = max(level * (1 + residual * random.normal()), 0.0)
            below = observed < LLOQ_MG_PER_L
            value = "" if below else f"{observed:.1f}"
            rows.append(
                [
                    *base,
                    "natalizumab_conc",
                    "none",
                    value,
                    "ug/mL",
                    LLOQ_MG_PER_L,
                    "Y" if below else "N",
                    "ELISA",
                    "lab A",
                ]
            )
            rows.append(
                [
                    *base,
                    "nfl",
                    "none",
                    f"{random.lognormal(2.2, 0.35):.1f}",
                    "pg/mL",
                    "",
                    "",
                    "Simoa",
                    "lab B",
                ]
            )
            if number == 0:
                for subset, shift in (("CD4", 0.0), ("CD8", 0.02)):
                    seen = 100 * np.clip(person.occupancy + shift + random.normal(0, 0.02), 0, 1)
                    rows.append(
                        [
                            *base,
                            "receptor_occupancy",
                            subset,
                            f"{seen:.1f}",
                            "%",
                            "",
                            "",
                            "flow, bound of total",
                            "lab A",
                        ]
                    )
                index = random.lognormal(-0.6, 0.9)
                rows.append(
                    [*base, "jcv_index", "none", f"{index:.2f}", "index", "", "", "two-step ELISA", "lab C"]
                )
    return rows


def visits(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """visit.csv: half-yearly, now and then missed or without an EDSS; two patients worsen."""
    rows: list[Row] = [["patient_id", "date", "visit_kind", "edss", "edss_missing", "edss_source"]]
    worsening = {"S07": 200, "S23": 560}
    for person in people:
        for target in range(0, YEARS * 365 + 30, 182):
            day = target + (int(random.integers(-14, 22)) if target else 0)
            if day > person.end_day or (target and random.random() < 0.04):
                continue
            rise = 1.5 if day >= worsening.get(person.patient_id, 10_000) else 0.0
            noise = float(random.choice([0, 0, 0, 0.5, -0.5], p=[0.4, 0.2, 0.2, 0.1, 0.1]))
            edss = min(9.5, person.edss + rise + (noise if person.edss >= 1.5 else 0.0))
            not_done = bool(target) and random.random() < 0.03
            shown: Row = ["", "ND"] if not_done else [f"{edss:g}", ""]
            rows.append(
                [
                    person.patient_id,
                    person.on(day),
                    "telephone" if not_done else "scheduled",
                    *shown,
                    "" if not_done else "examined",
                ]
            )
    return rows


def relapses(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """relapse.csv: few, one of them with fever, one without a stated sign."""
    rows: list[Row] = [
        [
            "patient_id",
            "onset_date",
            "end_date",
            "fever_or_infection",
            "objective_sign",
            "duration_h",
            "steroids",
        ]
    ]
    for person in people:
        for _ in range(random.poisson(RELAPSES_PER_YEAR * person.end_day / 365)):
            day, length = int(random.integers(1, person.end_day)), int(random.integers(5, 40))
            end = person.on(min(day + length, person.end_day))
            rows.append(
                [person.patient_id, person.on(day), end, "N", "Y", 24 * length, random.choice(["Y", "N"])]
            )
    whole = [person for person in people if person.end_day > 600]
    rows.append([whole[3].patient_id, whole[3].on(140), whole[3].on(144), "Y", "N", 96, "N"])
    rows.append([whole[9].patient_id, whole[9].on(480), "", "N", "U", "", "N"])
    return rows


def scans(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """mri.csv: a baseline and yearly scans, some late, missed, or without gadolinium."""
    columns: Row = ["patient_id", "date", "region", "reference_date", "new_t2", "enlarging_t2", "gd_given"]
    rows: list[Row] = [[*columns, "gd_lesions", "gd_lesions_missing"]]
    for person in people:
        previous: int | None = None
        for target in (0, 365, 730):
            day = target + int(random.integers(-20, 1) if target == 0 else random.integers(-25, 30))
            if day > person.end_day or (target and random.random() < 0.05):
                continue
            years = 0.0 if previous is None else (day - previous) / 365
            new = (
                int(random.negative_binomial(0.66, 0.66 / (0.66 + LESIONS_PER_YEAR * years))) if years else 0
            )
            gd = random.random() < 0.9
            enhancing: Row = [int(new > 0 and random.random() < 0.3), ""] if gd else ["", "NA"]
            reference = "" if previous is None else person.on(previous)
            rows.append(
                [
                    person.patient_id,
                    person.on(day),
                    "brain",
                    reference,
                    new,
                    0,
                    "Y" if gd else "N",
                    *enhancing,
                ]
            )
            previous = day
    return rows


def answers(people: list[Person]) -> list[Row]:
    """wearing_off.csv: asked at the start, and of every other patient again after a year."""
    rows: list[Row] = [["patient_id", "date", "answer", "question_version"]]
    for number, person in enumerate(people):
        rows.append([person.patient_id, person.on(0), person.answer, "3 levels, v1"])
        if number % 2 and person.end_day > 380:
            later = "sometimes" if person.answer == "regularly" and number % 4 == 1 else person.answer
            rows.append([person.patient_id, person.on(370), later, "3 levels, v1"])
    return rows


def diaries(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """diary.csv: twelve patients over twelve weeks, worse at the end of the cycle in those who wear off."""
    rows: list[Row] = [
        [
            "patient_id",
            "week_ending",
            "severity_0_10",
            "symptom_fatigue",
            "confounder_infection",
            "entered_late_d",
        ]
    ]
    for person in people[::3][:12]:
        for week in range(1, 13):
            if random.random() < 0.1:
                continue
            last = [day for day in person.infusion_days if day <= 7 * week][-1]
            rise = {"never": 0.0, "sometimes": 1.0, "regularly": 2.5}[person.answer] * (7 * week - last > 20)
            severity = int(np.clip(round(2.5 + rise + random.normal(0, 0.9)), 0, 10))
            late = int(random.choice([0, 0, 0, 1, 3]))
            rows.append(
                [person.patient_id, person.on(7 * week), severity, "Y" if severity > 4 else "N", "N", late]
            )
    return rows


def scores(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """score.csv: fatigue severity scale and SDMT, yearly."""
    rows: list[Row] = [["patient_id", "date", "instrument", "value"]]
    for person in people:
        tired = {"never": 0.0, "sometimes": 0.4, "regularly": 0.9}[person.answer]
        for day in (0, 364, 728):
            if day <= person.end_day:
                rows.append(
                    [
                        person.patient_id,
                        person.on(day),
                        "FSS",
                        f"{np.clip(random.normal(4 + tired, 1.2), 1, 7):.1f}",
                    ]
                )
                rows.append(
                    [person.patient_id, person.on(day), "SDMT", int(np.clip(random.normal(52, 10), 10, 90))]
                )
    return rows


def events(random: np.random.Generator, people: list[Person]) -> list[Row]:
    """event.csv: infections, vaccinations and what ended a follow-up early."""
    rows: list[Row] = [["patient_id", "start_date", "kind", "detail"]]
    for person in people:
        if random.random() < 0.3:
            rows.append(
                [
                    person.patient_id,
                    person.on(int(random.integers(1, person.end_day))),
                    "infection",
                    "upper airways",
                ]
            )
        if random.random() < 0.5:
            rows.append(
                [person.patient_id, person.on(int(random.integers(1, person.end_day))), "vaccination", ""]
            )
        if person.end_reason:
            rows.append([person.patient_id, person.on(person.end_day), "end_of_followup", person.end_reason])
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
