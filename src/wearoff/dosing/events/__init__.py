"""Event tables in the layout of NONMEM, to and from schedules and regimens.

One row is one event: ID TIME AMT RATE II ADDL SS EVID CMT DV MDV, and any other column is a covariate. The
layout names no units, and programs differ in how they number compartments and carry covariates; so the
units, the first compartment and the way of carrying are named by the caller and never guessed. A unit may
also stand in the header, as in `TIME (h)`; RATE is in the unit of AMT per unit of TIME, II in that of TIME.

Nothing in here needs a data frame.
"""

from __future__ import annotations

from wearoff.dosing.events.read import PatientEvents, read_events
from wearoff.dosing.events.write import WRITTEN_UNITS, to_events, write_events

__all__ = ["WRITTEN_UNITS", "PatientEvents", "read_events", "to_events", "write_events"]
