"""The analysis plan says all that a protocol states, in the words of the rules that it names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from wearoff.cohort.neda import load_rule
from wearoff.cohort.wearing_off import load_diary_rule
from wearoff.dosing.policies import policy_card
from wearoff.trial.definition.plan import analysis_plan
from wearoff.trial.definition.protocol_file import load_protocol, protocol_names
from wearoff.trial.definition.world_plan import assumption_table, setting_table, world_figures
from wearoff.trial.protocol import Protocol
from wearoff.trial.reading.methods import load_method

LARGER = load_protocol("larger-longer-cohort")
PERSONAL = load_protocol("personal-dosing")
CHOSEN = load_protocol("sid-eid-observed")
ARMS = load_protocol("sid-eid-randomised")


def text_of(protocol: Protocol, **given: Any) -> str:
    return "\n".join(
        paragraph for section in analysis_plan(protocol, **given) for paragraph in section.paragraphs
    )


def changed(protocol: Protocol, path: str, value: Any) -> Protocol:
    """The protocol with another value at a dotted path, unchecked."""
    whole = protocol.model_dump(mode="python", by_alias=True)
    *outer, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = whole
    for part in outer:
        if isinstance(place, dict) and isinstance(place[part], tuple):
            place[part] = list(place[part])
        place = place[part]
    place[last] = value
    return Protocol.model_validate(whole, strict=False)


# a value of a protocol, and another one that it may have: the plan tells them apart
OTHER: list[tuple[Protocol, str, Any]] = [
    (LARGER, "title", "another"),
    (LARGER, "question", "Is it so?"),
    (LARGER, "notes", ("Something is assumed.",)),
    (LARGER, "patients.population", "starter"),
    (LARGER, "patients.source", "cohort"),
    (LARGER, "arm.0.name", "four"),
    (LARGER, "arm.0.size", 301),
    (LARGER, "arm.0.weeks", 5.0),
    (LARGER, "arm.0.activity_ratio", 2.0),
    (PERSONAL, "arm.1.policy", "model_informed"),
    (PERSONAL, "arm.1.aim_mg_per_l", 5.0),
    (PERSONAL, "arm.1.decide_every_infusions", 3),
    (PERSONAL, "arm.1.override.when", "always"),
    (PERSONAL, "arm.1.override.share", 0.7),
    (PERSONAL, "arm.1.override.weeks", 5.0),
    (PERSONAL, "capacity.infusions_per_week", 40),
    (CHOSEN, "assignment.kind", "randomised"),
    (CHOSEN, "assignment.log_odds", {"age": 0.1}),
    (LARGER, "attendance.late_d", 2.0),
    (LARGER, "attendance.skipped", 0.02),
    (LARGER, "world.model", "label_linear_mm"),
    (LARGER, "world.curve", "ec50_only"),
    (LARGER, "world.wearing_off", "independent"),
    (LARGER, "world.regularly", 0.3),
    (LARGER, "world.sometimes", 0.3),
    (LARGER, "world.strength", 2.0),
    (LARGER, "world.activity", "model"),
    (LARGER, "world.yearly_activity", 0.2),
    (LARGER, "world.relapse_share", 0.4),
    (LARGER, "world.activity_ratio", 1.0),
    (LARGER, "world.worsening_per_year", 0.03),
    (LARGER, "world.is_uncertain", True),
    (LARGER, "schedule.followup_weeks", 105),
    (LARGER, "schedule.accrual_weeks", 53),
    (LARGER, "schedule.before_weeks", 25),
    (LARGER, "schedule.visit_every_weeks", 27),
    (LARGER, "schedule.visit_window_d", 15),
    (LARGER, "schedule.mri_every_weeks", 53),
    (LARGER, "schedule.mri_window_d", 22),
    (LARGER, "schedule.is_with_gadolinium", False),
    (LARGER, "schedule.question_every_weeks", 27),
    (LARGER, "schedule.level_every_weeks", None),
    (LARGER, "schedule.occupancy_every_weeks", 27),
    (LARGER, "schedule.diary_weeks", 25),
    *(
        (LARGER, f"recording.{key}", 0.321)
        for key in (
            "dropout_per_year",
            "missed_visit",
            "unscanned",
            "no_gadolinium",
            "no_edss",
            "edss_sd",
            "unreported_relapse",
            "other_answer",
            "level_cv",
            "level_lloq_mg_per_l",
            "occupancy_sd",
            "no_sample",
            "missing_diary",
            "diary_fatigue_per_week",
            "diary_sd",
            "diary_rise",
            "missing_weight",
        )
    ),
    (CHOSEN, "endpoint.0.name", "activities"),
    (LARGER, "endpoint.2.kind", "level"),
    (LARGER, "endpoint.0.rule", "neda3_24w"),
    (LARGER, "endpoint.0.until_weeks", 80),
    (LARGER, "analysis.0.name", "primary"),
    (LARGER, "analysis.0.method", "log_rank"),
    (CHOSEN, "analysis.0.endpoint", "relapses"),
    (ARMS, "analysis.0.by", "wearing_off"),
    (LARGER, "analysis.0.coding", "regular_vs_rest"),
    (PERSONAL, "analysis.0.compared", "model-informed"),
    (PERSONAL, "analysis.0.reference", "model-informed"),
    (ARMS, "analysis.0.margin", 0.2),
    (LARGER, "analysis.0.alpha", 0.01),
    (LARGER, "analysis.0.true_value", 2.0),
    (ARMS, "analysis.0.is_primary", False),
    (LARGER, "looks.weeks", (90.0,)),
    (LARGER, "looks.spending", "pocock"),
]
SILENT = {"name", "patients.numbers", "patients.folder"}
"""Names of files, which the provenance of a report holds."""


@pytest.mark.parametrize(
    ("protocol", "path", "value"), OTHER, ids=[f"{path} = {value}" for _, path, value in OTHER]
)
def test_another_value_makes_another_plan(protocol: Protocol, path: str, value: Any) -> None:
    other = changed(protocol, path, value)
    assert other != protocol
    assert text_of(other) != text_of(protocol)


def test_every_key_of_a_protocol_is_asked_whether_the_plan_tells_it() -> None:
    from wearoff.trial.definition.protocol_form import forms

    known = forms()
    keys = {
        ".".join((*form.path, key))
        for form in known.values()
        for key in form.keys
        if (*form.path, key) not in known
    }
    asked = {re.sub(r"\.\d+", "", path) for _, path, _ in OTHER}
    assert keys - asked - SILENT == set()


@pytest.mark.parametrize("name", protocol_names())
def test_the_plan_holds_the_words_of_every_rule_policy_and_method(name: str) -> None:
    protocol = load_protocol(name)
    text = text_of(protocol)
    for arm in protocol.arms:
        assert policy_card(arm.policy).rule in text
        assert all(note in text for note in policy_card(arm.policy).notes)
    for analysis in protocol.analyses:
        assert text.count(load_method(analysis.method).describe()) == 1
    for endpoint in protocol.endpoints:
        if endpoint.kind in ("neda", "first_activity"):
            assert text.count(load_rule(endpoint.rule or "neda3_12w").describe()) == 1
        if endpoint.kind == "diary":
            assert load_diary_rule(endpoint.rule or "rise_two_cycles").describe() in text


@pytest.mark.parametrize("name", protocol_names())
def test_every_paragraph_is_of_whole_sentences(name: str) -> None:
    for section in analysis_plan(load_protocol(name), seed=7, replicates=1000):
        assert section.paragraphs
        for paragraph in section.paragraphs:
            assert re.match(r"[A-Z0-9]", paragraph), paragraph
            assert paragraph.endswith((".", "?")), paragraph
            assert "  " not in paragraph
            assert "None" not in paragraph
            assert not re.search(r"[ (]\d+\.\d{5,}", paragraph), paragraph


def test_seed_and_replicates_are_told_where_they_are_chosen() -> None:
    assert (
        "1,000 virtual studies of 300 patients are made. Every random number belongs to seed 7,"
        in text_of(LARGER, seed=7, replicates=1000)
    )
    assert "belongs to a seed that is kept with the results" in text_of(LARGER)


def test_the_null_of_activity_by_wearing_off_is_said_only_where_it_is_one() -> None:
    null = "for analyses of activity by wearing-off this is the null"
    assert null in text_of(changed(LARGER, "world.activity_ratio", 1.0))
    assert null in text_of(CHOSEN)
    assert null not in text_of(LARGER)
    assert null not in text_of(ARMS)


def test_every_number_behind_the_patients_stands_in_the_table_with_mark_and_source() -> None:
    frame = assumption_table(ARMS).frame
    assert frame.height == sum(len(figures) for figures in world_figures(ARMS).values())
    assert frame["source"].str.len_chars().min() > 0
    assert set(frame["mark"]) <= {"measured", "secondary", "derived", "assumed"}
    parts = set(frame["part"])
    assert "activity" in parts
    assert "activity" not in set(assumption_table(LARGER).frame["part"])
    numbers = set(frame.filter(frame["part"] == "activity")["number"])
    assert "bridge.exponent" in numbers
    assert "ec50_only.exponent" not in numbers
    assert {"policy trough_guided_tree", "policy model_informed"} <= set(
        assumption_table(PERSONAL).frame["part"]
    )


def test_every_value_of_a_protocol_stands_in_the_table_of_settings() -> None:
    frame = setting_table(PERSONAL).frame
    values = {(row["table"], row["key"]): (row["value"], row["default"]) for row in frame.to_dicts()}
    assert len(values) == frame.height
    assert values["arm 2 override", "share"] == ("0.8", "")
    assert values["arm 2", "aim_mg_per_l"] == ("10", "none")
    assert values["schedule", "visit_every_weeks"] == ("13", "24")
    assert values["schedule", "is_with_gadolinium"] == ("true", "true")
    assert values["capacity", "infusions_per_week"] == ("36", "")
    assert values["analysis 1", "is_primary"] == ("true", "false")


def test_the_numbers_of_a_policy_have_their_units_in_words() -> None:
    said = " ".join(
        " ".join(section.paragraphs) for section in analysis_plan(load_protocol("personal-dosing"))
    )
    assert "longest 8 weeks (" in said
    assert "step 1 week (" in said
    assert "step 1 day (" in said
    assert "margin 5 mg/L (" in said
