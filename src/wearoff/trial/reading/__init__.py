"""What recorded tables say: endpoints by the code that scores a real cohort, and named analyses of them.

- `endpoints`, `at_entry`, `samples`: each patient's endpoints, covariates and troughs; `cut`: what was known on a day
- `methods`, `method`: the named analyses with the sentences of their plan
- `analyse`: all analyses in every replicate, from `rows` by `estimators` (events) and `measured` (measurements, arms
  that nobody randomised), with a verdict as in `found`
- `looks`: how much error an interim look may spend, its boundary and its day
"""
