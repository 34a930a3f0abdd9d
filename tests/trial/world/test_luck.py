"""Random numbers of what happens again and again: each belongs to a patient and a time."""

from __future__ import annotations

import numpy as np
from scipy.stats import kstest

from wearoff.trial.world.luck import Luck

MANY = 20_000
EVERYONE = np.arange(MANY)


def test_numbers_belong_to_patient_purpose_and_time_whoever_asks() -> None:
    luck = Luck(1, 0, MANY)
    number = EVERYONE % 3
    mixed = luck.uniforms("a", EVERYONE, number)
    for one in range(3):
        alone = Luck(1, 600, 100).uniforms("a", np.arange(100), np.full(100, one))
        mine = number[600:700] == one
        np.testing.assert_array_equal(mixed[600:700][mine], alone[mine])
    again = luck.uniforms("a", EVERYONE[::-1], number[::-1])
    np.testing.assert_array_equal(again, mixed[::-1])


def test_numbers_are_even_or_normal_and_have_nothing_to_do_with_each_other() -> None:
    luck, zero = Luck(2, 0, MANY), np.zeros(MANY, dtype=int)
    even, normal = luck.uniforms("a", EVERYONE, zero), luck.normals("b", EVERYONE, zero)
    assert kstest(even, "uniform").pvalue > 0.001
    assert kstest(normal, "norm").pvalue > 0.001
    for other in (luck.uniforms("a", EVERYONE, zero + 1), luck.uniforms("c", EVERYONE, zero), normal):
        assert abs(np.corrcoef(even, other)[0, 1]) < 0.03
