"""What is true of virtual patients, in the order of its causes; `simulate` brings it together.

- `people`, `people.toml` (`people_file`), `recruit`, `resample`: who they are, drawn or taken from a recorded cohort
- `levels`, `reference`, `wearing_off`: their levels after a year of dosing, the population they come from, and true
  wearing-off
- `assign`: who comes to which arm, by lot or by choice
- `treatment`, `booking`, `deciding`, `predicting`: infusions, the unit that gives them, and who decides on
  intervals by what
- `events`, `disability`: relapses, lesions and worsening
- `luck`: random numbers of patients by index
"""
