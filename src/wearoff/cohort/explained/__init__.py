"""The questions that people ask of natalizumab dosing, each answered with computed numbers, bands, sources and limits.

    explain.py        every question answered, in order
    values.py         what an answer is made of, and how a band is said
    simulated.py      the simulations behind the answers
    wearing_off.py    wearing-off and disease activity, from published studies
    tissue.py         intervals, an inflamed lung, and the days after an infusion
    doses.py          after the last dose; a missed, late or exchanged dose
    known.py          what is known, what is assumed, and what would have to be measured

Nothing here says what to do, and nothing is an absolute risk of infection.
"""
