"""Concentration over time.

models.py   published models, read from library/*.toml; individual parameters and draws
grid.py     where the solver steps
solve.py    the solver: simulate, steady_state, typical_cycle (loads JAX)
"""
