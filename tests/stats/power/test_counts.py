from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.rates import power_negbin_ratio_2indep

from wearoff.stats import rate_ratio_power, rate_ratio_total

METHODS = {"true rates": "alt", "one rate": "ftotal"}
ratios = st.floats(0.2, 5.0).filter(lambda ratio: abs(ratio - 1) > 0.1)


@pytest.mark.parametrize("null", METHODS)
@pytest.mark.parametrize(
    ("ratio", "rate", "length", "dispersion", "share"),
    [(2.0, 0.06, 1.0, 1.25, 0.5), (0.5, 2.0, 0.7, 1.0, 0.4), (1.5, 0.4, 2.0, 0.0, 0.7)],
)
def test_power_is_that_of_statsmodels(null: str, ratio, rate, length, dispersion, share) -> None:
    total = 400.0
    # theirs counts rejections on both sides, ours those on the side of the true ratio
    one_sided = power_negbin_ratio_2indep(
        ratio * rate,
        rate,
        share * total,
        (1 - share) / share,
        exposure=length,
        alpha=0.025,
        dispersion=dispersion,
        alternative="larger" if ratio > 1 else "smaller",
        method_var=METHODS[null],
        return_results=False,
    )
    ours = rate_ratio_power(
        total,
        ratio,
        rate=rate,
        length=length,
        dispersion=dispersion,
        share=share,
        null_variance=null,  # type: ignore[arg-type]
    )
    assert ours == pytest.approx(float(np.asarray(one_sided)), rel=1e-8)


def test_a_size_of_zhu_and_lakkis_is_reproduced() -> None:
    per_group = rate_ratio_total(0.85, rate=0.8, length=0.75, dispersion=0.4) / 2
    assert round(per_group) == 1316


@given(ratios, st.floats(0.02, 3.0), st.floats(0.0, 4.0), st.floats(0.2, 0.8), st.sampled_from(list(METHODS)))
def test_size_and_power_are_inverse(ratio, rate, dispersion, share, null) -> None:
    settings = {"rate": rate, "dispersion": dispersion, "share": share, "null_variance": null}
    total = rate_ratio_total(ratio, power=0.85, **settings)
    assert rate_ratio_power(total, ratio, **settings) == pytest.approx(0.85, rel=1e-9)


def test_spread_costs_members_and_length_saves_them_only_as_far_as_it_goes() -> None:
    sizes = [rate_ratio_total(2.0, rate=0.1, dispersion=spread) for spread in (0.0, 0.5, 1.5, 4.0)]
    assert sizes == sorted(sizes)
    years = [rate_ratio_total(2.0, rate=0.1, dispersion=1.5, length=length) for length in (1, 2, 4, 1e9)]
    assert years == sorted(years, reverse=True)
    # however long, the spread between members remains: 2 k (z / log 2)^2 in each of two equal groups
    assert years[-1] == pytest.approx(4 * 1.5 * (2.801585 / np.log(2)) ** 2, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rate_ratio_total(1.0, rate=0.1), "no difference to find"),
        (lambda: rate_ratio_total(2.0, rate=0.0), "the rate"),
        (lambda: rate_ratio_total(2.0, rate=0.1, length=-1), "length"),
        (lambda: rate_ratio_total(2.0, rate=0.1, dispersion=-1), "dispersion"),
        (lambda: rate_ratio_power(0, 2.0, rate=0.1), "total"),
        (lambda: rate_ratio_total(2.0, rate=0.1, null_variance="?"), "true rates"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(call, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
