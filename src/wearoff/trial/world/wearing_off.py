"""Who truly wears off: never, sometimes or regularly, driven by low saturation or by nothing of the drug."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import World

__all__ = ["cuts_of", "wearing_off_of"]


def cuts_of(world: World, drive: Float[np.ndarray, " people"]) -> tuple[float, float]:
    """The thresholds at which the stated shares wear off at all, and regularly.

    The log odds of wearing-off at all are the drive less the first threshold, those of regular wearing-off the drive
    less the second (proportional odds).

    Args:
        world: with the shares.
        drive: of a population: strength times how many standard deviations its saturation is lower than the mean.

    Raises:
        ValueError: the shares are more than everybody.
    """
    from scipy.optimize import brentq
    from scipy.special import expit  # a tenth of a second that importing this need not wait for

    any_share = world.regularly + world.sometimes
    if any_share > 1 + 1e-12:
        raise ValueError("world.regularly and world.sometimes are more than 1 together")

    def cut(share: float) -> float:
        if share <= 0 or share >= 1:
            return np.inf if share <= 0 else -np.inf
        ends = float(drive.min()) - 40.0, float(drive.max()) + 40.0
        return float(brentq(lambda at: float(expit(drive - at).mean()) - share, *ends, xtol=1e-12))

    return cut(any_share), cut(world.regularly)


def wearing_off_of(
    drive: Float[np.ndarray, " patients"],
    cuts: tuple[float, float],
    chance: Float[np.ndarray, " patients"],
) -> Int[np.ndarray, " patients"]:
    """The true wearing-off, 0 never, 1 sometimes, 2 regularly.

    Args:
        drive: as for `cuts_of`.
        cuts: from there.
        chance: a number between 0 and 1 of each patient.
    """
    from scipy.special import expit

    any_of, regular = (chance < expit(drive - cut) for cut in cuts)
    return any_of.astype(np.int64) + regular.astype(np.int64)
