"""The references of the benchmark are right, and a fast and wrong result is not let through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from benchmarks import __main__ as command
from benchmarks import neda, records, reference, trial, with_roadrunner
from benchmarks.comparison import COURSE, LSODA, ROADRUNNER, Line, introduction, wrong
from benchmarks.population import Measured, Workload, furthest, levels_error

from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.solve import simulate, steady_state
from wearoff.dosing.regimen import every


def line(error: float) -> Line:
    """A line that is quick."""
    return Line("10 x 26 doses", Measured(1.0, 0.01, error, 100.0), {LSODA: (3.0, 1e-5)})


@pytest.mark.parametrize("error", [1.1e-4, float("inf"), float("nan")])
def test_a_fast_and_wrong_result_ends_the_benchmark_with_an_error(
    error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("startup", "study", "neda", "records", "activity", "trial"):
        monkeypatch.setattr(command, name, lambda: None)
    monkeypatch.setattr(command, "levels", lambda: 1e-6)
    monkeypatch.setattr(command.one_patient, "report", list)
    monkeypatch.setattr(command, "report", lambda: wrong([line(9e-5), line(error)]))
    with pytest.raises(SystemExit, match=r"10 x 26 doses: error .* is over 1e-04"):
        command.main()
    assert wrong([line(9e-5)]) == []


def test_a_line_holds_time_error_and_ratio_and_names_what_is_missing() -> None:
    text = line(5e-5).text()
    assert "5.0e-05" in text
    assert "3.00  1.0e-05    300x" in text
    assert text.count("not installed") == 2
    assert any(row.startswith(f"{ROADRUNNER} is not installed") for row in introduction([ROADRUNNER]))


def test_lsoda_agrees_with_the_solver_for_single_patients() -> None:
    sample = Workload(30, "daily", 0.875).people()
    regimen = every(4, times=3)
    course, values = reference.course_of(regimen), reference.values_of(sample)
    trough, peak, days = reference.levels(values, course, 1e-9, daily=True)
    expected = simulate(sample, [regimen], [np.concatenate((regimen.start_d, regimen.end_d, course.days))])[0]
    assert days is not None
    assert furthest(np.concatenate((trough, peak, days), axis=1), expected) < 1e-6
    settled, single = reference.settle(values, COURSE, 1e-8), steady_state(sample, 4)
    assert furthest(settled[0], single.trough[0]) < 1e-4
    assert furthest(settled[1], single.peak[0]) < 1e-4


def test_one_wrong_patient_of_many_is_seen() -> None:
    everyone = Workload(300, "daily", 2.0).people()
    levels = simulate_population(everyone, every(4, times=26), daily=True)
    assert levels_error(everyone, levels) < 1e-4
    assert levels.daily is not None
    levels.daily[123, 400] *= 1.001
    assert levels_error(everyone, levels) == pytest.approx(1e-3, rel=0.1)
    levels.daily[123, 400] = np.nan
    assert levels_error(everyone, levels) == np.inf


def test_the_model_for_libroadrunner_names_every_symbol_it_uses() -> None:
    tree = ElementTree.fromstring(with_roadrunner.sbml())  # noqa: S314 - our own text
    used = {node.text for node in tree.iter() if node.tag.endswith("}ci")}
    declared = {node.get("id") for node in tree.iter() if node.tag.endswith("}parameter")}
    assert used <= declared
    ruled = {node.get("variable") for node in tree.iter() if node.tag.endswith("}rateRule")}
    assert ruled == {"a1", "a2"}


def test_neda_is_scored_on_what_the_benchmark_says_and_a_slow_run_is_not_let_through(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    people = neda.people(300)
    assert people.visit.group_by("patient").len()["len"].unique().to_list() == [13]
    assert people.mri.group_by("patient").len()["len"].unique().to_list() == [5]
    scores = neda.score(neda.cohort(people))
    assert [list(window.components) for window in scores.windows] == [
        ["relapse", "worsening", "mri", "brain_volume"]
    ] * 3
    # every state of NEDA occurs
    assert np.bincount(np.concatenate([window.state for window in scores.windows]), minlength=3).min() > 0
    monkeypatch.setattr(neda, "find_spec", lambda _: None)
    assert neda.report((300,)) == []
    monkeypatch.setattr(neda, "ALLOWED_S", {300: 0.0})
    assert len(neda.report((300,))) == 1
    assert "NEDA-4 of       300 patients" in capsys.readouterr().out


def test_the_import_is_held_against_every_row_that_was_written(tmp_path: Path) -> None:
    records.write_cohort(tmp_path, 50)
    found = records.imported(tmp_path)
    assert (found.patients, found.infusions, found.wrong) == (50, 1500, 0)
    file = tmp_path / "infusion.csv"
    plain = records.read_plainly(file)
    file.write_text(file.read_text(encoding="utf-8").replace("Tysabri", "Tyruko", 1), encoding="utf-8")
    assert not records.read_plainly(file).equals(plain)


def test_a_trial_that_is_slow_grows_or_differs_is_not_let_through() -> None:
    few, one, two = (
        trial.Measured(replicates, workers, wall_s, 8.0, 120.0, 350.0)
        for replicates, workers, wall_s in ((200, 2, 9.0), (1000, 1, 20.0), (1000, 2, 12.0))
    )
    assert trial.wrong([one, two], few, 1000, is_same=True) == []
    assert "83.3 a second     41.7 for each worker" in two.text()
    (fault,) = trial.wrong([one, replace(two, wall_s=61.0)], few, 1000, is_same=True)
    assert "61 s on two workers" in fault
    (fault,) = trial.wrong([one, replace(two, worker_mib=500.0)], few, 1000, is_same=True)
    assert "worker_mib grew from 350 to 500" in fault
    (fault,) = trial.wrong([one, two], few, 1000, is_same=False)
    assert "not the same" in fault
