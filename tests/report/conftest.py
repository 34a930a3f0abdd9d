from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.charts.example import example_result, hostile_result
from wearoff.cohort.results import StudyResult
from wearoff.report import ResultFiles, render_report, write_study

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Every element with its attributes and the text of the page, and whether the tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        self.words.append(data)
        if self.headings and self.stack and self.stack[-1].startswith("h"):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def result() -> StudyResult:
    return example_result()


@pytest.fixture(scope="session")
def html(result: StudyResult) -> str:
    return render_report(result)


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="session")
def hostile() -> StudyResult:
    return hostile_result()


@pytest.fixture(scope="session")
def hostile_html(hostile: StudyResult) -> str:
    return render_report(hostile)


@pytest.fixture(scope="session")
def written(result: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> ResultFiles:
    folder: Path = tmp_path_factory.mktemp("study") / "out"
    return write_study(result, folder)
