"""Long work says how far it is: a bar on a terminal, now and then a line in the log of a job."""

from __future__ import annotations

import pytest

from wearoff.cli import progress


def test_a_log_gets_a_line_every_so_often_with_the_time_left_at_the_pace_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.progress_bar(of="replicates", line_every_s=60.0) as report:
        report(4_000, 10_000)  # found from before
        for done, now in ((4_100, 110.0), (4_600, 160.0), (4_700, 170.0), (5_200, 220.0), (9_990, 699.0)):
            clock[0] = now
            report(done, 10_000)
    # 10 replicates a second
    assert capsys.readouterr().err.splitlines() == [
        "4,600 of 10,000 replicates, 9 min left",
        "5,200 of 10,000 replicates, 8 min left",
        "9,990 of 10,000 replicates, 1 s left",
    ]


def test_nothing_is_written_where_no_line_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress_bar() as report:
        report(1, 2)
        report(2, 2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("seconds", "said"), [(59.6, "60 s"), (150.0, "2 min"), (9000.0, "2.5 h")])
def test_the_time_left_has_the_unit_of_its_size(seconds: float, said: str) -> None:
    assert progress._duration(seconds) == said
