import datetime as dt

import pytest

from tests.cohort.records.reading import read
from wearoff.cohort.records import Cohort


def measured(*rows: str) -> Cohort:
    days = (dt.date(2020, 1, 1) + dt.timedelta(days=day) for day in range(len(rows)))
    lines = (f"P1,{day},{row},,,," for day, row in zip(days, rows, strict=True))
    return read(measurement="\n".join(lines))


def test_a_file_on_another_scale_throughout_is_converted_exactly_and_noted() -> None:
    cohort = measured("natalizumab_conc,,25000,ng/mL", "natalizumab_conc,,25.3,ng/mL")
    assert cohort.measurement["value"].to_list() == [25.0, 0.0253]
    assert cohort.measurement["unit"].to_list() == ["mg/L", "mg/L"]
    assert "2 natalizumab_conc values converted from ng/mL to mg/L" in cohort.receipt.notes


def test_two_spellings_of_one_scale_stand_together() -> None:
    cohort = measured("natalizumab_conc,,25,mg/L", "natalizumab_conc,,25,ug/mL", "natalizumab_conc,,25,µg/mL")
    assert cohort.measurement["value"].to_list() == [25.0, 25.0, 25.0]
    assert cohort.measurement["unit"].unique().to_list() == ["mg/L"]
    assert not any("converted" in note for note in cohort.receipt.notes)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        (("natalizumab_conc,,25,mg/L", "natalizumab_conc,,25000,ng/mL"), [2]),
        (("natalizumab_conc,,2.5,mg/dL", "natalizumab_conc,,25,ug/mL"), [3]),
        (("natalizumab_conc,,2.5,mg/dL", "natalizumab_conc,,25000,ng/mL"), []),
        (("receptor_occupancy,CD4,85,%", "receptor_occupancy,CD4,0.85,fraction"), [2]),
    ],
)
def test_mixed_scales_keep_only_the_prevailing_one(rows: tuple[str, ...], kept: list[int]) -> None:
    cohort = measured(*rows)
    assert cohort.measurement["row"].to_list() == kept
    refusals = cohort.receipt.refusals
    assert refusals.height == len(rows) - len(kept)
    assert refusals["column"].unique().to_list() == ["unit"]
    assert refusals["reason"].str.contains("scales are mixed").all()


def test_one_scale_may_differ_between_analytes() -> None:
    cohort = measured("natalizumab_conc,,25000,ng/mL", "receptor_occupancy,CD4,0.85,fraction", "nfl,,8,pg/mL")
    assert cohort.measurement["value"].to_list() == [25.0, 0.85, 8.0]


def test_the_limit_of_quantification_is_converted_with_its_value() -> None:
    cohort = read(measurement="P1,2020-01-01,natalizumab_conc,,,ng/mL,250,Y,,ND")
    assert cohort.measurement.select("value", "lloq", "unit").row(0) == (None, 0.25, "mg/L")


def test_an_unnamed_analyte_is_kept_as_written_and_a_near_name_is_noted() -> None:
    cohort = measured("il6,,3,pg/mL", "il6,,3,IU", "natalizumab,,25,furlong")
    assert cohort.measurement["unit"].to_list() == ["pg/mL", "IU", "furlong"]
    assert "il6 is stated in IU, pg/mL; its values are kept as written" in cohort.receipt.notes


def test_percent_that_look_like_fractions_are_noted() -> None:
    cohort = measured("receptor_occupancy,CD4,0.85,%", "receptor_occupancy,CD4,0.9,%")
    assert any("if they are fractions, change the unit" in note for note in cohort.receipt.notes)


def test_zero_lesions_without_contrast_are_noted() -> None:
    cohort = read(mri="P1,2020-01-01,brain,,0,,,N,0")
    assert any("without gadolinium" in note for note in cohort.receipt.notes)
