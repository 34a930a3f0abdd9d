"""One page of paper for one patient: the first screen of the HTML report with the picture, as PDF.

What does not fit on the page is counted and left to the HTML report.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from wearoff.charts.patient import draw_patient
from wearoff.charts.patient_data import describe_patient
from wearoff.charts.theme import plain, to_svg
from wearoff.dosing import wording
from wearoff.report.figures import shortened
from wearoff.report.page import DISCLAIMER
from wearoff.report.patient_html import evidence_of, options_of, sentences_of, who
from wearoff.report.pdf import for_paper, typeset

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment

_LONGEST: Final = 240
_HEIGHTS: Final = {"tall": 230, "low": 125}


def render_pdf(found: Assessment) -> bytes:
    """One A4 page as PDF; the same bytes for the same answer."""
    pictures = {
        name: for_paper(to_svg(draw_patient(found, level_height=height))) for name, height in _HEIGHTS.items()
    }
    return typeset("patient.typ", {**page_data(found), "pictures": pictures})


def page_data(found: Assessment) -> dict[str, object]:
    """What the page shows, in plain texts; every one is shortened, so that no text can fill the page."""
    name = plain(found.patient.name, 60)
    numbers = found.provenance
    models = "; ".join(f"{plain(fit.model.name, 60)} {fit.model.digest[:12]}" for fit in found.fits)
    return {
        "title": f"Dosing intervals for {name}",
        "question": f"What would each interval mean for {name}?",
        "disclaimer": DISCLAIMER,
        "who": who(found),
        "rule": wording.rule(found.target),
        "reading": READING + (CHANCE if found.target is not None else ""),
        "has_floor": found.target is not None,
        "has_rule": found.options[0].meets_rule is not None,
        "options": [asdict(option) for option in options_of(found)],
        "sentences": [shortened(each, _LONGEST) for each in sentences_of(found)],
        "evidence": [
            shortened(f"{one.weeks}, {one.badge}: {one.sentence} {'; '.join(one.citations)}", 2 * _LONGEST)
            for one in evidence_of(found)
        ],
        "cautions": [shortened(each, _LONGEST) for each in found.cautions],
        "limits": list(wording.limits(found)),
        "caption": CAPTION,
        "alt": describe_patient(found),
        "provenance": (
            f"wearoff {numbers['wearoff']}; seed {numbers['seed']}; {numbers['draws']} draws; patient "
            f"{numbers['patient_digest'][:12]}; {models}. Whole digests and all figures: result.json."
        ),
    }


READING: Final = (
    "Next: just before the next dose, when the old interval still counts. Settled: once the interval has gone on for "
    "two years. Half of what the levels leave open lies in the 50 % range, nine in ten in the 90 % range. Saturation: "
    "medians under the known curves at the settled trough. Options stand in the order asked for."
)
CAPTION: Final = (
    "Level: solid until today, hatched after it, while no other dose is given; the numbers are weeks since the last "
    "dose, at the troughs of the intervals that would end there."
)
CHANCE: Final = (
    " Dots: of twenty patients with these levels so many would be at or above the floor; ± is the Monte Carlo error "
    "in points."
)
