from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from wearoff.charts import PICTURES
from wearoff.cohort.results import StudyResult
from wearoff.report.write import result_json
from wearoff.trial.power import PowerChoices, Simulated, plan, plan_study, question_names
from wearoff.trial.power.paragraphs import disagreements
from wearoff.trial.power.side_by_side import Compared


@cache
def planned(name: str, curves: bool = False) -> StudyResult:
    return plan_study(PowerChoices(name, replicates=20, has_curves=curves))


everything = pytest.mark.parametrize("name", question_names())


def test_the_paragraph_names_the_published_sizes_and_the_study_that_could_not_see() -> None:
    said = planned("wearing_off_activity").answer.sentences[0]
    for figure in (
        "516 patients followed for 1 year, 297 for 2 years or 225 for 3 years",
        "1,237",
        "680",
        "497",
    ):
        assert figure in said
    assert "with 15 and 20 patients, a doubling from 4.1 % had a chance of 1.3 % to be found" in said
    assert "42.5 % have wearing-off and 12.5 % are lost each year" in said


def test_the_margin_says_both_shares_and_what_the_normal_form_promises_too_much() -> None:
    said = planned("sid_eid").answer.sentences[0]
    for text in (
        "228 (equal arms 223)",
        "100 (equal arms 98)",
        "335 (equal arms 328)",
        "492 (equal arms 481)",
    ):
        assert text in said
    assert "228 have a power of 75.8 %" in said


@everything
def test_the_answer_has_its_uncertainty_and_its_limits(name: str) -> None:
    answer = planned(name).answer
    assert "Monte Carlo error" in answer.sentences[0]
    assert "chance of success" in answer.sentences[0]
    assert len(answer.limits) >= 3
    assert {finding.label for finding in answer.findings} >= {"Patients", "Power", "Chance of success"}
    for text in (answer.headline, *answer.sentences, *answer.limits):
        assert (
            text[0].isupper()
            or text[0].isdigit()
            or text.split(":")[0] in name + "rank-sum proportional odds"
        )
        assert text.rstrip().endswith(".")
        assert "  " not in text


@everything
def test_every_number_of_the_plan_stands_in_a_table_with_its_mark(name: str) -> None:
    frame = planned(name).tables["assumptions"].frame
    assert set(frame.get_column("mark")) <= {"measured", "derived", "assumed", "secondary", "chosen"}
    assert frame.get_column("source").str.len_chars().min() > 5


def test_a_chosen_number_is_marked_as_chosen() -> None:
    result = plan_study(
        PowerChoices(settings={"ratio": 3.0, "exposed": 0.425}, replicates=20, has_curves=False)
    )
    marks = dict(result.tables["assumptions"].frame.select("setting", "mark").rows())
    assert (marks["ratio"], marks["exposed"]) == ("chosen", "derived")
    assert result.provenance.choices["ratio"] == "3"


@everything
def test_sections_name_only_tables_and_pictures_that_there_are(name: str) -> None:
    result = planned(name, curves=True)
    for section in result.sections:
        assert set(section.tables) <= set(result.tables)
        for picture in section.pictures:
            assert PICTURES[picture].draw(result) is not None
            assert PICTURES[picture].alt_text(result).endswith(".")
    assert "power_curves" in result.tables
    assert "power_curves" not in planned(name).tables


@everything
def test_the_same_seed_gives_the_same_result_and_it_can_be_written(name: str) -> None:
    first = planned(name)
    again = plan_study(PowerChoices(name, replicates=20, has_curves=False))
    sheets = dict.fromkeys(first.tables, b"")
    text = result_json(first, sheets)
    assert text == result_json(again, sheets)
    figures = json.loads(text)["figures"]
    assert figures["patients"] == first.figures["patients"]
    assert figures["sizes"]


def test_progress_runs_through_all_stages_once() -> None:
    told: list[tuple[int, int]] = []
    plan_study(PowerChoices(replicates=20), lambda done, of: told.append((done, of)))
    totals = {of for _, of in told}
    assert len(totals) == 1
    assert told[-1][0] == totals.pop()
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_chosen_number_of_patients_is_answered_with_its_power() -> None:
    result = plan_study(PowerChoices(patients=100, replicates=20, has_curves=False))
    assert result.answer.headline.startswith("100 patients followed for 1 year have a power of 23.")
    assert result.figures["patients"] == 100


def test_a_formula_that_the_simulation_contradicts_is_named_with_a_reason_and_another_size() -> None:
    mine = plan(PowerChoices("occupancy_wearing_off"))
    short = Compared(
        "proportional odds",
        71,
        "Whitehead 1993",
        0.8,
        None,
        Simulated(700, 0, 1000),
        Simulated(50, 0, 1000),
        0.95,
    )
    (said,) = disagreements(mine, (short, replace(short, simulated=Simulated(790, 0, 1000))))
    assert (
        "Whitehead 1993 says 80.0 %, 1,000 simulated studies say 70.0 % (7.9 Monte Carlo errors apart)"
        in said
    )
    assert "information at no effect" in said
    assert "by it about 91 patients are needed (85 to 97)" in said
    certain = replace(short, simulated=Simulated(1000, 0, 1000))
    assert disagreements(mine, (certain,))[0].endswith("the one to go by.")
