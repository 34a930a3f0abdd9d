"""The codings of FHIR that wearoff reads and writes; they are data, `fhir_codes.toml`, each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

__all__ = [
    "ANALYTE",
    "COHORT",
    "COLUMN",
    "PATIENT",
    "ROW",
    "TABLE",
    "TEST_DATA",
    "UCUM",
    "Code",
    "Codes",
    "codings_in",
    "load_codes",
]

UCUM: Final = "http://unitsofmeasure.org"
TABLE, ANALYTE, COLUMN = "urn:wearoff:table", "urn:wearoff:analyte", "urn:wearoff:column"
PATIENT, ROW, COHORT = "urn:wearoff:patient", "urn:wearoff:row", "urn:wearoff:cohort"
# The security label by which a resource says that its patients are not real.
TEST_DATA: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


@dataclass(frozen=True, slots=True)
class Code:
    """One coding: what it stands for in the tables, whether wearoff writes it, and where it was read."""

    system: str
    code: str
    name: str
    written: bool
    source: str

    @property
    def coding(self) -> dict[str, str]:
        """The coding as it stands in a resource."""
        return {"system": self.system, "code": self.code}


@dataclass(frozen=True, slots=True)
class Codes:
    """Every coding that is known.

    Attributes:
        kinds: the codings by what they code: analyte, edss, natalizumab, route, gender, absence.
        units: spelling in the tables by UCUM code.
    """

    kinds: dict[str, tuple[Code, ...]]
    units: dict[str, str]

    def name(self, kind: str, system: str, code: str) -> str | None:
        """What a coding stands for; None where it is not known."""
        return next((one.name for one in self.kinds[kind] if (one.system, one.code) == (system, code)), None)

    def written(self, kind: str, name: str) -> list[Code]:
        """The codings that are written for a name."""
        return [one for one in self.kinds[kind] if one.name == name and one.written]

    def ucum(self, unit: str) -> str | None:
        """The UCUM code of a unit as the tables spell it; None where it has none."""
        return next((code for code, name in self.units.items() if name == unit), None)


@cache
def load_codes() -> Codes:
    """The codings that are installed with wearoff."""
    text = (files("wearoff.cohort.records") / "fhir_codes.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    units = {entry["code"]: entry["name"] for entry in content.pop("unit")}
    return Codes(
        {kind: tuple(Code(**entry) for entry in entries) for kind, entries in content.items()}, units
    )


def codings_in(concept: Any) -> Iterator[tuple[str, str]]:
    """System and code of each coding of a CodeableConcept, whatever else stands there."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and isinstance(coding.get("code"), str):
            system = coding.get("system")
            yield (system if isinstance(system, str) else "", coding["code"])
