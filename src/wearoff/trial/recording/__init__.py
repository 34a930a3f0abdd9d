"""What is recorded of virtual patients, table by table, and what is lost on the way.

- `record`: all of it together
- `chance`: the random number of each patient and purpose
- `clock`: names of patients, and dates
- `watched`: who is watched until when
- `assessments`: when a planned assessment takes place
- `people`: the tables patient and event (the arm)
- `infusions`, `visits`, `scans`, `relapses`, `samples`, `answers`, `diary`: the others
"""
