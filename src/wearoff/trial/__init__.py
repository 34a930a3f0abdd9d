"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

Definition, data and reading are separate steps:

- `protocol`: who, in which arms, under which policy, recorded how, and analysed by which named rules
- `truth`: what is true of virtual patients before anything is recorded
- `record`, `recording`: what is recorded of it as a cohort, and what is lost on the way
- `results`: what one analysis of one replicate leaves
"""
