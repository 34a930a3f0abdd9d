"""Whether a design answers its question, as a result that reports and pictures show.

- `study`: the whole result; `first_screen`: its answer in words
- `estimates`: how estimates lie over many studies; `example`: one virtual study to look at
"""
