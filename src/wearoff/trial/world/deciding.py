"""Who decides on intervals: the policy of the arm, and the clinician who may go back from it; with the log.

At entry an arm has the interval that it begins with. At every so-many-th infusion from there a trough is measured, with
the residual error of the model, and the policy decides on what was measured; it never sees the truth. A clinician's
rule goes by true wearing-off, taken as reported at entry, and by true relapses and lesions up to that day, taken as
seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.policies import Known, ModelInformed, Policy, load_policy, policy_card
from wearoff.dosing.virtual_activity import RUN_IN_WEEKS
from wearoff.trial.truth import Decisions
from wearoff.trial.world.luck import Luck

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import Arm, Protocol
    from wearoff.trial.world.booking import Booked
    from wearoff.trial.world.events import Process
    from wearoff.trial.world.predicting import History

__all__ = ["WHO", "Decider", "policy_of"]

WHO = ("policy", "clinician", "capacity")
_POLICY, _CLINICIAN, _CAPACITY = range(3)
_LEAST = 0.01  # of the level; a measurement is positive
_NO_ROOM = "no room in the infusion unit: put off to the next week with room"


def policy_of(arm: Arm) -> Policy:
    """The policy of an arm.

    Raises:
        UnknownNameError: there is no such policy.
        ValueError: it needs an aim that the arm does not have.
    """
    return load_policy(arm.policy, aim_mg_per_l=arm.aim_mg_per_l, weeks=arm.weeks)


class Decider:
    """Decisions on the intervals of all patients, and their log.

    Args:
        protocol: the study.
        seed: the seed.
        first: index of the first patient.
        arm: of each patient.
        wearing_off: true wearing-off of each.
        active: the processes whose events a clinician sees.
        history: what is known of each patient for predictions; None where no policy predicts.

    Attributes:
        begin_weeks: the interval from entry on, shape [patients].
    """

    def __init__(
        self,
        protocol: Protocol,
        seed: int,
        first: int,
        arm: Int[np.ndarray, " patients"],
        wearing_off: Int[np.ndarray, " patients"],
        active: Sequence[Process],
        history: History | None,
    ) -> None:
        self._arms, self._arm = protocol.arms, arm
        self._policies = [policy_of(one) for one in protocol.arms]
        self._luck = Luck(seed, first, arm.size)
        self._wearing_off, self._active, self._history = wearing_off, active, history
        cv = protocol.recording.level_cv
        self._cv = load_model(protocol.world.model).residual_proportional.value if cv is None else cv
        self._measured = [
            np.full((arm.size, _remembered(policy)), np.nan) if one.policy != "fixed" else None
            for one, policy in zip(protocol.arms, self._policies, strict=True)
        ]
        self._every = np.array([one.decide_every_infusions for one in protocol.arms])[arm]
        is_asked = [one.policy != "fixed" or one.override is not None for one in protocol.arms]
        self._is_asked = np.array(is_asked, dtype=bool)[arm]
        self._rows: list[tuple[np.ndarray, ...]] = []
        self._reasons: dict[str, int] = {}
        self._register()
        self._is_stable = protocol.patients.population == "stable"
        self.begin_weeks: Float[np.ndarray, " patients"] = np.array([one.weeks for one in protocol.arms])[arm]

    def _register(self) -> None:
        """Give every reason that there can be its index, whoever will be decided on."""
        someone = Known(np.array([RUN_IN_WEEKS]), np.full((1, 1), np.nan), _NothingPredicted())
        for arm, policy in zip(self._arms, self._policies, strict=True):
            self._reason(_begins(arm))
            if arm.policy != "fixed" or arm.override is not None:
                for text in policy.decide(someone).reasons:
                    self._reason(text)
            if arm.override is not None:
                self._reason(_goes_back(arm))
        self._reason(_NO_ROOM)

    def measure(
        self,
        where: Int[np.ndarray, " some"],
        trough: Float[np.ndarray, " some"],
        number: Int[np.ndarray, " some"],
    ) -> Float[np.ndarray, " some"]:
        """What the laboratory makes of the troughs before infusions of these numbers, mg/L; 0 is the one at entry."""
        noise = self._luck.normals("trough", where, number)
        return np.asarray(trough * np.maximum(1.0 + self._cv * noise, _LEAST))

    def decide(
        self,
        where: Int[np.ndarray, " some"],
        day: Float[np.ndarray, " some"],
        number: Int[np.ndarray, " some"],
        trough: Float[np.ndarray, " some"],
        now: Float[np.ndarray, " some"],
    ) -> Float[np.ndarray, " some"]:
        """The interval after an infusion.

        Args:
            where: the patients.
            day: of the infusion.
            number: of the infusion, 0 at entry.
            trough: the true level just before it.
            now: the interval until then; at entry the one that the arm begins with.
        """
        if self._history is not None:
            self._history.infused(where, day)
        is_entry = number == 0
        if is_entry.any() and self._is_stable:
            self._note_entry(where[is_entry], day[is_entry])
            if self._history is not None:
                found = self.measure(where[is_entry], trough[is_entry], number[is_entry])
                self._history.measured(where[is_entry], day[is_entry], found)
        interval = now.copy()
        is_due = self._is_asked[where] & ~is_entry & (number % self._every[where] == 0)
        is_due &= np.isfinite(trough)  # a patient who cannot be solved stays as he is
        for index, arm in enumerate(self._arms):
            mine = np.flatnonzero(is_due & (self._arm[where] == index))
            if mine.size:
                interval[mine] = self._decided(
                    index, arm, where[mine], day[mine], number[mine], trough[mine], now[mine]
                )
        return interval

    def note_put_off(
        self,
        where: Int[np.ndarray, " some"],
        day: Float[np.ndarray, " some"],
        interval: Float[np.ndarray, " some"],
        booked: Booked,
    ) -> None:
        """Note whose next infusion the unit put off."""
        is_put_off = booked.put_off_weeks > 0
        if is_put_off.any():
            weeks = (booked.day - day)[is_put_off] / 7.0
            reason = np.full(weeks.size, self._reasons[_NO_ROOM])
            self._note(
                where[is_put_off], day[is_put_off], interval[is_put_off], weeks, None, _CAPACITY, reason
            )

    def log(self, until_d: float) -> Decisions:
        """The log up to a day, sorted by patient and day."""
        empty = tuple(np.zeros(0) for _ in range(7))
        columns = [np.concatenate(column) for column in zip(empty, *self._rows, strict=True)]
        order = np.lexsort((columns[5], columns[1], columns[0]))
        order = order[columns[1][order] <= until_d]
        patient, day, before, after, level, by, why = (column[order] for column in columns)
        whole = (one.astype(np.int64) for one in (patient, by, why))
        patient, by, why = whole
        return Decisions(patient, day, before, after, level, by, why, WHO, tuple(self._reasons))

    def _decided(
        self,
        index: int,
        arm: Arm,
        where: np.ndarray,
        day: np.ndarray,
        number: np.ndarray,
        trough: np.ndarray,
        now: np.ndarray,
    ) -> Float[np.ndarray, " some"]:
        """The interval that the arm's rules arrive at for those of its patients who are due."""
        policy, remembered = self._policies[index], self._measured[index]
        known = np.full((where.size, 1), np.nan)
        predicted = None
        if remembered is not None:
            found = self.measure(where, trough, number)
            remembered[where] = np.column_stack((remembered[where][:, 1:], found))
            known = remembered[where]
            if self._history is not None and isinstance(policy, ModelInformed):
                self._history.measured(where, day, found)
                predicted = self._history.predicted(where)
        decided = policy.decide(Known(now, known, predicted))
        asked = np.array([self._reason(text) for text in decided.reasons])[decided.why]
        interval = decided.interval_weeks
        if arm.override is None:
            self._note(where, day, now, interval, decided.level, _POLICY, asked)
            return interval
        goes_back = self._goes_back(arm, where, day, number) & (interval != arm.override.weeks)
        # where nothing is measured only a change is worth a line
        stays = ~goes_back if remembered is not None else ~goes_back & (interval != now)
        self._note(
            where[stays], day[stays], now[stays], interval[stays], decided.level[stays], _POLICY, asked[stays]
        )
        reason = np.full(where.size, self._reason(_goes_back(arm)))
        back = np.full(where.size, arm.override.weeks)
        self._note(
            where[goes_back],
            day[goes_back],
            now[goes_back],
            back[goes_back],
            decided.level[goes_back],
            _CLINICIAN,
            reason[goes_back],
        )
        return np.where(goes_back, back, interval)

    def _goes_back(self, arm: Arm, where: np.ndarray, day: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Whose clinician goes back, whatever the policy says."""
        assert arm.override is not None  # noqa: S101 - asked before
        if arm.override.when == "wearing_off":
            holds = self._wearing_off[where] > 0
        elif arm.override.when == "active":
            holds = np.any([process.first_d[where] <= day for process in self._active], axis=0)
        else:
            holds = np.ones(where.size, dtype=bool)
        chance = self._luck.uniforms("override", where, number)
        return np.asarray(holds & (chance < arm.override.share))

    def _note_entry(self, where: np.ndarray, day: np.ndarray) -> None:
        """Note who begins at another interval than that of the year before."""
        changed = self.begin_weeks[where] != RUN_IN_WEEKS
        where, day = where[changed], day[changed]
        reasons = np.array([self._reason(_begins(arm)) for arm in self._arms])[self._arm[where]]
        before = np.full(where.size, RUN_IN_WEEKS)
        self._note(where, day, before, self.begin_weeks[where], None, _POLICY, reasons)

    def _note(
        self,
        where: np.ndarray,
        day: np.ndarray,
        before: np.ndarray,
        after: np.ndarray,
        level: np.ndarray | None,
        by: int,
        why: np.ndarray,
    ) -> None:
        level = np.full(where.size, np.nan) if level is None else level
        self._rows.append((where, day, before, after, level, np.full(where.size, by), why))

    def _reason(self, text: str) -> int:
        return self._reasons.setdefault(text, len(self._reasons))


class _NothingPredicted:
    """Stands for predictions where only the reasons of a policy are asked for."""

    def settled(self, interval_weeks: Float[np.ndarray, " patients"]) -> Float[np.ndarray, " patients"]:
        """No drug, whatever the interval."""
        return np.zeros(interval_weeks.size)


def _remembered(policy: Policy) -> int:
    """How many of the latest troughs a policy looks at."""
    card = policy_card(policy.name)
    return round(card.settings["troughs"].value) if "troughs" in card.settings else 1


def _begins(arm: Arm) -> str:
    return f"the arm begins at {arm.weeks:g} weeks"


def _goes_back(arm: Arm) -> str:
    """The clinician's reason in words."""
    assert arm.override is not None  # noqa: S101 - asked before
    whys = {
        "always": "the clinician goes back to {weeks:g} weeks",
        "wearing_off": "wearing-off was reported: the clinician goes back to {weeks:g} weeks",
        "active": "a relapse or a new lesion: the clinician goes back to {weeks:g} weeks",
    }
    return whys[arm.override.when].format(weeks=arm.override.weeks)
