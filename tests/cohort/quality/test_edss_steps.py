from __future__ import annotations

from itertools import combinations_with_replacement, permutations

import polars as pl
import pytest

from wearoff.cohort.quality.edss_steps import load_edss_steps
from wearoff.sources import Mark

STEPS = load_edss_steps()

# The worst patterns that each step still holds, highest score first: a second way to write the definitions.
WORST = {
    0.0: [(0,) * 7],
    1.0: [(1, 0, 0, 0, 0, 0, 0)],
    1.5: [(1,) * 7],
    2.0: [(2, 1, 1, 1, 1, 1, 1)],
    2.5: [(2, 2, 1, 1, 1, 1, 1)],
    3.0: [(2, 2, 2, 2, 1, 1, 1), (3, 1, 1, 1, 1, 1, 1)],
    3.5: [(2, 2, 2, 2, 2, 1, 1), (3, 2, 2, 1, 1, 1, 1), (3, 3, 1, 1, 1, 1, 1)],
    4.0: [(3, 3, 3, 3, 2, 2, 2), (4, 2, 2, 2, 2, 2, 2)],
    4.5: [(3, 3, 3, 3, 3, 2, 2), (4, 3, 3, 3, 3, 2, 2)],
    5.0: [(6,) * 7],
}


def stepped(scores: list[tuple[int, ...]], walking: int | None = 0) -> pl.DataFrame:
    """The steps of rows of converted scores, all placed in systems that count as examined or raised back."""
    columns = ["fs_brainstem", "fs_pyramidal", "fs_cerebellar", "fs_sensory"]
    back = {"fs_visual": (0, 1, 2, 4, 6), "fs_bowel_bladder": (0, 1, 2, 3, 5, 6), "fs_cerebral": range(6)}
    names = [*columns, *back]
    frame = pl.DataFrame(scores, schema=names, orient="row")
    for name, raised in back.items():
        frame = frame.with_columns(pl.col(name).replace_strict(list(range(len(raised))), list(raised)))
    return STEPS.applied(frame.with_columns(ambulation_score=pl.lit(walking, pl.Int64)))


def worst_step(scores: tuple[int, ...]) -> float:
    """The smallest step one of whose worst patterns is nowhere lower than the sorted scores."""
    ordered = sorted(scores, reverse=True)
    for step, patterns in WORST.items():
        for pattern in patterns:
            if all(score <= most for score, most in zip(ordered, pattern, strict=True)):
                return step
    raise AssertionError(scores)


def test_every_pattern_of_seven_scores_has_the_step_of_a_second_way_to_write_it() -> None:
    # visual reaches 4 and cerebral never counts as 1, so the first places take the high scores
    patterns = [
        tuple(sorted(p, reverse=True)) for p in combinations_with_replacement(range(5), 7) if 1 not in p
    ]
    patterns += [tuple(sorted((*p, 0), reverse=True)) for p in combinations_with_replacement(range(5), 6)]
    found = stepped(patterns)["from_systems"].to_list()
    assert len(patterns) > 300
    assert found == [worst_step(pattern) for pattern in patterns]


def test_a_grade_five_or_six_in_any_system_that_has_it_is_step_five() -> None:
    for name, grades in {"fs_pyramidal": (5, 6), "fs_bowel_bladder": (6,), "fs_cerebral": (5,)}.items():
        for grade in grades:
            row = dict.fromkeys(STEPS.systems, 0) | {name: grade, "ambulation_score": 0}
            assert STEPS.applied(pl.DataFrame([row]))["from_systems"].item() == 5.0


def test_the_step_never_falls_when_a_score_rises() -> None:
    patterns = [(*p, 0) for p in combinations_with_replacement(range(5), 6)]
    before = stepped(patterns)["from_systems"]
    for place in range(6):
        raised = [
            tuple(min(4, s + 1) if i == place else s for i, s in enumerate(pattern)) for pattern in patterns
        ]
        assert (stepped(raised)["from_systems"] >= before).all()


def test_the_step_does_not_depend_on_which_system_has_the_score() -> None:
    found = stepped([(*p, 0, 0, 0) for p in permutations((3, 2, 2, 0))])
    assert found["from_systems"].unique().to_list() == [3.5]


@pytest.mark.parametrize(
    ("system", "examined", "edss"),
    [
        ("fs_visual", [0, 1, 2, 3, 4, 5, 6], [0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0]),
        ("fs_bowel_bladder", [0, 1, 2, 3, 4, 5, 6], [0.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0]),
        ("fs_cerebral", [0, 1, 2, 3, 4, 5], [0.0, 0.0, 2.0, 3.0, 4.0, 5.0]),
    ],
)
def test_visual_bowel_and_cerebral_scores_are_converted(
    system: str, examined: list[int], edss: list[float]
) -> None:
    zero = dict.fromkeys((*STEPS.systems, STEPS.walking), 0)
    rows = [zero | {system: score} for score in examined]
    assert STEPS.applied(pl.DataFrame(rows))["from_systems"].to_list() == edss


def test_walking_sets_the_least_step_and_never_falls() -> None:
    zero = dict.fromkeys(STEPS.systems, 0)
    least = STEPS.applied(pl.DataFrame([zero | {STEPS.walking: score} for score in range(17)]))[
        "from_walking"
    ]
    assert least.is_sorted()
    # published: 200 m without help is 5.0, 100 m 5.5, one cane 6.0, a wheelchair 7.0, death 10
    assert [least[score] for score in (3, 4, 5, 10, 16)] == [5.0, 5.5, 6.0, 7.0, 10.0]


def test_a_missing_score_lowers_the_step_or_leaves_it() -> None:
    whole = dict.fromkeys(STEPS.systems, 2)
    rows = [whole | dict.fromkeys(STEPS.systems[:missing]) for missing in range(8)]
    schema = dict.fromkeys((*STEPS.systems, STEPS.walking), pl.Int64)
    frame = STEPS.applied(pl.DataFrame(rows, schema=schema))
    assert frame["missing"].to_list() == list(range(8))
    assert frame["from_systems"].to_list() == [4.0, 4.0, 3.5, 3.0, 3.0, 2.5, 2.0, 0.0]


def test_every_pattern_carries_a_mark() -> None:
    assert {line.mark for line in STEPS.patterns} == {Mark.SECONDARY, Mark.ASSUMED}
