"""A result becomes a picture: nothing is computed here, columns are only reshaped for drawing.

- `registry`: `PICTURES`, every picture by name, and `draw(name, result)`.
- `picture`: what a picture is, and how its table is found.
- `timeline`, `concentration`, `occupancy`, `neda`, `risk`: the pictures, one file a family.
- `time_to_event`, `forest`, `balance`, `diary`: the pictures of the full analysis of a cohort.
- `simulation`, `patient`: a simulated regimen, and one patient over time.
- `power`: how the power of a study that is planned moves with what can be chosen.
- `pml`, `scoreboard`: a thousand people for a published risk; predictions against accepted bands.
- `patient_data`: the latter as tables and in words.
- `theme`: colours, type, sizes, and `to_svg(chart)`, which needs no network.
"""

from __future__ import annotations

from wearoff.charts.picture import Picture
from wearoff.charts.registry import PICTURES, draw
from wearoff.charts.theme import to_svg

__all__ = ["PICTURES", "Picture", "draw", "to_svg"]
