"""How well the model's own numbers are known: draws from the published intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from wearoff.dosing.figures import Figure
from wearoff.dosing.pk.models import PARAMETER_NAMES, load_model
from wearoff.dosing.pk.uncertainty import draw_numbers
from wearoff.sources import Mark, Source

MODEL = load_model()
DRAWS = 40_000
DRAWN = MODEL.draw_parameters(DRAWS, 7)
CUT_OFF = "central_volume.weight_exponent"  # its interval ends just above zero


def number(value: float, low: float, high: float) -> Figure:
    return Figure(
        value=value,
        unit="1",
        mark=Mark.ASSUMED,
        source=Source("x"),
        interval=(low, high),
        interval_kind="95 % interval",
    )


def test_every_number_is_drawn_or_named_with_the_reason() -> None:
    numbers = {key for key in MODEL.figures if key.split(".")[0] in PARAMETER_NAMES}
    assert set(DRAWN.values) | set(DRAWN.kept) == numbers
    assert not set(DRAWN.values) & set(DRAWN.kept)
    assert DRAWN.kept == {
        "intercompartmental_clearance.typical": "fixed by the authors",
        "absorption_rate.typical": "no interval was published",
        "bioavailability.typical": "no interval was published",
    }


@pytest.mark.parametrize("key", sorted(set(DRAWN.values) - {CUT_OFF}))
def test_the_published_value_and_interval_are_recovered(key: str) -> None:
    figure, values = MODEL.figures[key], DRAWN.values[key]
    assert figure.interval is not None
    low, high = figure.interval
    # counts are binomial: four standard errors around the share that each number cuts off
    for cut, share in ((low, 0.025), (figure.value, 0.5), (high, 0.975)):
        assert (values < cut).mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / DRAWS))
    assert DRAWN.redrawn[key] == 0


def test_an_exponent_below_zero_is_counted_and_redrawn() -> None:
    figure, values = MODEL.figures[CUT_OFF], DRAWN.values[CUT_OFF]
    assert values.min() >= 0
    assert figure.interval is not None
    width = (figure.value - figure.interval[0]) / norm.ppf(0.975)
    outside = norm.cdf(-figure.value / width)
    # redraws before the n-th success: negative binomial
    expected, error = DRAWS * outside / (1 - outside), np.sqrt(DRAWS * outside) / (1 - outside)
    assert DRAWN.redrawn[CUT_OFF] == pytest.approx(expected, abs=4 * error)
    assert DRAWN.redrawn[CUT_OFF] > 500
    assert DRAWN.provenance["parameter_redrawn"] == str(DRAWN.redrawn[CUT_OFF])
    below = (0.025 - outside) / (1 - outside)
    assert (values < figure.interval[0]).mean() == pytest.approx(below, abs=4 * np.sqrt(below / DRAWS))


def test_a_share_stays_below_one_and_an_interval_that_reaches_zero_still_gives_positive_values() -> None:
    figures = {"bioavailability.typical": number(0.9, 0.8, 1.0), "clearance.typical": number(0.1, -0.1, 0.3)}
    drawn = draw_numbers("m", "", figures, 5000, 1)
    assert 0 < drawn.values["bioavailability.typical"].max() <= 1
    assert drawn.values["clearance.typical"].min() > 0
    assert drawn.redrawn["bioavailability.typical"] == pytest.approx(5000 * 0.025 / 0.975, rel=0.3)
    outside = norm.cdf(-norm.ppf(0.975) / 2)
    assert drawn.redrawn["clearance.typical"] == pytest.approx(5000 * outside / (1 - outside), rel=0.1)


def test_an_interval_of_another_kind_is_not_used() -> None:
    figure = number(1.0, 0.5, 2.0).model_copy(update={"interval_kind": "range"})
    drawn = draw_numbers("m", "", {"clearance.typical": figure}, 10, 1)
    assert drawn.kept == {"clearance.typical": "its interval is not a 95 % interval"}


def test_the_same_seed_gives_the_same_numbers_and_more_draws_keep_the_first() -> None:
    fewer, other = MODEL.draw_parameters(500, 7), MODEL.draw_parameters(500, 8)
    for key, values in fewer.values.items():
        assert values.tolist() == DRAWN.values[key][:500].tolist()
        assert values.tolist() != other.values[key].tolist()
        assert not values.flags.writeable
    assert load_model("label_linear_mm").draw_parameters(500, 7).values["maximal_rate.typical"].tolist() != (
        fewer.values["maximal_rate.typical"].tolist()
    )


def test_a_draw_of_the_typical_patient_carries_the_drawn_numbers() -> None:
    few = MODEL.draw_parameters(6, 7)
    typical = MODEL.typical(90, parameter_draws=few)
    assert typical.shape == (1, 6, 1)
    expected = few.values["clearance.typical"] * (90 / 75) ** few.values["clearance.weight_exponent"]
    np.testing.assert_allclose(typical.clearance[0, :, 0], expected, rtol=1e-14)
    assert typical.intercompartmental_clearance.item() == 0.4


def test_draw_k_of_every_patient_uses_parameter_draw_k() -> None:
    few = MODEL.draw_parameters(6, 7)
    drawn = MODEL.draw([60, 75], ["A", "B"], 4, 3, parameter_draws=few)
    plain = MODEL.draw([60, 75], ["A", "B"], 4, 3)
    effect = np.log(plain.maximal_rate / 2.86) / np.sqrt(np.log1p(0.26**2))
    spread = np.sqrt(np.log1p(few.values["maximal_rate.between_patient_cv"][:4] ** 2))
    expected = few.values["maximal_rate.typical"][:4] * np.exp(spread * effect[:, :, 0])
    np.testing.assert_allclose(drawn.maximal_rate[:, :, 0], expected, rtol=1e-12)
    assert drawn.michaelis_constant.shape == (1, 4, 1)
    assert MODEL.draw(75, ["A"], 4, 3, parameter_draws=None).michaelis_constant.size == 1


def test_parameter_draws_of_another_model_or_too_few_are_refused() -> None:
    few = MODEL.draw_parameters(3, 7)
    with pytest.raises(ValueError, match="not 3"):
        MODEL.draw(75, ["A"], 4, 1, parameter_draws=few)
    with pytest.raises(ValueError, match="belong to another file"):
        load_model("label_linear_mm").draw(75, ["A"], 3, 1, parameter_draws=few)
    with pytest.raises(ValueError, match="belong to another file"):
        MODEL.draw(75, ["A"], 3, 1, parameter_draws=replace(few, digest="0"))
    with pytest.raises(ValueError, match="at least 1"):
        MODEL.draw_parameters(0, 7)
