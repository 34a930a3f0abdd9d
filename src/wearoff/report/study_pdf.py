"""The report of a study on paper: A4, the answer with its limits on the first page, then what the HTML page shows.

The sections, pictures and tables are those of the page. A table of more than forty rows shows the first twelve and
names the file that holds them all; every text is shortened, so that no file can fill a hundred pages.
"""

from __future__ import annotations

import re
from typing import Any, Final

from wearoff.charts.theme import plain
from wearoff.cohort.results import StudyResult
from wearoff.report.html import made_by, sections_of
from wearoff.report.page import DISCLAIMER, PictureView, SectionView
from wearoff.report.paper_tables import PAPER_WIDTH, paper_table
from wearoff.report.pdf import for_paper, line_of, rich, typeset

LONGEST: Final = 3000
_DRAWN_WIDTH: Final = 720.0
_TALLEST: Final = 560.0  # points; leaves room for the caption on the same page


def render_study_pdf(result: StudyResult, sections: tuple[SectionView, ...] | None = None) -> bytes:
    """The whole report of a result as PDF; the same bytes for the same result.

    Args:
        result: the analysis.
        sections: what `sections_of(result)` gave, where the pictures are drawn already.

    Raises:
        UnknownNameError: a section names a picture that does not exist.
    """
    return typeset("study.typ", paper_data(result, sections_of(result) if sections is None else sections))


def paper_data(result: StudyResult, sections: tuple[SectionView, ...]) -> dict[str, Any]:
    """What the paper shows, in plain texts and drawn pictures."""
    answer, provenance = result.answer, result.provenance
    return {
        "name": plain(result.title, 160),
        "title": line_of(result.title, 160),
        "running": line_of(result.title, 90),
        "banner": None if result.banner is None else line_of(result.banner, 120),
        "disclaimer": DISCLAIMER,
        "question": line_of(answer.question, 300),
        "headline": rich(answer.headline, LONGEST),
        "findings": [
            {
                "label": line_of(one.label, 120),
                "value": line_of(one.value, 120),
                "detail": rich(one.detail, 400),
            }
            for one in answer.findings
        ],
        "sentences": [rich(each, LONGEST) for each in answer.sentences],
        "limits": [rich(each, LONGEST) for each in answer.limits],
        "sections": [_section(view) for view in sections],
        "made": f"{made_by(provenance)} {FILES}",
        "choices": _pairs(provenance.choices.items()),
        "inputs": _pairs(provenance.inputs.items()),
    }


FILES: Final = (
    "Every table of this report is beside it as a CSV file in the folder tables, with all rows and digits; the "
    "figures are in result.json."
)


def _section(view: SectionView) -> dict[str, Any]:
    return {
        "title": line_of(view.title, 160),
        "paragraphs": [rich(each, LONGEST) for each in view.paragraphs],
        "pictures": [_picture(each) for each in view.pictures],
        "tables": [paper_table(each) for each in view.tables],
        "absent": [f"The table {line_of(name, 80)} is not part of this result." for name in view.absent],
    }


def _picture(view: PictureView) -> dict[str, Any]:
    drawing = view.drawing
    return {
        "label": view.label,
        "title": line_of(view.title, 200),
        "caption": rich(view.caption, LONGEST),
        "svg": None if drawing is None else for_paper(drawing),
        "width": 0.0 if drawing is None else _width(drawing),
        "alt": line_of(view.words, LONGEST),
        "absent": f"not drawn, because there are no rows in the table {line_of(view.table_name, 80)}.",
        "table": None if view.table is None else paper_table(view.table),
    }


def _width(svg: str) -> float:
    """Points that a picture is wide on paper: as on the page, but never wider or taller than the paper."""
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    if size is None:
        return PAPER_WIDTH
    width, height = float(size.group(1)), float(size.group(2))
    return min(PAPER_WIDTH, PAPER_WIDTH * width / _DRAWN_WIDTH, _TALLEST * width / height)


def _pairs(items: Any) -> list[dict[str, Any]]:
    return [
        {"name": line_of(str(name).replace("_", " "), 80), "value": rich(value, 300)} for name, value in items
    ]
