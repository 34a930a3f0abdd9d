"""The main job on cohorts of every condition: it answers, or it says what to mend."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from tests.cohort.cohorts import cohort, on
from tests.cohort.records.test_fuzz import AS_OF, ZONE, damaged
from wearoff.cohort.records import Cohort, read_files
from wearoff.cohort.results import StudyResult
from wearoff.cohort.study import StudyChoices, analyse_cohort
from wearoff.cohort.study_tables import count_tests
from wearoff.errors import InputError, UnknownNameError

QUICK = StudyChoices(draws=20)
PEOPLE = [("A", "regularly"), ("B", "never"), ("C", "sometimes"), ("D", "never")]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    names = [name for name, _ in PEOPLE]
    return cohort(
        tmp_path_factory.mktemp("cohort"),
        patient=["patient_id,followup_start,followup_end", *(f"{p},{on(0)},{on(760)}" for p in names)],
        infusion=[
            "patient_id,start_time,weight_kg",
            *(f"{p},{on(28 * k)}T09:00,80" for p in names for k in range(27)),
        ],
        visit=["patient_id,date,edss", *(f"{p},{on(d)},2" for p in names for d in (0, 365, 730))],
        mri=["patient_id,date,new_t2", *(f"{p},{on(d)},0" for p in names for d in (0, 365, 730))],
        relapse=["patient_id,onset_date", f"A,{on(500)}"],
        wearing_off=["patient_id,answer", *(f"{p},{answer}" for p, answer in PEOPLE)],
    )


@pytest.fixture(scope="module")
def result(records: Cohort) -> StudyResult:
    return analyse_cohort(records, name="four", choices=QUICK)


def test_each_observed_year_is_a_window_and_kept_windows_follow(result: StudyResult) -> None:
    summary = result.tables["neda_summary"].frame
    assert summary["window"].to_list() == ["year 1", "year 2", "kept to year 2"]
    assert summary["neda"].to_list() == [4, 3, 3]
    assert summary["active"].to_list() == [0, 1, 1]


def test_the_first_screen_speaks_of_the_window_asked_for(records: Cohort, result: StudyResult) -> None:
    assert "uninformative" in result.answer.headline
    chosen = StudyChoices(draws=20, window="kept to year 2")
    later = analyse_cohort(records, name="four", choices=chosen)
    assert "1 of 2 with wearing-off, 0 of 2 without" in later.answer.headline
    assert later.provenance.choices["first screen"] == "kept to year 2"


def test_every_table_and_picture_a_section_names_exists(result: StudyResult) -> None:
    from wearoff.charts import PICTURES

    named = {table for section in result.sections for table in section.tables}
    assert named == set(result.tables)
    pictures = [picture for section in result.sections for picture in section.pictures]
    assert len(pictures) >= 5
    assert set(pictures) <= set(PICTURES)


def test_the_provenance_is_enough_to_compute_it_again(result: StudyResult) -> None:
    assert set(result.provenance.inputs) == {
        f"{t}.csv" for t in ("patient", "infusion", "visit", "mri", "relapse", "wearing_off")
    }
    assert all(len(digest) == 64 for digest in result.provenance.inputs.values())
    assert result.provenance.seed == QUICK.seed
    assert result.provenance.choices["dosing model"] == "van_den_berg_2025"


def test_levels_do_not_depend_on_who_else_is_in_the_cohort(
    records: Cohort, result: StudyResult, tmp_path: Path
) -> None:
    alone = cohort(
        tmp_path,
        infusion=["patient_id,start_time,weight_kg", *(f"B,{on(28 * k)}T09:00,80" for k in range(27))],
    )
    troughs = [
        r.tables["exposure_infusions"].frame.filter(pl.col("patient_id") == "B")["trough_p50"].to_numpy()[1:]
        for r in (result, analyse_cohort(alone, name="one", choices=QUICK))
    ]
    assert troughs[0] == pytest.approx(troughs[1], rel=1e-9)


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        (StudyChoices(rule="neda9"), "NEDA rule"),
        (StudyChoices(window="year 7"), "window"),
        (StudyChoices(settings={"patience": 1}), "setting"),
        (StudyChoices(model="guess"), "model"),
    ],
)
def test_a_choice_that_does_not_exist_is_named(records: Cohort, choices: StudyChoices, kind: str) -> None:
    with pytest.raises(UnknownNameError, match=kind):
        analyse_cohort(records, name="four", choices=choices)


def test_a_cohort_in_which_every_row_was_refused_lists_them(tmp_path: Path) -> None:
    empty = cohort(tmp_path, visit=["patient_id,date,edss", f",{on(0)},2"])
    with pytest.raises(
        InputError, match=r"no patient could be read[\s\S]*visit.csv, row 2, column patient_id"
    ):
        analyse_cohort(empty, name="nobody", choices=QUICK)


@pytest.mark.parametrize("table", ["wearing_off", "visit", "mri", "infusion", "relapse"])
def test_a_cohort_with_one_table_alone_is_answered_as_far_as_it_goes(table: str, tmp_path: Path) -> None:
    rows = {
        "wearing_off": ["patient_id,answer", "A,never"],
        "visit": ["patient_id,date,edss", f"A,{on(0)},2"],
        "mri": ["patient_id,date,new_t2", f"A,{on(0)},0"],
        "infusion": ["patient_id,start_time", f"A,{on(0)}"],
        "relapse": ["patient_id,onset_date", f"A,{on(9)}"],
    }
    found = analyse_cohort(cohort(tmp_path, **{table: rows[table]}), name=table, choices=QUICK)
    assert "cannot answer" in found.answer.headline
    assert found.tables["neda"].frame["patient_id"].to_list() == ["A"]


def outcomes(seed: int, cohorts: int) -> Counter[str]:
    """How many damaged cohorts are answered and how many turned away; anything else is raised."""
    rng, seen = random.Random(seed), Counter[str]()  # noqa: S311 - damage, not secrets
    for _ in range(cohorts):
        try:
            records = read_files(damaged(rng), as_of=AS_OF, timezone=ZONE)
            found = analyse_cohort(records, name="damaged", choices=QUICK)
        except InputError:
            seen["turned away"] += 1
            continue
        assert found.tables["neda"].frame["patient_id"].n_unique() == len(records.patients)
        seen["answered"] += 1
    return seen


def test_damaged_cohorts_are_answered_or_turned_away() -> None:
    seen = outcomes(seed=7, cohorts=20)
    assert min(seen["answered"], seen["turned away"]) > 0


@pytest.mark.slow
def test_a_thousand_damaged_cohorts_are_answered_or_turned_away() -> None:
    seen = outcomes(seed=8, cohorts=1000)
    assert min(seen["answered"], seen["turned away"]) > 100


@pytest.mark.parametrize(
    ("rule", "kind", "components"),
    [("neda4_12w", "NEDA-4", 4), ("clinical_24w", "clinical NEDA", 2)],
)
def test_a_study_under_another_rule_says_which_neda_it_speaks_of(
    records: Cohort, rule: str, kind: str, components: int
) -> None:
    found = analyse_cohort(records, name="four", choices=StudyChoices(draws=20, rule=rule))
    assert any(finding.label == f"{kind}, year 1" for finding in found.answer.findings)
    assert kind in {section.title for section in found.sections}
    counts = found.tables["neda_components"].frame
    assert counts["component"].n_unique() == components + 1
    assert found.tables["neda_summary"].title.startswith(kind)


def test_the_report_goes_on_in_the_order_of_its_chapters(result: StudyResult) -> None:
    titles = [section.title for section in result.sections]
    assert titles[:3] == ["Receipt", "Quality of the records", "Who was studied"]
    assert titles[-5:] == [
        "How soon and how much",
        "The whole answer, in order",
        "Standard against extended dosing",
        "Diaries",
        "All estimates",
    ]
    assert all(section.paragraphs for section in result.sections)


def test_every_new_table_has_a_title_and_a_note(result: StudyResult) -> None:
    chapters = [section for section in result.sections if section.title in CHAPTERS]
    for name in {table for section in chapters for table in section.tables}:
        assert result.tables[name].title
        assert result.tables[name].note


CHAPTERS = {
    "Quality of the records",
    "How soon and how much",
    "The whole answer, in order",
    "Standard against extended dosing",
    "Diaries",
    "All estimates",
}


def test_the_rules_chosen_are_those_in_the_provenance_and_in_the_sections(records: Cohort) -> None:
    chosen = StudyChoices(draws=20, interval_rule="nova", diary_rule="rise_four_cycles")
    found = analyse_cohort(records, name="four", choices=chosen)
    assert found.provenance.choices["interval rule"] == "nova"
    assert found.provenance.choices["diary rule"] == "rise_four_cycles"
    assert found.provenance.choices["outcome rule"] == "from_start"
    assert found.tables["interval_class"].frame["rule"].unique().to_list() == ["nova"]


def test_a_rule_for_dosing_or_diaries_that_does_not_exist_is_named(records: Cohort) -> None:
    for choices, kind in (
        (StudyChoices(interval_rule="mine"), "interval rule"),
        (StudyChoices(diary_rule="mine"), "diary rule"),
    ):
        with pytest.raises(UnknownNameError, match=kind):
            analyse_cohort(records, name="four", choices=choices)


def test_the_first_screen_counts_the_tests_of_every_chapter(result: StudyResult) -> None:
    made = count_tests(result.tables)
    assert made > count_tests(
        {name: result.tables[name] for name in ("comparisons", "trend", "associations")}
    )
    assert any(f"prints {made} p values" in text for text in result.answer.limits)


def test_one_sentence_of_the_first_screen_speaks_of_relapse_rates(result: StudyResult) -> None:
    said = [text for text in result.answer.sentences if text.startswith("Over the whole follow-up")]
    assert len(said) == 1
    assert "1 relapse in 4.2 patient-years with wearing-off and 0 in 4.2 without" in said[0]


def test_a_cohort_without_diary_or_infusion_says_so_and_names_no_such_table(tmp_path: Path) -> None:
    found = analyse_cohort(
        cohort(tmp_path, visit=["patient_id,date,edss", f"A,{on(0)},2"]), name="one", choices=QUICK
    )
    said = {section.title: section for section in found.sections}
    assert said["Diaries"].tables == said["Standard against extended dosing"].tables == ()
    assert "no diary table" in said["Diaries"].paragraphs[0]
    assert "no infusion table" in said["Standard against extended dosing"].paragraphs[0]


def test_where_everybody_or_nobody_was_active_no_ratio_is_made_up(tmp_path: Path) -> None:
    names = [f"P{k}" for k in range(6)]
    for share, ill in (("nobody", []), ("everybody", names)):
        records = cohort(
            tmp_path / share,
            patient=["patient_id,followup_start,followup_end", *(f"{p},{on(0)},{on(400)}" for p in names)],
            visit=["patient_id,date,edss", *(f"{p},{on(d)},2" for p in names for d in (0, 365))],
            relapse=["patient_id,onset_date", *(f"{p},{on(50 + 9 * k)}" for k, p in enumerate(ill))],
            mri=["patient_id,date,new_t2", *(f"{p},{on(d)},0" for p in names for d in (0, 365))],
            wearing_off=[
                "patient_id,answer",
                *(f"{p},{'never' if k % 2 else 'regularly'}" for k, p in enumerate(names)),
            ],
        )
        found = analyse_cohort(records, name=share, choices=QUICK)
        effects = found.tables["effects"].frame
        activity = effects.filter(pl.col("measure") == "odds ratio")
        assert activity["estimate"].null_count() == activity.height
        assert set(activity["verdict"]) == {"uninformative"}
        rates = effects.filter((pl.col("outcome") == "relapses") & (pl.col("analysis") == "rate, exact"))
        assert rates["events"].to_list() == [len(ill)] * 2
        assert (rates["estimate"].null_count() == 0) == bool(ill)
