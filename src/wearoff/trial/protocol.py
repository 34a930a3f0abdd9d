"""What a virtual study is: who takes part, what is true of them, what is recorded, and what is computed from it.

A protocol is a value and a TOML file (`definition/protocol_file.py`). Its first half (patients, arms, truth, schedule,
recording) makes the data; its second half (endpoints, analyses, looks) only reads them, so that other endpoints can be
computed from the same recorded tables without simulating again. Days count from each patient's entry, weeks are for
people.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from wearoff.dosing.figures import Strict

__all__ = [
    "COVARIATES",
    "Analysis",
    "Arm",
    "Assignment",
    "Attendance",
    "Capacity",
    "Endpoint",
    "EndpointKind",
    "Looks",
    "Override",
    "Patients",
    "Protocol",
    "Recording",
    "Schedule",
    "World",
]

COVARIATES = (
    "weight_kg",
    "height_cm",
    "is_female",
    "age",
    "edss",
    "jcv_index",
    "ms_years",
    "treatment_years",
    "has_antibodies",
)
"""What is drawn for every patient beside level, frailty and wearing-off."""

EndpointKind = Literal[
    "neda",  # active, NEDA or unknown in a window, by a NEDA rule
    "first_activity",  # days to the first activity of a NEDA rule, and the window in which it lies
    "first_relapse",  # days to the first relapse
    "relapses",  # number of relapses over the time at risk
    "lesions",  # number of new lesions over the time between scans
    "answer",  # the answer to the wearing-off question
    "occupancy",  # measured receptor occupancy
    "level",  # measured troughs
    "diary",  # wearing-off in the diary, by a diary rule
]
Share = Field(ge=0.0, le=1.0)


class Patients(Strict):
    """Who takes part.

    Attributes:
        population: `stable` patients had a year of 4-weekly dosing without lesion or relapse; `starter` begin the drug.
        source: `drawn` from the distributions of a file, or rows of a recorded `cohort`, drawn with replacement.
        numbers: file of distributions in the form of `world/people.toml`; by default that of the package.
        folder: folder of the cohort to draw rows from.
    """

    population: Literal["stable", "starter"] = "stable"
    source: Literal["drawn", "cohort"] = "drawn"
    numbers: str | None = None
    folder: str | None = None


class Override(Strict):
    """When the clinician goes back to an interval, whatever the policy says.

    Attributes:
        when: at every decision, after wearing-off was reported, or after a relapse or a scan with activity.
        share: how often that happens where the condition holds.
        weeks: the interval that the clinician goes back to.
    """

    when: Literal["always", "wearing_off", "active"]
    share: float = Share
    weeks: float = Field(default=4.0, gt=0.0)


class Arm(Strict):
    """One arm, and the policy that decides its intervals.

    Attributes:
        name: as it stands in tables.
        size: patients; where the interval is chosen and not randomised, the expected number.
        policy: `fixed`, `trough_guided_tree` or `model_informed` (`dosing/policies.py`).
        weeks: the interval of `fixed`; of other policies the interval at which they begin.
        aim_mg_per_l: the trough that the other policies keep.
        decide_every_infusions: a trough is measured and a decision taken at every so-many-th infusion.
        override: the clinician's own rule, where there is one.
        activity_ratio: how many times as often activity comes, where the activity is stated and not modelled.
    """

    name: str = Field(min_length=1)
    size: int
    policy: str = "fixed"
    weeks: float = Field(default=4.0, gt=0.0)
    aim_mg_per_l: float | None = None
    decide_every_infusions: int = Field(default=2, ge=1)
    override: Override | None = None
    activity_ratio: float = Field(default=1.0, gt=0.0)


class Assignment(Strict):
    """How patients come to their arm.

    Attributes:
        kind: `randomised` to arms of exactly their sizes, or `observed`: chosen with a chance that hangs on covariates.
        log_odds: where chosen, the log odds of each arm against the one before it, for each standard deviation of a
            covariate of `COVARIATES`, of `frailty` (never recorded: unmeasured confounding) or of `wearing_off`.
    """

    kind: Literal["randomised", "observed"] = "randomised"
    log_odds: dict[str, float] = Field(default_factory=dict)


class Capacity(Strict):
    """What the infusion unit can do.

    Attributes:
        infusions_per_week: more than so many are put off to the next week with room.
    """

    infusions_per_week: int = Field(ge=1)


class Attendance(Strict):
    """How infusions keep to their plan.

    Attributes:
        late_d: mean delay of an infusion, days.
        skipped: share of infusions that are left out.
    """

    late_d: float = Field(default=0.0, ge=0.0)
    skipped: float = Field(default=0.0, ge=0.0, lt=1.0)


class World(Strict):
    """What is true of the virtual patients and is recorded only through its traces.

    Attributes:
        model: the concentration model.
        curve: the saturation curve.
        wearing_off: what drives it: `low_occupancy`, or `independent` of the drug.
        regularly, sometimes: shares of patients with that wearing-off; by default those of Bringeland 2020.
        strength: how much the log odds of more wearing-off grow for each standard deviation that the saturation at
            the end of the interval is lower; only where wearing-off is driven by it.
        activity: `model`: lesions and relapses follow the free integrin (`dosing/activity.py`); `stated`: constant
            rates.
        yearly_activity: where stated, the share of patients without wearing-off who have activity within a year.
        relapse_share: where stated, the share of that rate that is relapses; the rest are lesions.
        activity_ratio: how many times as often activity comes in those with any wearing-off; 1 is the null.
        worsening_per_year: share of patients who worsen by a step in a year without relapse.
        is_uncertain: whether each replicate draws the model's and the activity's own numbers from their intervals.
    """

    model: str = "van_den_berg_2025"
    curve: str = "bridge"
    wearing_off: Literal["low_occupancy", "independent"] = "low_occupancy"
    regularly: float = Field(default=0.2, ge=0.0, le=1.0)
    sometimes: float = Field(default=0.225, ge=0.0, le=1.0)
    strength: float = Field(default=1.0, ge=0.0)
    activity: Literal["model", "stated"] = "model"
    yearly_activity: float | None = Field(default=None, gt=0.0, lt=1.0)
    relapse_share: float = Field(default=0.3, ge=0.0, le=1.0)
    activity_ratio: float = Field(default=1.0, gt=0.0)
    worsening_per_year: float = Field(default=0.02, ge=0.0, lt=1.0)
    is_uncertain: bool = False


class Schedule(Strict):
    """When somebody looks.

    Attributes:
        followup_weeks: from entry to the end.
        accrual_weeks: patients enter evenly over so many weeks.
        before_weeks: infusions of so many weeks before entry are in the records.
        visit_every_weeks: assessments with EDSS, the first at entry.
        visit_window_d: an assessment is so many days early or late at most.
        mri_every_weeks: scans, the first at entry.
        mri_window_d: likewise of scans.
        is_with_gadolinium: whether scans are made with contrast.
        question_every_weeks: the wearing-off question, the first at entry.
        level_every_weeks: a trough is measured before the first infusion after every so many weeks; None for never.
        occupancy_every_weeks: likewise receptor occupancy.
        diary_weeks: weekly diary entries from entry on; 0 for none.
    """

    followup_weeks: int
    accrual_weeks: int = Field(default=0, ge=0)
    before_weeks: int = Field(default=24, ge=0)
    visit_every_weeks: int = Field(default=24, ge=1)
    visit_window_d: int = Field(default=14, ge=0)
    mri_every_weeks: int = Field(default=52, ge=1)
    mri_window_d: int = Field(default=21, ge=0)
    is_with_gadolinium: bool = True
    question_every_weeks: int = Field(default=52, ge=1)
    level_every_weeks: int | None = Field(default=52, ge=1)
    occupancy_every_weeks: int | None = Field(default=52, ge=1)
    diary_weeks: int = Field(default=0, ge=0)


class Recording(Strict):
    """What is lost, blurred or left out between the truth and the tables.

    Attributes:
        dropout_per_year: share of patients lost in a year; the rate is -ln(1 - share).
        missed_visit, unscanned: share of assessments and scans that do not take place; those at entry all do.
        no_gadolinium: share of scans made without contrast although it was planned.
        no_edss: share of visits without an EDSS.
        edss_sd: spread of an examiner's EDSS around the true one, before rounding to half a step.
        unreported_relapse: share of relapses that nobody reports.
        other_answer: share of answers that are one step off.
        level_cv: proportional error of a measured level; by default that of the model.
        level_lloq_mg_per_l: limit of quantification.
        occupancy_sd: spread of a measured occupancy around the true saturation, as a fraction.
        no_sample: share of planned samples that are not taken.
        missing_diary: share of weeks without an entry.
        diary_fatigue_per_week: share of those still writing who stop in a week.
        diary_sd: spread of a weekly severity around its true value, points of 0 to 10.
        diary_rise: points by which severity rises over the interval in those with regular wearing-off; half of it in
            those with some.
        missing_weight: share of infusions without a weight.
    """

    dropout_per_year: float = Field(default=0.0, ge=0.0, lt=1.0)
    missed_visit: float = Field(default=0.0, ge=0.0, lt=1.0)
    unscanned: float = Field(default=0.0, ge=0.0, lt=1.0)
    no_gadolinium: float = Field(default=0.0, ge=0.0, le=1.0)
    no_edss: float = Field(default=0.0, ge=0.0, lt=1.0)
    edss_sd: float = Field(default=0.25, ge=0.0)
    unreported_relapse: float = Field(default=0.0, ge=0.0, lt=1.0)
    other_answer: float = Field(default=0.0, ge=0.0, lt=1.0)
    level_cv: float | None = Field(default=None, ge=0.0)
    level_lloq_mg_per_l: float = Field(default=0.5, ge=0.0)
    occupancy_sd: float = Field(default=0.02, ge=0.0)
    no_sample: float = Field(default=0.0, ge=0.0, lt=1.0)
    missing_diary: float = Field(default=0.0, ge=0.0, lt=1.0)
    diary_fatigue_per_week: float = Field(default=0.0, ge=0.0, lt=1.0)
    diary_sd: float = Field(default=1.0, ge=0.0)
    diary_rise: float = Field(default=2.0, ge=0.0)
    missing_weight: float = Field(default=0.0, ge=0.0, le=1.0)


class Endpoint(Strict):
    """What is computed of each patient from the recorded tables, by the code that scores a real cohort.

    Attributes:
        name: as analyses call it.
        kind: what it is.
        rule: name of the rule that scores it: a NEDA rule for `neda` and `first_activity`, a relapse rule for
            `first_relapse` and `relapses`, an outcome rule for `lesions`, a diary rule for `diary`; the usual one by
            default.
        until_weeks: the window ends so many weeks after entry; by default with the follow-up.
    """

    name: str = Field(min_length=1)
    kind: EndpointKind
    rule: str | None = None
    until_weeks: int | None = Field(default=None, ge=1)


class Analysis(Strict):
    """What is estimated or tested in each replicate.

    Attributes:
        name: as it stands in results.
        method: name in the registry of `analyses`.
        endpoint: name of an endpoint.
        by: what makes the groups: the `arm`, or the `wearing_off` answer at entry under a coding.
        coding: how answers make two groups.
        compared, reference: names of the two arms, where the arm makes the groups; by default the second and the
            first.
        margin: largest acceptable difference of risks, of a test of non-inferiority.
        alpha: two-sided level, one-sided of a test of non-inferiority; the interval has the level 1 - alpha, beside
            a one-sided test 1 - 2 alpha.
        true_value: the value that the estimate is of, where it is known, so that bias and coverage can be told.
        is_primary: whether the study stands or falls by it, and interim looks use it.
    """

    name: str = Field(min_length=1)
    method: str
    endpoint: str
    by: Literal["wearing_off", "arm"]
    coding: str = "any_vs_never"
    compared: str | None = None
    reference: str | None = None
    margin: float | None = Field(default=None, gt=0.0, lt=1.0)
    alpha: float = Field(default=0.05, gt=0.0, lt=0.5)
    true_value: float | None = None
    is_primary: bool = False


class Looks(Strict):
    """Interim looks at the primary analysis.

    Attributes:
        weeks: of each look before the last, since the first patient entered; the last is the end of the study.
        spending: how the level is spent: the functions of Lan and DeMets that resemble O'Brien and Fleming or Pocock,
            or 0.001 at each look before the last (Haybittle and Peto).
    """

    weeks: tuple[float, ...]
    spending: Literal["obrien_fleming", "pocock", "haybittle_peto"] = "obrien_fleming"


class Protocol(Strict):
    """A whole virtual study.

    Attributes:
        name: short, for files.
        title: one line for people.
        question: what the study asks.
        patients, arms, assignment, capacity, attendance, world, schedule, recording: what makes the data.
        endpoints, analyses, looks: what reads them.
        notes: what a reader should know, such as what is assumed.
    """

    name: str = Field(min_length=1, pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    question: str
    patients: Patients = Patients()
    arms: tuple[Arm, ...] = Field(alias="arm")
    assignment: Assignment = Assignment()
    capacity: Capacity | None = None
    attendance: Attendance = Attendance()
    world: World = World()
    schedule: Schedule
    recording: Recording = Recording()
    endpoints: tuple[Endpoint, ...] = Field(alias="endpoint")
    analyses: tuple[Analysis, ...] = Field(alias="analysis")
    looks: Looks | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Patients of one replicate."""
        return sum(arm.size for arm in self.arms)
