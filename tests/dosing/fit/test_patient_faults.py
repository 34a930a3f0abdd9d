"""Every fault of a patient file is named with its line, table and key, all of them together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dosing.fit.test_patient_file import BASE, BERGEN, EXCHANGE, LEVEL, LEVEL_TIME, RUN, WEIGHT
from wearoff.dosing.fit.patient_file import example_patient, parse_patient, to_toml
from wearoff.errors import InputError

SECOND_DOSE = '"2026-02-10T09:00"\ndose = "300 mg"'
ANTIBODIES = "[[antibodies]]\ndate = 2026-02-10\nfound = true\n"
OCCUPANCY = '[[occupancy]]\ntime = 2026-03-01\nvalue = "85 %"\nassay = "a"\nsubset = "CD4"\n'
MORE = '24 ug/mL"\n'


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_patient(text, "a.toml")
    return [str(problem) for problem in caught.value.problems]


# what is replaced in the file, by what, and where and why it is refused
REFUSED = {
    "unknown table": (
        "[[level]]",
        "[[levle]]",
        "line 20: the table 'levle' is not known. Did you mean 'level'?",
    ),
    "key outside": (
        "[patient]",
        "edss = 3\n[patient]",
        "line 1: the key outside the tables 'edss' is not known",
    ),
    "unknown key": (
        WEIGHT,
        WEIGHT + "\nedss = 3.5",
        "line 19, weight 1, key edss: the key is not known. Keys of [[weight]]",
    ),
    "close key": (
        'dose = "300 mg"\n\n[[w',
        'dose_mg = "300 mg"\n\n[[w',
        "line 15, infusion 2, key dose_mg: the key is not known. Did you mean 'dose'?",
    ),
    "missing key": (
        'dose = "300 mg"\n\n[[w',
        "\n[[w",
        "line 13, infusion 2, key dose: the key is missing; [[infusion]] needs start, dose",
    ),
    "one bracket": (
        "[[weight]]",
        "[weight]",
        "line 17, weight: write it as a table that begins with [[weight]]",
    ),
    "two brackets": (
        "[patient]",
        "[[patient]]",
        "line 1, patient: write it as a table that begins with [patient]",
    ),
    "no patient": (BASE[: BASE.index("[[lab")], "", "a.toml: there is no table [patient]"),
    "blank name": ('"A"', '" "', "line 2, patient, key name: ' ' is not a text"),
    "timezone": (
        "Europe/Oslo",
        "Mars/Olympus",
        "line 3, patient, key timezone: there is no timezone 'Mars/Olympus'",
    ),
    "today": ("today = 2026-06-01", "today = 5", "line 4, patient, key today: 5 is not a date"),
    "notes": (
        "today = 2026-06-01",
        'notes = "x"',
        'line 4, patient, key notes: write notes = ["one sentence"',
    ),
    "no dose": (BASE[BASE.index("[[inf") : BASE.index("[[w")], "", "line 1, patient: no dose is recorded"),
    "no weight": ("[[weight]]\n" + WEIGHT, "", "line 1, patient: no weight is recorded"),
    # units
    "level without unit": (
        LEVEL,
        'value = "24"',
        "line 22, level 1, key value: '24' has no unit, and none is guessed",
    ),
    "level as number": (
        LEVEL,
        "value = 24",
        'line 22, level 1, key value: 24 has no unit; write number and unit in quotes: value = "24 mg/L"',
    ),
    "level in kg": (
        LEVEL,
        'value = "24 kg"',
        "line 22, level 1, key value: 'kg' measures something else than 'mg/L'",
    ),
    "unknown unit": (
        LEVEL,
        'value = "24 Mg/L"',
        "line 22, level 1, key value: the unit 'Mg/L' is not known. Did you mean 'mg/L'",
    ),
    "dose without unit": (
        SECOND_DOSE,
        SECOND_DOSE.replace(" mg", ""),
        "line 15, infusion 2, key dose: '300' has no unit",
    ),
    "weight without unit": (WEIGHT, "value = 80", "line 18, weight 1, key value: 80 has no unit"),
    # numbers
    "weight 0": (WEIGHT, 'value = "0 kg"', "line 18, weight 1, key value: '0 kg' is outside 25 to 250 kg"),
    "grams as kg": (
        WEIGHT,
        'value = "80000 kg"',
        "line 18, weight 1, key value: '80000 kg' is outside 25 to 250 kg: grams",
    ),
    "weight nan": (WEIGHT, "value = nan", "line 18, weight 1, key value: nan has no unit"),
    "weight 'nan kg'": (
        WEIGHT,
        'value = "nan kg"',
        "line 18, weight 1, key value: 'nan kg' is not a number and a unit; write for example 80 kg",
    ),
    "level inf": (LEVEL, "value = inf", "line 22, level 1, key value: inf has no unit"),
    "level negative": (
        LEVEL,
        'value = "-1 mg/L"',
        "line 22, level 1, key value: '-1 mg/L' is outside 0 to 1000 mg/L",
    ),
    "level 0": (
        LEVEL,
        'value = "0 mg/L"',
        "line 22, level 1, key value: nothing is measured as 0; write below",
    ),
    "dose 0": (
        SECOND_DOSE,
        SECOND_DOSE.replace("300", "0"),
        "line 15, infusion 2, key dose: '0 mg' is outside 1 to 600 mg",
    ),
    "dose in g": (
        SECOND_DOSE,
        SECOND_DOSE.replace("mg", "g"),
        "line 15, infusion 2, key dose: '300 g' is outside 1 to 600 mg: grams",
    ),
    "duration": (
        SECOND_DOSE,
        SECOND_DOSE + '\nduration = "60 h"',
        "line 16, infusion 2, key duration: '60 h' is outside 1 to 600 min",
    ),
    "bolus": (
        SECOND_DOSE,
        SECOND_DOSE + '\nduration = "0 min"',
        "line 16, infusion 2, key duration: '0 min' is outside 1 to 600 min",
    ),
    "route": (
        SECOND_DOSE,
        SECOND_DOSE + '\nroute = "PO"',
        "line 16, infusion 2, key route: 'PO' is not one of IV, SC",
    ),
    # times
    "no date": (LEVEL_TIME, '"10.02.2026"', "line 21, level 1, key time: '10.02.2026' is not a date"),
    "no day": (
        LEVEL_TIME,
        '"2026-02-30"',
        "line 21, level 1, key time: '2026-02-30' does not exist in the calendar",
    ),
    "clock never": (
        '"2026-02-10T09:00"',
        '"2026-03-29T02:30"',
        "line 14, infusion 2, key start: '2026-03-29T02:30' was never shown by the clock of Europe/Oslo",
    ),
    "clock twice": (
        '"2026-01-13T09:00"',
        '"2025-10-26T02:30"',
        "line 10, infusion 1, key start: '2025-10-26T02:30' was shown twice",
    ),
    "long ago": (
        LEVEL_TIME,
        '"0206-02-10"',
        "line 21, level 1, key time: '0206-02-10' is before 1990-01-01; is the year",
    ),
    "end of calendar": (
        LEVEL_TIME,
        '"9999-12-31T23:59-14:00"',
        "line 21, level 1, key time: '9999-12-31T23:59-14:00' is outside the calendar",
    ),
    "level before": (
        LEVEL_TIME,
        '"2026-01-12"',
        "line 21, level 1, key time: 2026-01-12 is not after the first dose (2026-01-13T09:00)",
    ),
    "level with the first": (
        LEVEL_TIME,
        '"2026-01-13"',
        "line 21, level 1, key time: 2026-01-13 is not after the first dose (2026-01-13T09:00); if it",
    ),
    "level in future": (
        LEVEL_TIME,
        '"2026-06-02"',
        "line 21, level 1, key time: 2026-06-02 is after today (2026-06-01)",
    ),
    "level later today": (
        "today = 2026-06-01",
        'today = "2026-02-10T09:00"\n\n[[level]]\nlaboratory = "Bergen"\nvalue = "9 mg/L"\ntime = "2026-02-10T09:01"',
        "line 9, level 1, key time: 2026-02-10T09:01 is after today",
    ),
    "dose in future": (
        '"2026-02-10T09:00"',
        '"2027-02-10T09:00"',
        "line 14, infusion 2, key start: 2027-02-10T09:00 is after today (2026-06-01)",
    ),
    "out of order": (
        '"2026-02-10T09:00"',
        '"2025-02-10T09:00"',
        "line 14, infusion 2, key start: 2025-02-10T09:00 is before the dose above it (2026-01-13T09:00)",
    ),
    "two on one day": (
        '"2026-02-10T09:00"',
        '"2026-01-13T15:00"',
        "line 14, infusion 2, key start: there are two doses on 2026-01-13; join them",
    ),
    "overlap": (
        '"2026-01-13T09:00"\ndose = "300 mg"',
        '"2026-02-09T23:30"\nduration = "10 h"\ndose = "300 mg"',
        "line 15, infusion 2, key start: 2026-02-10T09:00 is while the infusion before it (2026-02-09T23:30)",
    ),
    "weights": (
        WEIGHT,
        WEIGHT + '\nfrom = 2026-02-01\n[[weight]]\nvalue = "81 kg"\nfrom = 2026-02-01',
        "line 22, weight 2, key from: it does not hold from later",
    ),
    "weight from": (
        WEIGHT,
        WEIGHT + '\n[[weight]]\nvalue = "81 kg"',
        "line 19, weight 2, key from: the key is missing; only the first",
    ),
    # laboratories and levels
    "laboratory": (
        LEVEL,
        LEVEL + '\nlaboratory = "Bergne"',
        "line 23, level 1, key laboratory: there is no laboratory 'Bergne'; add it as a [[laboratory]]. "
        "Did you mean 'Bergen'?",
    ),
    "two of a name": (
        BERGEN,
        f"{BERGEN}\n[[laboratory]]\n{BERGEN}",
        "line 9, laboratory 2, key name: there are two laboratories 'Bergen'",
    ),
    "which": (
        BERGEN,
        BERGEN + '\n[[laboratory]]\nname = "B"',
        "line 22, level 1, key laboratory: the key is missing; with several",
    ),
    "scale nan": (
        BERGEN,
        BERGEN + "\nscale = nan",
        "line 8, laboratory 1, key scale: nan is not a number above 0",
    ),
    "scale 0": (BERGEN, BERGEN + "\nscale = 0", "line 8, laboratory 1, key scale: 0 is not a number above 0"),
    "scale true": (
        BERGEN,
        BERGEN + "\nscale = true",
        "line 8, laboratory 1, key scale: true is not a number above 0",
    ),
    "scale text": (BERGEN, BERGEN + '\nscale = "1.1"', "line 8, laboratory 1, key scale: '1.1' is no scale"),
    "no prior": (
        BERGEN,
        BERGEN + '\nscale = "estimate"',
        "line 8, laboratory 1, key scale: a scale that is to be estimated needs its spread",
    ),
    "prior of a known": (
        BERGEN,
        BERGEN + '\nscale = 1.1\nprior_cv = "20 %"',
        'line 9, laboratory 1, key prior_cv: the key belongs to scale = "estimate"',
    ),
    "prior 0": (
        BERGEN,
        BERGEN + '\nscale = "estimate"\nprior_cv = "0 %"',
        "line 9, laboratory 1, key prior_cv: '0 %' is outside 0.1 to 1000 %",
    ),
    "mark alone": (
        BERGEN,
        BERGEN + '\nmark = "measured"',
        "line 6, laboratory 1: mark and source are given together",
    ),
    "mark": (
        BERGEN,
        BERGEN + '\nmark = "sure"\nsource = "x"',
        "line 8, laboratory 1, key mark: 'sure' is not one of measured",
    ),
    "source": (
        BERGEN,
        BERGEN + '\nmark = "measured"\nsource = { doi = "x" }',
        'line 9, laboratory 1, key source: write source = "Who 2025"',
    ),
    "nothing": (LEVEL, "", "line 20, level 1: a level has one of value"),
    "both": (LEVEL, LEVEL + '\nbelow = "0.5 mg/L"', "line 20, level 1: a level has one of value"),
    "smaller sign": (
        LEVEL,
        'value = "< 0.5 mg/L"',
        "line 22, level 1, key value: '< 0.5 mg/L' is a limit and no value; write below = \"0.5 mg/L\"",
    ),
    "below its limit": (
        LEVEL,
        LEVEL + '\nlloq = "25 mg/L"',
        "line 22, level 1, key value: the value is below its own limit",
    ),
    "two limits": (
        LEVEL,
        'below = "1 mg/L"\nlloq = "1 mg/L"',
        "line 23, level 1, key lloq: below says the limit already",
    ),
    "double": (
        MORE,
        MORE + f"[[level]]\ntime = {LEVEL_TIME}\n{LEVEL}\n",
        "line 24, level 2, key time: the same laboratory has another level",
    ),
    # the rest, added at the end, where line 23 is the first
    "share": (
        MORE,
        MORE + OCCUPANCY.replace("85", "850"),
        "line 25, occupancy 1, key value: '850 %' is outside 0 to 100 %",
    ),
    "assay": (
        MORE,
        MORE + OCCUPANCY.replace('assay = "a"\n', ""),
        "line 23, occupancy 1, key assay: the key is missing",
    ),
    "found": (
        MORE,
        MORE + ANTIBODIES.replace("true", '"yes"'),
        "line 25, antibodies 1, key found: 'yes' is neither true nor false",
    ),
    "antibodies later": (
        MORE,
        MORE + ANTIBODIES.replace("2026", "2027"),
        "line 24, antibodies 1, key date: 2027-02-10 is after today",
    ),
    "antibodies twice": (
        "today =",
        "antibodies_from = 2026-02-01\n\n[[antibodies]]\ndate = 2026-02-10\nfound = true\n[dummy]\ntoday =",
        "line 4, patient, key antibodies_from: give antibodies_from or the tests",
    ),
    "removed": (
        MORE,
        MORE + EXCHANGE.replace("65 %", "65"),
        "line 25, plasma_exchange 1, key removed: '65' has no unit",
    ),
    "too much removed": (
        MORE,
        MORE + EXCHANGE.replace("65", "165"),
        "line 25, plasma_exchange 1, key removed: '165 %' is outside 0 to 100 %",
    ),
    "exchange first": (
        MORE,
        MORE + EXCHANGE.replace("2026-03", "2025-03"),
        "line 24, plasma_exchange 1, key date: 2025-03-01 is not after the first dose",
    ),
    "exchanges": (
        MORE,
        MORE + EXCHANGE + EXCHANGE.replace("03-01", "02-28"),
        "line 27, plasma_exchange 2, key date: it is before the plasma exchange above it",
    ),
    "exchange twice": (
        MORE,
        MORE + EXCHANGE * 2,
        "line 27, plasma_exchange 2, key date: there are two plasma exchanges on 2026-03-01",
    ),
    "run of none": (
        MORE,
        MORE + RUN.replace("= 3", "= 0"),
        "line 26, infusions 1, key times: 0 is not a number above 0",
    ),
    "run of a half": (
        MORE,
        MORE + RUN.replace("= 3", "= 2.5"),
        "line 26, infusions 1, key times: a run has 1 to 1000 doses",
    ),
    "run for ever": (
        MORE,
        MORE + RUN.replace("= 3", "= 100_000"),
        "line 26, infusions 1, key times: a run has 1 to 1000 doses",
    ),
    "run every": (
        MORE,
        MORE + RUN.replace("2 weeks", "36 h"),
        "line 25, infusions 1, key every: the interval is not a whole number of days",
    ),
    "run into tomorrow": (
        MORE,
        MORE + RUN.replace("= 3", "= 30"),
        "line 24, infusions 1, key first: 2026-06-02 12:00:00 is after today",
    ),
    "run over a clock": (
        MORE,
        MORE + RUN.replace("2026-03-10", '"2026-03-15T02:30"'),
        "line 24, infusions 1, key first: dose 2 of the run: 2026-03-29 02:30:00 was never shown",
    ),
    "run over the end": (
        MORE,
        MORE + RUN.replace("2026-03-10", "9999-12-10"),
        "line 24, infusions 1, key first: dose 3 of the run is outside the calendar",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fault_is_named_with_its_line_table_and_key(name: str) -> None:
    old, new, said = REFUSED[name]
    assert BASE.count(old) == 1 or name == "no patient"
    found = faults(BASE.replace(old, new))
    assert any(fault.startswith("a.toml") and said in fault for fault in found), found
    # the fault alone is reported; what only follows from it is not
    also = {
        "unknown table",
        "close key",
        "one bracket",
        "two brackets",
        "no patient",
        "antibodies twice",
        "run over the end",
    }
    assert len(found) == 1 or name in also, found


def test_all_faults_are_reported_together_in_the_order_of_the_lines() -> None:
    text = BASE.replace(WEIGHT, 'value = "0 kg"').replace(LEVEL, "value = 24").replace("Europe/Oslo", "Oslo")
    assert [fault.split(",")[1] for fault in faults(text)] == [" line 3", " line 18", " line 22"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"300 mg"\n\n[[w', "300 mg\n\n[[w", 15, 'as in dose = "300 mg"'),
        ("2026-06-01", "2026-06-01T09:00", 4, "a time of day stands in quotes"),
        ('name = "A"', 'name = "A', 2, "a quote is opened and not closed"),
        ('name = "A"', 'name = "A"\nname = "B"', 3, "the key stands here for the second time"),
        ("[[laboratory]]", "[patient]", 6, "this table stands here for the second time"),
        ('name = "A"', "name: A", 2, "a line is key = value"),
        ("2026-06-01", "2026-02-30", 4, "there is no such date"),
    ],
)
def test_what_is_not_toml_is_shown_at_its_place(old: str, new: str, line: int, said: str) -> None:
    (fault,) = faults(BASE.replace(old, new, 1))
    assert fault.startswith(f"a.toml, line {line}: ")
    assert said in fault
    assert fault.endswith("^")


ODD = (
    *(
        "0",
        "-1",
        "1e400",
        "nan",
        "true",
        '""',
        '"0 kg"',
        '"300 mg"',
        '"1 %"',
        '"20 mg/L"',
        "[]",
        "{}",
        "[[1]]",
    ),
    *('"2026-02-10"', "2026-05-20", '"2026-02-10T09:00"', "07:00:00", '"0001-01-01"', "9999-12-31", '"x"'),
    *('"SC"', '"estimate"', '"1 d"', '"UTC"', '"Bergen"', '"a\\u0000b"', "1979-05-27T00:00:00-14:00"),
)
ROWS = example_patient().splitlines()
KEYED = [number for number, row in enumerate(ROWS) if " = " in row]
changes = st.one_of(
    st.tuples(st.sampled_from(KEYED), st.sampled_from(ODD)),
    st.tuples(st.sampled_from(range(len(ROWS))), st.sampled_from(["", "again"])),
)


@settings(max_examples=150, deadline=None)  # the first one loads the units
@given(st.lists(changes, min_size=1, max_size=3))
def test_a_spoilt_file_is_refused_at_its_lines_or_is_a_patient(spoilt: list[tuple[int, str]]) -> None:
    rows = list(ROWS)
    for number, change in spoilt:
        row = rows[number].split("\n")[0]
        key = row.partition(" = ")[0]
        rows[number] = {"": "", "again": f"{row}\n{row}"}.get(change, f"{key} = {change}")
    text = "\n".join(rows)
    try:
        patient = parse_patient(text, "a.toml")
    except InputError as refused:
        for problem in refused.problems:
            assert problem.file == "a.toml"
            assert problem.reason[:1]
            is_missing_table = "no table [patient]" in problem.reason
            assert is_missing_table or (problem.line and 1 <= problem.line <= text.count("\n") + 1), str(
                problem
            )
    else:
        assert parse_patient(to_toml(patient)) == patient
