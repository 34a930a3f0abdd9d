"""Cohort: from files to records to NEDA, wearing-off, exposure and their association.

- `records`: strict reading of a folder of tables, with a receipt of every row
- `quality`: what in the records deserves a second look, by named rules
- `neda`: no evidence of disease activity by named rules
- `wearing_off`: the questionnaire's answer and its codings
- `interval_class`: standard or extended dosing from the gaps between infusions, by named rules
- `exposure`: the dosing model applied to the recorded infusions (`courses` makes them ready for it)
- `association`: wearing-off against activity, occupancy, level and weight
- `chapters`: what the study says beyond the first comparison: over time, in order, dosing, diaries, quality
- `study`: the main job, from records to a `StudyResult` (`values`, `study_tables`, `study_sections` and `answer` are
  its parts)
- `published`: the same answer on published figures
- `explained`: the questions that people ask, answered with both rivers
- `results`: what every analysis hands to the faces; `wording` turns numbers into words
"""
