from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from tests.cohort.cohorts import cohort, on
from tests.cohort.wearing_off.diaries import Cycles, diaries, diary_rows, large, recorded
from wearoff.cohort.records import Cohort
from wearoff.cohort.wearing_off import VERDICTS, diary_rule_names, diary_wearing_off, load_diary_rule
from wearoff.cohort.wearing_off.diary_rules import setting_sources
from wearoff.errors import UnknownNameError
from wearoff.sources import Mark

RULE = load_diary_rule()
weeks = st.lists(st.integers(0, 5).map(float), min_size=4, max_size=4)
histories = st.lists(weeks, min_size=2, max_size=6)


def one(records: Cohort, rule: str = "rise_two_cycles") -> dict[str, object]:
    """The row of the only patient."""
    (row,) = diary_wearing_off(records, load_diary_rule(rule)).patients.to_dicts()
    return row


class TestLaws:
    @settings(max_examples=20, deadline=None)
    @given(cycles=histories, shift=st.integers(1, 5))
    def test_shifting_all_scores_changes_no_rise(
        self, tmp_path_factory: pytest.TempPathFactory, cycles: Cycles, shift: int
    ) -> None:
        shifted: Cycles = [[score + shift for score in weeks if score is not None] for weeks in cycles]
        before = one(diaries(tmp_path_factory.mktemp("a"), {"P": cycles}))
        after = one(diaries(tmp_path_factory.mktemp("b"), {"P": shifted}))
        assert after.pop("severity_sd") == pytest.approx(before.pop("severity_sd"))
        assert after == before

    @settings(max_examples=20, deadline=None)
    @given(cycles=histories)
    def test_reversing_time_in_the_cycle_changes_the_sign(
        self, tmp_path_factory: pytest.TempPathFactory, cycles: Cycles
    ) -> None:
        before = one(diaries(tmp_path_factory.mktemp("a"), {"P": cycles}))
        after = one(diaries(tmp_path_factory.mktemp("b"), {"P": [weeks[::-1] for weeks in cycles]}))
        assert after["rise"] == -before["rise"]  # type: ignore[operator]
        assert after["rise_low"] == pytest.approx(-before["rise_high"])  # type: ignore[operator]
        assert after["severity_sd"] == pytest.approx(before["severity_sd"])

    @settings(max_examples=20, deadline=None)
    @given(order=st.permutations(range(24)))
    def test_shuffling_rows_changes_nothing(
        self, tmp_path_factory: pytest.TempPathFactory, order: list[int]
    ) -> None:
        people = {"P": [[1.0, 2, 3, 4], [0, 0, 1, 5], [2, 2, 2, 1]], "Q": [[3.0, 2, 1, 0]] * 3}
        before = diary_wearing_off(diaries(tmp_path_factory.mktemp("a"), people), RULE)
        after = diary_wearing_off(diaries(tmp_path_factory.mktemp("b"), people, order=order), RULE)
        assert after.patients.equals(before.patients)
        assert after.cycles.equals(before.cycles)
        assert after.by_cycle_day.equals(before.by_cycle_day)
        assert after.entries.drop("row").equals(before.entries.drop("row"))

    @pytest.mark.parametrize("cycles", [4, 6])
    def test_a_flat_diary_has_a_rise_of_0_and_is_steady(self, tmp_path: Path, cycles: int) -> None:
        row = one(diaries(tmp_path, {"P": [[3.0] * 4] * cycles}))
        assert (row["rise"], row["verdict"], row["severity_sd"]) == (0.0, "steady", 0.0)
        assert row["rise_low"] == -row["rise_high"]  # type: ignore[operator]

    def test_the_interval_is_that_of_a_t_test_over_cycles(self, tmp_path: Path) -> None:
        cycles: Cycles = [[1.0, 1, 1, 4], [2, 1, 1, 3], [0, 1, 1, 5], [1, 1, 1, 3]]
        row = one(diaries(tmp_path, {"P": cycles}))
        interval = ttest_1samp([3, 1, 5, 2], 0).confidence_interval(0.90)
        assert row["rise"] == pytest.approx(2.75)
        assert (row["rise_low"], row["rise_high"]) == pytest.approx((interval.low, interval.high))


