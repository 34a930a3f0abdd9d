"""Dosing: from a regimen to concentration and receptor saturation, as pure functions of arrays.

    regimen.py    what was given when (words.py, dated.py, events/: from words, dates, event tables)
    schedule.py   what an event table says beyond doses: repetition, steady state, resets
    pk/           the published models, the time grid, the one solver
    plan.py       who is given what, until when, and where a model's data end
    follow.py     a plan followed through, for a typical patient and a population of any size
    forecast.py   what that comes to, and its columns
    by_dose.py    what a population comes to dose by dose
    fit/          one patient: from a file and a few levels to parameters with their uncertainty
    intervals.py  what each interval would mean for one patient, against the user's own floor and rule
    decline.py    after the last dose: stopping, a late dose, plasma exchange
    assess.py     one patient answered whole, for every face (assessment.py: the values)
    policies.py   the named rules that arrive at an interval, for comparison
    settled.py    the troughs that intervals settle to, each patient at his own
    compared_policies.py where they arrive for one patient
    virtual_troughs.py   virtual patients with measured troughs, and where a rule leaves them
    published_dosing.py  the published figures of personal dosing recomputed
    pml.py        the published risk of PML, with no model behind it (pml_table.py: to whom each figure belongs)
    scoreboard/   published figures beside what the models make of them
    occupancy.py  concentration to saturation, under four curves
    trafficking.py saturation to the entry of leukocytes into tissue, their number in blood and CSF
    activity.py   saturation to lesions and relapses, with the numbers fitted for it
    virtual_activity.py  a population of any size from drug to lesions, seen by scans
    cycle.py      one settled cycle from drug to tissue, day by day
    turnover.py   what fills toward a source and empties, exactly between samples
    laboratory.py what a laboratory reads of a level
    antibodies.py when antibodies last
    modifiers.py  what plasma exchange removes
    figures.py    a number with unit, source and mark, and reading files made of them
    hand_written.py  files that people write: read with every fault at its line
    toml_lines.py the line of every table and key of such a file
    streams.py    random numbers that belong to one patient and one purpose

Nothing here takes a data frame, and JAX is loaded only when something is solved.
"""
