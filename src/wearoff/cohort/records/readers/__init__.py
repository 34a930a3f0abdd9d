"""One module for each format: what the user gave, turned into sheets of text that one set of checks judges.

- `csv`: a folder of CSV files, one for each table
- `excel`: a workbook with one sheet for each table
- `redcap`: exports of REDCap, flat and EAV, with events and repeating instruments
- `msbase`: files in the layout of an export of MSBase
- `fhir`: a FHIR R4 bundle in JSON
- `nonmem`: an event table in the layout of NONMEM
- `dataset_json`: CDISC Dataset-JSON 1.1
- `rows`, `json_text`: rows made from records that are no rows, and JSON that keeps the text of its numbers
"""
