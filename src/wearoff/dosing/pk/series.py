"""The compiled step: Taylor series of the amounts, patients in turn, draws side by side.

Within a step the right-hand side is analytic, so the solution is advanced by its own Taylor series:
with a the central amount, K = Km Vc and the saturable share s = a/(K + a), the identity
s (K + a) = a gives the series of s term by term, s_k = (a_k - sum_{j=1..k} a_j s_{k-j}) / (K + a_0),
and the equations of `models.py` give the next coefficients of the amounts. Twelve terms cost one
division a step, where a Runge-Kutta method of the same order needs a dozen.

Nothing raises in here: every draw carries the first step at which it was not finite or negative.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from wearoff.dosing.pk.compile_cache import keep_compiled

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
keep_compiled()

ROWS = ("concentration", "depot", "central", "peripheral", "eliminated")
_ORDER = 12
_Carry = tuple[tuple[jax.Array, ...], jax.Array, jax.Array, tuple[jax.Array, ...]]


@partial(jax.jit, static_argnames=("outputs", "is_balanced"))
def advance(units: dict[str, Any], *, outputs: int, is_balanced: bool) -> tuple[jax.Array, jax.Array]:
    """Every unit in turn: states of shape units, outputs, rows, draws, and the first bad step."""
    solve = partial(_solve_unit, outputs=outputs, is_balanced=is_balanced)
    states, failed = lax.map(solve, units)
    return states, failed


def _solve_unit(
    unit: dict[str, jax.Array], *, outputs: int, is_balanced: bool
) -> tuple[jax.Array, jax.Array]:
    """One unit: states of shape outputs, rows, draws, and the first bad step of each draw."""
    draws = unit["state"].shape[-1]

    def rates_at(index: jax.Array) -> tuple[jax.Array, ...]:
        return tuple(unit["rates"][unit["segment"][index]])

    def body(index: jax.Array, carry: _Carry) -> _Carry:
        amounts, stored, failed, rates = carry
        length, inflow, depot_inflow, bolus, depot_bolus, *kept = unit["events"][index]
        start = _changed(amounts, kept, bolus, rates[6] * depot_bolus)
        after = _step(start, rates, (rates[6] * depot_inflow, inflow), length)
        amounts = after if is_balanced else (*after[:3], amounts[3])
        # the barrier keeps the step from being worked out once for every use of it
        amounts = lax.optimization_barrier(amounts)  # type: ignore[no-untyped-call]
        is_good = jnp.full(draws, True)
        for amount in amounts:
            is_good = is_good & jnp.isfinite(amount) & (amount >= 0)
        failed = jnp.where(~is_good & (failed < 0), index, failed)
        row = jnp.stack((amounts[1] * rates[7], *amounts))
        stored = lax.dynamic_update_index_in_dim(stored, row, unit["slot"][index], axis=0)
        # looked up one step ahead: a look-up inside the step would more than double its cost
        return amounts, stored, failed, rates_at(index + 1)

    stored = jnp.zeros((outputs + 1, len(ROWS), draws))
    failed = jnp.full(draws, -1, dtype=jnp.int32)
    first = (tuple(unit["state"]), stored, failed, rates_at(jnp.int32(0)))
    _, stored, failed, _ = lax.fori_loop(0, unit["count"], body, first)
    return stored[:outputs], failed


def _changed(
    amounts: tuple[jax.Array, ...], kept: list[jax.Array], bolus: jax.Array, depot_bolus: jax.Array
) -> tuple[jax.Array, ...]:
    """The amounts after what is removed and put in at the start of a step; what is removed is eliminated."""
    left = tuple(share * amount for share, amount in zip(kept, amounts, strict=False))
    removed = sum((amount - rest for amount, rest in zip(amounts, left, strict=False)), amounts[3])
    return left[0] + depot_bolus, left[1] + bolus, left[2], removed


def _step(
    amounts: tuple[jax.Array, ...],
    rates: tuple[jax.Array, ...],
    inflow: tuple[jax.Array, jax.Array],
    length: jax.Array,
) -> tuple[jax.Array, ...]:
    """One step of the Taylor series from its smallest term, so that rounding stays at the last digit."""
    return tuple(_sum(terms) for terms in terms_of(amounts, rates, inflow, length, _ORDER))


def terms_of(
    amounts: tuple[jax.Array, ...],
    rates: tuple[jax.Array, ...],
    inflow: tuple[jax.Array, jax.Array],
    length: jax.Array | float,
    order: int,
    *,
    has_depot: bool = True,
) -> tuple[list[jax.Array], ...]:
    """The terms of the Taylor series of depot, central, peripheral and eliminated amount, first to last.

    Args:
        amounts: the amounts at the start of the step, mg, in the order of the result.
        rates: the rates of `layout.py`.
        inflow: what flows into the depot and into the central compartment, mg/day.
        length: scale of the terms, days: with the length of the step their sum is the state after it, with
            1 they are the coefficients of the polynomial in time.
        order: order of the last term.
        has_depot: whether anything flows out of the depot; without it the depot is left as it is.
    """
    k10, k12, k21, vmax, crossing, ka = rates[:6]
    depot, central, peripheral, eliminated = ([amount] for amount in amounts)
    one_over = 1.0 / (crossing + central[0])
    share = [central[0] * one_over]
    for k in range(order):
        if k > 0:
            convolution = central[1] * share[k - 1]
            for j in range(2, k + 1):
                convolution = convolution + central[j] * share[k - j]
            share.append((central[k] - convolution) * one_over)
        by = length * (1.0 / (k + 1))
        exchange = k12 * central[k] - k21 * peripheral[k]
        loss = k10 * central[k] + vmax * share[k]
        gain = -exchange - loss
        if has_depot:
            uptake = ka * depot[k]
            depot.append(by * (inflow[0] - uptake) if k == 0 else -by * uptake)
            gain = (uptake - exchange) - loss
        central.append(by * (inflow[1] + gain if k == 0 else gain))
        peripheral.append(by * exchange)
        eliminated.append(by * loss)
    return depot, central, peripheral, eliminated


def _sum(terms: list[jax.Array]) -> jax.Array:
    """The sum from the smallest term, so that rounding stays at the last digit."""
    total = terms[-1]
    for term in terms[-2::-1]:
        total = total + term
    return total
