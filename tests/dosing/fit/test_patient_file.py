"""A patient file is read as it was meant, or every fault of it is named with its line."""

from __future__ import annotations

import datetime as dt
import doctest
import pickle
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wearoff.dosing.fit.patient_file
from tests.shared import ROOT
from wearoff.dosing.fit.entries import FORMS
from wearoff.dosing.fit.observed import Levels, Occupancies
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.patient_file import example_patient, parse_patient, read_patient, to_toml
from wearoff.dosing.laboratory import Laboratory
from wearoff.dosing.modifiers import exchange_share
from wearoff.dosing.regimen import Regimen
from wearoff.errors import InputError
from wearoff.sources import Mark, Source

BASE = """\
[patient]
name = "A"
timezone = "Europe/Oslo"
today = 2026-06-01

[[laboratory]]
name = "Bergen"

[[infusion]]
start = "2026-01-13T09:00"
dose = "300 mg"

[[infusion]]
start = "2026-02-10T09:00"
dose = "300 mg"

[[weight]]
value = "80 kg"

[[level]]
time = "2026-02-10T08:30"
value = "24 ug/mL"
"""
BERGEN, WEIGHT, LEVEL = 'name = "Bergen"', 'value = "80 kg"', 'value = "24 ug/mL"'
LEVEL_TIME = '"2026-02-10T08:30"'
EXCHANGE = '[[plasma_exchange]]\ndate = 2026-03-01\nremoved = "65 %"\n'
RUN = '[[infusions]]\nfirst = 2026-03-10\nevery = "2 weeks"\ntimes = 3\ndose = "300 mg"\n'


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    for content, said in (
        (None, "a.toml: the file cannot be read"),
        (b"", "a.toml: there is no table [patient]"),
        (b'[patient]\nname = "J\xf8rn"', "a.toml, line 2: the file is not UTF-8"),
        (b"a = " + b"[" * 100_000, "a.toml: the file holds brackets in brackets"),
        (b"a = " + b"9" * 10_000, "a.toml: the file holds brackets in brackets"),
        (b"#" * 1_000_001, "a.toml: the file has more than 1,000,000 bytes"),
    ):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_patient(file)
        assert said in str(caught.value)


def test_a_file_with_a_byte_order_mark_and_other_line_ends_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert read_patient(str(file)) == parse_patient(BASE)


def test_what_is_not_said_is_assumed_and_noted() -> None:
    patient = parse_patient(
        BASE.replace(LEVEL_TIME, "2026-02-10") + EXCHANGE.replace('removed = "65 %"\n', "")
    )
    assert patient.levels.time_d.tolist() == [28]
    assert patient.regimen.exchange_share.tolist() == [exchange_share().value]
    assert patient.notes == (
        "2 doses: route not stated; taken as into a vein (assumed).",
        "2 doses: length not stated; taken as 60 minutes (assumed).",
        "laboratory Bergen: scale not stated; taken as 1 (assumed).",
        "level of 2026-02-10: taken as before the dose of that day, because not both have a time of day (assumed).",
        "1 level: laboratory not stated; taken as Bergen (assumed).",
        "plasma exchange of 2026-03-01: time of day not stated; taken as noon (assumed).",
        "plasma exchange: share removed not stated; taken as 70 % (assumed).",
    )


def test_a_level_with_a_time_on_the_day_of_a_dose_without_one_is_before_it() -> None:
    text = BASE.replace('"2026-02-10T09:00"', "2026-02-10").replace(LEVEL_TIME, '"2026-02-10T15:00"')
    patient = parse_patient(text)
    assert patient.levels.time_d[0] == patient.regimen.start_d[1] == 28 + 3 / 24
    assert any("level of 2026-02-10: taken as before the dose" in note for note in patient.notes)


def test_a_run_keeps_its_time_of_day_and_its_place_among_the_doses() -> None:
    patient = parse_patient(BASE + RUN.replace("2026-03-10", '"2026-03-16T09:00"'))
    np.testing.assert_allclose(patient.regimen.start_d, [0, 28, 62, 76 - 1 / 24, 90 - 1 / 24])
    with pytest.raises(InputError, match="is before the dose above it"):
        parse_patient(RUN + BASE)


