"""How people differ: correlated effects, and numbers that belong to one patient."""

from __future__ import annotations

import numpy as np

from wearoff.dosing.pk.form import correlation_matrix
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.spread import between_patients
from wearoff.dosing.streams import stream

GENERIC = load_model("davda_2014", for_use="prior")


def test_correlated_effects_have_the_published_correlations_and_unit_variance() -> None:
    effects = between_patients(GENERIC.parameters, GENERIC.correlations, ["A"], 200_000, 5)
    names, matrix = correlation_matrix(GENERIC.correlations)
    found = np.cov([effects[name][0] for name in names])
    # the standard error of a correlation is below 1/sqrt(n) = 0.0022
    np.testing.assert_allclose(found, matrix, atol=0.009)
    others = [name for name in effects if name not in names]
    assert others == ["intercompartmental_clearance", "absorption_rate"]
    for name in others:
        assert abs(np.corrcoef(effects[name][0], effects["clearance"][0])[0, 1]) < 0.009


def test_the_first_correlated_and_every_uncorrelated_effect_are_the_patients_own_streams() -> None:
    effects = between_patients(GENERIC.parameters, GENERIC.correlations, ["A", "B"], 4, 5)
    for name in ("clearance", "intercompartmental_clearance", "absorption_rate"):
        own = stream(5, "B", f"between-patient:{name}").standard_normal(4)
        assert effects[name][1].tolist() == own.tolist()


def test_correlated_draws_do_not_depend_on_the_others_or_on_how_many_there_are() -> None:
    alone = GENERIC.draw(80, ["B"], 5, 9)
    among = GENERIC.draw([60, 80], ["A", "B"], 12, 9)
    for name in ("clearance", "central_volume", "peripheral_volume"):
        assert getattr(alone, name)[0].tolist() == getattr(among, name)[1, :5].tolist()
