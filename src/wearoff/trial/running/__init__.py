"""Many replicates: a block at a time, on any executor, into an archive.

- `block`: one block from protocol to results; `run`, `workers`: many of them, on this machine or a cluster
- `archive`, `archive_checks`, `archive_files`: protocol, seed, versions, recorded tables, decisions and results
  in one folder
- `rescore`: other endpoints and analyses of recorded tables, without simulating again
- `operating`: power, errors, bias and coverage, counted over all replicates
"""
