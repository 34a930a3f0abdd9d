"""One page for one patient: the options against the user's own rule first, then everything they rest on.

Order of the page: who, the rule, the options with twenty dots for each chance, what limits them; then the course, a
late dose, stopping, plasma exchange, another weight, and why. Options stand in the order asked for and look alike:
none is preferred. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wearoff.charts.patient import draw_patient
from wearoff.charts.patient_data import caption_of, describe_patient
from wearoff.charts.theme import to_svg
from wearoff.dosing import wording
from wearoff.dosing.intervals import curves_for
from wearoff.report import patient_inputs as inputs
from wearoff.report import patient_tables as tables
from wearoff.report.page import PictureView, SectionView, TableView, fill, numbers
from wearoff.sources import figure

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment
    from wearoff.dosing.intervals import IntervalOption
    from wearoff.dosing.pk.models import PkModel

FORMULAE: Final = (
    ("amount under the skin", "dA₀/dt = −ka A₀"),
    ("amount in the blood", "dA₁/dt = R + ka A₀ − (CL + Q) A₁/Vc + Q A₂/Vp − Vmax C/(Km + C),   C = A₁/Vc"),
    ("amount in the tissue", "dA₂/dt = Q A₁/Vc − Q A₂/Vp"),
    ("a patient's parameter", "P = typical × (weight / reference weight)^exponent × exp(η),   η ~ N(0, ln(1 + CV²))"),
    ("a measured level", "y ~ N(s C, σ²),   σ² = (p s C)² + a²,   s: the laboratory's scale"),
    ("a level below the limit q", "probability Φ((q − s C)/σ)   (method M3, doi 10.1023/a:1012299115260)"),
    ("weight of a model", "w ∝ density of the levels under it, unknowns averaged out   (doi 10.1214/ss/1009212519)"),
    ("saturation", "S(C) = E0 + Emax Cʰ / (EC50ʰ + Cʰ)"),
    ("chance of a floor F", "share of the draws with C ≥ F, or S(C) ≥ F, just before the dose"),
    ("Monte Carlo error", "√((k + 1)(n − k + 1) / ((n + 2)² (n + 3))),   k of n independent draws"),
)  # fmt: skip
METHODS: Final = (
    "Levels below quantification, method M3: doi 10.1023/a:1012299115260",
    "Averaging models by their evidence: doi 10.1214/ss/1009212519",
    "Shrinkage of one patient: doi 10.1007/s11095-013-1079-3",
)


@dataclass(frozen=True, slots=True)
class ChanceView:
    """A chance as the page shows it: in percent with its Monte Carlo error, and how many of twenty dots are full."""

    text: str
    full: int


@dataclass(frozen=True, slots=True)
class BandView:
    """A level as the page shows it: the median, the middle half, and nine in ten."""

    middle: str
    half: str
    most: str


@dataclass(frozen=True, slots=True)
class OptionView:
    """One interval as a row of the first screen."""

    weeks: str
    next_date: str
    next_trough: BandView
    settled_trough: BandView
    saturation: str
    chance_next: ChanceView | None
    chance_settled: ChanceView | None
    days_below: str
    verdict: str
    per_year: str
    badge: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """What is known of some of the intervals, with the rows of the evidence table behind it."""

    weeks: str
    badge: str
    sentence: str
    ids: tuple[str, ...]
    citations: tuple[str, ...]


def render_patient(found: Assessment) -> str:
    """The whole page of one patient as HTML that stands alone: no script, nothing from outside."""
    return fill(
        "patient.html.j2",
        title=f"Dosing intervals for {found.patient.name}",
        patient=found.patient,
        who=who(found),
        rule=wording.rule(found.target),
        has_floor=found.target is not None,
        has_rule=found.options[0].meets_rule is not None,
        options=options_of(found),
        sentences=sentences_of(found),
        evidence=evidence_of(found),
        cautions=found.cautions,
        limits=tuple(wording.limits(found)),
        sections=_sections(found),
        provenance=found.provenance,
    )


def who(found: Assessment) -> str:
    """The patient in one line: doses, last dose, weight, levels, today."""
    patient, regimen = found.patient, found.patient.regimen
    first, last = (patient.date_of(float(regimen.start_d[at])) for at in (0, -1))
    route = "SC" if regimen.is_subcutaneous[-1] else "IV"
    seen = patient.occupancies.number
    parts = [
        f"{regimen.number} {'dose' if regimen.number == 1 else 'doses'} since {first:%Y-%m-%d}",
        f"the last on {last:%Y-%m-%d} ({regimen.dose_mg[-1]:g} mg {route})",
        f"{wording.weight_now(found):g} kg",
        f"{patient.levels.number} {'level' if patient.levels.number == 1 else 'levels'}",
        *([f"{seen} {'occupancy' if seen == 1 else 'occupancies'}"] if seen else []),
        f"today {patient.date_of(patient.today_d):%Y-%m-%d}",
    ]
    return "; ".join(parts) + "."


def sentences_of(found: Assessment) -> tuple[str, ...]:
    """What is said under the options: how long the floor holds, and what the answer rests on."""
    return (
        *wording.after_the_last(found),
        wording.models(found),
        wording.draws(found),
        *wording.settings(found),
    )


def options_of(found: Assessment) -> tuple[OptionView, ...]:
    """Every option as the first screen shows it, in the order asked for."""

    def view(option: IntervalOption) -> OptionView:
        next_chance, settled = (
            None if p is None else ChanceView(wording.chance(p, error), wording.full_dots(p))
            for p, error in (
                (option.probability_next, option.error_next),
                (option.probability_settled, option.error_settled),
            )
        )
        return OptionView(
            weeks=f"{option.weeks:g}",
            next_date=wording.next_date(found, option),
            next_trough=_band(option.next_trough),
            settled_trough=_band(option.settled_trough),
            saturation=wording.saturation(option.settled_saturation),
            chance_next=next_chance,
            chance_settled=settled,
            days_below="" if option.days_below is None else f"{option.days_below:.1f}",
            verdict=wording.verdict(option),
            per_year=f"{option.infusions_per_year:.1f}",
            badge=wording.BADGES[option.evidence.badge],
        )

    return tuple(view(option) for option in found.options)


def evidence_of(found: Assessment) -> tuple[EvidenceView, ...]:
    """What is known of the intervals asked for, each sentence once."""
    badge = {option.evidence.sentence: wording.BADGES[option.evidence.badge] for option in found.options}
    views = []
    for weeks, sentence, ids in wording.evidence(found):
        sources = dict.fromkeys(figure(each).source for each in ids)
        cited = dict.fromkeys(f"{one.text}, {one.link}" if one.link else one.text for one in sources)
        views.append(EvidenceView(weeks, badge[sentence], sentence, ids, tuple(cited)))
    return tuple(views)


def _band(bands: Mapping[str, float]) -> BandView:
    return BandView(wording.short(bands["p50"]), wording.between(bands, "p25", "p75"), wording.between(bands))


def _sections(found: Assessment) -> tuple[SectionView, ...]:
    label = numbers("Table")
    picture = PictureView(
        label="Figure 1",
        title="The level over time",
        caption=caption_of(found),
        drawing=to_svg(draw_patient(found)),
        words=describe_patient(found),
        table_name="course.csv",
        table=tables.course(found, label),
    )
    sections = [
        SectionView("course", "The course", pictures=(picture,)),
        SectionView("late", "A dose that comes late", tables=(tables.delays(found, label),)),
        SectionView(
            "stopping",
            "After stopping",
            (*wording.after_the_last(found), wording.stopping(found), *wording.falls(found)),
            tables=(tables.decline(found, label),),
        ),
        SectionView(
            "exchange", "Plasma exchange", (wording.exchange(found),), tables=(tables.exchange(found, label),)
        ),
    ]
    other = tables.what_if(found, label)
    if other is not None:
        sections.append(
            SectionView("weight", "Another weight", tuple(wording.what_if(found)), tables=(other,))
        )
    sections.append(SectionView("why", "Why this", parts=tuple(_why(found, label))))
    sections.append(
        SectionView(
            "models",
            "The models",
            parts=tuple(
                _card(fit.model, inputs.card(fit, label), index) for index, fit in enumerate(found.fits, 1)
            ),
        )
    )
    return tuple(sections)


def _why(found: Assessment, label: Iterator[str]) -> Iterator[SectionView]:
    """Inputs, prior, what the levels changed, alternatives, formulae, sources."""
    patient = found.patient
    yield SectionView(
        "inputs",
        "What went in",
        (
            f"Times are on the clock of {patient.timezone}; the past ends on "
            f"{patient.date_of(patient.today_d):%Y-%m-%d}.",
            _antibodies(found),
            "Assumed where the record does not say:"
            if patient.notes
            else "Nothing had to be assumed of the record.",
        ),
        tables=(
            inputs.doses(found, label),
            inputs.weights(found, label),
            *((inputs.laboratories(found, label),) if patient.laboratories else ()),
        ),
        items=tuple(("", note) for note in patient.notes),
    )
    yield SectionView(
        "prior",
        "Before and after the levels",
        (
            "Before any level a patient of this weight is drawn from what each model says of its population; all "
            "models begin with the same weight. Every number has its mark: measured, secondary, derived or assumed.",
        ),
        tables=tuple(inputs.parameters(fit, label) for fit in found.fits),
    )
    yield SectionView(
        "levels",
        "What the levels changed",
        (wording.models(found), wording.draws(found), *wording.settings(found)),
        tables=(
            *(inputs.levels(found, fit, label) for fit in found.fits),
            *((inputs.occupancies(found, label),) if patient.occupancies.number else ()),
        ),
    )
    yield SectionView(
        "alternatives",
        "Other models, other curves",
        tables=(tables.alternatives(found, label), tables.saturations(found, label)),
    )
    if found.policies:
        yield SectionView(
            "policies",
            "What published policies would say",
            (
                "Rules that others published for an interval, applied to this patient with your floor as their aim. "
                "They stand here for comparison.",
            ),
            tables=(tables.policies(found, label),),
        )
    yield SectionView(
        "formulae",
        "Formulae",
        formulae=FORMULAE,
        tables=(inputs.curves(curves_for(found.target).values(), label),),
    )
    yield SectionView("sources", "Sources", items=tuple(_sources(found)))


def _antibodies(found: Assessment) -> str:
    patient = found.patient
    if patient.antibodies_from_d == float("inf"):
        return "Lasting antibodies against natalizumab: none known."
    return f"Lasting antibodies against natalizumab from {patient.date_of(patient.antibodies_from_d):%Y-%m-%d} on."


def _card(model: PkModel, numbers_of: TableView, index: int) -> SectionView:
    """The card of one model: who it comes from, where it may be used, its notes, its numbers."""
    about, domain = model.population, model.domain
    people = "" if about.patients is None else f"; {about.patients} patients"
    low, high = domain.weight_kg
    return SectionView(
        f"model-{index}",
        model.name,
        (
            f"{model.title}. {model.reference.citation}",
            f"Use: {model.use}. Structure: {model.structure}.",
            f"Population: {about.description}{people}. {about.source}.",
            f"Domain: {low:g} to {high:g} kg; intervals up to {domain.longest_interval_weeks:g} weeks; "
            f"{', '.join(domain.routes)}; {'with' if domain.antibodies else 'without'} antibodies against the drug. "
            f"{domain.reason}",
        ),
        tables=(numbers_of,),
        items=tuple(("", note) for note in model.notes),
    )


def _sources(found: Assessment) -> Iterator[tuple[str, str]]:
    """The rows of the evidence table behind the intervals, and every publication behind a number, each once."""
    for each in dict.fromkeys(each for option in found.options for each in option.evidence.evidence):
        row = figure(each)
        yield (
            f"evidence-{each}",
            f"{each} [{row.mark}]: {row.quantity}, {row.group}: {row.statement}. {row.citation}",
        )
    cited = [fit.model.reference.citation for fit in found.fits]
    cited += [
        one.source.citation for curve in curves_for(found.target).values() for one in curve.figures.values()
    ]
    for citation in dict.fromkeys(cited):
        if not citation.startswith("wearoff"):
            yield "", citation
    for method in METHODS:
        yield "", method
