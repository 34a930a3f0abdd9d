"""One patient: what is known of a person, and from a few levels his parameters with their uncertainty.

    patient.py         the patient as a frozen value
    observed.py        levels and occupancies
    patient_file.py    a patient from a file, and a file from a patient
    patient_record.py  from the tables of a record to a patient, every assumption on record
    entries.py         what tables and keys there are, and the reading of their values
    subject.py         a patient as arrays for a fit, and parameters under their effects
    likelihood.py      how likely a level is
    map.py             the most probable parameters
    troughs.py         the same, quickly, where there is nothing but troughs of the usual infusion
    posterior.py       draws of what is left open
    diagnostics.py     each level beside its prediction, and where a patient leaves the model's data

Importing this loads no JAX.
"""
