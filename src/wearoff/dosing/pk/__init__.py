"""Concentration over time.

models.py       published models, read from library/*.toml
form.py         the structures a model may have, and the checks of its file
parameters.py   individual parameters as arrays
spread.py       individuals drawn from the spread between patients
uncertainty.py  typical values drawn from their published intervals
virtual.py      the virtual patients of a population, each by an index
grid.py         where the solver steps
solve.py        the solver: simulate, steady_state, typical_cycle (loads JAX)
sensitivities.py  derivatives of the level by every parameter
population.py   everyone under one regimen: trough, peak and daily level, the steady state
summaries.py    a population of any size streamed into quantiles and shares
series.py       the compiled terms; adaptive.py steps chosen by each patient's own series
compile_cache.py  compiled code kept between two runs
"""
