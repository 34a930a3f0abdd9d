"""What is known, what is assumed, and what would have to be measured; counted from the files of numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from wearoff.cohort.explained.simulated import Simulated
from wearoff.cohort.explained.values import Explanation
from wearoff.dosing.activity import activity_file
from wearoff.dosing.trafficking import trafficking_file
from wearoff.sources import Mark
from wearoff.stats.proportions import upper_bound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wearoff.dosing.figures import Figure

RISKS: Final = (0.05, 0.02, 0.01)


def known(simulated: Simulated) -> Explanation:
    """The last question, which bounds all the others."""
    tissue, activity = trafficking_file().figures, activity_file().figures
    model = simulated.model.figures
    assumed = [count_of(figures.values(), Mark.ASSUMED) for figures in (model, tissue, activity)]
    totals = [len(figures) for figures in (model, tissue, activity)]
    retold = count_of(model.values(), Mark.SECONDARY)
    longest = simulated.model.domain.longest_interval_weeks
    sizes = ", ".join(f"{people_needed(risk)} for {100 * risk:.0f} %" for risk in RISKS)
    return Explanation(
        name="known",
        question="What is known, what is assumed, and what would have to be measured?",
        answer=(
            "The level of the drug is known best, saturation less, and past it little is measured. Of the numbers"
            f" between dose and level {assumed[0]} of {totals[0]} are assumed ({retold} more were read in"
            f" another's account), between saturation and tissue {assumed[1]} of {totals[1]}, between tissue and"
            f" disease activity {assumed[2]} of {totals[2]}."
        ),
        lists=(
            (
                "Known from publications",
                (
                    f"levels and their spread between people, on intervals up to {longest:g} weeks",
                    "that CD4 cells in the cerebrospinal fluid fall far more than CD8 cells, and are back in about"
                    " six months",
                    "when activity returns after stopping, in one randomised trial",
                    "new lesions on 4- and 6-weekly dosing in people who were stable, in one randomised trial",
                    "that 12-weekly dosing failed",
                ),
            ),
            (
                "Assumed, and scanned over a range",
                (
                    "which saturation curve holds: four are in use, and everything past the level is computed under"
                    " each",
                    "how much of each subset enters a tissue without alpha-4, quiet and inflamed",
                    "how many free integrins a cell needs to arrest",
                    "how long a cell stays in the cerebrospinal fluid",
                    "that B cells enter as CD4 cells do, and that the lung of people is like that of mice",
                    "how much lesions and relapses belong to the same people",
                ),
            ),
            (
                "Would have to be measured",
                (
                    "cerebrospinal fluid of the same people on 4- and on 6-weekly dosing, early and late in a"
                    " cycle, by subset",
                    "level and saturation in the same sample, with one assay, over the whole cycle and beyond 8"
                    " weeks",
                    "entry of cells into an inflamed lung or gut of people on the drug",
                    "outcomes by day of the cycle, in a register that records both dates",
                    "wearing-off by diary, with scans and levels on fixed days, and nobody lost. With no event"
                    " among those with wearing-off, so many of them, followed for a year, exclude a yearly risk"
                    f" (one-sided 95 %): {sizes}",
                ),
            ),
        ),
        limits=(
            "An assumed number is drawn from its whole range. A narrow band is no proof where every curve shares an"
            " assumption.",
            "The concentration model's own numbers stay as published here; `wearoff simulate"
            " --parameter-uncertainty` draws them from their intervals.",
            "`wearoff check` holds every published figure that the models can predict against them, misses included.",
        ),
        evidence=("P032", "IO122", "IO121", "IO081", "W101", "W102", "IO065", "W015", "W016"),
    )


def count_of(figures: Iterable[Figure], mark: Mark) -> int:
    """How many of some numbers have a mark."""
    return Counter(figure.mark for figure in figures)[mark]


def people_needed(risk: float) -> int:
    """The fewest people without a single event that exclude a risk, by the one-sided exact 95 % bound.

    Raises:
        ValueError: the risk does not lie between 0 and 1.
    """
    if not 0 < risk < 1:
        raise ValueError("a risk to exclude lies between 0 and 1")
    people = 1
    while upper_bound(0, people) > risk:
        people += 1
    return people
