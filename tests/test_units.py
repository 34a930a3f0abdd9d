import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.errors import InputError
from wearoff.units import convert, factor, known_units, quantity


@pytest.mark.parametrize(
    ("unit", "to", "ratio"),
    [
        ("ug/mL", "mg/L", "1"),
        ("µg/mL", "mg/L", "1"),
        ("μg/mL", "mg/L", "1"),
        ("mcg/mL", "mg/L", "1"),
        ("ng/mL", "mg/L", "1/1000"),
        ("mg/dL", "mg/L", "10"),
        ("g/L", "mg/L", "1000"),
        ("pg/mL", "ng/L", "1"),
        ("%", "fraction", "1/100"),
        ("lb", "kg", "0.45359237"),
        ("in", "cm", "2.54"),
        ("weeks", "d", "7"),
        ("h", "d", "1/24"),
        ("min", "h", "1/60"),
        ("cells/uL", "10^9/L", "1/1000"),
        ("G/L", "10^9/L", "1"),
    ],
)
def test_factors_are_those_of_the_definitions(unit: str, to: str, ratio: str) -> None:
    assert factor(unit, to) == Fraction(ratio)
    assert factor(to, unit) == 1 / Fraction(ratio)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (25000.0, "ng/mL", "mg/L", 25.0),
        (25.3, "ng/mL", "mg/L", 0.0253),
        (0.1, "mg/dL", "mg/L", 1.0),
        (0.7, "mg/dL", "mg/L", 7.0),
        (85.0, "%", "fraction", 0.85),
        (29.0, "%", "fraction", 0.29),
        (57.0, "%", "fraction", 0.57),
        (150.0, "lb", "kg", 68.0388555),
        (6.0, "weeks", "d", 42.0),
        (2100.0, "/µL", "10^9/L", 2.1),
    ],
)
def test_a_conversion_gives_the_double_that_the_exact_result_is_written_as(
    value: float, unit: str, to: str, expected: float
) -> None:
    assert convert(value, unit, to) == expected


@given(st.integers(0, 10**9), st.integers(0, 6))
def test_nanograms_become_milligrams_by_moving_the_decimal_point(digits: int, places: int) -> None:
    value = float(f"{digits}e-{places}")
    assert convert(value, "ng/mL", "mg/L") == float(f"{digits}e-{places + 3}")


@given(st.sampled_from(known_units()), st.floats(allow_nan=False, allow_infinity=False))
def test_a_unit_converts_to_itself_without_a_change(unit: str, value: float) -> None:
    assert convert(value, unit, unit) == value


@given(st.sampled_from(known_units()), st.sampled_from(known_units()), st.sampled_from(known_units()))
def test_factors_multiply_along_a_way_of_units(first: str, second: str, third: str) -> None:
    try:
        there, on = factor(first, second), factor(second, third)
    except InputError:
        return
    assert there * on == factor(first, third)


@pytest.mark.parametrize(
    "unit", ["", "mgL", "MG/L", "Mg/L", "mg/L ", "1e3*mg/L", "2 mg/L", "mg", "IU", "degC"]
)
def test_an_unknown_or_foreign_unit_is_an_input_error_that_names_it(unit: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(1.0, unit, "mg/L")
    (problem,) = caught.value.problems
    assert problem.column == "unit"
    assert problem.value == unit


def test_a_near_spelling_is_offered() -> None:
    with pytest.raises(InputError, match=r"unit 'ng/mLL' is not known\. Did you mean 'ng/mL'\?"):
        convert(1.0, "ng/mLL", "mg/L")


@pytest.mark.parametrize(
    ("unit", "to"), [("index", "fraction"), ("%", "index"), ("nmol/L", "mg/L"), ("d", "kg")]
)
def test_what_measures_something_else_is_never_converted(unit: str, to: str) -> None:
    with pytest.raises(InputError, match="measures something else"):
        convert(1.0, unit, to)


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("80 kg", "kg", 80.0),
        ("176.5lb", "kg", 80.05905330500001),
        ("0.3 g", "mg", 300.0),
        ("6weeks", "d", 42.0),
    ],
)
def test_a_quantity_is_read_with_its_unit(text: str, to: str, expected: float) -> None:
    assert quantity(text, to) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("80", "the unit is missing"),
        ("kg", "is not a number and a unit"),
        ("8o kg", "the unit 'o kg' is not known"),
        ("80,5 kg", "the unit ',5 kg' is not known"),
        ("1e3 kg", "the unit 'e3 kg' is not known"),
        ("9" * 400 + " kg", "is not a number and a unit"),
        ("80 mg/L", "measures something else"),
    ],
)
def test_a_text_that_is_no_quantity_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        quantity(text, "kg")


def test_pint_is_loaded_only_when_a_conversion_needs_it() -> None:
    code = (
        "import sys, wearoff.units as u; u.convert(1.0, 'mg/L', 'mg/L'); u.convert(4.0, 'weeks', 'd'); "
        "assert 'pint' not in sys.modules; "
        "u.convert(1.0, 'ng/mL', 'mg/L'); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
