"""Endpoints can be computed again from what was recorded, and only they."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.shared import ROOT
from tests.trial.blocks import drawn_block, protocol, stopped_block
from tests.trial.running.test_run import files_of, run
from wearoff.cohort.records import Cohort
from wearoff.errors import InputError
from wearoff.trial.protocol import Analysis, Arm, Endpoint, Patients, Protocol, Recording, Schedule
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.run import run_trial

OTHER = Analysis(name="counted", method="shift", endpoint="neda", by="arm")


def counted(study: Protocol, cohort: Cohort) -> pl.DataFrame:
    """A result for each replicate that says which analysis and whose table it comes from."""
    names = cohort.patient["patient_id"].str.slice(1, 6).cast(pl.Int64)
    known = {
        "replicate": names - 1,
        "analysis": pl.Series([study.analyses[0].name] * names.len()),
        "is_shown": names % 2 == 0,
    }
    none = pl.Series([None] * names.len())
    return pl.DataFrame({name: known.get(name, none).cast(kind) for name, kind in RESULT_SCHEMA.items()})


def test_other_analyses_of_the_recorded_tables_need_no_simulation(tmp_path: Path) -> None:
    source = run(tmp_path / "trial")
    before = files_of(tmp_path / "trial")
    found = source.rescore(protocol(analysis=(OTHER,)), tmp_path / "again", score=counted)
    results = found.archive.results().collect()
    assert results["replicate"].to_list() == list(range(12))
    assert set(results["analysis"]) == {"counted"}
    assert results["is_shown"].to_list() == [False, True] * 6
    assert found.archive.decisions().collect().equals(source.decisions().collect())
    assert found.archive.counts() == source.counts()
    assert (found.archive.rescored, found.archive.is_kept) == (source.identity, False)
    assert files_of(tmp_path / "trial") == before
    assert not (tmp_path / "again" / "recorded").exists()


def test_two_workers_rescore_to_the_same_bytes_and_a_stopped_one_goes_on(tmp_path: Path) -> None:
    source, study = run(tmp_path / "trial"), protocol(analysis=(OTHER,))
    source.rescore(study, tmp_path / "one", score=counted)
    source.rescore(study, tmp_path / "two", score=counted, workers=2)
    (tmp_path / "two" / "blocks" / "00001.json").unlink()
    assert source.rescore(study, tmp_path / "two", score=counted).ran == 2
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"arm": (Arm(name="four", size=41),)}, "arms"),
        ({"recording": Recording(missed_visit=0.1)}, "recording.missed_visit"),
        ({"schedule": Schedule(followup_weeks=52, mri_every_weeks=26)}, "schedule.mri_every_weeks"),
    ],
)
def test_another_first_half_is_refused_by_its_key(
    changed: dict[str, object], key: str, tmp_path: Path
) -> None:
    source = run(tmp_path / "trial")
    with pytest.raises(InputError, match=rf"^mine\.toml, key {re.escape(key)}: this is not as in"):
        source.rescore(protocol(**changed), tmp_path / "again", file="mine.toml", score=counted)
    assert not (tmp_path / "again").exists()


def test_a_file_that_the_protocol_names_may_move_and_not_change(tmp_path: Path) -> None:
    text = (ROOT / "src" / "wearoff" / "trial" / "world" / "people.toml").read_text(encoding="utf-8")
    files = [tmp_path / "people.toml", tmp_path / "elsewhere.toml"]
    for file in files:
        file.write_text(text, encoding="utf-8")
    here, there = (protocol(patients=Patients(numbers=str(file))) for file in files)
    source = run_trial(
        here, tmp_path / "trial", replicates=2, seed=7, block=drawn_block, replicates_per_block=2
    ).archive
    assert source.rescore(there, tmp_path / "again", score=counted).ran == 2
    files[1].write_text(text + "\n# changed", encoding="utf-8")
    with pytest.raises(InputError, match=r"key patients.numbers: this is not as in the archive"):
        source.rescore(there, tmp_path / "other", score=counted)
    files[0].write_text(text + "\n# changed", encoding="utf-8")
    with pytest.raises(InputError, match="a file that the protocol names holds something else"):
        source.rescore(here, tmp_path / "other", score=counted)


def test_what_was_not_kept_or_not_finished_cannot_be_scored_again(tmp_path: Path) -> None:
    bare = run(tmp_path / "bare", keep_tables=False)
    with pytest.raises(InputError, match="recorded tables were not kept"):
        bare.rescore(protocol(), tmp_path / "again", score=counted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "half", block=stopped_block)
    with pytest.raises(InputError, match="4 of 6 blocks are not finished"):
        Archive.open(tmp_path / "half").rescore(protocol(), tmp_path / "again", score=counted)


def test_results_of_other_tables_are_not_mixed(tmp_path: Path) -> None:
    source, study = run(tmp_path / "trial"), protocol(endpoint=(Endpoint(name="neda", kind="neda"),))
    source.rescore(study, tmp_path / "again", score=counted)
    other = run(tmp_path / "other", replicates_per_block=3)
    with pytest.raises(InputError, match="come from somewhere else"):
        other.rescore(study, tmp_path / "again", score=counted)
    shutil.rmtree(tmp_path / "again")
    other.rescore(study, tmp_path / "again", score=counted)
    with pytest.raises(InputError, match="this archive was begun without recorded tables"):
        run(tmp_path / "again", block=drawn_block)


def test_results_never_go_into_the_archive_that_they_are_computed_from(tmp_path: Path) -> None:
    source = run(tmp_path / "trial")
    before = files_of(tmp_path / "trial")
    with pytest.raises(InputError, match="the results need a folder of their own; name another with -o"):
        source.rescore(protocol(analysis=(OTHER,)), tmp_path / "other" / ".." / "trial", score=counted)
    assert files_of(tmp_path / "trial") == before


def test_a_packed_archive_is_to_be_unpacked_first(tmp_path: Path) -> None:
    run(tmp_path / "trial").pack(tmp_path / "trial.zip")
    with pytest.raises(
        InputError, match=r"trial\.zip: this is a file, and an archive is a folder; unpack it"
    ):
        Archive.open(tmp_path / "trial.zip")
