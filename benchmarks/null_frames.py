"""Frames of endpoints in which there is nothing to find, drawn directly and not through a trial.

What an analysis does under its null hangs on the shapes of its data: few patients, few events, unequal groups, people
who leave. So the frames have the columns that `endpoints_of` gives, and those shapes. Nothing that is drawn knows the
group, but for what makes the null: the risk of the compared arm of a test of non-inferiority is the margin higher, and
in the confounded setting the sicker are chosen for one arm, so that the arms differ although the interval does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from wearoff.trial.protocol import Analysis, Arm, Endpoint, EndpointKind, Protocol, Recording, Schedule
from wearoff.trial.reading.methods import METHODS

ARMS = ("SID", "EID")
ANSWERS = ("never", "sometimes", "regularly")
SHARES = (0.575, 0.225, 0.2)  # Bringeland 2020
DROPOUT = 0.125  # a year
MARGIN = 0.10
RELAPSES = 0.3  # share of activity that is a relapse (assumed)
LESIONS_PER_EVENT, DISPERSION = 1.5, 2.0  # lesions of one event, and how patients differ (assumed)
DIARY = 0.3  # share with wearing-off in the diary (assumed)
BLOCK = 500
KINDS: tuple[EndpointKind, ...] = (
    "neda",
    "first_activity",
    "first_relapse",
    "relapses",
    "lesions",
    "answer",
    "level",
    "diary",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of small cohort without anything to find.

    Attributes:
        name: for the table.
        yearly: share of patients with activity within a year.
        years: of follow-up.
        size: patients.
        confounding: log odds of the second arm for a standard deviation of the recorded severity.
        hidden: log odds for a standard deviation of the severity that is not recorded.
        effect: log of the ratio of activity for a standard deviation of either severity.
    """

    name: str
    yearly: float
    years: int
    size: int = 40
    confounding: float = 0.0
    hidden: float = 0.0
    effect: float = 0.0

    @property
    def is_observed(self) -> bool:
        """Whether the arms were chosen."""
        return self.confounding != 0.0 or self.hidden != 0.0


SETTINGS = (
    Setting("rare", 0.041, 1),
    Setting("less rare", 0.15, 2),
    Setting("confounded", 0.15, 2, confounding=1.0, effect=0.7),
    Setting("confounded, 200 patients", 0.15, 2, size=200, confounding=1.0, effect=0.7),
    Setting("confounded by what is not recorded", 0.15, 2, size=200, hidden=1.0, effect=0.7),
)


def protocol_of(setting: Setting) -> Protocol:
    """Every named analysis that the setting is about, each of one endpoint and grouping."""
    if setting.is_observed:
        names = [name for name in METHODS if "weighted" in name]
        asked = [(name, METHODS[name].kinds[0], "arm") for name in (*names, "fisher")]
    else:
        asked = [
            (method.name, kind, method.by[0])
            for method in METHODS.values()
            for kind in method.kinds
            if kind in KINDS
            and (kind != "answer" or method.by == ("arm",))
            and (method.name, kind) != ("share", "neda")
        ]
    half = setting.size // 2
    return Protocol(
        name="nothing-to-find",
        title="Nothing to find",
        question="How often is something found?",
        arm=(Arm(name=ARMS[0], size=half), Arm(name=ARMS[1], size=setting.size - half, weeks=6)),
        schedule=Schedule(followup_weeks=52 * setting.years),
        recording=Recording(dropout_per_year=DROPOUT),
        endpoint=(*(Endpoint(name=kind, kind=kind) for kind in KINDS), Endpoint(name="worse", kind="neda")),
        analysis=tuple(
            Analysis(
                name=f"{name}, {kind}",
                method=name,
                endpoint="worse" if METHODS[name].needs_margin else kind,
                by=by,
                margin=MARGIN if METHODS[name].needs_margin else None,
                true_value=truth_of(name),
            )
            for name, kind, by in asked
        ),
    )


def truth_of(name: str) -> float | None:
    """What the estimate of a method is of in these frames; None of a test without one."""
    method = METHODS[name]
    if method.needs_margin:
        return MARGIN
    return DIARY if name == "share" else method.null_value


