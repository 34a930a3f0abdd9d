"""The page of one patient: everything that was found is on it, nothing instructs, and nothing comes from outside."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import pytest

from tests.one_patient import HOSTILE, answered, crowded, hostile, under_saturation, without_a_floor
from tests.report.conftest import Page
from tests.report.test_html import POLICY, addresses_outside_of_text
from wearoff.dosing import wording
from wearoff.dosing.assessment import Assessment
from wearoff.report.page import DISCLAIMER
from wearoff.report.patient_html import FORMULAE, evidence_of, options_of, render_patient
from wearoff.sources import figure

FOUND = {
    "answered": answered,
    "saturation": under_saturation,
    "no floor": without_a_floor,
    "hostile": hostile,
    "crowded": crowded,
}
NEVER = ("should", "recommended dose", "safe to", "give the", "we recommend", "must be given", "switch to")
every_page = pytest.mark.parametrize("name", FOUND)


@cache
def html_of(name: str) -> str:
    return render_patient(FOUND[name]())


@cache
def page_of(name: str) -> Page:
    return Page(html_of(name))


def plain(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


@cache
def text_of(name: str) -> str:
    return plain(page_of(name).text)


@every_page
def test_the_page_is_whole_html_with_headings_in_order(name: str) -> None:
    page = page_of(name)
    assert page.faults == []
    assert page.stack == []
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_page
def test_the_page_asks_for_nothing_from_outside(name: str) -> None:
    html, page = html_of(name), page_of(name)
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in page.all("meta")
    assert "<script" not in html.lower()
    for tag in ("script", "link", "img", "iframe", "object", "form", "base", "image", "use"):
        assert page.all(tag) == []
    assert addresses_outside_of_text(html) == []
    assert not [key for _, attrs in page.elements for key in attrs if key.startswith("on")]
    assert all(a["href"].startswith(("https://doi.org/10.", "#")) for a in page.all("a"))


@every_page
def test_every_link_within_the_page_arrives_and_no_name_stands_twice(name: str) -> None:
    page = page_of(name)
    names = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(names) == len(set(names))
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert targets | {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a} <= set(names)


@every_page
def test_no_word_instructs(name: str) -> None:
    said = text_of(name).lower()
    assert not [word for word in NEVER if word in said]


def test_the_first_screen_goes_from_who_to_the_rule_to_the_options_to_what_limits_them() -> None:
    said = text_of("answered")
    order = [
        DISCLAIMER,
        "What would each interval mean for",
        "9 doses since 2025-09-02; the last on 2026-05-20 (300 mg IV); 84.5 kg",
        "Your rule: a probability of at least 0.9",
        "4 weeks 2026-06-17",
        "8 weeks 2026-07-15",
        "Without another dose the floor holds",
        "Cautions for this patient",
        "Limits of any such answer",
        "Contents",
    ]
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert said.count(DISCLAIMER) == 2


@pytest.mark.parametrize("name", ["answered", "saturation", "crowded"])
def test_every_figure_of_every_option_stands_in_its_row(name: str) -> None:
    found = FOUND[name]()
    rows = re.findall(r'<tr role="row">\n<th scope="row".*?</tr>', html_of(name), re.DOTALL)
    for row, option in zip(rows, found.options, strict=True):
        said = plain(Page(row).text)
        assert said.startswith(f"{option.weeks:g} weeks {found.patient.date_of(option.next_d):%Y-%m-%d}")
        for trough in (option.next_trough, option.settled_trough):
            bands = f"50 %: {wording.between(trough, 'p25', 'p75')} 90 %: {wording.between(trough)}"
            assert f"{wording.short(trough['p50'])} {bands}" in said
        for p, error in (
            (option.probability_next, option.error_next),
            (option.probability_settled, option.error_settled),
        ):
            assert wording.chance(p, error) in said
        assert wording.saturation(option.settled_saturation) in said
        assert f"{option.days_below:.1f}" in said
        assert f"{option.infusions_per_year:.1f}" in said
        assert wording.verdict(option) in said
        assert wording.BADGES[option.evidence.badge] in said


def test_twenty_dots_stand_for_each_chance() -> None:
    found = answered()
    pictures = re.findall(r'<svg class="dots".*?</svg>', html_of("answered"), re.DOTALL)
    chances = [p for option in found.options for p in (option.probability_next, option.probability_settled)]
    assert len(pictures) == len(chances)
    for picture, p in zip(pictures, chances, strict=True):
        assert picture.count("<circle") == wording.DOTS
        assert picture.count('class="empty"') == wording.DOTS - wording.full_dots(p)
        assert f'aria-label="{wording.full_dots(p)} of twenty"' in picture


def test_options_look_alike_whether_they_meet_the_rule_or_not() -> None:
    rows = re.findall(r'<tr role="row">\n<th scope="row".*?</tr>', html_of("answered"), re.DOTALL)
    shapes = {
        tuple((tag, attrs.get("class")) for tag, attrs in Page(row).elements if tag != "circle")
        for row in rows
    }
    assert len(shapes) == 1
    assert {option.verdict for option in options_of(answered())} == {"meets your rule", "does not meet it"}


def test_options_stand_in_the_order_asked_for() -> None:
    assert [option.weeks for option in options_of(under_saturation())] == ["4", "4.5", "6"]


def test_without_a_floor_no_chance_and_no_rule_are_shown() -> None:
    said = text_of("no floor")
    assert wording.NO_FLOOR in said
    assert "chance at" not in said
    assert "your rule" not in said.lower()
    assert 'class="dots"' not in html_of("no floor")


@every_page
def test_every_caution_note_and_limit_is_shown(name: str) -> None:
    found, said = FOUND[name](), text_of(name)
    for sentence in (*found.cautions, *found.patient.notes, *wording.limits(found)):
        assert plain(sentence) in said
    if not found.cautions:
        assert "None of the checks raised one" in said


def test_every_delay_decline_and_exchange_figure_is_shown() -> None:
    found, said = answered(), text_of("answered")
    for one in found.delays:
        late = f"{wording.short(one.trough['p50'])} {wording.between(one.trough, 'p25', 'p75')}"
        assert f"{one.weeks:g} weeks {one.days:g} {late} {wording.between(one.trough)}" in said
        assert wording.chance(one.probability, one.error) in said
    for at, day in enumerate(found.decline.day):
        level = {key: float(values[at]) for key, values in found.decline.level.items()}
        assert f"{wording.short(level['p50'])} {wording.between(level, 'p25', 'p75')}" in said
        assert (
            f"{day / 7:g} {found.patient.date_of(float(found.patient.regimen.start_d[-1] + day)):%Y-%m-%d}"
            in said
        )
    assert plain(wording.exchange(found)) in said
    assert plain(wording.stopping(found)) in said
    assert all(
        plain(sentence) in said for sentence in (*wording.what_if(found), *wording.after_the_last(found))
    )


def test_every_measurement_stands_beside_what_was_predicted_under_every_model() -> None:
    found, said = answered(), text_of("answered")
    for fit in found.fits:
        assert f"What the levels changed under {fit.model.name}" in said
        for at in range(found.patient.levels.number):
            assert f"{fit.levels.typical[at]:.3g} {fit.levels.fitted[at]:.3g}" in said
    for index, share in enumerate(found.patient.occupancies.share):
        assert f"{100 * share:.0f} % {found.patient.occupancies.assay[index]}" in said


def test_every_dose_and_session_is_listed() -> None:
    found, said = answered(), text_of("answered")
    for day in (*found.patient.regimen.start_d, *found.patient.regimen.exchange_d):
        assert f"{found.patient.date_of(float(day)):%Y-%m-%d}" in said
    assert "plasma exchange, 65 % of the drug in the blood removed" in said


def test_every_model_has_its_card_with_every_number_mark_and_source() -> None:
    found, said = answered(), text_of("answered")
    for fit in found.fits:
        model = fit.model
        for text in (
            model.title,
            str(model.structure),
            model.population.description,
            model.domain.reason,
            *model.notes,
        ):
            assert plain(text) in said
        for each in model.figures.values():
            assert str(each.mark) in said
            assert each.source.text in said
        for name, share in fit.remaining.items():
            assert f"{100 * share:.0f} %" in said, name


def test_every_alternative_is_shown_with_its_own_options() -> None:
    found, said = answered(), text_of("answered")
    for fit in found.fits:
        for option in fit.options:
            name = f"{fit.model.name}, {100 * fit.weight:.0f} % {option.weeks:g} weeks"
            assert f"{name} {wording.banded(option.next_trough)}" in said
    for curve in found.options[0].settled_saturation:
        assert curve in said
    for policy in found.policies:
        assert plain(policy.reason) in said
    joined = "".join(said.split())  # a link parts a formula into pieces
    for what, formula in FORMULAE:
        assert "".join(plain(f"{what}{formula}").split()) in joined


def test_every_row_of_evidence_is_cited_with_its_doi() -> None:
    found, page, said = answered(), page_of("answered"), text_of("answered")
    links = {attrs["href"] for attrs in page.all("a")}
    for one in evidence_of(found):
        assert one.sentence in said
        for each in one.ids:
            assert f"#evidence-{each}" in links
            row = figure(each)
            assert plain(row.statement) in said
            if row.doi:
                assert f"https://doi.org/{row.doi}" in links


@every_page
def test_the_provenance_is_whole(name: str) -> None:
    said = text_of(name)
    for key, value in FOUND[name]().provenance.items():
        if key != "patient":
            assert value in said


def test_names_that_are_code_are_shown_as_text() -> None:
    said = text_of("hostile")
    for words in HOSTILE:
        assert plain(words) in said
    assert "{{7*7}}" in said


def test_the_picture_has_its_words() -> None:
    pictures = [attrs for attrs in page_of("answered").all("svg") if attrs.get("class") != "dots"]
    assert len(pictures) == 1
    assert "The floor is 5 mg/L" in (pictures[0]["aria-label"] or "")


def test_the_same_answer_gives_the_same_page() -> None:
    found: Assessment = answered()
    assert render_patient(found) == html_of("answered")
