"""The report on a design: does a study like this answer its question, and what would it look like?

The first screen says how often virtual studies of this design show what they look for, with the Monte Carlo error.
Behind it stand the plan, the operating characteristics, the records of one virtual study, and every number that was
assumed. Nothing is simulated or estimated here; `design_first_screen.py` has the sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from wearoff import __version__
from wearoff.cohort.results import Provenance, Section, StudyResult, Table
from wearoff.cohort.wording import count
from wearoff.dosing.activity import activity_digest
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.trial.definition.plan import analysis_plan
from wearoff.trial.definition.protocol_file import protocol_digest
from wearoff.trial.definition.world_plan import assumption_table, setting_table
from wearoff.trial.design.example import decision_section, example_section
from wearoff.trial.design.first_screen import Simulated, first_screen, is_null
from wearoff.trial.world.people_file import people_digest

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.running.archive import Archive

__all__ = ["design_of", "design_study"]

_SHOWN = (
    "analysis",
    "look",
    "replicates",
    "shown",
    "shown_error",
    "shown_low",
    "shown_high",
    "mean_events",
    "mean_patients",
    "uninformative",
)
_ESTIMATED = ("bias", "bias_error", "coverage", "coverage_error", "intervals", "mean_width", "scale")


def design_study(
    protocol: Protocol,
    *,
    characteristics: pl.DataFrame | None = None,
    quantiles: pl.DataFrame | None = None,
    looks: pl.DataFrame | None = None,
    null: pl.DataFrame | None = None,
    example: Cohort | None = None,
    example_results: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    inputs: Mapping[str, str] | None = None,
) -> StudyResult:
    """The report of a design, as far as something was simulated.

    Args:
        protocol: the study, free of contradictions.
        characteristics: from `operating_characteristics`; None where nothing was simulated.
        quantiles: from `estimate_quantiles`.
        looks: from `characteristics_by_look`.
        null: the characteristics of the same study in a world where there is nothing to find.
        example: the recorded tables of one virtual study, or of several, of which the first is shown.
        example_results: what the analyses of it found, rows of `RESULT_SCHEMA`.
        decisions: its log of decisions.
        replicates: how many virtual studies were made.
        seed: the seed of every draw.
        inputs: SHA-256 of further files behind the result, by name.
    """
    tables: dict[str, Table] = {}
    sections: list[Section] = []
    if characteristics is not None:
        sections.append(_operating(tables, protocol, characteristics, quantiles, looks, null))
    sections += analysis_plan(protocol, seed=seed, replicates=replicates)
    if example is not None:
        sections.append(example_section(tables, example, example_results, protocol))
    if decisions is not None:
        sections.append(decision_section(tables, decisions))
    tables["settings"], tables["assumptions"] = setting_table(protocol), assumption_table(protocol)
    sections.append(
        Section(
            "What was chosen and what was assumed",
            (
                "Every value of the protocol stands in the first table, every number that the simulation reads from "
                "data files in the second, with its source and how well it is known.",
            ),
            tables=("settings", "assumptions"),
        )
    )
    simulated = Simulated(characteristics, looks, null, replicates, has_example=example is not None)
    return StudyResult(
        name=protocol.name,
        title=protocol.title,
        banner="A design: virtual patients, drawn from assumptions. Nobody was treated or recorded.",
        answer=first_screen(protocol, simulated),
        sections=tuple(sections),
        tables=tables,
        provenance=_provenance(protocol, seed, replicates, inputs),
        figures={
            name: frame.to_dicts()
            for name, frame in (
                ("operating_characteristics", characteristics),
                ("by_look", looks),
                ("null", null),
                ("quantiles", quantiles),
            )
            if frame is not None
        },
    )


def design_of(archive: Archive, *, null: Archive | None = None) -> StudyResult:
    """The report of a design from the archive of its virtual studies.

    Results are read as they are needed, so that memory does not grow with their number.

    Args:
        archive: of the study.
        null: of the same study in a world where there is nothing to find.

    Raises:
        InputError: a file of an archive cannot be read.
    """
    from wearoff.trial.design.estimates import estimate_quantiles
    from wearoff.trial.running.operating import characteristics_by_look, operating_characteristics

    protocol, results, first = archive.protocol, archive.results(), pl.col("replicate") == 0
    return design_study(
        protocol,
        characteristics=operating_characteristics(results, protocol),
        quantiles=estimate_quantiles(results, protocol),
        looks=characteristics_by_look(results, protocol),
        null=None if null is None else _where_nothing_is(null),
        example=archive.cohort(0) if archive.is_kept and archive.finished() else None,
        example_results=results.filter(first).collect(),
        decisions=archive.decisions().filter(first).collect(),
        replicates=sum(len(archive.replicates_of(number)) for number in archive.finished()),
        seed=archive.seed,
    )


def _where_nothing_is(null: Archive) -> pl.DataFrame | None:
    """The characteristics of the analyses that have nothing to find there: what others show is no error."""
    from wearoff.trial.running.operating import operating_characteristics

    names = [each.name for each in null.protocol.analyses if is_null(each, null.protocol)]
    found = operating_characteristics(null.results(), null.protocol)
    found = found.filter(found["analysis"].is_in(names))
    return found if found.height else None


def _operating(
    tables: dict[str, Table],
    protocol: Protocol,
    characteristics: pl.DataFrame,
    quantiles: pl.DataFrame | None,
    looks: pl.DataFrame | None,
    null: pl.DataFrame | None,
) -> Section:
    """How often each analysis shows something, and what it estimates."""
    tables["operating"] = Table(
        "operating",
        "How often each analysis shows what it looks for",
        characteristics.select(_SHOWN),
        "Shown is the share of all virtual studies, with its Monte Carlo error and its exact 95 % interval; "
        "uninformative the share in which there was nothing to test. Events and patients are means.",
    )
    names = ["operating"]
    if quantiles is not None and quantiles.height:
        tables["estimates"] = Table(
            "estimates",
            "What each analysis estimates",
            quantiles.join(
                characteristics.select("analysis", "look", *_ESTIMATED),
                on=["analysis", "look"],
                how="left",
                maintain_order="left",
            ),
            "Quantiles are those of the finite estimates over virtual studies. Bias and width of ratios are on the "
            "logarithmic scale. Coverage is the share of intervals that hold the true value, where that is stated; a "
            "study without an interval is not in it, and one without a finite estimate in no bias.",
        )
        names.append("estimates")
    if looks is not None and looks.height:
        tables["looks"] = Table(
            "looks",
            "A study that ends at the first look that shows it",
            looks,
            "Weeks since the first patient entered. Mean weeks and patients are those at the end of the study. "
            "`estimate_then` is what such a study estimates in the mean when it ends, which chance makes too large "
            "where it ends early; `estimate_at_last` where every study goes on. Of ratios both are geometric, with the "
            "errors of logarithms.",
        )
        names.append("looks")
    if null is not None:
        tables["null"] = Table(
            "null",
            "The same study where there is nothing to find",
            null.select(_SHOWN),
            "Shown is the error of the first kind. Analyses that have something to find there as well are left out.",
        )
        names.append("null")
    studies = int(characteristics["replicates"].max() or 0)  # type: ignore[arg-type]
    return Section(
        "Operating characteristics",
        (
            f"{count(studies, 'virtual study', 'virtual studies')} of {count(protocol.size, 'patient')} were made, "
            "recorded and analysed by the plan below. A share of studies is the power of an analysis where there is "
            "something to find, and its error of the first kind where there is nothing.",
        ),
        pictures=("operating", "estimates"),
        tables=tuple(names),
    )


def _provenance(
    protocol: Protocol, seed: int | None, replicates: int | None, inputs: Mapping[str, str] | None
) -> Provenance:
    world = protocol.world
    model = load_model(world.model)
    return Provenance(
        version=__version__,
        inputs={
            f"protocol {protocol.name}": protocol_digest(protocol),
            f"model {model.name}": model.digest,
            "curves.toml": load_curve(world.curve).digest,
            "people.toml": people_digest(protocol.patients.numbers),
            **({"activity.toml": activity_digest()} if world.activity == "model" else {}),
            **(inputs or {}),
        },
        choices={
            "protocol": protocol.name,
            "arms": "; ".join(
                f"{arm.name}: {arm.policy}, {arm.weeks:g} weeks, {arm.size}" for arm in protocol.arms
            ),
            "dosing model": model.name,
            "saturation curve": world.curve,
            "wearing-off driven by": world.wearing_off,
            "activity": world.activity,
            "analyses": "; ".join(f"{each.name}: {each.method}" for each in protocol.analyses),
            "virtual studies": "none" if replicates is None else str(replicates),
        },
        seed=seed,
    )