def null_frame(setting: Setting, seed: int, block: int, replicates: int = BLOCK) -> pl.DataFrame:
    """The endpoints of a block of replicates in which there is nothing to find.

    Args:
        setting: the shapes.
        seed: of all blocks.
        block: number of the block; the same number gives the same frame.
        replicates: in the block.
    """
    rng = np.random.default_rng([seed, SETTINGS.index(setting) if setting in SETTINGS else 99, block])
    shape = (replicates, setting.size)
    size = replicates * setting.size
    severity, hidden = rng.normal(size=shape), rng.normal(size=shape)
    if setting.is_observed:
        odds = setting.confounding * severity + setting.hidden * hidden
        arm = (rng.random(shape) < 1.0 / (1.0 + np.exp(-odds))).astype(int)
    else:
        arm = rng.permuted(np.tile(np.arange(setting.size) % 2, (replicates, 1)), axis=1)
    days = 365.0 * setting.years
    rate = -np.log1p(-setting.yearly) / 365.0 * np.exp(setting.effect * (severity + hidden))
    left = rng.exponential(365.0 / -np.log1p(-DROPOUT), shape)
    observed = np.minimum(left, days).round().clip(1.0)
    columns: dict[str, np.ndarray | pl.Series] = {
        "replicate": np.repeat(np.arange(replicates) + block * BLOCK, setting.size),
        "patient_id": np.char.mod("%d", np.arange(size)),
        "arm": np.array(ARMS)[arm],
        "answer": np.array(ANSWERS)[rng.choice(3, shape, p=SHARES)],
        "at_entry.edss": severity,
        "at_entry.age": rng.normal(size=shape),
        "at_entry.weight_kg": rng.normal(size=shape),
    }
    columns |= _activity(rng, rate, observed, days)
    columns |= _counts(rng, rate, observed)
    worse = 1.0 - (1.0 - setting.yearly) ** setting.years + MARGIN * arm
    known = rng.random(shape) > DROPOUT
    columns["worse.state"] = np.where(known, np.where(rng.random(shape) < worse, "active", "neda"), "unknown")
    columns["answer.answer"] = np.array(ANSWERS)[rng.choice(3, shape, p=SHARES)]
    each = rng.integers(1, 4, shape).ravel()
    mean = np.repeat(rng.normal(25.0, 8.0, size), each)
    samples = pl.Series("samples", mean + rng.normal(0.0, 4.0, each.sum()))
    lists = pl.DataFrame({"patient": np.repeat(np.arange(size), each), "samples": samples})
    grouped = lists.group_by("patient", maintain_order=True).agg("samples")["samples"]
    for part in ("", "arm_"):
        columns[f"level.{part}samples"], columns[f"level.{part}value"] = grouped, grouped.list.mean()
    frame = pl.DataFrame(
        {
            name: values.ravel() if isinstance(values, np.ndarray) else values
            for name, values in columns.items()
        }
    )
    told = pl.Series(rng.random(size) < DIARY)
    return frame.with_columns(
        pl.when(pl.Series(rng.random(size) > 0.2)).then(told).alias("diary.is_wearing_off")
    )


def _activity(
    rng: np.random.Generator, rate: np.ndarray, observed: np.ndarray, days: float
) -> dict[str, np.ndarray]:
    """First activity as a relapse on its day or a lesion at the next yearly scan; NEDA where the end was seen."""
    shape = rate.shape
    relapse = rng.exponential(1.0, shape) / (rate * RELAPSES)
    lesion = rng.exponential(1.0, shape) / (rate * (1.0 - RELAPSES))
    scan = 365.0 * np.ceil(lesion / 365.0)
    seen_relapse = np.where(relapse <= observed, relapse.round().clip(1.0), np.inf)
    seen_lesion = np.where(scan <= observed, scan, np.inf)
    last_scan = 365.0 * np.floor(observed / 365.0)
    first = np.minimum(seen_relapse, seen_lesion)
    is_event = np.isfinite(first)
    # No lesion can have come before a relapse up to the last clean scan.
    clean = np.minimum(np.where(np.isfinite(seen_lesion), seen_lesion - 365.0, last_scan), first)
    low = np.where(is_event, clean, last_scan)
    state = np.where(is_event, "active", np.where(observed >= days, "neda", "unknown"))
    found = {"neda.state": state}
    for name, event, at, since in (
        ("first_activity", is_event, first, low),
        (
            "first_relapse",
            np.isfinite(seen_relapse),
            seen_relapse,
            np.where(np.isfinite(seen_relapse), seen_relapse, observed),
        ),
    ):
        found |= {
            f"{name}.time_d": np.where(event, at, observed),
            f"{name}.is_event": event,
            f"{name}.low_d": since,
            f"{name}.high_d": at,
        }
    return found


def _counts(rng: np.random.Generator, rate: np.ndarray, observed: np.ndarray) -> dict[str, np.ndarray]:
    """Relapses that come one by one, and lesions that come in bursts and of which some patients have far more."""
    frailty = rng.gamma(1.0 / DISPERSION, DISPERSION, rate.shape)
    lesions = rate * (1.0 - RELAPSES) * LESIONS_PER_EVENT * observed * frailty
    return {
        "relapses.count": rng.poisson(rate * RELAPSES * observed),
        "relapses.years": observed / 365.25,
        "lesions.count": rng.poisson(lesions),
        "lesions.years": observed / 365.25,
    }
