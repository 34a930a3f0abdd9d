"""What the papers share: Typst with the faces that it brings along, texts that stay texts, and pictures of ours.

No font of the machine, no package and no address is used, and the same data give the same bytes. Everything shown
travels as one JSON value, so that no text is ever read as markup.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from wearoff.charts.theme import FONT, plain
from wearoff.report.figures import pieces
from wearoff.report.page import TEMPLATES

PDF_FONT: Final = "Libertinus Serif"
_NO_DATE: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LONG_WORD: Final = re.compile(r"\S{25,}")
_STEP: Final = re.compile(r".{20}(?=.)")
BREAK: Final = "\N{ZERO WIDTH SPACE}"


def typeset(template: str, data: Mapping[str, Any]) -> bytes:
    """A Typst template of this package filled with data, as PDF; the same bytes for the same data."""
    import typst

    paper = typst.compile(
        (TEMPLATES / template).read_bytes(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=_NO_DATE,
    )
    # only a compilation into a file or into several pictures gives anything else
    if not isinstance(paper, bytes):
        raise TypeError("Typst gave no PDF")
    return paper


def for_paper(svg: str) -> str:
    """A drawn picture with the face of the paper, which is the only one that is there."""
    return svg.replace(FONT, PDF_FONT)


def line_of(text: object, limit: int) -> str:
    """Text on one line, of at most `limit` characters, whose long words may break where the line ends."""
    return _breakable(_on_one_line(text, limit))


def rich(text: object, limit: int) -> list[dict[str, str | None]]:
    """The same in pieces: what is said, and the DOI that it leads to."""
    return [{"said": _breakable(said), "doi": doi} for said, doi in pieces(_on_one_line(text, limit)) if said]


def _on_one_line(text: object, limit: int) -> str:
    return plain(re.sub(r"[ \t\r\n]+", " ", str(text)).strip(), limit)


def _breakable(line: str) -> str:
    return _LONG_WORD.sub(lambda word: _STEP.sub(rf"\g<0>{BREAK}", word.group()), line)
