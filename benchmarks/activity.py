"""A virtual cohort over two years, from drug to lesions and relapses: time, memory, and agreement with a closed form.

    python -m benchmarks.activity [PATIENTS]

Every patient has levels, saturation, infiltrate, two T2 scans, monthly Gd scans and relapses by the year, once as a
starter and once as a stable patient, who has a year of 4-weekly dosing more. The shares without an event are held
against the closed form of the negative binomial; a fast and wrong result ends the benchmark with an error.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from wearoff.dosing.activity import KINDS, share_without, typical_activity
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.virtual import truncated_weights
from wearoff.dosing.regimen import every
from wearoff.dosing.virtual_activity import Population, VirtualActivity, simulate_activity, usual_watch
from wearoff.dosing.virtual_troughs import WEIGHT_MEAN_KG, WEIGHT_SD_KG

PATIENTS = 100_000
ALLOWED_S, ALLOWED_GIB = 30.0, 4.0
ALLOWED_SE = 5.0
SEED = 20260916
CURVE = "bridge"


@dataclass(frozen=True)
class Measured:
    """One population: seconds, and the furthest share from its closed form in standard errors."""

    population: Population
    wall_s: float
    cpu_s: float
    furthest_se: float


def measure(population: Population, patients: int) -> Measured:
    """Follow a population for two years on 4-weekly dosing."""
    model = load_model()
    weights = truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *model.domain.weight_kg)
    doses = every(4, times=27) if population == "starter" else every(4, times=26).shifted(28)
    begin, cpu = time.perf_counter(), time.process_time()
    found = simulate_activity(
        model, weights, doses, usual_watch(2), patients, SEED, load_curve(CURVE), population=population
    )
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    return Measured(population, wall, cpu, furthest(found))


def furthest(found: VirtualActivity) -> float:
    """The largest distance of a share without events from its closed form, in standard errors."""
    numbers, apart = typical_activity(found.curve), []
    for kind in KINDS:
        mean, seen = found.expected[kind].sum(axis=1), found.seen[kind]
        expected = float(share_without(mean, numbers.shape(kind), seen).mean())
        counted = 1.0 - found.share_with(kind)
        error = np.sqrt(expected * (1.0 - expected) / found.counts[kind].shape[0])
        apart.append(abs(counted - expected) / error)
    return max(apart)


def wrong(lines: list[Measured], peak_gib: float, patients: int) -> list[str]:
    """What was not let through."""
    faults = [
        f"{line.population}: a share is {line.furthest_se:.1f} standard errors from its closed form"
        for line in lines
        if not line.furthest_se <= ALLOWED_SE
    ]
    if patients >= PATIENTS:
        faults += [
            f"{line.population}: {line.wall_s:.0f} s is over {ALLOWED_S:.0f} s"
            for line in lines
            if line.wall_s > ALLOWED_S
        ]
    if peak_gib > ALLOWED_GIB:
        faults.append(f"{peak_gib:.1f} GiB is over {ALLOWED_GIB:.0f} GiB")
    return faults


def main() -> None:
    """Print both populations; end with an error when one was wrong, slow or large."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    lines = [measure("starter", patients), measure("stable", patients)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    for line in lines:
        print(
            f"{patients:,} patients, 2 years, {line.population:8} {line.wall_s:6.1f} s wall {line.cpu_s:6.1f} s CPU"
            f"   furthest share {line.furthest_se:.1f} standard errors"
        )
    print(f"peak memory {peak:.2f} GiB")
    if faults := wrong(lines, peak, patients):
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
