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
    SID_EID,
    attrition_bound,
    correlations,
    group_activity,
    quantity_associations,
)
from wearoff.cohort.chapters import (
    all_effects,
    diaries,
    dosing_arms,
    ordered_answer,
    outcome_rule,
    over_time,
    records_quality,
)
from wearoff.cohort.exposure import Exposure, predict_exposure
from wearoff.cohort.interval_class import load_interval_rule
from wearoff.cohort.neda import (
    NedaRule,
    histories_of,
    kind_of_neda,
    load_rule,
    observed_windows,
    read_followup,
    score_followup,
)
from wearoff.cohort.quality import quality_rule_names
from wearoff.cohort.results import Provenance, StudyResult
from wearoff.cohort.study_sections import study_sections
from wearoff.cohort.study_tables import (
    FIGURES,
    comparison_tables,
    count_tests,
    relapse_rates,
    study_tables,
    worsening_tables,
)
from wearoff.cohort.values import patient_values, trough_samples
from wearoff.cohort.wearing_off import ANSWERS, CODINGS, Choice, answers_by_patient, load_diary_rule
from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.pk.models import DEFAULT_MODEL
from wearoff.errors import InputError, Problem, UnknownNameError
from wearoff.stats import compare

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

DEFAULT_SEED = 20200101
DEFAULT_INTERVAL_RULE = "touch_primary"
DEFAULT_DIARY_RULE = "rise_two_cycles"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StudyChoices:
    """Everything a user may choose in a study, each by name; the defaults are printed in every report.

    Attributes:
        rule: name of the NEDA rule.
        settings: settings of that rule that differ from its file.
        answer: which of several wearing-off answers of a patient is used.
        window: the window of the first screen; None for `year 1`.
        interval_rule: name of the rule that tells standard from extended dosing.
        diary_rule: name of the rule that reads wearing-off from a diary.
        model: name of the dosing model.
        draws: virtual copies of each patient behind the between-patient band.
        seed: seed of every drawn number.
    """

    rule: str = "neda3_12w"
    settings: dict[str, int | float | bool | str] = field(default_factory=dict)
    answer: Choice = "first"
    window: str | None = None
    interval_rule: str = DEFAULT_INTERVAL_RULE
    diary_rule: str = DEFAULT_DIARY_RULE
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
    interval_rule, diary_rule = load_interval_rule(choices.interval_rule), load_diary_rule(choices.diary_rule)
    followup = read_followup(cohort)
    people = list(histories_of(followup, rule.relapses))
    windows = observed_windows(followup.observed_to, rule)
    primary = choices.window or windows[0].name
    if primary not in {window.name for window in windows}:
        raise UnknownNameError("window", primary, [window.name for window in windows])

    tell("scoring NEDA")
    answers = answers_by_patient(cohort, choice=choices.answer)
    scores = score_followup(followup, rule, windows)
    neda = scores.to_frame()
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
    tested = _tested(values)
    associations = _associations(tested, choices.seed)
    tables = study_tables(
        cohort,
        people,
        answers,
        exposure,
        neda,
        values,
        associations,
        worsening=worsening_tables(followup, scores.events, rule.worsening),
        rule=rule,
        answer_choice=choices.answer,
        seed=choices.seed,
    )
    tables |= {table.name: table for table in comparison_tables(neda, answers, names, groups)}
    tell("comparing over time")
    quality = records_quality(cohort)
    time = over_time(cohort, people, answers, rule)
    quantities = tested["quantity"].unique(maintain_order=True).to_list()
    chapters = [
        time,
        ordered_answer(cohort, values, trough_samples(exposure, answers), quantities),
        dosing_arms(cohort, people, answers, rule=interval_rule, seed=choices.seed),
        diaries(cohort, answers, diary_rule),
    ]
    tables |= {table.name: table for chapter in (quality, *chapters) for table in chapter.tables}
    effects = all_effects(tables)
    tables |= {table.name: table for table in effects.tables}
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
            rates=relapse_rates(tables),
            tests=count_tests(tables),
        )
    )
    return StudyResult(
        name=name,
        title=cohort.label or f"Wearing-off and disease activity: {name}",
        banner=_banner(cohort),
        answer=answer,
        sections=study_sections(rule, exposure, cohort, quality=quality, chapters=[*chapters, effects]),
        tables=tables,
        provenance=_provenance(cohort, rule, choices, primary, exposure),
        figures={
            "primary_window": primary,
            **{name: tables[name].frame.to_dicts() for name in FIGURES if name in tables},
        },
    )


def _nobody(cohort: Cohort) -> list[Problem]:
    """Why there is no patient: every refusal, or that the files hold only headers."""
    refused = [
        Problem(row["reason"], row["file"], row["row"], row["column"], row["patient_id"], row["value"])
        for row in cohort.receipt.refusals.to_dicts()
    ]
    return [Problem("no patient could be read; the files need at least one accepted row"), *refused]


def _tested(values: pl.DataFrame) -> pl.DataFrame:
    """The quantities that are compared by wearing-off: levels, occupancies and weight."""
    return values.filter(
        pl.col("quantity").str.contains("trough|occupancy")
        | pl.col("quantity").is_in(["weight", "body mass index"])
    )


def _associations(tested: pl.DataFrame, seed: int) -> pl.DataFrame:
    if not tested.height:
        return pl.DataFrame(schema=ASSOCIATION_SCHEMA)
    occupancies = [
        q for q in tested["quantity"].unique(maintain_order=True) if q.startswith("measured occupancy")
    ]
    pairs = [(what, q) for q in occupancies for what in ("weight", "body mass index", "predicted trough")]
    return pl.concat([quantity_associations(tested, seed=seed), correlations(tested, pairs)])


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
            "relapse rule": rule.relapses.name,
            "outcome rule": outcome_rule(rule).name,
            "interval rule": choices.interval_rule,
            "diary rule": choices.diary_rule,
            "emulated trial": SID_EID.name,
            "quality rules": ", ".join(quality_rule_names()),
            "dosing model": exposure.model.name,
            "saturation curves": ", ".join(curve_names()),
            "draws": str(choices.draws),
            "intervals": "Clopper-Pearson; Newcombe; Firth profile; Hodges-Lehmann; Kaplan-Meier log-log; Garwood; "
            "conditional exact and profile for ratios; robust and Rubin for the emulated trial",
        },
        seed=choices.seed,
    )
