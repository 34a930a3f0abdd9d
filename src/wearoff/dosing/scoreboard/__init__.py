"""The scoreboard: published figures beside what the models make of them, hit or miss, and which were used to fit.

    figures/          the figures as data, one TOML file a family: row of evidence, what is computed, the accepted band
    entries.py        those files as frozen values, and what a band accepts
    simulations.py    what several figures share: virtual patients, their steady states, the recomputed policies
    exposure.py       the computations of concentration and saturation
    policies.py       the computations of personal dosing
    tissue.py         the computations of cells in blood and cerebrospinal fluid
    activity.py       the computations of lesions and relapses
    computations.py   every computation by the name that the files use
    score.py          all of them carried out

A figure joins by an entry in a file; a new kind of figure by a function in `computations.py`.
"""
