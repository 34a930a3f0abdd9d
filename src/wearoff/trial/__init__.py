"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

Definition, data and reading are separate steps:

- `protocol`: who, in which arms, under which policy, recorded how, and analysed by which named rules
- `truth`: what is true of virtual patients before anything is recorded; `simulate` makes it in the order of the causes:
  - `recruit`: who takes part, from `people` (the distributions of `people.toml`, read by `people_file`) or `resample`
    (recorded rows)
  - `levels`: the parameters behind each patient's levels; `reference`: the sample that says what is average
  - `wearing_off`, `assign`: who wears off, and who comes into which arm
  - `treatment`: week by week the infusions, with `booking` (lateness, capacity), `deciding` (policies, clinician, log)
    and `predicting` (the fit that model-informed dosing goes by)
  - `events`, `disability`: lesions, relapses and what they leave
- `results`: what one analysis of one replicate leaves
"""
