"""wearoff: what a natalizumab dosing interval does, and whether wearing-off means losing the disease.

- `wearoff.dosing`: regimen to concentration to receptor saturation
- `wearoff.cohort`: records to NEDA, wearing-off, exposure and their association
- `wearoff.stats`: exact and penalised estimators without a clinical word
- `wearoff.sources`: published figures, each with where it was read and how well it is known

For one patient three names stand here: `wearoff.Patient`, `wearoff.Target` and `wearoff.assess`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wearoff.dosing.assess import assess
    from wearoff.dosing.fit.patient import Patient
    from wearoff.dosing.intervals import Target

__version__ = "0.1.0"

__all__ = ["Patient", "Target", "__version__", "assess"]

_HOME = {
    "Patient": "wearoff.dosing.fit.patient",
    "Target": "wearoff.dosing.intervals",
    "assess": "wearoff.dosing.assess",
}


def __getattr__(name: str) -> Any:
    """A name of the list above, loaded when it is first asked for, so that `import wearoff` loads no solver."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
