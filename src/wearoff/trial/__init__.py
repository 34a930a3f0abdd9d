"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

Definition, data and reading are separate steps:

- `protocol`: who, in which arms, under which policy, recorded how, and analysed by which named rules
- `protocol_file`, `protocols/`: a protocol from a file and by name, every fault at its line (`protocol_form`)
- `protocol_checks`, `reading_checks`: what a protocol cannot mean, found before anything is simulated
- `truth`: what is true of virtual patients before anything is recorded
- `results`: what one analysis of one replicate leaves
"""
