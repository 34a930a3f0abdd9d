"""From files of a cohort to records, scores and associations."""
