"""The compiled run of a population under one regimen: the series of `series.py`, steps by each patient.

Patients lie side by side in a block. Between two events every patient takes steps of a length of his own, as
long as the last terms of his series allow (Jorba and Zou, doi 10.1080/10586458.2005.10128904): the error of
a step stays under a share of the level; where the level lies above the Michaelis constant, under the same share
of that constant and the lowest level to come, because an absolute error outlives the fall from there.
A block goes on until its slowest patient has arrived. The order of the series is a power of two, so that its
root is a shift of bits. Nothing raises in here: every patient carries a status.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wearoff.dosing.pk.series import terms_of

VISIBLE = 1e-3  # mg/L; below it the error is held absolutely
_GUARD = 0.35
MOST_STEPS = 100_000  # between two events


def sweep(
    block: dict[str, Any], *, order: int, has_depot: bool, with_peripheral: bool = False
) -> dict[str, jax.Array]:
    """One block of patients through every gap between two events.

    Args:
        block: `parameters` (segments, 8, patients) in the order of `PARAMETER_NAMES`; `state` (3, patients)
            with depot, central and peripheral amount, mg; `events` of each gap (gaps, 8) with the columns of
            `grid.EVENTS`, its `segment` and the days `ahead` until the level is lowest, each with a further axis of
            patients where they differ; `tolerance`, the largest error of one step as a share of the level.
        order: order of the series, a power of two.
        has_depot: whether a dose is subcutaneous.
        with_peripheral: whether the peripheral amounts are wanted too.

    Returns:
        `level` at the end of each gap, mg/L, gaps x patients; `highest` in each gap with a depot; `central`
        and `peripheral` amounts where wanted; `status` of each patient: 0, or 1 not finite or
        negative, or 2 too many steps; `steps` of the block.
    """
    options = {"xla_cpu_prefer_vector_width": 512} if jax.default_backend() == "cpu" else None
    static = {"order": order, "has_depot": has_depot, "with_peripheral": with_peripheral}
    found: dict[str, jax.Array] = _compiled(tuple(static.items()), repr(options))(block)
    return found


@cache
def _compiled(static: tuple[tuple[str, Any], ...], options: str) -> Any:
    """The compiled sweep; wide vectors are asked for where the processor has them."""
    chosen = {"xla_cpu_prefer_vector_width": 512} if options != "None" else None
    return jax.jit(partial(_sweep, **dict(static)), compiler_options=chosen)


def _sweep(
    block: dict[str, jax.Array], order: int, has_depot: bool, with_peripheral: bool
) -> dict[str, jax.Array]:
    cl, vc, vp, q, vmax, km, ka, f = (block["parameters"][:, row] for row in range(8))
    rates = (cl / vc, q / vc, q / vp, vmax, km * vc, ka, f, 1.0 / vc)
    tolerance = block["tolerance"]

    def over_gap(carry: Any, gap: dict[str, jax.Array]) -> tuple[Any, dict[str, jax.Array]]:
        state, late, steps = carry
        mine = tuple(_in_segment(rate, gap["segment"]) for rate in rates)
        length, inflow, depot_inflow, bolus, depot_bolus, *kept = gap["events"]
        depot, central, peripheral = (share * amount for share, amount in zip(kept, state, strict=True))
        central = central + bolus
        inflows = (jnp.zeros(()), inflow)
        if has_depot:
            depot = depot + mine[6] * depot_bolus
            inflows = (mine[6] * depot_inflow, inflow)
        left = jnp.full_like(central, length)
        lowest = _lowest(mine, central + peripheral + inflow * length, gap["ahead"])
        # two amounts in one number: what has one result is worked out once, whatever the compiler fuses
        first = (depot, lax.complex(central, peripheral), left, central, jnp.int32(0))

        def is_on_the_way(loop: Any) -> jax.Array:
            is_any: jax.Array = jnp.any(loop[2] > 0) & (loop[4] < MOST_STEPS)
            return is_any

        def step(loop: Any) -> Any:
            depot, both, left, highest, count = loop
            now = (depot, both, left, highest)
            return *_one(now, mine, inflows, lowest, tolerance, order, has_depot), count + 1

        depot, both, left, highest, count = lax.while_loop(is_on_the_way, step, first)
        state = (depot, jnp.real(both), jnp.imag(both))
        row = {"level": state[1] * mine[7]}
        if has_depot:
            row["highest"] = highest * mine[7]
        if with_peripheral:
            row |= {"depot": state[0], "central": state[1], "peripheral": state[2]}
        return (state, jnp.maximum(late, left), steps + count), row

    state = tuple(block["state"])
    begin = (state, jnp.zeros_like(state[1]), jnp.int32(0))
    gaps = {name: block[name] for name in ("events", "segment", "ahead")}
    (state, late, steps), rows = lax.scan(over_gap, begin, gaps)
    # what is not finite stays so to the end
    is_finite = jnp.isfinite(state[0] + state[1] + state[2])
    status = jnp.where(is_finite, jnp.where(late > 0, 2, 0), 1).astype(jnp.int8)
    return {**rows, "status": status, "steps": steps}


def _in_segment(rate: jax.Array, segment: jax.Array) -> jax.Array:
    """A rate of everyone in the segment of a gap, or in a segment of each one's own."""
    if rate.shape[0] == 1:  # a look-up costs as much as a step; most populations have one segment
        return rate[0]
    if segment.ndim == 0:
        return rate[segment]
    mine: jax.Array = jnp.take_along_axis(rate, segment[None], axis=0)[0]
    return mine


