"""What the picture of one patient shows, as tables and in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.one_patient import answered
from wearoff.charts.patient_data import caption_of, course_frame, describe_patient, level_frame


def test_the_words_for_those_who_do_not_see_it_hold_the_figures() -> None:
    said = describe_patient(answered())
    assert "The floor is 5 mg/L" in said
    assert "3 measured levels" in said
    assert "6 weeks 12 (" in said


def test_the_caption_says_what_is_left_out_and_which_scale_is_not_one() -> None:
    found = answered()
    assert "Elsewhere has a scale other than 1" in caption_of(found)
    late = replace(found.course, day=found.course.day + 100.0)
    assert "1 earlier level is only in the table" in caption_of(replace(found, course=late))


def test_the_tables_behind_it_are_the_course_and_the_levels() -> None:
    found = answered()
    course = course_frame(found)
    assert course.columns == ["time", "day", "is_future", "typical", "p05", "p25", "p50", "p75", "p95"]
    np.testing.assert_array_equal(course["p95"].to_numpy(), found.course.level["p95"])
    # the patient's own clock: the first dose of the course was begun at nine
    assert course["time"][0].endswith("T09:00:00")
    assert level_frame(found)["is_below"].to_list() == [False, False, True]
