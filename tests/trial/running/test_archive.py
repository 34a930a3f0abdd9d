"""An archive gives back what was kept, and is not gone on with by mistake."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.trial.blocks import drawn_block, protocol
from wearoff.errors import InputError
from wearoff.trial.protocol import Arm, Recording, Schedule
from wearoff.trial.running.archive import BLOCK_PATIENTS, MAKES_DATA, PREDICTING_PATIENTS, Archive
from wearoff.trial.running.archive_checks import differing_keys, versions_here
from wearoff.trial.running.archive_files import WrittenBlock


def begun(folder: Path, **options: object) -> Archive:
    """An archive of four replicates in blocks of two."""
    chosen: dict[str, object] = {"seed": 7, "replicates": 4, "replicates_per_block": 2} | options
    study = chosen.pop("protocol", protocol())
    return Archive.begin(folder, study, **chosen)  # type: ignore[arg-type]


def put(archive: Archive, number: int) -> WrittenBlock:
    """One block of it."""
    replicates = archive.replicates_of(number)
    block = drawn_block(
        archive.protocol, archive.seed, replicates.start, len(replicates), is_kept=archive.is_kept
    )
    written = WrittenBlock.of(number, block)
    archive.put(written)
    return written


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    archive = begun(tmp_path / "trial", text="name = 'small'\n")
    for number in (1, 0):  # in whatever order the blocks come
        put(archive, number)
    back = Archive.open(tmp_path / "trial", protocol=protocol(), seed=7)
    assert back == archive
    assert back.versions == versions_here()
    block = drawn_block(protocol(), 7, 0, 4, is_kept=True)
    assert back.results().collect().equals(block.results)
    assert back.decisions().collect().equals(block.decisions)
    assert back.counts() == {"patients": 160}
    assert (tmp_path / "trial" / "protocol.toml").read_text() == "name = 'small'\n"


def test_the_recorded_tables_of_a_block_are_a_cohort_again(tmp_path: Path) -> None:
    archive = begun(tmp_path)
    put(archive, 1)
    expected = drawn_block(protocol(), 7, 2, 2, is_kept=True).cohort
    assert expected is not None
    found = archive.cohort(1)
    assert found.tables.keys() == expected.tables.keys()
    for name, table in expected.tables.items():
        assert found.tables[name].equals(table), name
        assert found.tables[name].schema == table.schema, name
    for name in ("present", "as_of", "timezone", "label", "is_simulated"):
        assert getattr(found, name) == getattr(expected, name)
    assert found.receipt.notes == expected.receipt.notes
    with pytest.raises(InputError, match="block 0 is not finished"):
        archive.cohort(0)


def test_tables_that_were_not_kept_are_missed_by_name(tmp_path: Path) -> None:
    archive = begun(tmp_path, is_kept=False)
    put(archive, 0)
    assert not (tmp_path / "recorded").exists()
    with pytest.raises(InputError, match="recorded tables were not kept here"):
        archive.cohort(0)


def test_an_archive_without_blocks_has_the_columns_and_no_row(tmp_path: Path) -> None:
    archive = begun(tmp_path)
    assert (
        archive.results().collect().schema == drawn_block(protocol(), 7, 0, 2, is_kept=False).results.schema
    )
    assert archive.results().collect().height == archive.decisions().collect().height == 0


@pytest.mark.parametrize(("size", "replicates"), [(40, 50), (1, 2000), (3000, 1), (333, 6)])
def test_a_block_has_two_thousand_patients_at_most_or_one_replicate(
    size: int, replicates: int, tmp_path: Path
) -> None:
    archive = begun(tmp_path, protocol=protocol(size), replicates=10_001, replicates_per_block=None)
    assert archive.replicates_per_block == replicates
    assert replicates * size <= BLOCK_PATIENTS or replicates == 1
    covered = [number for block in archive.blocks for number in archive.replicates_of(block)]
    assert covered == list(range(10_001))


def test_a_block_has_twice_as_many_patients_where_an_arm_predicts(tmp_path: Path) -> None:
    arms = (Arm(name="four", size=20), Arm(name="m", size=20, policy="model_informed", aim_mg_per_l=10.0))
    study = protocol(arm=arms)
    archive = begun(tmp_path, protocol=study, replicates=1000, replicates_per_block=None)
    assert archive.replicates_per_block * study.size == PREDICTING_PATIENTS == 2 * BLOCK_PATIENTS


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 8}, "key seed: this archive was made with the seed 7, not 8"),
        ({"protocol": protocol(41)}, "they differ in arms;"),
        (
            {"protocol": protocol(schedule=Schedule(followup_weeks=104))},
            "they differ in schedule.followup_weeks;",
        ),
        ({"replicates": 3}, "4 replicates were asked for here before, and now 3; ask for as many or more"),
        ({"is_kept": False}, "this archive keeps the recorded tables; go on in the same way"),
        ({"rescored": "abc"}, "come from somewhere else"),
    ],
)
def test_an_archive_of_something_else_is_not_gone_on_with(
    options: dict[str, object], said: str, tmp_path: Path
) -> None:
    begun(tmp_path)
    before = (tmp_path / "archive.json").read_bytes()
    with pytest.raises(InputError, match=re.escape(said)) as fault:
        begun(tmp_path, **options)
    assert "name another folder with -o" in str(fault.value)
    assert (tmp_path / "archive.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"versions": {"wearoff": "9.9"}}, "key versions.jax: this archive was made with jax none"),
        ({"versions": {**versions_here(), "numpy": "1.0"}}, "was made with numpy 1.0, and here is"),
        ({"format": 2}, "has format 2, and this version of wearoff reads 1"),
        ({"protocol": {}}, "the protocol in the archive was changed after its data were made"),
        ({"versions": None}, "does not describe an archive"),
        ({"seed": None}, "does not describe an archive"),
    ],
)
def test_an_archive_of_another_version_or_a_changed_one_says_what_to_do(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    begun(tmp_path)
    file = tmp_path / "archive.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=re.escape(said)) as fault:
        Archive.open(tmp_path)
    assert fault.value.problems[0].file == str(file)
    assert "folder" in str(fault.value)


def test_what_is_no_archive_is_named_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"archive\.json is missing; check the path"):
        Archive.open(tmp_path / "nothing")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="needs a new or an empty folder"):
        begun(tmp_path)
    with pytest.raises(InputError, match="needs a new or an empty folder"):
        begun(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_packed_archive_unpacks_to_the_same_and_is_the_same_each_time(tmp_path: Path) -> None:
    archive = begun(tmp_path / "trial")
    put(archive, 0)
    with pytest.raises(InputError, match="1 of 2 blocks are not finished"):
        archive.pack(tmp_path / "trial.zip")
    put(archive, 1)
    (tmp_path / "trial" / "results" / ".00001.parquet.half").write_bytes(b"half")
    archive.pack(tmp_path / "trial.zip")
    first = (tmp_path / "trial.zip").read_bytes()
    archive.pack(tmp_path / "trial.zip")
    assert (tmp_path / "trial.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "trial.zip") as whole:
        assert not any(name.endswith("half") for name in whole.namelist())
        assert {info.external_attr >> 16 for info in whole.infolist()} == {0o644}
        whole.extractall(tmp_path / "elsewhere")
    back = Archive.open(tmp_path / "elsewhere" / "trial")
    assert set(back.finished()) == {0, 1}
    assert back.results().collect().equals(archive.results().collect())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "trial", "trial.zip"]


def test_the_half_that_makes_the_data_is_named_by_its_keys() -> None:
    other = protocol(recording=Recording(unscanned=0.1), title="Another", question="Else?")
    assert list(differing_keys(protocol(), other, MAKES_DATA)) == ["recording.unscanned"]
    assert list(differing_keys(protocol(), protocol(), MAKES_DATA)) == []
    assert set(MAKES_DATA) < set(type(other).model_fields)


def test_a_folder_whose_name_is_too_long_is_told_as_one_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the archive cannot be written here"):
        Archive.begin(tmp_path / ("a" * 300), protocol(), 0, 10)
