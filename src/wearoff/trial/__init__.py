"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

Definition, data and reading are separate steps:

- `protocol`: who, in which arms, under which policy, recorded how, and analysed by which named rules
- `truth`: what is true of virtual patients before anything is recorded; `simulate` makes it in the order of the causes:
  - `recruit`: who takes part, from `people` (the distributions of `people.toml`, read by `people_file`) or `resample`
    (recorded rows)
  - `levels`: the parameters behind each patient's levels; `reference`: the sample that says what is average
  - `luck`: the random numbers of what happens again and again
  - `wearing_off`, `assign`: who wears off, and who comes into which arm
  - `treatment`: week by week the infusions, with `booking` (lateness, capacity), `deciding` (policies, clinician, log)
    and `predicting` (the fit that model-informed dosing goes by)
  - `events`, `disability`: lesions, relapses and what they leave
- `protocol_file`, `protocols/`: a protocol from a file and by name, every fault at its line (`protocol_form`)
- `protocol_keys`: every key with its meaning and its default, and how well that is known (`protocol_marks.toml`)
- `protocol_checks`, `reading_checks`, `method_checks`, `look_checks`: what a protocol cannot mean, found before
  anything is simulated
- `plan`, `world_plan`: the analysis plan as text, made from the values and the rules that they name
- `truth`: what is true of virtual patients before anything is recorded
- `record`, `recording`: what is recorded of it as a cohort, and what is lost on the way
- `endpoints`: what each patient's recorded tables say, by the code that scores a real cohort, with `at_entry` (arm and
  covariates), `samples` (troughs) and `cut` (what was known on a day)
- `methods`: the named analyses with the sentences of their plan; `analyse`: all of them in every replicate, from `rows`
  by `estimators` (events) and `measured` (measurements, arms that nobody randomised), with a verdict as in `found`
- `looks`: how much error an interim look may spend, its boundary and its day
- `results`: what one analysis of one replicate leaves
- `block`, `run`, `workers`: many replicates in one pass, and many blocks on any executor
- `archive`: protocol, seed, versions, recorded tables, decisions and results in one folder
- `archive_checks`, `archive_files`: what an archive must be to go on with, and its files
- `rescore`: other endpoints and analyses of the recorded tables, without simulating again
- `operating`, `estimates`: power, errors, bias and coverage of the analyses, and quantiles of what they estimate,
  counted over all replicates
- `null_world`: the same study where there is nothing to find
- `design`: the report on a design, with its `design_first_screen` and the `design_example` of one virtual study
"""
