"""Real dates become days; a clock change, a leap day and a wrong date are met as they come."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.dosing.dated import from_dates, has_time, moment_of, zone_of
from wearoff.errors import InputError

OSLO = "Europe/Oslo"


def days(*starts: dt.datetime | dt.date | str, timezone: str = OSLO) -> list[float]:
    return [float(day) for day in from_dates(starts, timezone=timezone)[0].start_d]


def faults(*starts: str, **more: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        from_dates(starts, timezone=OSLO, **more)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_the_regimen_has_what_was_given_and_begins_on_day_0() -> None:
    regimen, origin = from_dates(
        ["2023-05-01T09:00", "2023-05-29T10:30"], [300, 150], [60, 90], ["IV", "SC"], OSLO
    )
    assert regimen.start_d.tolist() == [0, 28 + 1.5 / 24]
    assert regimen.dose_mg.tolist() == [300, 150]
    np.testing.assert_allclose(24 * regimen.duration_d, [1, 1.5])
    assert regimen.is_subcutaneous.tolist() == [False, True]
    assert origin == dt.datetime(2023, 5, 1, 7, tzinfo=dt.UTC)
    assert origin.isoformat() == "2023-05-01T07:00:00+00:00"


def test_a_day_is_24_hours_also_when_the_clock_is_changed() -> None:
    assert days("2024-03-30T09:00", "2024-03-31T09:00") == [0, 23 / 24]
    assert days("2024-10-26T09:00", "2024-10-27T09:00") == [0, 25 / 24]
    assert days("2024-03-30T09:00", "2024-03-31T09:00", timezone="UTC") == [0, 1]


def test_february_has_a_29th_only_in_a_leap_year() -> None:
    assert days("2024-02-01", "2024-02-29", "2024-03-01") == [0, 28, 29]
    assert "does not exist" in faults("2023-02-29")[0]


def test_a_date_alone_is_noon() -> None:
    assert days("2024-05-01", "2024-05-02T12:00") == days(dt.date(2024, 5, 1), dt.date(2024, 5, 2)) == [0, 1]


def test_a_datetime_with_an_offset_does_not_need_the_timezone() -> None:
    first = dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5)))
    assert days(first, "2024-01-01T09:00+01:00", "2024-01-01T09:00Z") == [0, 1 / 24, 2 / 24]


def test_a_time_shown_twice_is_refused_and_an_offset_settles_it() -> None:
    (fault,) = faults("2024-10-27T02:30")
    assert "2024-10-27T02:30 was shown twice by the clock of Europe/Oslo" in fault
    assert "2024-10-27T02:30+02:00" in fault
    assert days("2024-10-27T02:30+02:00", "2024-10-27T02:30+01:00") == [0, 1 / 24]
    zone = ZoneInfo(OSLO)
    both = [dt.datetime(2024, 10, 27, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1)]
    assert days(*both) == [0, 1 / 24]


def test_a_time_never_shown_is_refused_also_with_a_timezone_of_its_own() -> None:
    assert "was never shown" in faults("2024-03-31T02:30")[0]
    with pytest.raises(InputError, match="never shown"):
        from_dates([dt.datetime(2024, 3, 31, 2, 30, tzinfo=ZoneInfo(OSLO))])


def test_every_wrong_start_is_named_with_its_number() -> None:
    said = faults(
        "2024-01-01", "01.02.2024", "2023-02-01", "2024-13-01", "2024-03-01T25:00", "2024-04-01+15:00"
    )
    assert [fault.split()[3] for fault in said] == ["2:", "3:", "4:", "5:", "6:"]
    assert "is not a date" in said[0]
    assert "before the dose above it" in said[1]


def test_a_moment_alone_is_read_as_a_start_is_to_the_microsecond() -> None:
    moment = moment_of("2024-05-31T14:30:00.123456+02:00", zone_of(OSLO))
    assert moment == dt.datetime(2024, 5, 31, 12, 30, 0, 123456, tzinfo=dt.UTC)
    with pytest.raises(ValueError, match="not a date"):
        moment_of("31.05.2024", zone_of(OSLO))
    with pytest.raises(ValueError, match="does not exist"):
        moment_of("2024-05-31T25:00:00.5", zone_of(OSLO))


def test_a_date_has_no_time_of_day() -> None:
    timed = ("2024-05-31T14:30", " 2024-05-31 00:00Z", dt.datetime(2024, 5, 31, tzinfo=dt.UTC))
    assert all(has_time(start) for start in timed)
    assert not any(has_time(start) for start in ("2024-05-31", dt.date(2024, 5, 31), "noon"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"dose_mg": -300}, "dose 1: dose_mg is negative"),
        ({"dose_mg": [300]}, "1 values for 2 doses"),
        ({"route": "PO"}, "'PO' is not IV or SC"),
        ({"duration_min": 3000}, "dose 2: the infusion starts while the one before still runs"),
    ],
)
def test_what_makes_no_regimen_is_an_input_error(more: dict[str, object], said: str) -> None:
    assert said in faults("2024-01-01", "2024-01-02", **more)[0]


def test_an_unknown_timezone_and_no_start_are_input_errors() -> None:
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(InputError, match="there is no timezone"):
            from_dates(["2024-01-01"], timezone=name)
    with pytest.raises(InputError, match="no start"):
        from_dates([])


@given(
    st.lists(st.integers(0, 10**8), min_size=1, max_size=8, unique=True).map(sorted),
    st.sampled_from([OSLO, "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_written_with_their_offset_all_moments_come_back(seconds: list[int], timezone: str) -> None:
    origin = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)
    moments = [origin + dt.timedelta(seconds=second) for second in seconds]
    regimen, first = from_dates(
        [moment.astimezone(ZoneInfo(timezone)).isoformat() for moment in moments],
        duration_min=1e-3,
        timezone=timezone,
    )
    assert first == moments[0]
    back = [first + dt.timedelta(days=float(day)) for day in regimen.start_d]
    assert [round((one - origin).total_seconds()) for one in back] == seconds
