"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

Definition, data and reading are separate steps:

- `protocol`: who, in which arms, under which policy, recorded how, and analysed by which named rules
- `truth`: what is true of virtual patients before anything is recorded
- `results`: what one analysis of one replicate leaves
- `block`, `run`, `workers`: many replicates in one pass, and many blocks on any executor
- `archive`: protocol, seed, versions, recorded tables, decisions and results in one folder (`archive_checks`, `archive_files`)
- `rescore`: other endpoints and analyses of the recorded tables, without simulating again
- `operating`: power, errors, bias and coverage of the analyses, counted over all replicates
"""
