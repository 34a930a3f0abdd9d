"""What a policy that predicts has to go by: each patient's infusions, weight and measured troughs, and a fit of them.

The fit uses the published model, whatever is true of the patients, and knows nothing of antibodies. It takes the latest
four measured troughs; in stable patients two of them are at first those at the standard interval, as published. Of the
infusions it takes those from the thirteenth before the oldest of these troughs on, which is all of them at first: of
what was given a year before little is left.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.subject import effect_names, under_effects
from wearoff.dosing.fit.troughs import DOSE_MG, TroughRecord, fit_troughs
from wearoff.dosing.settled import SettledTroughs

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from wearoff.dosing.pk.models import Parameters, PkModel

__all__ = ["EARLIER_INFUSIONS", "MOST_TROUGHS", "History"]

MOST_TROUGHS = 4
EARLIER_INFUSIONS = 13


class History:
    """The recorded infusions and measured troughs of those patients whose policy predicts.

    Args:
        model: the model that is fitted.
        weight_kg: of every patient.
        is_wanted: whose records are kept.
        before: days of the infusions before entry, the same for everyone.
    """

    def __init__(
        self,
        model: PkModel,
        weight_kg: Float[np.ndarray, " patients"],
        is_wanted: Bool[np.ndarray, " patients"],
        before: Float[np.ndarray, " infusions"],
    ) -> None:
        self._model, self._weight_kg = model, weight_kg
        self._effects = np.zeros((weight_kg.size, len(effect_names(model))))
        self._infused = {int(one): before.tolist() for one in np.flatnonzero(is_wanted)}
        self._found: dict[int, list[tuple[float, float]]] = {one: [] for one in self._infused}

    def infused(self, where: Int[np.ndarray, " some"], day: Float[np.ndarray, " some"]) -> None:
        """Note infusions; those of other patients are let go."""
        for one, when in zip(where.tolist(), day.tolist(), strict=True):
            if one in self._infused:
                self._infused[one].append(when)

    def measured(
        self,
        where: Int[np.ndarray, " some"],
        day: Float[np.ndarray, " some"],
        level: Float[np.ndarray, " some"],
    ) -> None:
        """Note measured troughs, mg/L, each just before an infusion; those of other patients are let go."""
        for one, when, found in zip(where.tolist(), day.tolist(), level.tolist(), strict=True):
            if one in self._found:
                self._found[one].append((when, found))

    def predicted(self, where: Int[np.ndarray, " some"]) -> SettledTroughs:
        """The settled troughs predicted for some patients after what is known of them.

        Raises:
            ComputationError: a patient's levels cannot be computed.
        """
        typical = self._typical(where)
        records = [self._record(one) for one in where.tolist()]
        # a further level moves a patient little, so that a fit begins where the one before it ended
        effects = fit_troughs(self._model, typical, self._weight_kg[where], records, self._effects[where])
        self._effects[where] = effects
        return SettledTroughs(under_effects(typical, effect_names(self._model), effects[:, None]), DOSE_MG)

    def _typical(self, where: Int[np.ndarray, " some"]) -> Parameters:
        """The typical parameters of the weights of some patients."""
        return self._model.typical(self._weight_kg[where], tuple(str(one) for one in where.tolist()))

    def _record(self, one: int) -> TroughRecord:
        found = self._found[one][-MOST_TROUGHS:]
        infused = self._infused[one]
        begin = max(bisect_left(infused, found[0][0]) - EARLIER_INFUSIONS, 0)
        start = np.array(infused[begin:])
        day, level = (np.array(column) for column in zip(*found, strict=True))
        return TroughRecord(start, np.searchsorted(start, day), level)
