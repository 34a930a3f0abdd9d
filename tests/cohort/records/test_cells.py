import datetime as dt
from dataclasses import replace
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.cohort.records.cells import CellError, Instant, Setting, parse_cell, parse_column
from wearoff.cohort.records.dictionary import Column

SETTING = Setting(dt.date(2024, 6, 30), ZoneInfo("Europe/Oslo"))
NUMBER = Column("c", "number", "x")
DATE = Column("c", "date", "x")
TIME = Column("c", "time", "x", flag="f")
FIRST = dt.datetime(1991, 1, 1)  # noqa: DTZ001 - hypothesis wants naive bounds
LAST = dt.datetime(2024, 6, 1)  # noqa: DTZ001


@given(st.integers(-(10**12), 10**12), st.integers(0, 9))
def test_a_decimal_becomes_the_double_that_is_nearest_to_it(digits: int, places: int) -> None:
    sign, whole = ("-" if digits < 0 else ""), str(abs(digits)).rjust(places + 1, "0")
    text = sign + (f"{whole[:-places]}.{whole[-places:]}" if places else whole)
    assert parse_cell(NUMBER, text, SETTING) == float(Fraction(digits, 10**places))


@given(st.text(max_size=12))
def test_what_is_read_as_a_number_has_digits_and_at_most_a_sign_and_a_point(text: str) -> None:
    try:
        value = parse_cell(NUMBER, text, SETTING)
    except CellError:
        return
    if value is not None:
        assert set(text.strip(" \t\u00a0")) <= set("-.0123456789")


@given(st.dates(dt.date(1990, 1, 1), SETTING.as_of))
def test_every_day_up_to_the_freezing_is_read_as_itself(day: dt.date) -> None:
    assert parse_cell(DATE, day.isoformat(), SETTING) == day


@given(st.dates(SETTING.as_of + dt.timedelta(days=1)))
def test_no_day_after_the_freezing_is_read(day: dt.date) -> None:
    with pytest.raises(CellError, match="when the data were frozen"):
        parse_cell(DATE, day.isoformat(), SETTING)


@given(
    st.datetimes(FIRST, LAST, timezones=st.just(ZoneInfo("Europe/Oslo"))),
    st.booleans(),
)
def test_a_local_time_is_its_moment_or_is_refused_as_ambiguous(moment: dt.datetime, is_blank: bool) -> None:
    moment = moment.replace(microsecond=0)
    text = f"{moment:%Y-%m-%d}{' ' if is_blank else 'T'}{moment:%H:%M:%S}"
    shown = {moment.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1)}
    try:
        value = parse_cell(TIME, text, SETTING)
    except CellError as error:
        assert len(shown) == 2, error  # noqa: PT017 - the law is about both outcomes
        return
    assert isinstance(value, Instant)
    assert shown == {value.moment}


@given(
    st.datetimes(FIRST, LAST),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_with_an_offset_is_its_moment(local: dt.datetime, minutes: int) -> None:
    moment = local.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    value = parse_cell(TIME, moment.isoformat(), SETTING)
    assert isinstance(value, Instant)
    assert value.moment == moment
    assert not value.is_local


def test_a_date_alone_stands_for_noon_in_winter_and_in_summer() -> None:
    for text, hour in (("2020-01-15", 11), ("2020-07-15", 10)):
        value = parse_cell(TIME, text, SETTING)
        assert value == Instant(
            dt.datetime.fromisoformat(text).replace(hour=hour, tzinfo=dt.UTC),
            is_date_only=True,
            is_local=True,
        )


def test_a_day_that_the_clocks_left_out_is_refused() -> None:
    apia = replace(SETTING, zone=ZoneInfo("Pacific/Apia"))
    with pytest.raises(CellError, match="does not exist in Pacific/Apia"):
        parse_cell(TIME, "2011-12-30", apia)


@given(st.sampled_from(range(21)))
def test_edss_has_half_steps_and_no_half(step: int) -> None:
    edss = Column("edss", "number", "x", minimum=0, maximum=10, step=0.5, but_not=(0.5,))
    text = f"{step / 2:g}"
    if step == 1:
        with pytest.raises(CellError, match=r"never 0\.5"):
            parse_cell(edss, text, SETTING)
    else:
        assert parse_cell(edss, text, SETTING) == step / 2


def test_a_whole_number_may_be_written_with_zeros_behind_the_point() -> None:
    count = Column("c", "integer", "x", minimum=0, maximum=9)
    assert parse_cell(count, "3.0", SETTING) == 3
    with pytest.raises(CellError, match="It must be whole"):
        parse_cell(count, "3.5", SETTING)


def test_minus_zero_is_zero() -> None:
    assert str(parse_cell(NUMBER, "-0.0", SETTING)) == "0.0"


@given(st.lists(st.sampled_from(["1", "2.5", "", "x", "1,5"])))
def test_a_column_has_the_value_of_each_of_its_cells(texts: list[str]) -> None:
    parsed = parse_column(NUMBER, texts, SETTING)
    expected = {"1": 1.0, "2.5": 2.5}
    assert parsed.series[0].to_list() == [expected.get(text) for text in texts]
    assert set(parsed.faults) == {text for text in texts if text in ("x", "1,5")}


@pytest.mark.parametrize(
    "name", ["Europe/Oslo", "America/St_Johns", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "UTC"]
)
def test_a_clock_is_told_as_the_zone_tells_it_on_every_hour_of_four_years(name: str) -> None:
    zone = ZoneInfo(name)
    column = Column(name="t", kind="time", about="A time.", flag="t_is_date_only")
    setting = Setting(dt.date(2030, 1, 1), zone)
    local = dt.datetime.fromisoformat("2020-01-01T00:30")
    while local.year < 2024:
        moments = {local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1)}
        if len(moments) == 1:
            found = parse_cell(column, local.isoformat(timespec="minutes"), setting)
            assert isinstance(found, Instant)
            assert {found.moment} == moments
        else:
            with pytest.raises(CellError, match="where clocks were changed"):
                parse_cell(column, local.isoformat(timespec="minutes"), setting)
        local += dt.timedelta(hours=1)
