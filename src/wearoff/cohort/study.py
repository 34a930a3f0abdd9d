"""The main job: a cohort's records in, the answer to the seed question out.

The steps stand below in the order of the report. Each is one call to the room that knows it; this file only
says which choices go in and which tables come out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from wearoff import __version__
from wearoff.cohort.answer import Evidence, write_answer
from wearoff.cohort.association import (
    ASSOCIATION_SCHEMA,
    attrition_bound,
    attrition_table,
    comparisons_table,
    correlations,
    group_activity,
    quantity_associations,
    risk_table,
    trend_table,
)
from wearoff.cohort.exposure import Exposure, predict_exposure
from wearoff.cohort.neda import (
    NedaRule,
    histories_of,
    kind_of_neda,
    load_rule,
    observed_windows,
    read_followup,
    score_followup,
)
from wearoff.cohort.results import Provenance, Section, StudyResult, Table
from wearoff.cohort.study_tables import study_tables
from wearoff.cohort.values import patient_values
from wearoff.cohort.wearing_off import ANSWERS, CODINGS, Choice, answers_by_patient
from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.pk.models import DEFAULT_MODEL
from wearoff.errors import InputError, Problem, UnknownNameError
from wearoff.stats import compare

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

DEFAULT_SEED = 20200101
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudyChoices:
    """Everything a user may choose in a study, each by name; the defaults are printed in every report.

    Attributes:
        rule: name of the NEDA rule.
        settings: settings of that rule that differ from its file.
        answer: which of several wearing-off answers of a patient is used.
        window: the window of the first screen; None for `year 1`.
        model: name of the dosing model.
        draws: virtual copies of each patient behind the between-patient band.
        seed: seed of every drawn number.
    """

    rule: str = "neda3_12w"
    settings: dict[str, int | float | bool | str] = field(default_factory=dict)
    answer: Choice = "first"
    window: str | None = None
    model: str = DEFAULT_MODEL
    draws: int = 200
    seed: int = DEFAULT_SEED


def analyse_cohort(
    cohort: Cohort,
    *,
    name: str,
    choices: StudyChoices | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """The whole study of one cohort: exposure, NEDA, wearing-off, and how they go together.

    Args:
        cohort: the records, from `read_cohort`.
        name: short name of the cohort, for files and headings.
        choices: the named choices; None for the defaults.
        progress: told in a few words what begins.

    Raises:
        InputError: no patient could be read; lists what was refused.
        UnknownNameError: a rule, setting, window or model that does not exist.
        ComputationError: a prediction did not reach its accuracy.
    """
    if not cohort.patients:
        raise InputError(_nobody(cohort))
    choices = choices or StudyChoices()
    tell = progress or (lambda _: None)
    rule = load_rule(choices.rule).with_settings(**choices.settings)
    followup = read_followup(cohort)
    people = list(histories_of(followup, rule.relapses))
    windows = observed_windows(followup.observed_to, rule)
    primary = choices.window or windows[0].name
    if primary not in {window.name for window in windows}:
        raise UnknownNameError("window", primary, [window.name for window in windows])

    tell("scoring NEDA")
    answers = answers_by_patient(cohort, choice=choices.answer)
    neda = score_followup(followup, rule, windows).to_frame()
    tell("predicting concentration and saturation")
    exposure = predict_exposure(
        cohort,
        model=choices.model,
        draws=choices.draws,
        seed=choices.seed,
        progress=lambda done, total: tell(
            f"predicting concentration and saturation: {done} of {total} patients"
        ),
    )
    values = patient_values(cohort, people, answers, exposure)
    tell("comparing the groups")
    names = [window.name for window in windows]
    groups = [
        group_activity(neda, answers, window, coding) for window in names for coding in CODINGS.values()
    ]
    associations = _associations(values, choices.seed)
    tables = study_tables(
        cohort,
        people,
        answers,
        exposure,
        neda,
        values,
        associations,
        rule=rule,
        answer_choice=choices.answer,
        seed=choices.seed,
    )
    tables |= {
        table.name: table
        for table in (
            Table(
                "risk_by_group",
                "Activity by group",
                risk_table(neda, answers, names),
                "Active patients among the evaluable, exact (Clopper-Pearson) 95 % intervals; lost: not evaluable.",
            ),
            Table(
                "comparisons",
                "Activity with against without wearing-off",
                comparisons_table(groups),
                "Risk difference with Newcombe's interval, Fisher's exact test and mid-P, Firth's odds ratio with its "
                "penalised profile interval. No test where no event occurred: uninformative.",
            ),
            Table(
                "trend",
                "Activity over the ordered answer",
                trend_table(neda, answers, names),
                "Never / sometimes / regularly; exact conditional trend test.",
            ),
            Table(
                "attrition",
                "What the lost patients could do",
                attrition_table(groups),
                "Lost: an answer but no complete outcome. The fewest of those lost with wearing-off whose activity, "
                "with every other lost patient inactive, brings Fisher's p to 0.05 or below; and both extremes.",
            ),
        )
    }
    group = next(g for g in groups if g.window == primary and g.coding.name == "any_vs_never")
    comparison = compare(group.table)
    answer = write_answer(
        Evidence(
            patients=len(cohort.patients),
            group=group,
            comparison=comparison,
            attrition=attrition_bound(group.table, group.exposed_lost, group.other_lost),
            neda=tables["neda_summary"].frame.filter(pl.col("window") == primary).to_dicts()[0],
            associations=associations,
            refused=cohort.receipt.refusals.height,
            outside_model=int(exposure.infusions["is_outside_model"].sum()),
            rule=rule.name,
            kind=kind_of_neda(rule.components),
            tests=_count_tests(tables),
        )
    )
    return StudyResult(
        name=name,
        title=cohort.label or f"Wearing-off and disease activity: {name}",
        banner=_banner(cohort),
        answer=answer,
        sections=_sections(rule, exposure, cohort),
        tables=tables,
        provenance=_provenance(cohort, rule, choices, primary, exposure),
        figures={
            "primary_window": primary,
            "neda_summary": tables["neda_summary"].frame.to_dicts(),
            "comparisons": tables["comparisons"].frame.to_dicts(),
            "attrition": tables["attrition"].frame.to_dicts(),
            "associations": associations.to_dicts(),
        },
    )


def _nobody(cohort: Cohort) -> list[Problem]:
    """Why there is no patient: every refusal, or that the files hold only headers."""
    refused = [
        Problem(row["reason"], row["file"], row["row"], row["column"], row["patient_id"], row["value"])
        for row in cohort.receipt.refusals.to_dicts()
    ]
    return [Problem("no patient could be read; the files need at least one accepted row"), *refused]


def _associations(values: pl.DataFrame, seed: int) -> pl.DataFrame:
    tested = values.filter(
        pl.col("quantity").str.contains("trough|occupancy")
        | pl.col("quantity").is_in(["weight", "body mass index"])
    )
    if not tested.height:
        return pl.DataFrame(schema=ASSOCIATION_SCHEMA)
    occupancies = [
        q for q in tested["quantity"].unique(maintain_order=True) if q.startswith("measured occupancy")
    ]
    pairs = [(what, q) for q in occupancies for what in ("weight", "body mass index", "predicted trough")]
    return pl.concat([quantity_associations(tested, seed=seed), correlations(tested, pairs)])


def _count_tests(tables: dict[str, Table]) -> int:
    columns = {"comparisons": ("fisher_p",), "trend": ("p",), "associations": ("p",)}
    return sum(
        int(tables[name].frame[column].is_not_null().sum())
        for name, names in columns.items()
        for column in names
    )


def _banner(cohort: Cohort) -> str | None:
    if not cohort.is_simulated:
        return None
    return (
        f"Simulated data, not patients: {cohort.label}" if cohort.label else "Simulated data, not patients."
    )


def _provenance(
    cohort: Cohort, rule: NedaRule, choices: StudyChoices, primary: str, exposure: Exposure
) -> Provenance:
    files = cohort.receipt.files
    return Provenance(
        version=__version__,
        inputs=dict(zip(files["file"].to_list(), files["sha256"].to_list(), strict=True)),
        choices={
            "day of analysis": cohort.as_of.isoformat(),
            "timezone": cohort.timezone,
            "NEDA rule": rule.name,
            "first screen": primary,
            "wearing-off answer": f"{choices.answer} of {', '.join(ANSWERS)}",
            "codings": ", ".join(CODINGS),
            "dosing model": exposure.model.name,
            "saturation curves": ", ".join(curve_names()),
            "draws": str(choices.draws),
            "intervals": "Clopper-Pearson; Newcombe; Firth profile; Hodges-Lehmann",
        },
        seed=choices.seed,
    )


def _sections(rule: NedaRule, exposure: Exposure, cohort: Cohort) -> tuple[Section, ...]:
    read, accepted, refused = (
        int(cohort.receipt.files[name].sum()) for name in ("read", "accepted", "refused")
    )
    return (
        Section(
            "Receipt",
            (
                f"{read} rows were read: {accepted} accepted, {refused} refused. Nothing is coerced or guessed; what "
                "had to be assumed stands in the list of assumptions.",
            ),
            tables=(
                "receipt_files",
                "refusals",
                *(("not_used",) if cohort.receipt.not_used.height else ()),
                "notes",
            ),
        ),
        Section(
            "Who was studied",
            ("One line a patient, sorted by answer; patients without an answer are shown last.",),
            pictures=("intervals",),
            tables=("table_one", "answers", "timeline"),
        ),
        Section(
            "Exposure",
            (
                f"Concentration is predicted by the model {exposure.model.name} from the recorded infusions and the "
                "weight on the day, with the spread between patients; it is not fitted to this cohort's levels. "
                "Saturation is shown under four published or derived curves as a range.",
            ),
            pictures=("typical_cycle", "saturation_cycle", "occupancy"),
            tables=(
                "typical_cycle",
                "saturation_cycle",
                "occupancy",
                "exposure_patients",
                "exposure_infusions",
                "exposure_measurements",
            ),
        ),
        Section(
            kind_of_neda(rule.components),
            (rule.describe(),),
            pictures=("neda_components",),
            tables=("neda_summary", "neda_components", "neda"),
        ),
        Section(
            "Wearing-off against activity",
            (
                "Exact proportions and their difference; where nobody had an event there is no test and the word is "
                "uninformative.",
            ),
            pictures=("risk_by_group",),
            tables=("risk_by_group", "comparisons", "trend", "attrition"),
        ),
        Section(
            "Wearing-off against occupancy, level and weight",
            ("A shift is those with wearing-off minus the rest, in the unit of the quantity.",),
            tables=("associations",),
        ),
    )
