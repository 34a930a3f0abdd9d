"""An export of MSBase becomes tables; what its text of treatment means is looked up and never guessed."""

from __future__ import annotations

import random

import pytest

from tests.cohort.records.drawn import AS_OF
from tests.cohort.records.reading import outcome
from wearoff.cohort.records import Cohort, ReadingChoices, load_dictionary, read_files
from wearoff.cohort.records.readers.msbase import layout
from wearoff.cohort.records.readers.products import natalizumab_product, nearly_natalizumab
from wearoff.errors import InputError

EXPORT = {
    "msb_patient.csv": "PATIENT_ID,BIRTH_DATE,GENDER,SYMPTOMS_DATE,MSCOURSE_2\nNO-1,05.06.1980,F,01.03.2010,RR\n",
    "msb_visit.csv": "PATIENT_ID,DATE_OF_VISIT,EDSS\nNO-1,03.02.2020,2.5\nNO-1,03.08.2020,NA\n",
    "msb_relapse.csv": "PATIENT_ID,DATE_OF_ONSET\nNO-1,04.05.2020\n",
    "msb_mri.csv": (
        "PATIENT_ID,EXAM_DATE,EXAM_TYPE,T2_LESION,NEW_LESION,T1_GADOLINIUM_LESION\n"
        "NO-1,01.02.2020,BRAIN,14,0,0\nNO-1,01.02.2020,CERVICAL_CORD,NA,1,NA\n"
    ),
    "msb_treatment.csv": (
        "PATIENT_ID,TREATMENT,DMT,START_DATE,END_DATE\n"
        "NO-1,Avonex,1,01.01.2015,31.12.2019\nNO-1,TYSABRI 300 mg,1,05.01.2020,\n"
        "NO-1,Tyruko (natalizumab),1,02.02.2020,02.02.2020\n"
    ),
}
INFUSIONS, PERIODS = ReadingChoices(treatments="infusions"), ReadingChoices(treatments="periods")


def read(choices: ReadingChoices = INFUSIONS, **changed: str) -> Cohort:
    files = {
        name: text.encode()
        for name, text in (EXPORT | {f"msb_{k}.csv": v for k, v in changed.items()}).items()
    }
    cohort = read_files(files, as_of=AS_OF, choices=choices)
    assert cohort.receipt.is_balanced
    return cohort


def test_an_export_becomes_tables() -> None:
    cohort = read()
    assert cohort.receipt.refusals.height == 0, str(cohort.receipt)
    assert cohort.patient.select("patient_id", "birth_year", "sex").rows() == [("NO-1", 1980, "F")]
    assert [str(day) for day in cohort.patient["ms_onset_date"]] == ["2010-03-01"]
    assert [(str(day), edss) for day, edss in cohort.visit.select("date", "edss").rows()] == [
        ("2020-02-03", 2.5),
        ("2020-08-03", None),
    ]
    assert [str(day) for day in cohort.relapse["onset_date"]] == ["2020-05-04"]
    assert cohort.mri.select("region", "new_t2", "gd_lesions").rows() == [("brain", 0, 0), ("spine", 1, None)]
    assert cohort.infusion["product"].to_list() == ["TYSABRI 300 mg", "Tyruko (natalizumab)"]
    assert cohort.event.select("kind", "treatment", "end_date").rows() == [
        ("treatment", "Avonex", "2019-12-31")
    ]
    assert (
        "msb_treatment.csv: treatments that are not natalizumab, kept as events: Avonex (1)"
        in cohort.receipt.notes
    )
    assert "msb_patient.csv: the columns MSCOURSE_2 were not read" in cohort.receipt.notes


def test_the_number_of_all_lesions_is_a_score_and_no_new_lesion() -> None:
    cohort = read()
    assert cohort.score.select("instrument", "value").rows() == [("T2_LESION BRAIN", 14.0)]


def test_a_period_of_treatment_makes_no_infusion() -> None:
    cohort = read(PERIODS)
    assert cohort.infusion.height == 0
    assert "infusion" not in cohort.present
    assert cohort.event["kind"].to_list() == ["treatment", "natalizumab period", "natalizumab period"]


def test_what_a_row_of_treatment_is_has_to_be_said() -> None:
    with pytest.raises(InputError, match="say it: --treatments infusions, or --treatments periods"):
        read(ReadingChoices())


