"""A protocol from a file, and what can be said of it before anything is simulated.

- `protocol_file`, `protocols/`: protocols from files and by name, every fault with its line (`protocol_form`)
- `protocol_keys`, `protocol_marks.toml`: every key with its default and how well that is known
- `protocol_checks`, `reading_checks`, `method_checks`, `look_checks`: what a protocol cannot mean
- `slips`: numbers of a wrong size
- `plan`, `world_plan`: the analysis plan, and what is assumed of the patients, in words
- `null_world`: the same study with nothing to find
"""
