"""The closed list of structures, and which correlations can be."""

from __future__ import annotations

from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dosing.pk.test_models import OWN, written
from wearoff.dosing.pk.form import (
    NEUTRAL,
    Correlation,
    Structure,
    correlation_faults,
    correlation_matrix,
    is_possible,
)
from wearoff.dosing.pk.models import PARAMETER_NAMES, model_card, read_model
from wearoff.errors import InputError
from wearoff.sources import Mark, Source

INPUTS = ("infusion", "bolus", "depot")
WAYS = ("linear", "michaelis_menten")
CORRELATION = OWN[OWN.index("[[correlations]]") :]


def some(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(names, n) for n in range(1, len(names) + 1)))


@pytest.mark.parametrize("compartments", [1, 2])
@pytest.mark.parametrize("inputs", some(INPUTS))
@pytest.mark.parametrize("ways", some(WAYS))
def test_a_structure_has_its_parameters_and_the_rest_is_neutral_or_uptake(
    compartments: int, inputs: tuple[str, ...], ways: tuple[str, ...]
) -> None:
    shape = Structure(compartments=compartments, inputs=inputs, elimination=ways)  # type: ignore[arg-type]
    has = shape.parameters
    assert "central_volume" in has
    assert ("peripheral_volume" in has) == ("intercompartmental_clearance" in has) == (compartments == 2)
    assert ("clearance" in has) == ("linear" in ways)
    assert ("maximal_rate" in has) == ("michaelis_constant" in has) == ("michaelis_menten" in ways)
    assert ("absorption_rate" in has) == ("bioavailability" in has) == ("depot" in inputs)
    absent = set(PARAMETER_NAMES) - set(has)
    assert absent - set(NEUTRAL) <= {"absorption_rate", "bioavailability"}
    assert str(shape).startswith(f"{compartments} compartment")


def correlation(one: str, other: str, value: float) -> Correlation:
    return Correlation(
        between=(one, other),  # type: ignore[arg-type]
        value=value,
        unit="1",
        mark=Mark.ASSUMED,
        source=Source("x"),
    )


@given(st.lists(st.floats(-0.99, 0.99), min_size=3, max_size=3))
def test_three_correlations_are_accepted_exactly_when_their_determinant_is_positive(
    given_: list[float],
) -> None:
    a, b, c = given_
    determinant = 1 + 2 * a * b * c - a * a - b * b - c * c
    if abs(determinant) < 1e-9:
        return
    parameters = model_card("davda_2014").parameters
    names = ("clearance", "central_volume", "peripheral_volume")
    entries = [correlation(*pair, value) for pair, value in zip(combinations(names, 2), given_, strict=True)]
    assert (not list(correlation_faults(entries, parameters))) == (determinant > 0)
    ordered, matrix = correlation_matrix(entries)
    assert ordered == names
    assert np.linalg.det(matrix) == pytest.approx(determinant, abs=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "column", "reason"),
    [
        ("value = 0.4", "value = 1.0", "correlations.0.value", "between -1 and 1"),
        ('"maximal_rate"]', '"central_volume"]', "correlations.0.between", "two parameters"),
        ('"maximal_rate"]', '"clearance"]', "correlations.0.between", "no between_patient_cv"),
        ('"maximal_rate"]', '"weight"]', "correlations.0.between.1", "Input should be"),
        (CORRELATION, CORRELATION + CORRELATION, "correlations.1.between", "each pair once"),
    ],
)
def test_a_correlation_that_cannot_be_is_refused_by_field(
    tmp_path: Path, old: str, new: str, column: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        read_model(written(tmp_path, OWN.replace(old, new) if old != CORRELATION else OWN + CORRELATION))
    assert column in {problem.column for problem in caught.value.problems}


def test_a_spread_of_the_bioavailable_share_is_refused(tmp_path: Path) -> None:
    text = written(tmp_path, OWN).read_text()
    number = 'value = 0.5\nunit = "1"\nmark = "assumed"\nsource = { text = "x" }\n'
    uptake = (
        f"[absorption_rate.typical]\n{number.replace(chr(34) + '1' + chr(34), chr(34) + '1/d' + chr(34))}"
    )
    share = f"[bioavailability.typical]\n{number}[bioavailability.between_patient_cv]\n{number}"
    text = text.replace('["infusion"]', '["infusion", "depot"]').replace("[[corr", uptake + share + "[[corr")
    with pytest.raises(InputError, match="above 1") as caught:
        read_model(written(tmp_path, text))
    assert [problem.column for problem in caught.value.problems] == ["bioavailability.between_patient_cv"]


def test_what_is_physically_possible_depends_on_the_number() -> None:
    values = np.array([-0.1, 0.0, 0.5, 1.0, 1.5])
    assert is_possible("clearance.typical", values).tolist() == [False, False, True, True, True]
    assert is_possible("bioavailability.typical", values).tolist() == [False, False, True, True, False]
    assert is_possible("clearance.weight_exponent", values).tolist() == [False, True, True, True, True]
    assert is_possible("absorption_rate.weight_exponent", values).all()
