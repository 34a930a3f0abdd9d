from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from wearoff.stats import schoenfeld_power
from wearoff.trial.power import ActivityDesign, PowerChoices, plan, question_names
from wearoff.trial.power.activity import LOG_RANK
from wearoff.trial.power.assurance import Prior, assurance_table, assure, priors


def assured(name: str = "wearing_off_activity", **settings: float):
    return assure(plan(PowerChoices(name, settings, replicates=40)))


@pytest.mark.parametrize("name", question_names())
def test_a_truth_that_is_known_leaves_the_power_of_the_formula(name: str) -> None:
    sd = "true_ratio_sd" if name == "sid_eid" else "ratio_sd"
    mine = plan(PowerChoices(name, {sd: 1e-9}, replicates=5))
    ratio_alone = next(one for one in assure(mine) if one.prior.name == "the ratio")
    assert ratio_alone.by_formula == pytest.approx(mine.design.closed_form(mine.design.tests[0]), abs=1e-6)
    assert ratio_alone.needed is not None
    assert abs(ratio_alone.needed - mine.design.patients) <= 1


def test_the_average_over_the_ratio_is_the_integral() -> None:
    mine = plan(PowerChoices(replicates=5))
    design, sd = mine.design, mine.settings["ratio_sd"]
    assert isinstance(design, ActivityDesign)

    def power(z: float) -> float:
        ratio = 2.0 * exp(sd * z)
        this = replace(design, ratio=ratio)
        # below 1 the study finds the effect on the other side, and nearly never on this one
        found = schoenfeld_power(this.events, ratio, share=0.425) if ratio > 1 else 0.0
        return found * float(stats.norm.pdf(z))

    by_hand, _ = quad(power, -8, 8, points=[-log(2) / sd])
    found = next(one for one in assure(mine) if one.prior.name == "the ratio")
    assert found.by_formula == pytest.approx(by_hand, abs=3 * found.formula_error + 0.001)


def test_simulated_studies_of_drawn_truths_agree_with_the_average() -> None:
    one = assure(plan(PowerChoices(replicates=700)))[0]
    assert one.simulated is not None
    assert abs(one.simulated.power - one.by_formula) < 3 * np.hypot(one.simulated.error, one.formula_error)


def test_uncertainty_costs_success_where_power_is_high() -> None:
    by_sd = [assured(ratio_sd=sd)[1].by_formula for sd in (0.05, 0.2, 0.4, 0.8)]
    assert by_sd == sorted(by_sd, reverse=True)


def test_no_number_of_patients_finds_an_effect_on_the_other_side() -> None:
    one = assured(ratio_sd=2.0)[1]
    assert one.limit == pytest.approx(stats.norm.cdf(log(2.0) / 2.0), abs=0.04)
    assert one.limit < 0.8
    assert one.needed is None


def test_a_plan_for_a_ratio_below_one_succeeds_on_that_side() -> None:
    above, below = assured(ratio=2.0)[1], assured(ratio=0.5)[1]
    assert above.limit == pytest.approx(below.limit, abs=0.03)
    assert below.by_formula > 0.5
    assert below.simulated is None
    first = assured(ratio=0.5)[0].simulated
    assert first is not None
    assert first.power > 0.4


def test_published_counts_of_activity_are_those_of_the_evidence_table() -> None:
    by_name = {prior.name: prior for prior in priors(plan(PowerChoices()))}
    assert by_name["ratio, and activity of the first follow-up"].activity == (0.5, 35.5)
    assert by_name["ratio, and new T2 lesions in a trial"].activity == (8.5, 187.5)
    assert "W101" in by_name["ratio, and new T2 lesions in a trial"].source


def test_a_share_seen_over_more_than_a_year_becomes_a_smaller_yearly_one() -> None:
    over_two = Prior("", (2.0, 0.0), (20.0, 80.0), "", years=2.0)
    _, yearly = over_two.truth(0.0, 0.5)
    assert yearly is not None
    assert 1 - (1 - yearly) ** 2 == pytest.approx(stats.beta.median(20, 80), abs=1e-9)
    low, high = over_two.quantiles()[1] or (0.0, 0.0)
    assert low < yearly < high


def test_the_table_says_what_is_uncertain_and_where_it_comes_from() -> None:
    frame = assurance_table(assured()).frame
    assert frame.height == 5
    assert frame.get_column("source").str.len_chars().min() >= len("assumed")
    assert frame.row(0, named=True)["ratio_low"] == pytest.approx(1.0, abs=0.001)
    assert frame.get_column("assurance_simulated").null_count() == 4


def test_the_main_analysis_is_the_one_that_is_averaged() -> None:
    mine = plan(PowerChoices())
    design = mine.design
    power = design.closed_form(LOG_RANK)
    from scipy.special import ndtr

    assert ndtr(design.unit_signal * np.sqrt(design.patients) - design.critical) == pytest.approx(power)
