"""Who virtual patients are: the distributions that the file states, their sources, and files that cannot be."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.shared import ROOT
from wearoff.errors import InputError
from wearoff.sources import Mark, figure
from wearoff.trial.protocol import COVARIATES
from wearoff.trial.world.people import Covariates, draw_covariates, whole_edss
from wearoff.trial.world.people_file import load_people, people_digest, read_people
from wearoff.trial.world.reference import REFERENCE

MANY = 100_000
NUMBERS = load_people()
TEXT = (files("wearoff.trial.world") / "people.toml").read_text(encoding="utf-8")
PEOPLE = {name: draw_covariates(NUMBERS, name, 1, 0, MANY) for name in ("stable", "starter")}
STABLE = PEOPLE["stable"]


def test_every_number_has_a_source_and_an_assumed_one_a_reason() -> None:
    for name, number in NUMBERS.figures.items():
        assert number.source.where, name
        assert bool(number.evidence) == (number.mark is not Mark.ASSUMED), name
        for row in number.evidence:
            assert figure(row).number is not None, name


def test_the_derived_numbers_follow_from_their_rows() -> None:
    def value(row: str) -> float:
        number = figure(row).number
        assert number is not None
        return number

    sizes = np.array([figure(row).n for row in ("P103", "P104")], dtype=float)
    mean = np.average([value("P103"), value("P104")], weights=sizes)
    spread = np.sqrt(np.average([19.59**2, 20.28**2], weights=sizes))
    log_sd = np.sqrt(np.log1p((spread / mean) ** 2))
    assert NUMBERS.weight_kg.log_sd.value == pytest.approx(log_sd, abs=5e-3)  # type: ignore[union-attr]
    assert NUMBERS.weight_kg.median.value == pytest.approx(mean * np.exp(-(log_sd**2) / 2), abs=0.1)  # type: ignore[union-attr]
    low, high = (float(end) for end in figure("P107").spread.split("-"))
    assert NUMBERS.treatment_years.log_sd.value == pytest.approx(  # type: ignore[union-attr]
        np.log(high / low) / 2 / 0.67448975, abs=5e-4
    )
    positive = (value("IO024") + value("IO025")) / (242 + 247)
    assert NUMBERS.jcv_positive.stable.value == pytest.approx(positive, abs=1e-3)
    assert NUMBERS.jcv_positive.starter.value == pytest.approx(value("IO215") / 4339, abs=5e-4)
    assert NUMBERS.antibodies.starter.value == pytest.approx(37 / 625, abs=5e-5)
    assert round(100 * NUMBERS.antibodies.starter.value) == value("P169")


def test_the_page_states_the_numbers_of_the_file() -> None:
    page = (ROOT / "docs" / "explanation" / "virtual-patients.md").read_text(encoding="utf-8")
    wording = {
        "weight_kg.median": "median {:g} kg, SD of logarithms",
        "weight_kg.log_sd": "SD of logarithms {:g}, cut off",
        "weight_kg.highest": "and {:g} kg",
        "height_cm.mean": "mean {:g} cm",
        "height_cm.sd": "SD {:g} cm",
        "age.mean": "mean {:g}, SD",
        "ms_years.median": "median {:g} years",
        "treatment_years.median": "median {:g} years",
        "treatment_years.log_sd": "SD of logarithms {:g}; starters",
        "edss.stable.mean": "mean {:g}, SD",
        "edss.starter.mean": "starters {:g} and",
        "jcv_index.median": "median {:g} |",
        "enhancing_d": "enhance for {:g} days",
        "relapse_rise": "raises the EDSS by {:g} for",
        "relapse_d": "for {:g} days on average",
        "step_from": "from {:g} on",
    }
    shares = {
        "female": "{:g} % women",
        "jcv_positive.stable": "{:g} % positive",
        "jcv_positive.starter": "starters {:g} %; their index",
        "antibodies.stable": "| {:g} %, starters",
        "relapse_leaves": "after {:g} % of relapses",
    }
    for name, words in wording.items():
        assert words.format(NUMBERS.figures[name].value) in page, name
    for name, words in shares.items():
        assert words.format(round(100 * NUMBERS.figures[name].value, 1)) in page, name
    assert f"{REFERENCE:,} keyed people" in page


def test_weights_are_about_those_of_the_trial_they_come_from() -> None:
    weight = STABLE.weight_kg
    assert weight.mean() == pytest.approx(79.2, abs=1.5)
    assert 57 <= 100 * (weight <= 80).mean() <= 59
    assert (weight >= 40).all()
    assert (weight <= 130).all()


def test_quantiles_of_covariates_are_those_of_their_distributions() -> None:
    for name in ("weight_kg", "height_cm", "age"):
        distribution = getattr(NUMBERS, name)
        expected = distribution.quantile(np.array([0.1, 0.5, 0.9]))
        found = np.quantile(getattr(STABLE, name), [0.1, 0.5, 0.9])
        np.testing.assert_allclose(found, expected, rtol=0.01, err_msg=name)
    assert np.median(STABLE.treatment_years) == pytest.approx(4.2, abs=0.15)  # nobody has less than a year
    assert STABLE.is_female.mean() == pytest.approx(NUMBERS.female.value, abs=0.005)


@pytest.mark.parametrize("population", ["stable", "starter"])
def test_shares_and_scales_are_those_of_the_population(population: str) -> None:
    people = PEOPLE[population]
    assert np.isfinite(people.jcv_index).mean() == pytest.approx(
        getattr(NUMBERS.jcv_positive, population).value, abs=0.005
    )
    assert people.has_antibodies.mean() == pytest.approx(
        getattr(NUMBERS.antibodies, population).value, abs=0.003
    )
    assert people.edss.mean() == pytest.approx(getattr(NUMBERS.edss, population).mean.value, abs=0.12)
    assert set(np.unique(people.edss)) <= {0.0, *np.arange(1.0, 7.0, 0.5)}
    assert (people.ms_years >= people.treatment_years).all()
    assert (people.ms_years <= people.age - 10 + 1e-9).all()


def test_starters_have_had_no_treatment() -> None:
    assert not PEOPLE["starter"].treatment_years.any()


def test_covariates_go_together_as_stated() -> None:
    for pair, correlation in NUMBERS.correlations.items():
        first, second = (np.nan_to_num(np.asarray(getattr(STABLE, name), float)) for name in pair.split(":"))
        found = spearmanr(first, second).statistic
        # of two-valued and cut-off numbers less is left of a correlation, but never its sign
        assert np.sign(found) == np.sign(correlation.value), pair
        # nobody had the drug for longer than the disease, which ties the two further
        more = 0.12 if pair == "ms_years:treatment_years" else 0.03
        assert abs(found) < abs(correlation.value) + more, pair
    found = spearmanr(STABLE.weight_kg, STABLE.height_cm).statistic
    normal = NUMBERS.correlations["weight_kg:height_cm"].value
    assert found == pytest.approx(6 / np.pi * np.arcsin(normal / 2), abs=0.01)  # of a normal copula
    assert abs(spearmanr(STABLE.weight_kg, STABLE.age).statistic) < 0.01


def test_a_patient_is_the_same_in_any_block() -> None:
    for item in fields(Covariates):
        whole = getattr(STABLE, item.name)[500:510]
        part = getattr(draw_covariates(NUMBERS, "stable", 1, 500, 10), item.name)
        np.testing.assert_array_equal(whole, part, err_msg=item.name)


def test_the_edss_has_no_half() -> None:
    assert whole_edss(np.array([0.0, 0.3, 0.74, 0.76, 1.2, 1.3, 6.4, 11.0])).tolist() == [
        0.0, 0.0, 0.0, 1.0, 1.0, 1.5, 6.5, 10.0,
    ]  # fmt: skip


def changed(tmp_path: Path, before: str, after: str) -> Path:
    assert before in TEXT
    file = tmp_path / "own.toml"
    file.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ("value = 0.484\n", "value = 1.484\n", "jcv_positive.starter.value"),
        ('"age:ms_years"', '"age:years"', "age:years"),
        ('"age:ms_years"', '"weight_kg:weight_kg"', "weight_kg:weight_kg"),
        ('"age:ms_years"', '"ms_years:edss"', "twice"),
        ("value = -0.8\n", "value = -1.0\n", "correlations"),
        ("value = 0.247\n", "value = 0.0\n", "weight_kg.log-normal.log_sd"),
        ("value = 205.0\n", "value = 100.0\n", "height_cm.normal.highest"),
        ("value = 40.0\n", "value = 0.0\n", "weight_kg.log-normal.lowest"),
        ("[enhancing_d]\nvalue = 35.0", "[enhancing_d]\nvalue = -35.0", "enhancing_d"),
        ('kind = "log-normal"\n', 'kind = "even"\n', "weight_kg"),
        ("[female]", "[women]", "female"),
    ],
)
def test_a_file_of_ones_own_that_cannot_be_is_refused_with_the_field(
    tmp_path: Path, before: str, after: str, where: str
) -> None:
    with pytest.raises(InputError) as fault:
        read_people(changed(tmp_path, before, after))
    assert "own.toml" in str(fault.value)
    assert where in str(fault.value)


def test_a_file_of_ones_own_is_used_and_has_its_digest(tmp_path: Path) -> None:
    file = changed(tmp_path, "value = 0.72\n", "value = 0.8\n")
    mine = load_people(str(file))
    assert mine.female.value == 0.8
    assert draw_covariates(mine, "stable", 1, 0, MANY).is_female.mean() == pytest.approx(0.8, abs=0.005)
    assert people_digest(str(file)) != people_digest()
    with pytest.raises(InputError, match="cannot be read"):
        load_people(str(tmp_path / "none.toml"))


def test_covariates_stand_in_the_order_of_the_protocol() -> None:
    assert {item.name for item in fields(Covariates)} == set(COVARIATES)