class TestVerdicts:
    def test_a_steady_rise_is_wearing_off(self, tmp_path: Path) -> None:
        row = one(diaries(tmp_path, {"P": [[1.0, 1, 2, 4], [1, 2, 3, 3], [0, 1, 3, 4]]}))
        assert (row["verdict"], row["cycles_used"], row["entries_used"]) == ("wearing-off", 3, 12)

    def test_ups_and_downs_without_relation_to_the_cycle_are_fluctuation(self, tmp_path: Path) -> None:
        cycles: Cycles = [
            [2.0, 5, 2, 2],
            [5, 2, 1, 5],
            [2, 1, 5, 2],
            [1, 5, 2, 1],
            [5, 1, 2, 5],
            [2, 5, 5, 2],
        ]
        row = one(diaries(tmp_path, {"P": cycles}))
        assert (row["verdict"], row["rise"]) == ("fluctuation", 0.0)

    def test_a_small_rise_that_is_certain_is_not_called_wearing_off(self, tmp_path: Path) -> None:
        row = one(diaries(tmp_path, {"P": [[2.0, 2, 2, 2.5]] * 12}))
        assert row["verdict"] == "steady"
        assert row["why"] == "a rise, with an interval below 0.94 points"

    def test_two_rises_that_differ_widely_leave_it_open(self, tmp_path: Path) -> None:
        row = one(diaries(tmp_path, {"P": [[0.0, 0, 0, 6], [2, 2, 2, 2]]}))
        assert row["verdict"] == "cannot be told"
        assert row["why"] == "the interval of the rise holds 0 and 0.94 points"

    def test_two_equal_rises_of_one_point_are_no_proof_for_whole_points_repeat_by_chance(
        self, tmp_path: Path
    ) -> None:
        row = one(diaries(tmp_path, {"P": [[2.0, 2, 2, 3]] * 2}))
        assert row["verdict"] == "cannot be told"

    @pytest.mark.parametrize(
        ("cycles", "why"),
        [
            ([[None, 1.0, 2, 4]] * 5, "no entry early in a cycle"),
            ([[1.0, 1, 2, None]] * 5, "no entry late in a cycle"),
            ([[1.0, 1, 2, 4]], "fewer than 2 cycles with a first and a last week"),
            ([[None, 1.0, 2, 4], [1.0, 1, 2, None]], "fewer than 2 cycles with a first and a last week"),
        ],
    )
    def test_without_an_early_week_it_cannot_be_told_which_is_never_no(
        self, tmp_path: Path, cycles: Cycles, why: str
    ) -> None:
        row = one(diaries(tmp_path, {"P": cycles}))
        assert (row["verdict"], row["why"]) == ("cannot be told", why)

    def test_every_patient_appears_with_a_reason(self, tmp_path: Path) -> None:
        records = cohort(
            tmp_path,
            patient=["patient_id", "A", "B", "C"],
            infusion=["patient_id,start_time", f"C,{on(100)}"],
            diary=["patient_id,week_ending,severity_0_10", f"B,{on(50)},3", f"C,{on(50)},3"],
        )
        result = diary_wearing_off(records, RULE)
        assert dict(result.patients.select("patient_id", "why").iter_rows()) == {
            "A": "no diary",
            "B": "no infusion before the diary",
            "C": "no infusion before the diary",
        }
        assert result.entries["not_used"].to_list() == ["no infusion before it"] * 2
        assert set(result.patients["verdict"]) == {"cannot be told"}

    def test_a_refused_entry_is_named_where_nothing_can_be_told(self, tmp_path: Path) -> None:
        rows = diary_rows("P", [[1.0, 1, 2, 4]])
        records = cohort(
            tmp_path,
            infusion=["patient_id,start_time", f"P,{on(0)}", f"P,{on(28)}"],
            diary=["patient_id,week_ending,severity_0_10", *rows, f"P,{on(62)},11"],
        )
        assert str(one(records)["why"]).endswith("; a diary entry was refused")

    def test_a_refused_infusion_would_make_one_cycle_of_two_so_nothing_is_told(self, tmp_path: Path) -> None:
        rows = diary_rows("P", [[1.0, 1, 2, 4]] * 6)
        infusions = [f"P,{on(28 * cycle)}" for cycle in range(7)]
        records = cohort(
            tmp_path,
            infusion=["patient_id,start_time", *infusions[:3], "P,84 days later", *infusions[4:]],
            diary=["patient_id,week_ending,severity_0_10", *rows],
        )
        row = one(records)
        assert (row["verdict"], row["entries_used"]) == ("cannot be told", 0)
        assert row["why"] == "an infusion record of this patient was refused"