def _one(
    now: tuple[jax.Array, ...],
    rates: tuple[jax.Array, ...],
    inflow: tuple[jax.Array, jax.Array],
    lowest: jax.Array,
    tolerance: jax.Array,
    order: int,
    has_depot: bool,
) -> tuple[jax.Array, ...]:
    """One step of every patient who has not arrived: depot, both amounts, time left, highest amount."""
    depot, both, left, highest = now
    begin = jnp.real(both)
    terms = terms_of((depot, begin, jnp.imag(both), begin), rates, inflow, 1.0, order, has_depot=has_depot)
    depots, central, peripheral = terms[:3]
    crossing = rates[4]
    amount = begin + inflow[1] * left + VISIBLE / rates[7]
    # the other terms guard against a last one that happens to vanish
    guard = _GUARD * (rates[0] + rates[1] + rates[2])
    last = jnp.abs(central[order]) + jnp.abs(peripheral[order]) + guard * jnp.abs(central[order - 1]) + 1e-300
    length = tolerance * amount * (crossing + lowest) / ((crossing + amount) * last)
    length = _root(length, order)
    length = jnp.where(length >= left, left, jnp.where(2 * length > left, 0.5 * left, length))
    # kept apart, so that the length is not worked out once for every amount
    length = lax.optimization_barrier(length)  # type: ignore[no-untyped-call]
    both = lax.complex(*(jnp.maximum(_at(series, length), 0.0) for series in (central, peripheral)))
    if has_depot:
        depot = jnp.maximum(_at(depots, length), 0.0)
        highest = jnp.maximum(highest, jnp.maximum(jnp.real(both), _summit(central, length)))
    kept: tuple[jax.Array, ...] = lax.optimization_barrier(  # type: ignore[no-untyped-call]
        (depot, both, left - length, highest)
    )
    return kept


def _root(number: jax.Array, order: int) -> jax.Array:
    """The root of an order that is a power of two, at most 7 % too large: bits are nearly a logarithm."""
    one = 1023 << 52
    bits = lax.bitcast_convert_type(number, jnp.int64)
    shift = order.bit_length() - 1
    return lax.bitcast_convert_type(
        lax.shift_right_arithmetic(bits - one, jnp.int64(shift)) + one, jnp.float64
    )


def _lowest(rates: tuple[jax.Array, ...], total: jax.Array, ahead: jax.Array) -> jax.Array:
    """About half of the central amount to which the drug in the body falls in the days ahead."""
    k10, k12, k21, vmax = rates[:4]
    exchange = k12 + k21
    share = jnp.where(exchange > 0, k21 / jnp.where(exchange > 0, exchange, 1.0), 1.0)
    return jnp.maximum(0.5 * share * (total * jnp.exp(-k10 * share * ahead) - vmax * ahead), 0.0)


def _at(series: list[jax.Array], time: jax.Array) -> jax.Array:
    """The polynomial at a time after the start of the step."""
    total = series[-1]
    for term in series[-2::-1]:
        total = term + time * total
    return total


def _summit(series: list[jax.Array], length: jax.Array) -> jax.Array:
    """The value at a maximum inside the step, else the value at its start."""
    slope = [k * term for k, term in enumerate(series)][1:]
    bend = [k * term for k, term in enumerate(slope)][1:]
    end = _at(slope, length)
    is_inside = (slope[0] > 0) & (end < 0)
    time = jnp.where(is_inside, length * slope[0] / jnp.where(is_inside, slope[0] - end, 1.0), 0.0)
    for _ in range(3):
        by = jnp.where(is_inside, _at(slope, time) / jnp.where(is_inside, _at(bend, time), 1.0), 0.0)
        time = jnp.clip(time - by, 0.0, length)
    return _at(series, time)
