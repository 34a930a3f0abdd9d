"""A protocol is read from a file with every fault at its place, and written so that it reads back as the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearoff.dosing.pk.models import load_model
from wearoff.errors import InputError, UnknownNameError
from wearoff.trial.definition.protocol_file import (
    data_digest,
    load_protocol,
    parse_protocol,
    protocol_digest,
    protocol_names,
    protocol_text,
    read_protocol,
    to_toml,
)
from wearoff.trial.definition.protocol_form import forms
from wearoff.trial.protocol import Protocol

SHIPPED = ("bergen-2020", "larger-longer-cohort", "personal-dosing", "sid-eid-observed", "sid-eid-randomised")
TEXT = protocol_text("bergen-2020")


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_protocol(text, "a.toml")
    return [str(problem) for problem in caught.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_package_has_its_protocols() -> None:
    assert protocol_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_reads_is_named_as_its_file_and_says_what_it_assumes(name: str) -> None:
    protocol = load_protocol(name)
    assert protocol.name == name
    assert any("assumed" in note for note in protocol.notes)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_written_reads_back_as_the_same_protocol(name: str) -> None:
    protocol = load_protocol(name)
    written = to_toml(protocol)
    assert parse_protocol(written) == protocol
    assert to_toml(parse_protocol(written)) == written
    assert protocol_digest(parse_protocol(written)) == protocol_digest(protocol)


def test_evidence_that_a_shipped_protocol_names_is_in_the_table() -> None:
    import re
    from importlib.resources import files

    rows = (files("wearoff") / "evidence" / "published.csv").read_text("utf-8").splitlines()
    known = {row.split(",")[0] for row in rows}
    named = {word for name in SHIPPED for word in re.findall(r"\b(?:W|P|IO|D)\d{3}b?\b", protocol_text(name))}
    assert named
    assert named <= known


def test_never_says_that_nothing_is_measured() -> None:
    protocol = load_protocol("sid-eid-observed")
    assert protocol.schedule.level_every_weeks is None
    assert 'level_every_weeks = "never"' in to_toml(protocol)
    assert parse_protocol(TEXT.replace("level_every_weeks = 52", "")).schedule.level_every_weeks == 52


# what is replaced in the file, by what, and what is said of it
REFUSED = {
    "unknown table": (
        "[schedule]",
        "[shedule]",
        [
            "the table [schedule] is missing.",
            "the table 'shedule' is not known. Did you mean 'schedule'? The tables are [patients], [[arm]]",
        ],
    ),
    "key outside": (
        "name = ",
        "sed = 3\nname = ",
        ["line 3, key sed: the key outside the tables 'sed' is not known. The tables are"],
    ),
    "unknown key": (
        "size = 40",
        "size = 40\nsizes = 4",
        ["arm 1, key sizes: the key is not known. Did you mean 'size'? Keys of [[arm]]: name, size, policy"],
    ),
    "unknown key of an inner table": (
        "[attendance]",
        '[arm.override]\nwhen = "always"\nshare = 1.0\nweek = 5\n[attendance]',
        [
            "arm 1 override, key week: the key is not known. Did you mean 'weeks'? Keys of [arm.override]: when"
        ],
    ),
    "missing key": (
        "size = 40",
        "",
        ["arm 1, key size: the key is missing; [[arm]] needs name, size."],
    ),
    "missing name": (
        'name = "bergen-2020"',
        "",
        ["key name: the key is missing; a protocol needs name, title"],
    ),
    "half a patient": ("size = 40", "size = 40.5", ["arm 1, key size: 40.5 is not a whole number; write it"]),
    "a number in quotes": (
        "size = 40",
        'size = "40"',
        ["arm 1, key size: '40' is not a whole number; write it"],
    ),
    "a quantity": (
        "weeks = 4.0",
        'weeks = "4 weeks"',
        ["arm 1, key weeks: '4 weeks' is not a number; write it without quotes and unit."],
    ),
    "a text without quotes": (
        'policy = "fixed"',
        "policy = fixed",
        ['this is no value; a quantity, a name and a word stand in quotes, as in policy = "fixed":'],
    ),
    "a word that is none": (
        'population = "stable"',
        'population = "stables"',
        ["patients, key population: 'stables' is not one of stable, starter. Did you mean 'stable'?"],
    ),
    "neither true nor false": (
        "is_primary = true",
        "is_primary = 1",
        ["analysis 1, key is_primary: 1 is not true or false; write one of them without quotes."],
    ),
    "less than nothing": (
        "late_d = 1.0",
        "late_d = -1.0",
        ["attendance, key late_d: -1.0 is not at least 0."],
    ),
    "all are lost": (
        "dropout_per_year = 0.125",
        "dropout_per_year = 1.0",
        ["recording, key dropout_per_year: 1.0 is not less than 1."],
    ),
    "no number": (
        "yearly_activity = 0.041",
        "yearly_activity = nan",
        ["world, key yearly_activity: nan is not a number that can be counted with."],
    ),
    "a date": (
        "followup_weeks = 52",
        "followup_weeks = 2026-01-01",
        ["schedule, key followup_weeks: it is a date or a time; a protocol counts weeks and days."],
    ),
    "one bracket": ("[[arm]]", "[arm]", ["arm: write it as a table that begins with [[arm]]."]),
    "two brackets": (
        "[schedule]",
        "[[schedule]]",
        ["schedule: write it as a table that begins with [schedule]."],
    ),
    "a list that is none": (
        "[schedule]",
        "[looks]\nweeks = 26\n[schedule]",
        ["looks, key weeks: 26 is not a list; write it in brackets, as in [26, 52]."],
    ),
    "log odds that are none": (
        "[schedule]",
        "[assignment]\nlog_odds = 3\n[schedule]",
        ["assignment, key log_odds: 3 is not a table; write it as in { weight_kg = 0.3 }."],
    ),
    "never where it cannot be": (
        "mri_every_weeks = 52",
        'mri_every_weeks = "never"',
        ["schedule, key mri_every_weeks: 'never' is not a whole number"],
    ),
    "a name for no file": (
        'name = "bergen-2020"',
        'name = "Bergen 2020"',
        ["key name: 'Bergen 2020' is not a short name of small letters, numbers and hyphens"],
    ),
    "two mistakes": (
        "size = 40",
        "size = 4.5\nweek = 3",
        ["key size: 4.5 is not a whole number", "key week: the key is not known. Did you mean 'weeks'?"],
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), REFUSED.values(), ids=REFUSED)
def test_a_fault_of_form_is_told_with_file_line_table_and_key(old: str, new: str, said: list[str]) -> None:
    text = TEXT.replace(old, new, 1)
    found = faults(text)
    for sentence in said:
        assert any(sentence in each for each in found), found
    assert len(found) == len(said)
    assert all(each.startswith("a.toml") for each in found)


def test_a_fault_stands_at_its_line() -> None:
    text = TEXT.replace("size = 40", "size = 40.5")
    assert faults(text)[0].startswith(f"a.toml, line {line_of(text, 'size = 40.5')}, arm 1, key size:")


def test_a_protocol_is_looked_for_by_name_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert load_protocol(path) == load_protocol("bergen-2020") == read_protocol(path)
    with pytest.raises(UnknownNameError, match="Did you mean 'bergen-2020'"):
        load_protocol("bergen-2021")
    with pytest.raises(InputError, match="none\\.toml: the file cannot be read"):
        load_protocol(tmp_path / "none.toml")


def test_files_that_a_protocol_names_are_found_from_where_it_lies(tmp_path: Path) -> None:
    from importlib.resources import files

    library = files("wearoff.dosing.pk") / "library" / "van_den_berg_2025.toml"
    (tmp_path / "model.toml").write_bytes(library.read_bytes())
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace("[world]", '[world]\nmodel = "model.toml"'), encoding="utf-8")
    protocol = read_protocol(path)
    assert load_model(protocol.world.model).name == "van_den_berg_2025"


def test_faults_of_a_file_of_distributions_are_told_with_the_place_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text("[weight_kg]\nkind = 'normal'\n", encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace("[patients]", '[patients]\nnumbers = "people.toml"'), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_protocol(path)
    told = [str(problem) for problem in caught.value.problems]
    line = line_of(path.read_text("utf-8"), "numbers =")
    assert all(
        each.startswith(f"mine.toml, line {line}, patients, key numbers: people.toml, ") for each in told
    )
    assert any("weight_kg" in each for each in told)


def test_the_digest_is_of_what_is_said_and_not_of_how(tmp_path: Path) -> None:
    protocol = load_protocol("bergen-2020")
    assert protocol_digest(parse_protocol(to_toml(protocol))) == protocol_digest(protocol)
    other = protocol.model_copy(
        update={"recording": protocol.recording.model_copy(update={"unscanned": 0.1})}
    )
    assert protocol_digest(other) != protocol_digest(protocol)
    assert data_digest(other) != data_digest(protocol)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "numbers.toml").write_text("x = 1\n", encoding="utf-8")
    shutil.copytree(tmp_path / "a", tmp_path / "b")

    def with_numbers(path: Path) -> Protocol:
        patients = protocol.patients.model_copy(update={"numbers": str(path)})
        return protocol.model_copy(update={"patients": patients})

    here, there = (with_numbers(tmp_path / name / "numbers.toml") for name in "ab")
    assert protocol_digest(here) == protocol_digest(there) != protocol_digest(protocol)
    (tmp_path / "b" / "numbers.toml").write_text("x = 2\n", encoding="utf-8")
    assert protocol_digest(here) != protocol_digest(there)


def test_what_only_reads_the_data_leaves_their_digest_alone() -> None:
    protocol = load_protocol("bergen-2020")
    fewer = protocol.model_copy(update={"analyses": protocol.analyses[:1], "notes": (), "title": "another"})
    assert data_digest(fewer) == data_digest(protocol)
    assert protocol_digest(fewer) != protocol_digest(protocol)


def test_every_table_of_the_models_is_a_table_of_the_file() -> None:
    written = {form.written for form in forms().values() if form.path}
    assert written == {
        *("[patients]", "[[arm]]", "[arm.override]", "[assignment]", "[capacity]", "[attendance]", "[world]"),
        *("[schedule]", "[recording]", "[[endpoint]]", "[[analysis]]", "[looks]"),
    }


LINES = TEXT.splitlines()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LINES) - 1),
            st.one_of(
                st.sampled_from(
                    [
                        "",
                        "[world]",
                        "[[arm]]",
                        "size = []",
                        "weeks = {}",
                        "x.y = 1",
                        "size = -1",
                        "name = 1e999",
                    ]
                ),
                st.text(max_size=12),
            ),
        ),
        max_size=4,
    )
)
def test_damaged_files_give_a_protocol_or_an_error_that_names_the_file(damage: list[tuple[int, str]]) -> None:
    lines = list(LINES)
    for line, text in damage:
        lines[line] = text
    problems: list[str] = []
    try:
        protocol = parse_protocol("\n".join(lines), "a.toml")
    except InputError as error:
        problems = [str(problem) for problem in error.problems]
    else:
        assert parse_protocol(to_toml(protocol)) == protocol
    assert all(problem.startswith("a.toml") for problem in problems)


@pytest.mark.parametrize("name", ["mine", "mine.TOML", "mine.txt"])
def test_a_file_of_another_ending_is_not_taken_for_a_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(protocol_text("bergen-2020"), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"the file of a protocol ends with \.toml, and this does not; rename it"
    ):
        load_protocol(str(file))