def test_an_infusion_that_ends_on_another_day_is_refused() -> None:
    text = "PATIENT_ID,TREATMENT,START_DATE,END_DATE\nNO-1,natalizumab,05.01.2020,05.01.2022\n"
    cohort = read(treatment=text)
    assert cohort.infusion.height == 0
    assert "msb_treatment.csv, row 2, column START_DATE, column start_time" in str(cohort.receipt)
    assert "is it a period of treatment?" in str(cohort.receipt)


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("natalizumab", "natalizumab"),
        ("Tysabri", "tysabri"),
        ("TYSABRI® 300mg i.v.", "tysabri"),
        ("Tysabri, 300 mg", "tysabri"),
        ("  tyruko ", "tyruko"),
        ("natalizumab-sztn", "natalizumab-sztn"),
        ("Natalizumab biosimilar", "natalizumab biosimilar"),
        ("Tysabri (natalizumab)", "tysabri"),
        ("Tysabri or placebo", None),
        ("natalizumab + interferon", None),
        ("Tysarbi", None),
        ("Tysabri (placebo)", None),
        ("Ocrevus", None),
        ("", None),
    ],
)
def test_a_text_is_natalizumab_only_where_it_is_its_name(text: str, product: str | None) -> None:
    assert natalizumab_product(text) == product


@pytest.mark.parametrize(
    "text", ["Tysabri or placebo", "natalizumab + interferon", "Tysarbi", "natalizumabum"]
)
@pytest.mark.parametrize("choices", [INFUSIONS, PERIODS])
def test_a_text_that_comes_near_is_refused_with_what_may_be_meant(text: str, choices: ReadingChoices) -> None:
    assert nearly_natalizumab(text)
    cohort = read(choices, treatment=f"PATIENT_ID,TREATMENT,START_DATE\nNO-1,{text},05.01.2020\n")
    assert "but it is no name of natalizumab that is known" in str(cohort.receipt)
    assert cohort.infusion.height + cohort.event.height == 0


@pytest.mark.parametrize("text", ["Ocrevus", "Avonex", "rituximab", "alemtuzumab", "ofatumumab", "Betaferon"])
def test_other_medicines_are_not_near(text: str) -> None:
    assert nearly_natalizumab(text) is None


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"visit": "PATIENT_ID,DATE_OF_VISIT\n"},
            "msb_visit.csv, row 1, column EDSS: the required column is missing",
        ),
        ({"visit": "PATIENT_ID;DATE_OF_VISIT;EDSS\n"}, "the columns are not separated by commas"),
        ({"visit": "PATIENT_ID,DATE_OF_VISIT,EDSS\nNO-1,x\n"}, "row 2: the row has 2 fields, the header 3"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_turned_away(changed: dict[str, str], says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(**changed)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"visit": "PATIENT_ID,DATE_OF_VISIT,EDSS\nNO-1,2/3/2020,2\n"},
            "column DATE_OF_VISIT, column date, patient NO-1",
        ),
        ({"visit": "PATIENT_ID,DATE_OF_VISIT,EDSS\nNO-1,31.02.2020,2\n"}, "there is no day 2020-02-31"),
        (
            {"mri": "PATIENT_ID,EXAM_DATE,EXAM_TYPE,NEW_LESION\nNO-1,01.02.2020,HEAD,1\n"},
            "'HEAD' is not one of brain",
        ),
        ({"patient": "PATIENT_ID,GENDER\nNO-1,2\n"}, "'2' is not one of F, M, X, U"),
    ],
)
def test_a_cell_that_means_nothing_is_refused_with_its_column(changed: dict[str, str], says: str) -> None:
    assert says in str(read(**changed).receipt)


def test_the_layout_names_columns_that_exist() -> None:
    for part, entry in layout().items():
        assert set(entry["required"]) <= set(entry["columns"])
        for column in entry["columns"].values():
            assert column["mark"] in ("measured", "assumed")
            if part != "treatment":
                assert load_dictionary().table(part).column(column["to"]) is not None


CELLS = (
    "",
    "NA",
    "NO-1",
    "NO-2",
    "03.02.2020",
    "2020-02-03",
    "2/3/2020",
    "2.3",
    "-1",
    "BRAIN",
    "natalizumab",
    '"',
    ";",
)


def test_a_damaged_export_is_turned_away_or_every_row_is_accounted_for() -> None:
    rng = random.Random(6)  # noqa: S311 - a seed is wanted
    fared = {"read": 0, "turned away": 0}
    for _ in range(120):
        files = {name: text.encode() for name, text in EXPORT.items()}
        for _ in range(rng.randrange(1, 4)):
            name = rng.choice(tuple(files))
            lines = files[name].decode(errors="replace").split("\n")
            place = rng.randrange(len(lines))
            cells = lines[place].split(",")
            cells[rng.randrange(len(cells))] = rng.choice(CELLS)
            lines[place] = ",".join(cells)
            files[name] = "\n".join(lines).encode(rng.choice(("utf-8",) * 8 + ("utf-16",)))
        cohort, problems = outcome(files, form="msbase", choices=INFUSIONS)
        fared["turned away" if cohort is None else "read"] += 1
        assert all(problem.file in EXPORT for problem in problems)
    assert min(fared.values()) > 5
