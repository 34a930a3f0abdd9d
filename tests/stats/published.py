"""Small published data sets, as facts, and the figures that R's packages print for them.

Each set is written in a layout of our own from the publication named beside it. No R is needed to run the tests.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
INF = float("inf")

# Maintenance chemotherapy in acute myelogenous leukaemia, weeks of remission (Miller 1981, Survival Analysis;
# Embury 1977): time and whether it ended in relapse.
AML_MAINTAINED = ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0])
AML_OTHER = ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])

# 6-mercaptopurine against placebo, weeks of remission, 21 pairs (Freireich 1963, doi
# 10.1182/blood.V21.6.699.699; Gehan 1965, doi 10.1093/biomet/52.1-2.203).
GEHAN_TREATED = (
    [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
    [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
)
GEHAN_PLACEBO = ([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], [1] * 21)

# Recurrences of bladder tumours, first four of each patient, months (Byar 1980; Wei, Lin and Weissfeld 1989, doi
# 10.1080/01621459.1989.10478873): number of tumours, size of the largest, months followed until the fourth
# recurrence, and after the colon the months of the recurrences. A patient without follow-up is left out.
BLADDER_PLACEBO = """
1 3 1; 2 1 4; 1 1 7; 5 1 10; 4 1 10 : 6; 1 1 14; 1 1 18; 1 3 18 : 5; 1 1 18 : 12 16; 3 3 23;
1 3 23 : 10 15; 1 1 23 : 3 16 23; 3 1 23 : 3 9 21; 2 3 24 : 7 10 16 24; 1 1 25 : 3 15 25; 1 2 26;
8 1 26 : 1; 1 4 26 : 2 26; 1 2 28 : 25; 1 4 29; 1 2 29; 4 1 29; 1 6 30 : 28 30; 1 5 30 : 2 17 22;
2 1 12 : 3 6 8 12; 1 3 31 : 12 15 24; 1 2 32; 2 1 34; 2 1 36; 3 1 36 : 29; 1 2 37;
4 1 24 : 9 17 22 24; 5 1 29 : 16 19 23 29; 1 2 41; 1 1 43 : 3; 2 6 43 : 6; 2 1 44 : 3 6 9;
1 1 26 : 9 11 20 26; 1 1 48 : 18; 1 3 49; 3 1 51 : 35; 1 7 53 : 17; 3 1 51 : 3 15 46 51; 1 1 59;
3 2 30 : 2 15 24 30; 1 3 27 : 5 14 19 27; 2 3 13 : 2 8 12 13
"""
BLADDER_THIOTEPA = """
1 3 1; 1 1 1; 8 1 5 : 5; 1 2 9; 1 1 10; 1 1 13; 2 6 14 : 3; 5 3 7 : 1 3 5 7; 5 1 18; 1 3 18 : 17;
5 1 19 : 2; 1 1 21 : 17 19; 1 1 22; 1 3 25; 1 5 25; 1 1 25; 1 1 26 : 6 12 13; 1 1 27 : 6;
2 1 29 : 2; 8 3 36 : 26 35; 1 1 38; 1 1 32 : 22 23 27 32; 6 1 27 : 4 16 23 27;
3 1 40 : 24 26 29 40; 3 2 41; 1 1 41; 1 1 43 : 1 27; 1 1 44; 6 1 27 : 2 20 23 27; 1 2 45;
1 4 46 : 2; 1 4 46; 3 3 49; 1 1 50; 4 1 50 : 4 24 47; 3 4 54; 2 1 54 : 38; 1 3 59
"""

# Retraction of the breast after radiotherapy alone, and with chemotherapy, months (Beadle 1984; Finkelstein and
# Wolfe 1985, doi 10.2307/2530965): in (left, right], without right if it was not seen.
COSMESIS_RADIOTHERAPY = """
45- 6-10 0-7 46- 46- 7-16 17- 7-14 37-44 0-8 4-11 15- 11-15 22- 46- 46- 25-37 46- 26-40 46- 27-34
36-44 46- 36-48 37- 40- 17-25 46- 11-18 38- 5-12 37- 0-5 18- 24- 36- 5-11 19-35 17-25 24- 32- 33-
19-26 37- 34- 36-
"""
COSMESIS_CHEMOTHERAPY = """
8-12 0-22 24-31 17-27 17-23 24-30 16-24 13- 11-13 16-20 18-25 17-26 32- 23- 44-48 14-17 0-5 5-8
12-20 11- 33-40 31- 13-39 19-32 34- 13- 16-24 35- 15-22 11-17 22-32 10-35 30-34 13- 10-17 8-21 4-9
11- 14-19 4-8 34- 30-36 18-24 16-60 35-39 21- 11-20 48-
"""

# Distance from the pituitary to the maxillary fissure at 8, 10, 12 and 14 years, mm, 16 boys and then 11 girls
# (Potthoff and Roy 1964, doi 10.1093/biomet/51.3-4.313).
DISTANCES = """
26 25 29 31; 21.5 22.5 23 26.5; 23 22.5 24 27.5; 25.5 27.5 26.5 27; 20 23.5 22.5 26
24.5 25.5 27 28.5; 22 22 24.5 26.5; 24 21.5 24.5 25.5; 23 20.5 31 26; 27.5 28 31 31.5
23 23 23.5 25; 21.5 23.5 24 28; 17 24.5 26 29.5; 22.5 25.5 25.5 26; 23 24.5 26 30
22 21.5 23.5 25; 21 20 21.5 23; 21 21.5 24 25.5; 20.5 24 24.5 26; 23.5 24.5 25 26.5
21.5 23 22.5 23.5; 20 21 21 22.5; 21.5 22.5 23 25; 23 23 23.5 24; 20 21 22 21.5
16.5 19 19 19.5; 24.5 25 28 28
"""

# Satisfaction (low, medium, high) of tenants in Copenhagen by influence (3), within house (tower, apartment, atrium,
# terrace), within contact (2) (Madsen 1976, Scandinavian Journal of Statistics 3: 97-106).
HOUSING = """
21 21 28; 34 22 36; 10 11 36; 61 23 17; 43 35 40; 26 18 54
13 9 10; 8 8 12; 6 7 9; 18 6 7; 15 13 13; 7 5 11
14 19 37; 17 23 40; 3 5 23; 78 46 43; 48 45 86; 15 25 62
20 23 20; 10 22 24; 7 10 21; 57 23 13; 31 21 13; 5 6 13
"""


def bladder() -> dict[str, Array]:
    """The recurrences as rows from one recurrence to the next (Andersen and Gill), 178 of 85 patients."""
    rows: list[list[float]] = []
    patients = [(0.0, text) for text in BLADDER_PLACEBO.split(";")]
    patients += [(1.0, text) for text in BLADDER_THIOTEPA.split(";")]
    for patient, (treated, text) in enumerate(patients):
        first, _, then = text.partition(":")
        number, size, last = (float(word) for word in first.split())
        start = 0.0
        for month in [float(word) for word in then.split()]:
            rows.append([patient, treated, number, size, start, month, 1.0])
            start = month
        if start < last:
            rows.append([patient, treated, number, size, start, last, 0.0])
    names = ("patient", "treated", "number", "size", "start", "stop", "event")
    return dict(zip(names, np.array(rows).T, strict=True))


def cosmesis(text: str) -> tuple[Array, Array]:
    """Left and right ends of the windows."""
    pairs = [window.split("-") for window in text.split()]
    return (
        np.array([float(left) for left, _ in pairs]),
        np.array([float(right) if right else INF for _, right in pairs]),
    )


def distances() -> tuple[Array, Array, Array, list[int]]:
    """Distance, age, whether a girl, and the child, one row per measurement."""
    children = [
        [float(word) for word in child.split()]
        for child in DISTANCES.replace("\n", ";").split(";")
        if child.strip()
    ]
    values = np.array(children)
    count = len(values)
    girl = np.repeat(np.arange(count) >= 16, 4).astype(float)
    return (
        values.ravel(),
        np.tile([8.0, 10.0, 12.0, 14.0], count),
        girl,
        np.repeat(np.arange(count), 4).tolist(),
    )


def housing() -> tuple[Array, Array]:
    """Satisfaction 0 to 2 and six indicators of each of 1681 tenants."""
    cells = [[int(word) for word in cell.split()] for cell in HOUSING.strip().replace("\n", ";").split(";")]
    levels, rows = [], []
    for place, counts in enumerate(cells):
        contact, rest = divmod(place, 12)
        house, influence = divmod(rest, 3)
        row = [influence == 1, influence == 2, house == 1, house == 2, house == 3, contact == 1]
        for level, count in enumerate(counts):
            levels += [level] * count
            rows += [row] * count
    return np.array(levels, dtype=float), np.array(rows, dtype=float)


def lung(*columns: str) -> Array:
    """Rows of the advanced lung cancer trial that have all of the columns (Loprinzi 1994, doi
    10.1200/JCO.1994.12.3.601; the figures as the MIT-licensed package lifelines distributes them)."""
    with Path(__file__).with_name("lung.csv").open(encoding="utf-8") as file:
        rows = [[row[column] for column in columns] for row in csv.DictReader(file)]
    return np.array([[float(cell) for cell in row] for row in rows if all(row)])
