"""What is recorded of virtual patients, table by table, and what is lost on the way.

- `chance`: the random number of each patient and purpose
- `clock`: names of patients, and dates
- `watched`: who is watched until when
- `assessments`: when a planned assessment takes place
- `infusions`: the tables patient, event (the arm) and infusion
- `visits`, `scans`, `relapses`, `samples`, `answers`, `diary`: the others
"""
