"""Measured ratios against named references: `make bench` runs them all, one after the other."""
