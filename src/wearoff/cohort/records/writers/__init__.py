"""Accepted rows written for others and for ourselves; what is written reads back as the same cohort.

- `csv`: a folder of CSV files with their data dictionary
- `fhir`: a FHIR R4 bundle in JSON
- `dataset_json`: CDISC Dataset-JSON 1.1
- `template`: empty tables to fill in, and what to know about them
- `redcap_dictionary`: the same tables as instruments of REDCap
- `texts`, `files`: cells as text, and files put in place whole
"""
