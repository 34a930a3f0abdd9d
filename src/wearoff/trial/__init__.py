"""Virtual trials: patients who do not exist, recorded as a cohort is, and analysed by the code that scores a real one.

What is defined, what is true, what is recorded, and what is read from the records are separate steps, and a value
stands between each two: `protocol`, `truth`, a cohort, and the rows of `results`.

- `definition`: a protocol from a file and by name, what it cannot mean, and its analysis plan in words
- `world`: virtual patients, their infusions under a policy, and what befalls them
- `recording`: the truth as the tables of a cohort, with what is lost on the way
- `reading`: endpoints from recorded tables alone, the named analyses, and interim looks
- `running`: many replicates on any executor, into an archive that can be gone on with and read again
- `design`: whether a design answers its question, as a result that reports show
- `power`: how large and how long, by closed forms and simulation side by side
"""