def test_native_times_are_read_as_texts_are() -> None:
    native = BASE.replace('"2026-01-13T09:00"', "2026-01-13T09:00:00").replace(
        '"2026-02-10T09:00"', "2026-02-10 08:00:00Z"
    )
    assert parse_patient(native) == parse_patient(BASE)


@pytest.mark.parametrize(
    ("tests", "day", "said"),
    [
        ([("2026-02-10", "true"), ("2026-03-24", "true")], 28 + 3 / 24, "lasting from 2026-02-10 on"),
        ([("2026-02-10", "true"), ("2026-03-23", "true")], np.inf, "taken as not lasting (assumed)"),
        ([("2026-01-01", "false"), ("2026-02-10", "false")], np.inf, None),
    ],
)
def test_antibodies_last_when_found_twice_six_weeks_apart(
    tests: list[tuple[str, str]], day: float, said: str | None
) -> None:
    blocks = "".join(f"[[antibodies]]\ndate = {date}\nfound = {found}\n" for date, found in tests)
    patient = parse_patient(BASE + blocks)
    assert patient.antibodies_from_d == day
    assert [note for note in patient.notes if "antibodies" in note and said and said in note] or said is None
    assert said or not any("antibodies" in note for note in patient.notes)


def test_antibodies_that_last_may_be_stated() -> None:
    text = BASE.replace("today =", "antibodies_from = 2026-02-01\ntoday =")
    assert parse_patient(text).antibodies_from_d == pytest.approx(19 + 3 / 24)


def test_a_scale_may_be_known_or_estimated() -> None:
    known = '\nscale = 1.1\nmark = "derived"\nsource = { text = "Ring 2025", where = "table 2" }'
    estimated = '\nscale = "estimate"\nprior_median = 1.2\nprior_cv = "25 %"'
    for added, laboratory in (
        (known, Laboratory("Bergen", 1.1, Mark.DERIVED, Source("Ring 2025", where="table 2"))),
        (estimated, Laboratory("Bergen", 1.2, prior_cv=0.25)),
    ):
        patient = parse_patient(BASE.replace(BERGEN, BERGEN + added))
        assert dict(patient.laboratories) == {"Bergen": laboratory}
        assert parse_patient(to_toml(patient)) == patient


def test_the_example_is_a_patient_and_uses_every_table_and_key() -> None:
    text = example_patient()
    patient = parse_patient(text)
    assert patient.levels.is_below.tolist() == [False, False, True]
    assert patient.regimen.number == 9
    written = tomllib.loads(text)
    for form in FORMS.values():
        tables = written[form.name] if form.is_repeated else [written[form.name]]
        rare = {"notes", "mark", "source", "antibodies_from"}
        assert set(form.keys) - rare <= {key for table in tables for key in table} | {"route", "duration"}
    assert "antibodies_from" in text


def test_the_page_on_patient_files_shows_the_example_and_every_key() -> None:
    page = (ROOT / "docs" / "how-to" / "describe-a-patient.md").read_text(encoding="utf-8")
    assert f"```toml\n{example_patient()}```" in page
    for form in FORMS.values():
        rows = [line for line in page.splitlines() if line.startswith(f"| `{form.written}` ")]
        for key in form.keys:
            assert any(f"| `{key}` |" in row for row in rows), (form.name, key)


def test_the_page_on_patient_files_shows_what_happens(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "describe-a-patient.md").read_text(encoding="utf-8")
    text = (
        BASE.replace(WEIGHT, 'value = "80000 kg"')
        .replace(LEVEL_TIME, "2026-06-02")
        .replace(LEVEL, "value = 24")
    )
    with pytest.raises(InputError) as caught:
        parse_patient(text, "patient.toml")
    assert f"```text\n{caught.value}\n```" in page
    made: dict[str, Patient] = {}
    exec(page.split("```python\n")[-1].split("```")[0], made)  # noqa: S102 - our own page
    assert made["patient"].levels.is_below.tolist() == [True, False]


