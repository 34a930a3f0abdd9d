"""The report on a design says how often virtual studies show what they look for, and calls an error an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.trial.definition.test_plan import changed
from wearoff.cohort.results import StudyResult
from wearoff.report.write import write_study
from wearoff.trial.definition.null_world import null_of
from wearoff.trial.definition.protocol_file import load_protocol, protocol_digest, protocol_names
from wearoff.trial.design.estimates import estimate_quantiles
from wearoff.trial.design.first_screen import ENOUGH, is_null, primary_of
from wearoff.trial.design.study import design_of, design_study
from wearoff.trial.protocol import Protocol
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.operating import characteristics_by_look, operating_characteristics
from wearoff.trial.running.run import run_trial

BERGEN = load_protocol("bergen-2020")
LARGER = load_protocol("larger-longer-cohort")
ARMS = load_protocol("sid-eid-randomised")
CHOSEN = load_protocol("sid-eid-observed")
PERSONAL = load_protocol("personal-dosing")


def results(
    protocol: Protocol, shown: int, studies: int, *, look: int = 1, estimate: float = 0.1
) -> pl.DataFrame:
    """Results of so many studies, of which the first so many show everything."""
    rows = [
        {
            "replicate": replicate,
            "look": look,
            "analysis": analysis.name,
            "estimate": estimate,
            "low": estimate / 2,
            "high": estimate * 2,
            "p": 0.01 if replicate < shown else 0.6,
            "is_shown": replicate < shown,
            "verdict": "difference shown" if replicate < shown else "no difference shown",
            "events": 7,
            "patients": 30,
        }
        for replicate in range(studies)
        for analysis in protocol.analyses
    ]
    return pl.DataFrame(rows, schema=RESULT_SCHEMA)


def design(protocol: Protocol, shown: int, studies: int = 1000, **given: Any) -> StudyResult:
    found = results(protocol, shown, studies)
    return design_study(
        protocol,
        characteristics=operating_characteristics(found, protocol),
        quantiles=estimate_quantiles(found, protocol),
        replicates=studies,
        seed=3,
        **given,
    )


@pytest.mark.parametrize(
    ("shown", "begins"),
    [(900, "This design can"), (130, "This design is too weak"), (800, "This design may just")],
)
def test_a_design_answers_its_question_as_far_as_the_monte_carlo_error_lets_it(
    shown: int, begins: str
) -> None:
    answer = design(BERGEN, shown).answer
    assert answer.question == BERGEN.question
    assert answer.headline.startswith(begins)
    assert f"{shown / 10:.1f} % of 1,000 virtual studies (Monte Carlo error " in answer.headline
    assert ENOUGH == 0.8


def test_the_monte_carlo_error_is_that_of_a_binomial_share() -> None:
    finding = {each.label: each.value for each in design(BERGEN, 250).answer.findings}
    error = 100 * np.sqrt(0.25 * 0.75 / 1000)
    assert finding["Power"] == f"25.0 % ± {error:.2g} points"
    assert finding["Events expected"] == "7"
    assert finding["Uninformative"] == "0 %"


def test_where_there_is_nothing_to_find_the_share_is_called_an_error() -> None:
    null = changed(BERGEN, "world.activity_ratio", 1.0)
    result = design(null, 30)
    assert result.answer.headline.startswith(
        "There is nothing to find in this world, and 3.0 % of 1,000 virtual"
    )
    labels = [finding.label for finding in result.answer.findings]
    assert "Power" not in labels
    assert "Error of the first kind" in labels


def test_a_simulated_null_stands_beside_the_power() -> None:
    null = operating_characteristics(results(BERGEN, 41, 1000), BERGEN)
    result = design(BERGEN, 250, null=null)
    finding = {each.label: each.value for each in result.answer.findings}
    assert finding["Power"].startswith("25.0 %")
    assert finding["Error of the first kind"].startswith("4.1 %")
    assert result.tables["null"].frame["shown"].to_list() == [0.041, 0.041]


def test_without_a_simulation_the_design_is_its_plan() -> None:
    result = design_study(LARGER)
    assert result.answer.headline.startswith("Nothing has been simulated yet")
    assert [finding.label for finding in result.answer.findings] == ["Patients and weeks"]
    assert set(result.tables) == {"settings", "assumptions"}
    assert result.sections[0].title == "Design"


# the analysis by name, what is other in the protocol, and whether nothing is left to find
NULLS: list[tuple[Protocol, str, dict[str, Any], bool]] = [
    (BERGEN, "activity by wearing-off", {}, False),
    (BERGEN, "activity by wearing-off", {"world.activity_ratio": 1.0}, True),
    (BERGEN, "occupancy by regular wearing-off", {}, False),
    (BERGEN, "occupancy by regular wearing-off", {"world.wearing_off": "independent"}, True),
    (BERGEN, "activity by wearing-off", {"analysis.0.true_value": 0.0}, True),
    (LARGER, "time to activity by wearing-off", {"analysis.0.true_value": 1.0}, True),
    (LARGER, "time to activity by wearing-off", {"analysis.0.true_value": 2.0}, False),
    (ARMS, "level every 6 weeks", {}, False),
    (ARMS, "level every 6 weeks", {"arm.1.weeks": 4.0}, True),
    (ARMS, "no more activity every 6 weeks", {"arm.1.weeks": 4.0}, False),
    (ARMS, "no more activity every 6 weeks", {"analysis.0.true_value": 0.1}, True),
    (CHOSEN, "activity by interval, weighted", {}, False),
    (CHOSEN, "activity by interval, weighted", {"arm.1.weeks": 4.0}, True),
]


@pytest.mark.parametrize(("protocol", "name", "other", "expected"), NULLS)
def test_a_null_is_known_from_the_protocol(
    protocol: Protocol, name: str, other: dict[str, Any], expected: bool
) -> None:
    for path, value in other.items():
        protocol = changed(protocol, path, value)
    analysis = next(each for each in protocol.analyses if each.name == name)
    assert is_null(analysis, protocol) is expected


def test_activity_that_hangs_on_the_level_is_no_null_where_wearing_off_does_too() -> None:
    both = changed(changed(BERGEN, "world.activity", "model"), "world.yearly_activity", None)
    both = changed(both, "world.activity_ratio", 1.0)
    assert not is_null(primary_of(both), both)
    assert is_null(primary_of(both), changed(both, "world.strength", 0.0))


def test_interim_looks_count_whatever_was_shown_by_the_end() -> None:
    early = results(LARGER, 300, 1000, look=1).filter(pl.col("analysis") == LARGER.analyses[0].name)
    late = results(LARGER, 1000, 1000, look=2).with_columns(is_shown=pl.col("replicate") >= 150)
    found = pl.concat([early, late])
    answer = design_study(
        LARGER,
        characteristics=operating_characteristics(found, LARGER),
        looks=characteristics_by_look(found, LARGER),
        replicates=1000,
        seed=1,
    ).answer
    assert "in 100 % of 1,000 virtual studies" in answer.headline
    assert "has shown it in 30.0 % by week 104, and lasts 140 weeks on average" in " ".join(answer.sentences)


def test_quantiles_are_those_of_the_finite_estimates() -> None:
    drawn = np.random.default_rng(5).normal(0.05, 0.04, 400)
    frame = results(ARMS, 0, 400).with_columns(
        estimate=pl.when(pl.col("replicate") < 10).then(None).otherwise(pl.Series(np.repeat(drawn, 3)))
    )
    frame = frame.with_columns(
        estimate=pl.when(pl.col("replicate") == 10).then(float("inf")).otherwise(pl.col("estimate"))
    )
    found = estimate_quantiles(frame.lazy(), ARMS)
    assert found["analysis"].to_list() == [analysis.name for analysis in ARMS.analyses]
    assert found["estimated"].to_list() == [389] * 3
    expected = np.quantile(drawn[11:], [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(found.select("q05", "q25", "q50", "q75", "q95").row(0), expected, rtol=1e-12)
    assert found["null_value"].to_list() == [0.1, 1.0, 0.0]
    assert found["measure"].to_list() == ["risk difference", "rate ratio", "shift"]
    assert found["unit"].to_list() == [None, None, "mg/L"]


def test_a_test_without_an_estimate_has_no_quantiles() -> None:
    trend = changed(BERGEN, "analysis.0.method", "exact_trend")
    assert estimate_quantiles(results(trend, 1, 5), trend)["analysis"].to_list() == [BERGEN.analyses[1].name]


@pytest.mark.parametrize("name", protocol_names())
def test_every_name_of_a_section_is_there_and_the_plan_is_in_the_report(name: str) -> None:
    protocol = load_protocol(name)
    result = design(protocol, 500)
    assert {table for section in result.sections for table in section.tables} == set(result.tables)
    assert [section.title for section in result.sections][:3] == [
        "Operating characteristics",
        "Design",
        "Intervals and who decides on them",
    ]
    assert result.banner is not None
    assert "virtual patients" in result.banner
    assert result.provenance.inputs[f"protocol {name}"] == protocol_digest(protocol)
    assert len(result.answer.sentences) >= len(protocol.analyses)


def test_limits_name_what_no_analysis_can_mend() -> None:
    assert any("Nobody is randomised" in limit for limit in design_study(CHOSEN).answer.limits)
    long = changed(ARMS, "arm.1.weeks", 12.0)
    assert any("12-weekly dosing failed" in limit for limit in design_study(long).answer.limits)
    starter = changed(ARMS, "patients.population", "starter")
    assert any("stable on 4 weeks first" in limit for limit in design_study(starter).answer.limits)
    assert not any(
        "typical numbers" in each
        for each in design_study(changed(ARMS, "world.is_uncertain", True)).answer.limits
    )


def test_a_trial_becomes_a_report_with_its_first_study_as_example(tmp_path: Path) -> None:
    run = run_trial(BERGEN, tmp_path / "archive", replicates=3, seed=11)
    result = design_of(run.archive)
    assert result.provenance.seed == 11
    counts = {row["table"]: row for row in result.tables["example_counts"].frame.to_dicts()}
    assert counts["patient"] == {"table": "patient", "rows": 40, "patients": 40}
    assert result.tables["example_results"].frame["replicate"].unique().to_list() == [0]
    said = result.tables["example_results"].frame.select("analysis", "measure", "unit").rows()
    assert said == [
        (BERGEN.analyses[0].name, "risk difference", None),
        (BERGEN.analyses[1].name, "shift", "points"),
    ]
    (arm,) = result.tables["example_arms"].frame.to_dicts()
    assert arm["patients"] == 40
    assert arm["mean_interval_weeks"] == pytest.approx(4.0, abs=0.3)
    assert arm["infusions_per_year"] == pytest.approx(365.25 / 28, rel=0.1)
    infusions = result.tables["example_infusion"].frame
    assert infusions["patient_id"].n_unique() == 3
    assert "row" not in infusions.columns
    files = write_study(result, tmp_path / "report")
    page = files.report.read_text("utf-8").replace("\xa0", " ")
    assert result.answer.headline.split(" (")[0] in page
    assert "method fisher" in page
    assert page.count("<svg") == 2
    assert (files.folder / "report.pdf").read_bytes().startswith(b"%PDF")


def test_non_inferiority_is_not_said_as_being_worse() -> None:
    headline = design(ARMS, 500).answer.headline
    assert (
        "shows that every 6 weeks is less than 10 points of risk worse than every 4 weeks in 50.0 %"
        in headline
    )


def test_an_example_alone_is_not_called_nothing(tmp_path: Path) -> None:
    run = run_trial(BERGEN, tmp_path / "archive", replicates=1, seed=11)
    headline = design_study(BERGEN, example=run.archive.cohort(0)).answer.headline
    assert headline.startswith("One study was simulated, as an example")


def test_what_has_something_to_find_in_the_null_world_is_no_error_of_the_first_kind(tmp_path: Path) -> None:
    run = run_trial(BERGEN, tmp_path / "archive", replicates=2, seed=11)
    nothing = run_trial(null_of(BERGEN), tmp_path / "null", replicates=2, seed=11)
    frame = design_of(run.archive, null=nothing.archive).tables["null"].frame
    # wearing-off goes with occupancy in that world too
    assert frame["analysis"].to_list() == [BERGEN.analyses[0].name]
