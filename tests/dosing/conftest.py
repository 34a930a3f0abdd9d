"""What several tests of one patient's options begin from."""

from __future__ import annotations

import pytest

from wearoff.dosing.fit.posterior import Posterior, draw_posterior
from wearoff.dosing.fit.subject import Subject
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.regimen import every


@pytest.fixture(scope="session")
def posterior() -> Posterior:
    """A patient of 75 kg on 14 4-weekly doses, whose two troughs are those of the typical patient."""
    monthly = every(4, times=14)
    subject = Subject.of("A", monthly, 75.0, monthly.start_d[[12, 13]], [25.6, 25.6])
    return draw_posterior(load_model(), [subject], seed=1, draws=1000, proposals=2000)[0]