class TestWeeks:
    def test_a_week_may_begin_and_end_on_a_day_of_infusion_but_not_hold_one_between(
        self, tmp_path: Path
    ) -> None:
        ends = {
            6: "first",
            5: None,
            28: "last",
            29: None,
            12: "first",
            13: "between",
            22: "last",
            21: "between",
        }
        people = {f"P{end}": end for end in ends}
        records = cohort(
            tmp_path,
            infusion=["patient_id,start_time", *(f"{p},{on(day)}" for p in people for day in (0, 28, 56))],
            diary=[
                "patient_id,week_ending,severity_0_10",
                *(f"{p},{on(end)},3" for p, end in people.items()),
            ],
        )
        entries = diary_wearing_off(records, RULE).entries
        found = {
            int(row["patient_id"][1:]): None if row["not_used"] else row["week"]
            for row in entries.iter_rows(named=True)
        }
        assert found == ends

    def test_an_entry_written_long_after_its_week_is_shown_and_not_used(self, tmp_path: Path) -> None:
        records = cohort(
            tmp_path,
            infusion=["patient_id,start_time", f"P,{on(0)}", f"P,{on(28)}"],
            diary=[
                "patient_id,week_ending,severity_0_10,entered_late_d",
                f"P,{on(6)},3,7",
                f"P,{on(13)},3,8",
                f"P,{on(20)},3,",
            ],
        )
        result = diary_wearing_off(records, RULE)
        assert result.entries["not_used"].to_list() == [None, "written more than 7 days late", None]
        assert result.patients.select("entries", "entries_used", "entries_late").row(0) == (3, 2, 1)

    @pytest.mark.parametrize(("days", "is_used"), [(20, False), (21, True), (84, True), (85, False)])
    def test_cycles_that_are_too_short_or_too_long_are_not_used(
        self, tmp_path: Path, days: int, is_used: bool
    ) -> None:
        records = diaries(tmp_path, {"P": [[1.0, 2]] * 3}, days=days)
        assert one(records)["entries_used"] == (6 if is_used else 0)

    def test_an_open_cycle_gives_weeks_but_no_rise(self, tmp_path: Path) -> None:
        records = cohort(
            tmp_path,
            infusion=["patient_id,start_time", f"P,{on(0)}"],
            diary=["patient_id,week_ending,severity_0_10", *diary_rows("P", [[1.0, 2, 3, 4]])],
        )
        result = diary_wearing_off(records, RULE)
        assert result.cycles["not_used"].to_list() == ["no next infusion yet"]
        assert result.cycles["rise"].to_list() == [None]
        assert result.entries["not_used"].null_count() == 4

    def test_days_are_told_in_the_timezone_of_the_cohort(self, tmp_path: Path) -> None:
        from tests.cohort.cohorts import AS_OF, write_folder
        from wearoff.cohort.records import read_cohort

        folder = write_folder(
            tmp_path,
            infusion=["patient_id,start_time", f"P,{on(0)}T23:30+00:00"],
            diary=["patient_id,week_ending,severity_0_10", f"P,{on(7)},3"],
        )
        for zone, begins in (("UTC", 1), ("Europe/Oslo", 0)):
            records = read_cohort(folder, as_of=AS_OF, timezone=zone)
            assert diary_wearing_off(records, RULE).entries["begins_d"].to_list() == [begins]


