"""A question planned from end to end: sizes, formula and simulation, curves, assurance, and the answer in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from wearoff import __version__
from wearoff.cohort.published.figures import sources_table
from wearoff.cohort.results import Provenance, Section, StudyResult, Table
from wearoff.sources import figure
from wearoff.trial.power.activity import ActivityDesign
from wearoff.trial.power.assurance import assurance_table, assure
from wearoff.trial.power.curves import points, power_curves
from wearoff.trial.power.intervals import IntervalDesign
from wearoff.trial.power.monte_carlo import Progress
from wearoff.trial.power.paragraphs import write_answer
from wearoff.trial.power.plan import Plan, PowerChoices, plan
from wearoff.trial.power.side_by_side import behaviour, compare, side_by_side, studies_drawn
from wearoff.trial.power.sizes import size_tables

BANNER = "A plan, not a result: every patient here is simulated."
_READ_FOR_ASSURANCE = ("W015", "W016", "W099", "W101")


def plan_study(choices: PowerChoices, progress: Progress | None = None) -> StudyResult:
    """The answer to how large and how long, with everything it rests on.

    Args:
        choices: the question and what was chosen.
        progress: told how many studies are drawn, of how many.

    Raises:
        UnknownNameError: there is no such question.
        InputError: a setting does not belong to the question or cannot be; or no size suffices.

    Example:
        >>> result = plan_study(PowerChoices(replicates=20, has_curves=False))
        >>> result.figures["patients"]
        516
    """
    mine = plan(choices)
    curve_studies = len(points(mine)) * mine.curve_replicates if choices.has_curves else 0
    stages = (studies_drawn(mine), mine.replicates, curve_studies)
    report = _stages(progress, stages)
    compared = compare(mine, report(0))
    assured = assure(mine, report(1))
    tables = {
        table.name: table
        for table in (
            *size_tables(mine),
            side_by_side(compared),
            behaviour(compared),
            assurance_table(assured),
            *((power_curves(mine, report(2)),) if choices.has_curves else ()),
            assumptions(mine),
            sources_table(_evidence(mine)),
        )
    }
    main = compared[0]
    return StudyResult(
        name=f"power-{mine.name.replace('_', '-')}",
        title=f"How large, how long: {mine.question.title}",
        banner=BANNER,
        answer=write_answer(mine, tables, compared, assured),
        sections=_sections(tables),
        tables=tables,
        provenance=Provenance(
            version=__version__,
            inputs={row: figure(row).statement for row in _evidence(mine)},
            choices=_choices(mine),
            seed=mine.seed,
        ),
        figures={
            "patients": mine.design.patients,
            "power_formula": main.closed_form,
            "power_exact": main.exact,
            "power_simulated": main.simulated.power,
            "monte_carlo_error": main.simulated.error,
            "assurance": assured[0].by_formula,
            "sizes": tables["sizes"].frame.to_dicts(),
            "settings": dict(mine.settings),
        },
    )


def assumptions(mine: Plan) -> Table:
    """Every number of a plan, with where it comes from."""
    rows = []
    for name, known in mine.question.settings.items():
        is_chosen = name in mine.chosen and mine.settings[name] != known.value
        rows.append(
            {
                "setting": name,
                "value": mine.settings[name],
                "unit": known.unit,
                "mark": "chosen" if is_chosen else str(known.mark),
                "source": f"chosen in place of {known.value:g}" if is_chosen else known.source.citation,
                "evidence": "" if is_chosen else ", ".join(known.evidence),
            }
        )
    note = "A number that is assumed has no source: it is a scenario. `wearoff evidence ID` prints a row of evidence."
    return Table("assumptions", "Every number of the plan", pl.DataFrame(rows), note)


def _stages(progress: Progress | None, sizes: tuple[int, ...]) -> Callable[[int], Progress]:
    """One progress over several stages."""

    def of(stage: int) -> Progress:
        before = sum(sizes[:stage])

        def report(done: int, _: int) -> None:
            if progress is not None:
                progress(before + done, sum(sizes))

        return report

    return of


def _evidence(mine: Plan) -> tuple[str, ...]:
    """The rows of the evidence table behind a plan, each once."""
    rows = [row for known in mine.question.settings.values() for row in known.evidence]
    if isinstance(mine.design, ActivityDesign | IntervalDesign):
        rows += _READ_FOR_ASSURANCE
    return tuple(dict.fromkeys(rows))


def _choices(mine: Plan) -> dict[str, str]:
    return {
        "question": mine.name,
        "analyses": ", ".join(mine.design.tests),
        "patients": f"{mine.design.patients}" + (" (from the power)" if mine.is_sized else " (chosen)"),
        "simulated studies": f"{mine.replicates} for each figure, {mine.curve_replicates} for each point of a curve",
        **{name: f"{value:g}" for name, value in mine.settings.items()},
    }


def _sections(tables: Mapping[str, Table]) -> tuple[Section, ...]:
    sizes = tuple(name for name in tables if name.startswith("sizes"))
    found = [
        Section("How many, for how long", tables=sizes),
        Section(
            "Formula and simulation",
            (
                "A formula is short and approximate; a simulation draws whole studies and analyses each by the "
                "estimators that analyse a real cohort. Where the two disagree by more than chance, the first screen "
                "says so.",
            ),
            tables=("side_by_side", "behaviour"),
        ),
    ]
    if "power_curves" in tables:
        found.append(
            Section(
                "What changes the power",
                ("Each panel moves one number and keeps the others as planned.",),
                pictures=("power_curves",),
            )
        )
    found.append(
        Section(
            "When the truth is uncertain",
            (
                "Power speaks of one effect that nobody knows. The chance of success averages it over what may be "
                "true.",
            ),
            tables=("assurance",),
        )
    )
    if "first_study" in tables:
        found.append(Section("What the first study could have shown", tables=("first_study",)))
    found.append(Section("What the plan rests on", tables=("assumptions", "sources")))
    return tuple(found)
