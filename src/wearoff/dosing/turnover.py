"""A quantity that turns over: it fills toward a source that changes with the drug, and empties at a constant rate.

dx/dt = q (s(t) - x). Cells of the cerebrospinal fluid and the infiltrate that forms lesions both obey it. It is linear
in x, so that between two samples of the source one step is exact where the source runs straight between them; no
stability limits the step, and only how finely the source is sampled decides the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from jaxtyping import Float

_SMALL = 1e-3  # below this the closed form loses digits and its series does not


@dataclass(frozen=True, slots=True, eq=False)
class Turnover:
    """What a quantity does over time.

    Attributes:
        value: x at every sample, shape [..., times].
        area: its integral from the first sample to each, in days times the unit of x, shape [..., times].
    """

    value: Float[np.ndarray, "... times"]
    area: Float[np.ndarray, "... times"]


def turn_over(
    day: Float[np.ndarray, " times"],
    source: Float[np.ndarray, "... times"],
    rate: npt.ArrayLike,
    start: npt.ArrayLike = 1.0,
) -> Turnover:
    """What fills toward a source and empties at one rate.

    Args:
        day: the samples, days, not decreasing; a day that stands twice is a jump of the source.
        source: what x would settle to, straight between two samples.
        rate: turnover, per day, more than 0, one number or one for each leading axis of the source.
        start: x at the first sample, likewise.

    Raises:
        ValueError: the days decrease or do not fit the source, or a rate is not positive.
    """
    day, source = np.asarray(day, dtype=float), np.asarray(source, dtype=float)
    length = np.diff(day)
    if day.ndim != 1 or source.shape[-1:] != day.shape or not day.size or (length < 0).any():
        raise ValueError("the days of a turnover must not decrease, and the source needs a value for each")
    q = np.broadcast_to(np.asarray(rate, dtype=float), source.shape[:-1])
    if not (q > 0).all():
        raise ValueError("a turnover has a rate of more than 0 per day")
    value = np.empty_like(source)
    value[..., 0] = start
    weights: dict[float, tuple[np.ndarray, ...]] = {}
    for index, step in enumerate(length):
        # most steps are a day long; the weights of equal steps are computed once
        if step not in weights:
            weights[step] = _weights(q * step)
        kept, before, after = weights[step]
        value[..., index + 1] = (
            kept * value[..., index] + before * source[..., index] + after * source[..., index + 1]
        )
    # what came in and did not leave is still there: the integral of x needs no quadrature of its own
    filled = np.zeros_like(source)
    np.cumsum(0.5 * length * (source[..., 1:] + source[..., :-1]), axis=-1, out=filled[..., 1:])
    return Turnover(value, filled - (value - value[..., :1]) / q[..., None])


def turn_over_own(
    length: Float[np.ndarray, "gaps rows"],
    source: Float[np.ndarray, "gaps+1 rows"],
    rate: npt.ArrayLike,
    start: npt.ArrayLike = 1.0,
) -> Turnover:
    """The same where every row has gaps of its own between its samples; time runs along the first axis.

    Args:
        length: from each sample to the next, days, not negative.
        source: at every sample.
        rate: turnover, per day, one number or one for each row.
        start: x at the first sample, likewise.

    Raises:
        ValueError: a length is negative or does not fit the source, or a rate is not positive.
    """
    if source.shape != (length.shape[0] + 1, *length.shape[1:]) or (length < 0).any():
        raise ValueError("between two samples of a turnover lies a length that is not negative")
    q = np.broadcast_to(np.asarray(rate, dtype=float), source.shape[1:])
    if not (q > 0).all():
        raise ValueError("a turnover has a rate of more than 0 per day")
    kept, before, after = _weights(q * length)
    value = np.empty_like(source)
    value[0] = start
    for index in range(length.shape[0]):
        value[index + 1] = (
            kept[index] * value[index] + before[index] * source[index] + after[index] * source[index + 1]
        )
    filled = np.zeros_like(source)
    np.cumsum(0.5 * length * (source[1:] + source[:-1]), axis=0, out=filled[1:])
    return Turnover(value, filled - (value - value[:1]) / q)


def _weights(qh: Float[np.ndarray, "..."]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of x, of the source before and of the source after one step of length h.

    x(h) = e^-qh x + (phi1 - phi2) qh s0 + phi2 qh s1, with phi1 = (1 - e^-qh)/qh and phi2 = (1 - phi1)/qh.
    """
    kept = np.exp(-qh)
    near = np.minimum(qh, _SMALL)
    far = np.maximum(qh, _SMALL)
    mean = -np.expm1(-far) / far
    after = np.where(qh < _SMALL, near / 2 - near**2 / 6 + near**3 / 24, 1.0 - mean)
    return kept, -np.expm1(-qh) - after, after
