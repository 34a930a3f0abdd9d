"""The command line: commands parse, call one function, and show; they compute nothing.

- `app`: the commands and how errors reach a person
- `study`: `wearoff study`
- `quality`: `wearoff quality`
- `records`: `wearoff template`, `wearoff convert`, and what a format leaves open
- `evidence`: `wearoff evidence`
"""
