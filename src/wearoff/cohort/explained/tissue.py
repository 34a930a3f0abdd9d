"""Three questions on tissue: an interval of 6 weeks, an inflamed lung, and the days right after an infusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wearoff.cohort.explained.simulated import Simulated
from wearoff.cohort.explained.values import Explanation, Grid, Ranged
from wearoff.dosing.intervals import interval_evidence

if TYPE_CHECKING:
    from wearoff.dosing.cycle import Rise, TissueCycle

BRAIN: Final = {
    "cns_cd4": "CD4 cells",
    "cns_cd8": "CD8 cells",
    "cns_b_cell": "B cells",
    "cns_monocyte": "monocytes",
}
LUNG: Final = "lung_cd8"
ELSEWHERE: Final = {LUNG: "effector CD8 cells, lung", "gut_alpha4beta7": "alpha4beta7 cells, gut"}
BAND: Final = (
    "In % of no drug unless said. First the medians of the saturation curves that differ most, in brackets the"
    " lowest 5 % and the highest 95 % of any curve, over people and over the range of every number."
)
NO_CSF: Final = "No human comparison of cerebrospinal fluid under 4- and 6-weekly dosing exists."
NO_OUTCOME: Final = "No cohort has shown a difference in outcome by day of the cycle."
NO_RISK: Final = (
    "How many cells enter does not measure how likely an infection is, and nothing here says how likely one is. Nor"
    " does it say that any day of the cycle is without risk."
)


def six_weeks(simulated: Simulated) -> Explanation:
    """What extending to 6 weeks changes in the brain, by subset."""
    four, six = simulated.cycles[4.0, 0.0], simulated.cycles[6.0, 0.0]
    before4, before6 = (_at_end(cycle, "cns_cd4") for cycle in (four, six))
    cd8_4, cd8_6 = (_at_end(cycle, "cns_cd8") for cycle in (four, six))
    return Explanation(
        name="six-weeks",
        question="What does extending to 6 weeks change in the brain for CD4, CD8, B cells and monocytes?",
        answer=(
            "In the model more cells of every kind enter towards the end of the longer interval. Just before the"
            f" next infusion entry of CD4 cells is {before4.text} % of no drug on 4 weeks and {before6.text} % on"
            f" 6; of CD8 cells, which need alpha-4 less, {cd8_4.text} and {cd8_6.text} %. The bands are wide,"
            " because nearly every number behind them is assumed."
        ),
        paragraphs=(
            "B cells are assumed to enter as CD4 cells do, with a wider range. Of monocytes it is assumed that a"
            " tenth to a half enter without alpha-4 at all. The fluid follows entry within weeks, so that its cells"
            " swing less over a cycle; cells that the drug keeps in the blood arrive there too, which is why they"
            " are more than entry.",
        ),
        grids=(
            Grid(
                "Into quiet brain, just before the next infusion, after two years of the interval",
                ("cells", "entry, 4 weeks", "entry, 6 weeks", "CSF cells, 4 weeks", "CSF cells, 6 weeks"),
                tuple(
                    (
                        words,
                        (
                            _at_end(four, route),
                            _at_end(six, route),
                            Ranged.of(four.csf[route], -1),
                            Ranged.of(six.csf[route], -1),
                        ),
                    )
                    for route, words in BRAIN.items()
                ),
                BAND,
            ),
            Grid(
                "Into brain that is inflamed throughout, just before the next infusion",
                ("cells", "entry, 4 weeks", "entry, 6 weeks"),
                tuple(
                    (words, tuple(_at_end(simulated.cycles[weeks, 1.0], route) for weeks in (4.0, 6.0)))
                    for route, words in BRAIN.items()
                ),
                "More enters without alpha-4 where ICAM-1 is abundant; by how much in people is not known.",
            ),
        ),
        limits=(
            NO_CSF,
            f"What is known of an interval of 6 weeks is clinical. {interval_evidence(6).sentence}",
            NO_RISK,
        ),
        evidence=("IO122", "IO121", "IO124", "IO128", "IO132", "IO133", "IO134", "IO135", "W101", "W102"),
    )


def inflamed_lung(simulated: Simulated) -> Explanation:
    """Whether the block of VCAM-1 matters in an inflamed lung."""
    four, six = simulated.cycles[4.0, 1.0], simulated.cycles[6.0, 1.0]
    after = Ranged.of(four.entry[LUNG], 0)
    return Explanation(
        name="inflamed-lung",
        question="Does blocking VCAM-1 adhesion matter in an inflamed lung?",
        answer=(
            "In mice it did not for effector CD8 cells: their arrest in the lung went on when alpha-4 or VCAM-1"
            " was blocked, and stopped when LFA-1 or ICAM-1 was. If people are alike, which is assumed, entry at"
            f" the deepest block is still {after.text} % of no drug. In people nobody has measured it."
        ),
        paragraphs=(
            "That is one subset. In another mouse experiment blocking alpha-4 kept antiviral cells out of infected"
            " tissue altogether, where VCAM-1 had come up. So what holds for one tissue and one cell does not hold"
            " for all, and the gut, where alpha4beta7 leads cells in, is different again.",
        ),
        grids=(
            Grid(
                "Entry into tissue that is inflamed throughout",
                ("cells", "after infusion", "before next, 4 weeks", "before next, 6 weeks"),
                tuple(
                    (
                        words,
                        (Ranged.of(four.entry[route], 0), _at_end(four, route), _at_end(six, route)),
                    )
                    for route, words in {**ELSEWHERE, "cns_cd4": "CD4 cells, brain"}.items()
                ),
                BAND,
            ),
        ),
        limits=(
            "That 80 to 100 % of the entry into the lung needs no alpha-4 is assumed from the mouse, not found in"
            " people.",
            "Infections of the lung depend on far more than the arrest of one cell. " + NO_RISK,
        ),
        evidence=("IO137", "IO138", "IO132", "IO133"),
    )


def after_infusion(simulated: Simulated) -> Explanation:
    """Whether a patient is most vulnerable right after the infusion."""
    four, six = (simulated.cycles[weeks, 0.0].rise for weeks in (4.0, 6.0))
    share = min(rise.share_rising for rises in (four, six) for rise in rises.values())
    # a share just below 1 must not be rounded up to it
    certain = "every draw" if share == 1 else f"at least {min(99, int(100 * share))} % of the draws"
    return Explanation(
        name="after-infusion",
        question="Is a patient most vulnerable right after the infusion?",
        answer=(
            "It depends on to what. The block is deepest at the end of the infusion: the fewest cells enter then,"
            " those that guard a tissue and those that attack it alike, and entry rises until the next infusion,"
            f" in {certain} and under every curve. For CD4 cells into the brain it rises by"
            f" {_rise(four['cns_cd4']).text} points of the untreated entry on 4 weeks and by"
            f" {_rise(six['cns_cd4']).text} on 6. {NO_OUTCOME}"
        ),
        paragraphs=(
            "Whether fewer cells in a tissue make a person vulnerable there is another question, which the model"
            " does not answer. It gives a direction and a size.",
        ),
        grids=(
            Grid(
                "Rise of entry from the end of an infusion to just before the next, points of the untreated entry",
                ("cells", "4 weeks", "6 weeks"),
                tuple(
                    (words, (_rise(four[route]), _rise(six[route])))
                    for route, words in {**_in_brain(BRAIN), **ELSEWHERE}.items()
                ),
                "Quiet tissue. First the medians of the curves that differ most, in brackets 5 and 95 % of any"
                " curve.",
            ),
        ),
        limits=(NO_OUTCOME, NO_CSF, NO_RISK),
        evidence=("IO122", "IO120", "IO124"),
    )


def _in_brain(routes: Mapping[str, str]) -> dict[str, str]:
    return {route: f"{words}, brain" for route, words in routes.items()}


def _at_end(cycle: TissueCycle, route: str) -> Ranged:
    return Ranged.of(cycle.entry[route], -1)


def _rise(rise: Rise) -> Ranged:
    return Ranged(rise.low, rise.middle_low, rise.middle_high, rise.high)