printable = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
words = st.text(printable, min_size=1, max_size=6) | st.sampled_from(
    ["two words", 'a "b" \\ # [c]', "é = 'µ'"]
)
positive = st.floats(1e-3, 900, allow_subnormal=False)
laboratories = st.lists(words, min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(
        *(
            st.builds(
                Laboratory,
                st.just(name),
                st.floats(1e-3, 1e3),
                st.sampled_from(list(Mark)),
                st.builds(Source, words, st.none() | words, st.none() | words),
                st.none() | st.floats(1e-2, 5),
            )
            for name in names
        )
    )
)


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    """A patient with whatever a patient may have, on whole microseconds."""
    timezone = draw(st.sampled_from(["Europe/Oslo", "UTC", "America/St_Johns", "Australia/Lord_Howe"]))
    origin = dt.datetime(2020, 3, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=draw(st.integers(0, 10**13)))

    def days(gaps: list[int]) -> np.ndarray:
        ends = np.cumsum(gaps)
        return np.array([dt.timedelta(microseconds=int(end)) / dt.timedelta(days=1) for end in ends])

    gap = st.integers(2 * 86_400 * 10**6, 10**13)
    start = np.append(0.0, days(draw(st.lists(gap, max_size=4))))
    number = start.size
    exchange = days(draw(st.lists(gap, max_size=2)))
    levels, seen = days(draw(st.lists(gap, max_size=4))), days(draw(st.lists(gap, max_size=2)))
    named = draw(laboratories)
    is_below = np.array([draw(st.booleans()) for _ in levels], dtype=bool)
    limit = np.array([draw(positive if below else st.just(np.nan) | st.just(1e-3)) for below in is_below])
    return Patient(
        name=draw(words),
        regimen=Regimen(
            start,
            np.array([draw(st.floats(1, 600)) for _ in start]),
            np.array([draw(st.floats(1, 600)) / 1440 for _ in start]),
            np.array([draw(st.booleans()) for _ in start]),
            exchange,
            np.array([draw(st.floats(0, 1)) for _ in exchange]),
        ),
        origin=origin,
        timezone=timezone,
        weight_d=np.append(-1.5, days(draw(st.lists(gap, min_size=2, max_size=2)))),
        weight_kg=np.array([draw(st.floats(25, 250)) for _ in range(3)]),
        today_d=1e4,
        antibodies_from_d=draw(st.sampled_from([np.inf, -3.0, 70.25])),
        levels=Levels(
            levels,
            np.array([np.nan if below else draw(positive) for below in is_below]),
            limit,
            is_below,
            tuple(draw(st.sampled_from(named)).name for _ in levels),
        ),
        occupancies=Occupancies(
            seen,
            np.array([draw(st.floats(0, 1)) for _ in seen]),
            tuple(draw(words) for _ in seen),
            tuple(draw(words) for _ in seen),
        ),
        laboratories={each.name: each for each in named},
        is_date_only=np.zeros(number, dtype=bool),
        notes=tuple(draw(st.lists(words, max_size=2, unique=True))),
    )


@settings(max_examples=60, deadline=None)
@given(patients())
def test_a_patient_written_and_read_is_the_same(patient: Patient) -> None:
    assert parse_patient(to_toml(patient)) == patient
    copy = pickle.loads(pickle.dumps(patient))  # noqa: S301
    assert copy == patient
    assert hash(copy) == hash(patient)
    assert not copy.levels.time_d.flags.writeable


def test_the_example_of_the_code_holds() -> None:
    assert doctest.testmod(wearoff.dosing.fit.patient_file).failed == 0


def test_a_prior_without_a_median_has_its_median_at_1() -> None:
    patient = parse_patient(BASE.replace(BERGEN, BERGEN + '\nscale = "estimate"\nprior_cv = "25 %"'))
    assert patient.laboratories["Bergen"] == Laboratory("Bergen", 1.0, prior_cv=0.25)
    assert "laboratory Bergen: median of the prior not stated; taken as 1 (assumed)." in patient.notes
