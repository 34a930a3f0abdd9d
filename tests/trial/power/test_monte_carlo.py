from __future__ import annotations

import numpy as np
import pytest

from wearoff.trial.power import ActivityDesign, Simulated, simulate
from wearoff.trial.power.activity import COX, LOG_RANK
from wearoff.trial.power.design import Drawn
from wearoff.trial.power.monte_carlo import counted, streams_of, verdict

SMALL = ActivityDesign(60, ratio=3.0, activity=0.2, exposed=0.4, dropout=0.1, years=1.0)


def test_a_study_belongs_to_its_seed_number_and_purpose_and_to_nothing_else() -> None:
    first = streams_of(1, 5, "sid_eid")("relapses").random(4)
    assert (streams_of(1, 5, "sid_eid")("relapses").random(9)[:4] == first).all()
    for other in (streams_of(2, 5, "sid_eid")("relapses"), streams_of(1, 6, "sid_eid")("relapses")):
        assert (other.random(4) != first).all()
    assert (streams_of(1, 5, "sid_eid")("frailty").random(4) != first).all()


def test_more_studies_keep_the_first_ones() -> None:
    def one_by_one(replicates: int) -> list[bool]:
        return [
            SMALL.draw(streams_of(3, number, SMALL.question))[LOG_RANK].is_found
            for number in range(replicates)
        ]

    assert one_by_one(25)[:10] == one_by_one(10)
    assert simulate(SMALL, replicates=25, seed=3)[LOG_RANK].found == sum(one_by_one(25))


def test_the_same_seed_gives_the_same_and_another_seed_another_result() -> None:
    assert simulate(SMALL, replicates=15, seed=1) == simulate(SMALL, replicates=15, seed=1)
    assert simulate(SMALL, replicates=15, seed=1)[COX] != simulate(SMALL, replicates=15, seed=2)[COX]


def test_leaving_an_analysis_out_does_not_change_the_others() -> None:
    both = simulate(SMALL, replicates=15, seed=1)
    assert simulate(SMALL, replicates=15, seed=1, tests=(COX,))[COX] == both[COX]


def test_progress_is_told_study_by_study() -> None:
    told: list[tuple[int, int]] = []
    simulate(SMALL, replicates=4, tests=(LOG_RANK,), progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_error_is_that_of_a_share_and_never_nothing() -> None:
    assert Simulated(80, 0, 100).error == pytest.approx(0.04)
    assert Simulated(100, 0, 100).error > 0.0
    assert Simulated(0, 0, 100).error == pytest.approx(Simulated(100, 0, 100).error)
    assert 0.8 in Simulated(80, 0, 100).interval
    assert Simulated(80, 5, 100).shown == 0.85
    assert Simulated(75, 5, 100).shown_error == pytest.approx(0.04)
    assert Simulated(84, 0, 100).distance(0.8) == pytest.approx(1.0)


def test_studies_are_counted_by_what_was_found_and_how_well_it_was_measured() -> None:
    found = counted(
        [
            Drawn(True, False, 2.0, True),
            Drawn(False, True, 0.5, False),
            Drawn(False, False, np.inf, True),
            Drawn(False),
        ]
    )
    assert (found.found, found.wrong, found.replicates) == (1, 1, 4)
    assert found.estimate == pytest.approx(1.0)
    assert (found.infinite, found.covered) == (2, 2)
    assert counted([Drawn(True)]).coverage is None


def test_only_a_small_p_on_the_right_side_is_a_finding() -> None:
    assert verdict(0.04, 1.0, 0.05).is_found
    assert not verdict(0.06, 1.0, 0.05).is_found
    assert verdict(0.04, -1.0, 0.05).is_wrong
    assert verdict(None, 1.0, 0.05) == Drawn(False)


def test_no_study_is_no_answer() -> None:
    with pytest.raises(ValueError, match="at least one study"):
        simulate(SMALL, replicates=0)
