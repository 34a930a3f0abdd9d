"""Dosing: from a regimen to concentration and receptor saturation, as pure functions of arrays.

    regimen.py    what was given when (words.py, dated.py, events.py: from words, dates, event tables)
    pk/           the published models, the time grid, the one solver
    plan.py       who is given what, until when, and where a model's data end
    follow.py     a plan followed through, for a typical patient and a population of any size
    forecast.py   what that comes to, and its columns
    by_dose.py    what a population comes to dose by dose
    fit/          one patient: what is known of a person, from a file or from Python
    occupancy.py  concentration to saturation, under four curves
    laboratory.py what a laboratory reads of a level
    antibodies.py when antibodies last
    figures.py    a number with unit, source and mark, and reading files made of them
    streams.py    random numbers that belong to one patient and one purpose

Nothing here takes a data frame, and only `pk/series.py` and `pk/solve.py` load JAX.
"""