class TestConfounders:
    CYCLES: Cycles = [[1.0, 1, 2, 3]] * 3

    @pytest.mark.parametrize(
        ("table", "lines", "what"),
        [
            ("relapse", ["patient_id,onset_date,end_date", f"P,{on(30)},{on(40)}"], "relapse"),
            ("event", ["patient_id,start_date,kind", f"P,{on(28)},urinary tract Infection"], "infection"),
            ("event", ["patient_id,start_date,kind", f"P,{on(55)},new drug"], "new drug"),
        ],
    )
    def test_what_happened_in_a_cycle_stands_beside_it(
        self, tmp_path: Path, table: str, lines: list[str], what: str
    ) -> None:
        records = diaries(tmp_path, {"P": self.CYCLES}, **{table: lines})
        cycles = diary_wearing_off(records, RULE).cycles
        assert cycles["confounders"].to_list() == [[], [what], []]
        assert one(records)["cycles_confounded"] == 1

    def test_a_relapse_that_goes_on_confounds_every_cycle_it_reaches(self, tmp_path: Path) -> None:
        relapse = ["patient_id,onset_date,end_date", f"P,{on(27)},{on(56)}"]
        cycles = diary_wearing_off(diaries(tmp_path, {"P": self.CYCLES}, relapse=relapse), RULE).cycles
        assert cycles["confounders"].to_list() == [["relapse"]] * 3

    def test_an_event_that_is_neither_confounds_nothing(self, tmp_path: Path) -> None:
        event = ["patient_id,start_date,kind", f"P,{on(30)},vaccination", f"P,{on(84)},infection"]
        cycles = diary_wearing_off(diaries(tmp_path, {"P": self.CYCLES}, event=event), RULE).cycles
        assert cycles["confounders"].to_list() == [[], [], []]

    def test_the_diarys_own_columns_speak_for_their_cycle(self, tmp_path: Path) -> None:
        rows = diary_rows("P", [[1.0, 1, 2, 3]] * 2)
        cells = ["N,", "no,", ",", ",", "N,", "Y,", "N,none", "N,heat wave"]
        records = cohort(
            tmp_path,
            infusion=["patient_id,start_time", *(f"P,{on(day)}" for day in (0, 28, 56))],
            diary=[
                "patient_id,week_ending,severity_0_10,confounder_infection,confounder_other",
                *(f"{row},{cell}" for row, cell in zip(rows, cells, strict=True)),
            ],
        )
        assert diary_wearing_off(records, RULE).cycles["confounders"].to_list() == [
            [],
            ["infection", "other"],
        ]

    def test_the_rise_without_confounded_cycles_is_shown_and_is_a_rule_of_its_own(
        self, tmp_path: Path
    ) -> None:
        cycles: Cycles = [[1.0, 1, 2, 2], [1, 1, 2, 8], [1, 1, 2, 2]]
        event = ["patient_id,start_date,kind", f"P,{on(30)},infection"]
        records = diaries(tmp_path, {"P": cycles}, event=event)
        kept, without = one(records), one(records, "rise_two_cycles_unconfounded")
        assert (kept["rise"], kept["rise_unconfounded"], kept["cycles_used"]) == (3.0, 1.0, 3)
        assert (without["rise"], without["rise_unconfounded"], without["cycles_used"]) == (1.0, 1.0, 2)


def test_severity_by_cycle_day_is_the_mean_of_the_used_weeks(tmp_path: Path) -> None:
    by_day = diary_wearing_off(diaries(tmp_path, {"P": [[1.0, 2, 3, 4], [3, 2, 1, 4]]}), RULE).by_cycle_day
    assert by_day.to_dict(as_series=False) == {
        "patient_id": ["P"] * 4,
        "cycle_day": [3, 10, 17, 24],
        "entries": [2] * 4,
        "severity": [2.0, 2.0, 2.0, 4.0],
        "severity_centred": [-0.5, -0.5, -0.5, 1.5],
    }


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([14, 20, 21, 27, 28, 29, 35, 42, 84, 85]), min_size=1, max_size=6),
    first=st.integers(0, 20),
    steps=st.lists(st.integers(7, 20), min_size=1, max_size=25),
    scores=st.lists(st.integers(0, 10), min_size=25, max_size=25),
    late=st.lists(st.sampled_from(["", "0", "7", "8"]), min_size=25, max_size=25),
)
def test_rises_agree_with_a_slow_second_way(
    tmp_path_factory: pytest.TempPathFactory,
    gaps: list[int],
    first: int,
    steps: list[int],
    scores: list[int],
    late: list[str],
) -> None:
    infused = [sum(gaps[:place]) for place in range(len(gaps) + 1)]
    ends = [first + sum(steps[: place + 1]) for place in range(len(steps))]
    records = cohort(
        tmp_path_factory.mktemp("weeks"),
        infusion=["patient_id,start_time", *(f"P,{on(day)}" for day in infused)],
        diary=[
            "patient_id,week_ending,severity_0_10,entered_late_d",
            *(f"P,{on(end)},{score},{days}" for end, score, days in zip(ends, scores, late, strict=False)),
        ],
    )
    rises = []
    for start, stop in pairwise(infused):
        if not RULE.cycle_d[0] <= stop - start <= RULE.cycle_d[1]:
            continue
        early, final = [], []
        for end, score, days in zip(ends, scores, late, strict=False):
            week = range(end - 6, end + 1)
            if days == "8" or week[0] < start or week[-1] > stop:
                continue
            if week[0] - start < 7:
                early.append(score)
            elif stop - week[-1] < 7:
                final.append(score)
        if early and final:
            rises.append(sum(final) / len(final) - sum(early) / len(early))
    row = one(records)
    assert row["cycles_used"] == len(rises)
    if rises:
        assert row["rise"] == pytest.approx(np.mean(rises))


