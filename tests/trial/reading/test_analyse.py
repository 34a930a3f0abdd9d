"""One row for each replicate and analysis, whatever stands in the tables."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.trial.studies import every_analysis, example, protocol, repeated
from wearoff.cohort.association import (
    comparisons_table,
    group_activity,
    outcomes_by_patient,
    rate_ratio_table,
)
from wearoff.cohort.neda import histories, kept_windows, load_rule, score_neda
from wearoff.cohort.wearing_off import CODINGS, answers_by_patient
from wearoff.trial.protocol import Analysis, Looks
from wearoff.trial.reading.analyse import analyse
from wearoff.trial.reading.endpoints import endpoints_of
from wearoff.trial.results import RESULT_SCHEMA


def row(results: pl.DataFrame, name: str) -> dict[str, object]:
    return results.filter(pl.col("analysis") == name).row(0, named=True)


def test_the_example_gives_the_comparisons_of_its_study() -> None:
    study = protocol(weeks=52)
    results = analyse(endpoints_of(example(), study), study)
    answers = answers_by_patient(example())
    neda = score_neda(example(), load_rule("neda3_12w"), kept_windows(1))
    theirs = comparisons_table(
        [group_activity(neda, answers, "kept to year 1", CODINGS["any_vs_never"])]
    ).row(0, named=True)
    mine = row(results, "fisher neda wearing_off")
    assert (mine["estimate"], mine["low"], mine["p"]) == (
        theirs["risk_difference"],
        theirs["low"],
        theirs["fisher_p"],
    )
    assert mine["verdict"] == theirs["verdict"]
    odds = row(results, "firth_odds_ratio neda wearing_off")
    assert (odds["estimate"], odds["high"]) == (theirs["odds_ratio"], theirs["or_high"])


def test_rates_are_those_of_the_study_over_the_whole_record() -> None:
    study = protocol(weeks=521)
    results = analyse(endpoints_of(example(), study), study)
    outcomes = outcomes_by_patient(histories(example()))
    table = rate_ratio_table(outcomes, answers_by_patient(example())).filter(
        pl.col("coding") == "any_vs_never"
    )
    for kind, outcome in (("relapses", "relapses"), ("lesions", "new or enlarging T2 lesions")):
        theirs = table.filter(pl.col("outcome") == outcome).row(0, named=True)
        mine = row(results, f"poisson_rate_ratio {kind} wearing_off")
        # Nobody with wearing-off had a relapse: a ratio of 0 is no finite estimate on the logarithmic scale.
        assert (mine["estimate"] or 0.0) == pytest.approx(theirs["exact_ratio"])
        assert mine["high"] == pytest.approx(theirs["exact_high"])
        assert mine["p"] == pytest.approx(theirs["exact_p"])
        model = row(results, f"negative_binomial_rate_ratio {kind} wearing_off")
        assert (model["estimate"] or 0.0) == pytest.approx(theirs["ratio"], rel=1e-6)


def test_every_replicate_has_a_row_of_every_analysis_and_equal_ones_have_equal_rows() -> None:
    study = protocol()
    results = analyse(endpoints_of(repeated(3), study), study)
    assert results.schema == pl.Schema(RESULT_SCHEMA)
    assert results.height == 3 * len(every_analysis())
    assert results["is_shown"].null_count() == results["verdict"].null_count() == 0
    parts = [results.filter(pl.col("replicate") == k).drop("replicate") for k in range(3)]
    assert parts[0].equals(parts[1])
    assert parts[0].equals(parts[2])
    assert parts[0]["analysis"].to_list() == [analysis.name for analysis in every_analysis()]


def test_a_replicate_does_not_depend_on_the_others_of_its_block() -> None:
    study = protocol()
    frame = endpoints_of(repeated(2), study)
    shuffled = np.random.default_rng(1).permutation(40)
    other = pl.concat(
        [
            frame[:40].with_columns(answer=frame["answer"][shuffled.tolist()]),
            frame[40:],
        ]
    )
    mine = analyse(other, study).filter(pl.col("replicate") == 1)
    assert mine.equals(analyse(frame[40:], study))


def test_an_empty_frame_gives_no_row_and_scattered_replicates_are_refused() -> None:
    study = protocol()
    frame = endpoints_of(repeated(2), study)
    assert analyse(frame[:0], study).height == 0
    with pytest.raises(ValueError, match="do not stand together"):
        analyse(pl.concat([frame[:3], frame[40:43], frame[3:6]]), study)


def test_arms_that_nobody_was_assigned_to_leave_every_verdict_uninformative() -> None:
    study = protocol()
    frame = endpoints_of(example(), study).with_columns(arm=pl.lit(None, pl.String))
    results = analyse(frame, study).filter(pl.col("analysis").str.ends_with(" arm"))
    assert set(results["verdict"]) == {"uninformative"}
    assert not results["is_shown"].any()


def primary() -> tuple[Analysis, ...]:
    return (
        Analysis(name="first", method="fisher", endpoint="neda", by="arm", is_primary=True),
        Analysis(name="second", method="newcombe_difference", endpoint="neda", by="arm"),
    )


def test_an_interim_look_makes_the_primary_analysis_at_its_nominal_level() -> None:
    study = protocol(analyses=primary(), looks=Looks(weeks=(52.0,)))
    frame = endpoints_of(example(), study)
    early = analyse(frame, study, look=1, alpha=0.005)
    assert early["analysis"].to_list() == ["first"]
    assert early["look"].to_list() == [1]
    last = analyse(frame, study, look=2)
    assert last["analysis"].to_list() == ["first", "second"]
    p = early["p"][0]
    assert analyse(frame, study, look=1, alpha=min(0.49, p))["is_shown"].to_list() == [p <= 0.49]
    wide, usual = early["high"][0] - early["low"][0], last["high"][0] - last["low"][0]
    assert wide > usual


def test_the_compared_arm_is_the_second_unless_it_is_named() -> None:
    def difference(**names: str) -> float:
        one = Analysis(name="it", method="newcombe_difference", endpoint="neda", by="arm", **names)
        study = protocol(analyses=(one,))
        return analyse(endpoints_of(example(), study), study)["estimate"][0]

    assert difference() == difference(compared="EID", reference="SID") == difference(reference="SID")
    assert difference(compared="SID", reference="EID") == -difference() != 0.0
    assert difference(reference="EID") == -difference()
