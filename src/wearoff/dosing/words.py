"""A regimen in words, as people type it: `300 mg every 4 weeks x 6 then every 6 weeks x 8 without 3`.

The grammar is small and closed, and every number that has a unit needs it:

    regimen  = part {"then" part} {change}
    part     = [AMOUNT] "every" TIME "x" COUNT ["IV" | "SC"] ["over" TIME]
    change   = "without" NUMBERS  |  "delayed" NUMBER "by" TIME ["only"]
             | "exchange" "at" TIME {("," | "and") TIME} ["removing" NUMBER "%"]
    NUMBERS  = NUMBER {("," | "and") NUMBER}

The first part names the amount; a later one goes on with amount and route, and on the same route with the
length, unless it names its own. Without a length an infusion takes an hour, and an injection under the skin no
time. An exchange is a session of plasma exchange, so long after the first dose. After `then` the new
interval holds at once: the next dose comes that long after the last one. The numbers in changes are those of
the plan, before anything is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import NoReturn

import numpy as np

from wearoff.dosing.modifiers import exchange_share
from wearoff.dosing.regimen import USUAL_DURATION_H, Regimen, counted_from_one
from wearoff.errors import InputError, Problem
from wearoff.units import convert

__all__ = ["parse_regimen"]

MOST_DOSES = 1000
_TOKEN = re.compile(r"[+-]?\d+(?:\.\d+)?|[^\W\d_]+(?:/[^\W\d_]+)?|\S", flags=re.ASCII)
_WORDS = (
    *("every", "x", "then", "without", "delayed", "by", "only", "over", "and", "IV", "SC"),
    *("exchange", "at", "removing"),
)


def parse_regimen(text: str) -> Regimen:
    """The regimen that a text in the grammar of this module describes.

    Args:
        text: for example `300 mg every 4 weeks x 14`, or the same followed by `then every 6 weeks x 8`,
            `SC`, `over 30 min`, `without 3, 5`, `delayed 3 by 9 d` (that dose and all later ones),
            `delayed 3 by 9 d only`, or `exchange at 100 d, 102 d and 104 d removing 65 %`.

    Raises:
        InputError: with the text and a mark under the place where it goes wrong: a word or unit that is not
            known, a unit that is missing or measures something else, a dose that is not there.

    Example:
        >>> parse_regimen("300 mg every 4 weeks x 2 then every 6 weeks x 2").start_d.tolist()
        [0.0, 28.0, 70.0, 112.0]
    """
    return _Reader(text).regimen()


@dataclass(frozen=True, slots=True)
class _Part:
    """How the doses of one part are given: what the next part inherits."""

    dose_mg: float
    interval_d: float = 0.0
    is_subcutaneous: bool = False
    duration_d: float | None = None

    def regimen(self, times: int) -> Regimen:
        usual = 0.0 if self.is_subcutaneous else USUAL_DURATION_H / 24.0
        return Regimen(
            start_d=np.arange(times) * self.interval_d,
            dose_mg=np.full(times, self.dose_mg),
            duration_d=np.full(times, usual if self.duration_d is None else self.duration_d),
            is_subcutaneous=np.full(times, self.is_subcutaneous),
        )


class _Reader:
    """A place in the text, and what may stand there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [(found[0], found.start()) for found in _TOKEN.finditer(text)]
        self.at = 0

    def regimen(self) -> Regimen:
        """The whole text."""
        part, plan = self._part(_Part(self._amount()))
        while self._takes("then"):
            begin = self.at
            part, further = self._part(replace(part, dose_mg=self._amount(part.dose_mg)))
            after = part.interval_d / 7.0 if further.number == 1 else None
            plan = self._checked(begin, plan.then, further, after)
        return self._changed(plan)

    def _amount(self, usual: float | None = None) -> float:
        if usual is not None and self._word().lower() == "every":
            return usual
        begin = self.at
        dose_mg = self._quantity("mg", "an amount such as 300 mg")
        if dose_mg < 0:
            self._fail("a dose cannot be negative", begin)
        return dose_mg

    def _part(self, part: _Part) -> tuple[_Part, Regimen]:
        """What follows an amount: the interval, the count, and the options."""
        begin = self.at
        self._expect("every")
        at = self.at
        part = replace(part, interval_d=self._quantity("d", "an interval such as 4 weeks"))
        if part.interval_d <= 0:
            self._fail("an interval must be more than zero", at)
        if not self._takes("×"):
            self._expect("x")
        at = self.at
        times = self._whole("the number of doses")
        if not 1 <= times <= MOST_DOSES:
            self._fail(f"a part has 1 to {MOST_DOSES} doses", at)
        before, over = part, None
        while True:
            at = self.at
            if self._takes("SC"):
                part = replace(part, is_subcutaneous=True)
            elif self._takes("IV"):
                part = replace(part, is_subcutaneous=False)
            elif self._takes("over"):
                over = self._quantity("d", "a duration such as 30 min")
                if over <= 0:
                    self._fail("an infusion must be longer than zero", at + 1)
            else:
                break
        if over is not None or part.is_subcutaneous != before.is_subcutaneous:
            part = replace(part, duration_d=over)
        return part, self._checked(begin, part.regimen, times)

    def _changed(self, plan: Regimen) -> Regimen:
        """The changes after the plan, which count the doses before anything is left out."""
        left_out: list[int] = []
        while self.at < len(self.tokens):
            begin = self.at
            if self._takes("without"):
                left_out.append(self._dose(plan))
                while self._takes(",") or self._takes("and"):
                    left_out.append(self._dose(plan))
            elif self._takes("delayed"):
                number = self._dose(plan)
                self._expect("by")
                days = self._quantity("d", "a delay such as 9 d")
                only = self._takes("only")
                plan = self._checked(begin, plan.delayed, number, days, only=only)
            elif self._takes("exchange"):
                plan = self._exchanged(begin, plan)
            else:
                self._fail(f"{self._word()!r} is not understood here{self._close()}")
        if len(set(left_out)) == plan.number:
            self._fail("nothing is left of the regimen")
        return plan.without(*left_out)

    def _exchanged(self, begin: int, plan: Regimen) -> Regimen:
        """The sessions of plasma exchange, and the share that they remove."""
        self._expect("at")
        what = "a time after the first dose such as 100 d"
        days = [self._quantity("d", what)]
        while self._takes(",") or self._takes("and"):
            days.append(self._quantity("d", what))
        share = exchange_share().value
        if self._takes("removing"):
            share = self._quantity("fraction", "a share such as 65 %")
        return self._checked(begin, plan.exchanged, days, share)

    def _dose(self, plan: Regimen) -> int:
        begin = self.at
        number = self._whole("the number of a dose")
        if not 1 <= number <= plan.number:
            self._fail(f"there is no dose {number}; the plan has {plan.number}", begin)
        return number

    def _quantity(self, unit: str, what: str) -> float:
        """A number and its unit, in another unit."""
        number = self._word()
        if not _is_number(number):
            self._fail(f"here {what} is wanted{self._close()}")
        self.at += 1
        written = self._word()
        if not written or not (written[0].isalpha() or written == "%") or written in _WORDS:
            self._fail(f"the unit of {number} is missing; write for example {number} {_EXAMPLE[unit]}")
        try:
            value = convert(float(number), written, unit)
        except InputError as fault:
            self._fail(fault.problems[0].reason.rstrip("."))
        self.at += 1
        return value

    def _whole(self, what: str) -> int:
        number = self._word()
        if not number.isdigit():
            self._fail(f"here {what} is wanted, a whole number")
        self.at += 1
        return int(number)

    def _takes(self, word: str) -> bool:
        is_there = self._word().lower() == word.lower()
        self.at += is_there
        return is_there

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            self._fail(f"here {word!r} is wanted{self._close()}")

    def _word(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _close(self) -> str:
        close = get_close_matches(self._word(), _WORDS, n=1)
        return f"; did you mean {close[0]!r}?" if close and close[0] != self._word() else ""

    def _checked(self, begin: int, make: Callable[..., Regimen], *given: object, **named: object) -> Regimen:
        """A regimen, whose fault is shown where its words begin."""
        try:
            return make(*given, **named)
        except ValueError as fault:
            self._fail(counted_from_one(fault), begin)

    def _fail(self, reason: str, at: int | None = None) -> NoReturn:
        """Stop, with a mark under the word at fault or behind the last one."""
        at = self.at if at is None else at
        word, place = self.tokens[at] if at < len(self.tokens) else ("", len(self.text) + 1)
        line = self.text.translate(_ONE_LINE)
        marked = f"{reason}:\n    {line}\n    {' ' * place}{'^' * max(1, len(word))}"
        raise InputError(Problem(marked, column="regimen", value=self.text))


_EXAMPLE = {"mg": "mg", "d": "weeks", "fraction": "%"}
_ONE_LINE = {ord(space): " " for space in "\t\n\r\v\f"}


def _is_number(token: str) -> bool:
    return token.lstrip("+-")[:1].isdigit()
