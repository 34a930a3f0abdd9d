"""wearoff: what a natalizumab dosing interval does, and whether wearing-off means losing the disease.

- `wearoff.dosing`: regimen to concentration to receptor saturation
- `wearoff.cohort`: records to NEDA, wearing-off, exposure and their association
- `wearoff.stats`: exact and penalised estimators without a clinical word
- `wearoff.sources`: published figures, each with where it was read and how well it is known
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