def fluctuating(random: np.random.Generator, kind: str, patients: int, cycles: int) -> np.ndarray:
    """Severities that do not know the cycle, shape (patients, cycles, 4)."""
    weeks = 4 * cycles
    match kind:
        case "independent weeks":
            noise = random.normal(0, 1.5, (patients, weeks))
        case "weeks that hang together":
            noise = np.empty((patients, weeks))
            noise[:, 0] = random.normal(0, 1.5, patients)
            for week in range(1, weeks):
                noise[:, week] = 0.8 * noise[:, week - 1] + random.normal(0, 0.9, patients)
        case "random walk":
            noise = np.cumsum(random.normal(0, 0.6, (patients, weeks)), axis=1)
        case "bad months":
            noise = np.repeat(random.normal(0, 1.5, (patients, cycles)), 4, axis=1)
            noise = np.roll(noise, 2, axis=1) + random.normal(0, 0.5, (patients, weeks))
        case _:
            phase = random.uniform(0, 2 * np.pi, (patients, 1))
            noise = 2 * np.sin(2 * np.pi * np.arange(weeks) / 9.3 + phase)
            noise += random.normal(0, 0.7, (patients, weeks))
    return recorded(5 + noise).reshape(patients, cycles, 4)


@pytest.mark.parametrize("cycles", [2, 3, 6])
@pytest.mark.parametrize(
    "kind",
    ["independent weeks", "weeks that hang together", "random walk", "bad months", "another period"],
)
def test_fluctuation_without_cycle_relation_is_called_wearing_off_at_most_at_the_nominal_rate(
    kind: str, cycles: int
) -> None:
    patients = 4000
    random = np.random.default_rng(7)
    found = diary_wearing_off(large(fluctuating(random, kind, patients, cycles)), RULE).patients
    called = (found["verdict"] == "wearing-off").sum()
    chance = RULE.error_rate * patients
    assert called <= chance + 2.6 * np.sqrt(chance * (1 - RULE.error_rate))
    assert found["cycles_used"].unique().to_list() == [cycles]


def test_wearing_off_that_is_there_is_found_in_most_with_six_cycles_and_not_denied() -> None:
    random = np.random.default_rng(8)
    rise = np.array([0, 0, 1.0, 2.5])
    severity = recorded(2.5 + rise + random.normal(0, 0.9, (2000, 6, 4)))
    verdicts = diary_wearing_off(large(severity), RULE).patients["verdict"].value_counts(normalize=True)
    share = dict(verdicts.iter_rows())
    assert share["wearing-off"] > 0.9
    assert share.get("steady", 0) + share.get("fluctuation", 0) < 0.02


@pytest.mark.parametrize("name", diary_rule_names())
def test_a_rule_describes_every_number_and_names_what_is_assumed(name: str) -> None:
    rule = load_diary_rule(name)
    text = rule.describe()
    assert text.startswith(f"Rule {name}:")
    for number in (rule.least_rise, rule.least_sd, rule.fluctuation_sd, rule.most_late_d, rule.fewest_cycles):
        assert f"{number:g}" in text
    assert "Assumed: confounded, error_rate, fluctuation_sd, most_late_d" in text
    assert set(VERDICTS) == {"wearing-off", "fluctuation", "steady", "cannot be told"}


def test_the_least_sd_is_that_of_the_difference_of_two_rounded_scores() -> None:
    assert setting_sources()["least_sd"][0] is Mark.DERIVED
    assert pytest.approx(np.sqrt(1 / 12 + 1 / 12), abs=0.005) == RULE.least_sd


def test_a_setting_of_ones_own_stands_in_the_name() -> None:
    assert RULE.with_settings(least_rise=2.0).name == "rise_two_cycles[least_rise=2.0]"
    assert RULE.with_settings(least_rise=0.94) is RULE
    with pytest.raises(UnknownNameError, match="least_rise"):
        RULE.with_settings(rise=1)
    with pytest.raises(UnknownNameError, match="rise_two_cycles"):
        load_diary_rule("rise")


def test_no_answer_depends_on_another_patient(tmp_path: Path) -> None:
    people: dict[str, Cycles] = {"A": [[1.0, 1, 2, 4]] * 3, "B": [[5.0, 1, 2, 0]] * 3}
    both = diary_wearing_off(diaries(tmp_path / "both", people), RULE).patients
    alone = diary_wearing_off(diaries(tmp_path / "alone", {"A": people["A"]}), RULE).patients
    assert both.filter(pl.col("patient_id") == "A").equals(alone)
