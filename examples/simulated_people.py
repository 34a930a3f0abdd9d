"""Who the 40 made-up patients are: what is true of them before anything is recorded.

Levels come from the default dosing model with its spread, occupancy from one saturation curve. Those with the
lowest occupancy wear off; disease activity is drawn elsewhere and follows neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import Regimen

SEED = 40
PATIENTS = 40
REGULARLY, SOMETIMES = 8, 9
LOST = 5
YEARS = 2
BEFORE_DAYS = 168
CURVE = "bridge"


@dataclass
class Person:
    """One made-up patient: what is true of them, before anything is recorded."""

    patient_id: str
    sex: str
    birth_year: int
    height_cm: int
    weight_kg: float
    onset: date
    start: date
    end_day: int
    end_reason: str
    edss: float
    infusion_days: list[int]
    infusion_minutes: list[int]
    trough_mg_per_l: float = 0.0
    occupancy: float = 0.0
    answer: str = ""

    def on(self, day: int) -> date:
        """The date of a day of follow-up."""
        return self.start + timedelta(days=day)

    def at(self, day: int, minutes: int) -> str:
        """A time of that day, in UTC."""
        moment = datetime.combine(self.on(day), datetime.min.time()) + timedelta(hours=8, minutes=minutes)
        return f"{moment:%Y-%m-%dT%H:%M}+00:00"


def make_people(random: np.random.Generator) -> tuple[list[Person], dict[str, list[tuple[int, float]]]]:
    """Everybody, and the true level at each of their blood samples (day, mg/L)."""
    people = [draw_person(random, number) for number in range(1, PATIENTS + 1)]
    lose_some(random, people)
    levels = sample_levels(random, people)
    give_answers(random, people)
    return people, levels


def draw_person(random: np.random.Generator, number: int) -> Person:
    """One patient with weight, height and two years of infusions, some late, one in forty skipped."""
    sex = "F" if random.random() < 0.7 else "M"
    height = round(random.normal(167 if sex == "F" else 180, 6))
    bmi = np.clip(random.normal(27.5, 5.5), 18.5, 44)
    start = date(2021, 1, 4) + timedelta(days=int(random.integers(0, 180)))
    age = int(random.integers(22, 58))
    days, day = [], -BEFORE_DAYS
    extended_from = 365 if random.random() < 0.2 else 10_000
    while day <= YEARS * 365:
        days.append(day)
        step = 42 if day >= extended_from else 28
        late = int(
            random.choice(
                [0, 0, 0, 1, 2, 3, 5, 7, -1, 14], p=[0.3, 0.15, 0.1, 0.15, 0.1, 0.07, 0.04, 0.04, 0.03, 0.02]
            )
        )
        day += step + late + (28 if random.random() < 0.025 else 0)
    return Person(
        patient_id=f"S{number:02d}",
        sex=sex,
        birth_year=start.year - age,
        height_cm=height,
        weight_kg=round(float(np.clip(bmi * (height / 100) ** 2, 46, 140)), 1),
        onset=start - timedelta(days=int(random.integers(400, 365 * min(20, age - 18) + 500))),
        start=start,
        end_day=int(random.integers(745, 800)),
        end_reason="",
        edss=float(
            random.choice(
                [0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5], p=[0.08, 0.14, 0.16, 0.2, 0.14, 0.12, 0.08, 0.05, 0.03]
            )
        ),
        infusion_days=days,
        infusion_minutes=[int(m) for m in random.integers(0, 360, len(days))],
    )


def lose_some(random: np.random.Generator, people: list[Person]) -> None:
    """End the follow-up of five patients before the first year is complete."""
    reasons = ["moved away", "other illness", "changed treatment", "withdrew", "JCV positive, stopped"]
    for person, reason in zip(
        random.permutation(np.array(people, dtype=object))[:LOST], reasons, strict=True
    ):
        person.end_day, person.end_reason = int(random.integers(90, 300)), reason
    for person in people:
        person.infusion_days = [day for day in person.infusion_days if day <= person.end_day]


def sample_days(person: Person) -> list[int]:
    """The infusions before which blood is taken: at the start, and after about half, one and two years."""
    wanted = [0, 182, 365, 730]
    given = [day for day in person.infusion_days if day >= 0]
    picked = {min(given, key=lambda day: abs(day - target)) for target in wanted}
    return sorted(day for day in picked if day <= person.end_day)


def sample_levels(random: np.random.Generator, people: list[Person]) -> dict[str, list[tuple[int, float]]]:
    """True levels at the samples of every patient, from one draw of the default model each."""
    model = load_model()
    weights = np.array([[person.weight_kg] for person in people])
    parameters = model.draw(weights, [person.patient_id for person in people], 1, SEED)
    regimens, times = [], []
    for person in people:
        start = (
            np.array(person.infusion_days, float)
            + np.array(person.infusion_minutes[: len(person.infusion_days)]) / 1440
        )
        shape = np.ones(len(start))
        regimens.append(Regimen(start - start[0], 300 * shape, shape / 24, np.zeros(len(start), bool)))
        times.append(
            np.array([start[person.infusion_days.index(day)] - start[0] for day in sample_days(person)])
        )
    found = {}
    curve = load_curve(CURVE)
    for person, concentration in zip(people, simulate(parameters, regimens, times), strict=True):
        found[person.patient_id] = list(zip(sample_days(person), concentration[0], strict=True))
        person.trough_mg_per_l = float(concentration[0][0])
        person.occupancy = float(
            np.clip(curve.saturation(person.trough_mg_per_l) + random.normal(0, 0.015), 0, 1)
        )
    return found


def give_answers(random: np.random.Generator, people: list[Person]) -> None:
    """Those with the lowest occupancy wear off, with enough noise that it is a tendency."""
    order = sorted(people, key=lambda person: person.occupancy + random.normal(0, 0.02))
    for rank, person in enumerate(order):
        person.answer = (
            "regularly" if rank < REGULARLY else "sometimes" if rank < REGULARLY + SOMETIMES else "never"
        )
