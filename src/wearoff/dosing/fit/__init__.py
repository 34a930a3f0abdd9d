"""One patient: what is known of a person, ready to be fitted.

    patient.py         the patient as a frozen value
    observed.py        levels and occupancies
    patient_file.py    a patient from a file, and a file from a patient
    patient_record.py  from the tables of a record to a patient, every assumption on record
    entries.py         what tables and keys there are, and the reading of their values
    toml_lines.py      the line of every table and key of a file

Nothing here loads JAX.
"""
