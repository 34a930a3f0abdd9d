"""The named policies: what must hold of a rule whatever is measured, and where its settings come from."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wearoff.dosing.policies
from wearoff.dosing.fit.map import fit_map
from wearoff.dosing.fit.subject import Subject
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.policies import (
    FixedInterval,
    Known,
    ModelInformed,
    Policy,
    TroughGuidedTree,
    load_policy,
    policy_card,
    policy_names,
)
from wearoff.dosing.regimen import every
from wearoff.dosing.settled import SettledTroughs, settled_after
from wearoff.errors import UnknownNameError
from wearoff.sources import Mark, figure

WEEKS = st.integers(4, 10).map(float)
TROUGH = st.floats(0, 120)
INSTRUCTS = re.compile(r"\b(give|recommend(ed)? dose|should|must|safe|advise)", re.IGNORECASE)


@dataclass(frozen=True)
class Falling:
    """Troughs that fall by the same share every day, so that every interval has a closed form."""

    at_once: np.ndarray
    rate_per_d: np.ndarray

    def settled(self, interval_weeks: np.ndarray) -> np.ndarray:
        return np.asarray(self.at_once * np.exp(-self.rate_per_d * 7 * interval_weeks))


def tree(aim: float = 10.0) -> TroughGuidedTree:
    found = load_policy("trough_guided_tree", aim_mg_per_l=aim)
    assert isinstance(found, TroughGuidedTree)
    return found


def informed(aim: float) -> ModelInformed:
    found = load_policy("model_informed", aim_mg_per_l=aim)
    assert isinstance(found, ModelInformed)
    return found


def one(interval: float, *troughs: float) -> Known:
    return Known(np.array([interval]), np.array([troughs]))


@given(WEEKS, TROUGH, TROUGH, st.sampled_from([2.0, 5.0, 10.0]))
def test_a_higher_trough_never_shortens_the_interval_the_tree_arrives_at(
    now: float, first: float, second: float, aim: float
) -> None:
    low, high = sorted((first, second))
    below, above = (tree(aim).decide(one(now, level)).interval_weeks[0] for level in (low, high))
    assert now <= below <= above


@given(WEEKS, TROUGH, st.floats(0.5, 30), st.floats(0.5, 30))
def test_a_higher_aim_never_lengthens_the_interval_the_tree_arrives_at(
    now: float, level: float, first: float, second: float
) -> None:
    low, high = sorted((first, second))
    of_low, of_high = (tree(aim).decide(one(now, level)).interval_weeks[0] for aim in (low, high))
    assert of_high <= of_low


@pytest.mark.parametrize(
    ("now", "trough", "arrives", "because"),
    [
        (4.0, 15.1, 5.0, "a trough of 15.1 mg/L is above 15 mg/L: the rule goes 1 week further"),
        (4.0, 15.0, 4.0, "a trough of 15 mg/L is not above 15 mg/L: the interval stays"),
        (7.0, 60.0, 8.0, "a trough of 60 mg/L is above 15 mg/L: the rule goes 1 week further"),
        (8.0, 60.0, 8.0, "a trough of 60 mg/L is above 15 mg/L, but the rule goes to 8 weeks at most"),
        (5.0, np.nan, 5.0, "no trough was measured: the interval stays"),
    ],
)
def test_the_tree_at_an_aim_of_10_is_the_rule_of_the_registry(
    now: float, trough: float, arrives: float, because: str
) -> None:
    found = tree().decide(one(now, trough))
    assert (found.interval_weeks[0], found.reason(0)) == (arrives, because)


def test_only_the_latest_measured_troughs_decide() -> None:
    assert tree().decide(one(4, 90, 10)).interval_weeks[0] == 4
    two = TroughGuidedTree(15.0, 1.0, 8.0, troughs=2)
    assert two.decide(one(4, 90, 22, 10)).interval_weeks[0] == 5
    assert two.decide(one(4, 90, np.nan, 10)).interval_weeks[0] == 4
    assert two.decide(one(4, 16)).interval_weeks[0] == 5


@given(WEEKS, TROUGH, TROUGH)
def test_a_fixed_interval_ignores_what_is_measured(weeks: float, now: float, trough: float) -> None:
    found = load_policy("fixed", weeks=weeks).decide(one(now + 1, trough))
    assert found.interval_weeks[0] == weeks
    assert found.reason(0) == f"every {weeks:g} weeks, whatever is measured"


def test_the_interval_by_the_model_has_its_closed_form_where_troughs_fall_exponentially() -> None:
    rng = np.random.default_rng(3)
    falling = Falling(rng.uniform(20, 600, 500), rng.uniform(0.02, 0.12, 500))
    policy = informed(5.0)
    found = policy.decide(Known(np.full(500, 4.0), np.empty((500, 0)), falling))
    days = np.floor(np.log(falling.at_once / 5.0) / falling.rate_per_d)
    np.testing.assert_allclose(7 * found.interval_weeks, days.clip(28, 56), atol=1e-9)
    np.testing.assert_allclose(found.level, falling.settled(found.interval_weeks))
    assert set(found.why.tolist()) == {0, 1, 2}
    (kept,) = np.flatnonzero(found.why == 1)[:1]
    assert found.reason(kept).endswith("predicted at the longest interval that keeps the aim of 5 mg/L")
    for index in range(500):
        assert (days[index] < 28) == ("below the aim" in found.reason(index))


def test_with_known_parameters_the_model_keeps_the_aim_to_the_day() -> None:
    model = load_model()
    names = [f"P{index}" for index in range(200)]
    truth = SettledTroughs(model.draw(79.0, names, 1, 5))
    for aim in (10.0, 5.0, 2.0):
        found = informed(aim).decide(Known(np.full(200, 4.0), np.empty((200, 0)), truth))
        inside = found.why == 1
        assert inside.mean() > 0.5
        assert (truth.settled(found.interval_weeks)[inside] >= aim).all()
        assert (truth.settled(found.interval_weeks + 1 / 7)[inside] < aim).all()
        assert (found.interval_weeks[found.why == 0] == 4).all()
        assert (found.interval_weeks[found.why == 2] == 8).all()


def test_the_interval_by_the_model_grows_with_the_measured_trough_and_falls_with_the_aim() -> None:
    model, regimen = load_model(), every(4, times=14)
    troughs = np.array([8.0, 15.0, 22.0, 30.0, 45.0])
    subjects = [
        Subject.of(f"P{level:g}", regimen, 75.0, regimen.start_d[-2:].tolist(), [level, level])
        for level in troughs
    ]
    known = Known(np.full(5, 4.0), troughs[:, None], settled_after(model, subjects, fit_map(model, subjects)))
    by_aim = [informed(aim).decide(known).interval_weeks for aim in (10.0, 5.0, 2.0)]
    for interval in by_aim:
        assert (np.diff(interval) >= 0).all()
        assert interval[-1] > interval[0]
    assert (by_aim[0] <= by_aim[1]).all()
    assert (by_aim[1] <= by_aim[2]).all()


@pytest.mark.parametrize(
    "policy", [FixedInterval(6.0), tree(), informed(5.0)], ids=lambda policy: policy.name
)
def test_one_patient_is_a_batch_of_one(policy: Policy) -> None:
    rng = np.random.default_rng(8)
    interval, trough = rng.integers(4, 8, 40).astype(float), rng.uniform(0, 50, (40, 2))
    falling = Falling(rng.uniform(20, 400, 40), rng.uniform(0.03, 0.1, 40))
    whole = policy.decide(Known(interval, trough, falling))
    for index in range(40):
        alone = Falling(falling.at_once[[index]], falling.rate_per_d[[index]])
        found = policy.decide(Known(interval[[index]], trough[[index]], alone))
        assert found.interval_weeks[0] == whole.interval_weeks[index]
        assert found.reason(0) == whole.reason(index)


def test_no_aim_is_preset_and_what_a_policy_needs_is_asked_for() -> None:
    for name in ("trough_guided_tree", "model_informed"):
        for aim in (None, 0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(ValueError, match="needs an aim of more than 0 mg/L; none is preset"):
                load_policy(name, aim_mg_per_l=aim)
    with pytest.raises(ValueError, match="a fixed interval needs weeks"):
        load_policy("fixed")
    with pytest.raises(ValueError, match="longer than 0 weeks"):
        load_policy("fixed", weeks=0)
    with pytest.raises(ValueError, match="fit a model first"):
        informed(5.0).decide(one(4, 20))
    for ask in (load_policy, policy_card):
        with pytest.raises(UnknownNameError, match="Did you mean 'model_informed'"):
            ask("model_informd")


@pytest.mark.parametrize(
    ("interval", "trough", "said"),
    [
        ([4.0, 5.0], [[1.0]], "one interval for each patient"),
        ([0.0], [[1.0]], "longer than 0 weeks"),
        ([4.0], [[-1.0]], "a trough is not negative"),
        ([4.0], [[np.inf]], "a trough is not negative, and finite"),
    ],
)
def test_what_cannot_be_known_is_refused(interval: list[float], trough: list[list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Known(np.array(interval), np.array(trough))


@pytest.mark.parametrize("name", policy_names())
def test_every_setting_has_a_source_and_what_was_read_at_second_hand_is_marked_so(name: str) -> None:
    card = policy_card(name)
    assert card.reference.text
    assert card.notes or name == "fixed"
    for setting in card.settings.values():
        assert setting.source.text
        assert all(figure(row).id == row for row in setting.evidence)
        if "third party" in (setting.source.where or ""):
            assert setting.mark is not Mark.MEASURED
    assert not INSTRUCTS.search(f"{card.title} {card.rule}")


def test_the_margin_is_the_threshold_of_the_registry_less_the_aim_of_the_abstract() -> None:
    aim = float(re.findall(r"aim (\d+) mg/L", figure("P115").quantity)[0])
    margin = policy_card("trough_guided_tree").settings["margin"]
    assert (margin.value, margin.mark) == (15.0 - aim, "derived")


def test_reasons_never_instruct() -> None:
    falling = Falling(np.array([200.0]), np.array([0.05]))
    for policy in (FixedInterval(6.0), tree(), informed(5.0)):
        found = policy.decide(Known(np.array([4.0]), np.array([[20.0]]), falling))
        assert not any(INSTRUCTS.search(reason) for reason in found.reasons)


def test_the_example_in_the_docstring_holds() -> None:
    results = doctest.testmod(wearoff.dosing.policies)
    assert (results.attempted, results.failed) == (1, 0)


def test_the_rules_load_no_solver() -> None:
    code = (
        "import sys, numpy as np\n"
        "from wearoff.dosing.policies import Known, load_policy\n"
        "import wearoff.dosing.settled, wearoff.dosing.virtual_troughs\n"
        "load_policy('trough_guided_tree', aim_mg_per_l=5.0).decide(Known(np.array([4.0]), np.array([[20.0]])))\n"
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
