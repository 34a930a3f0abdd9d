"""Rules on EDSS, weight and dose: jumps, contradictions, and units."""

from __future__ import annotations

import polars as pl

from wearoff.cohort.quality.edss_steps import load_edss_steps
from wearoff.cohort.quality.prepared import NotChecked, Prepared, after, before, found, number_text
from wearoff.cohort.quality.rules import QualityRule, load_quality_rule


def edss_jump(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """EDSS far from that of the visit before, soon after it and without a relapse that may explain it."""
    if (lacking := at.lacks("visit")) is not None:
        return lacking
    pairs = _with_neighbours(at).with_columns(
        since=pl.col("date_before") - pl.duration(days=rule["relapse_before_d"]), until=pl.col("date")
    )
    odd = pairs.filter(
        ((pl.col("edss") - pl.col("edss_before")).abs() >= rule["points"])
        & ((pl.col("date") - pl.col("date_before")).dt.total_days() <= rule["within_d"])
    )
    return found(
        at.without_relapse(odd),
        "visit",
        pl.format("EDSS {} after {} on {}", number_text("edss"), number_text("edss_before"), "date_before"),
        other_row=pl.col("row_before"),
    )


def edss_spike(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """EDSS far above or far below both neighbours, which agree, without a relapse that may explain it."""
    if (lacking := at.lacks("visit")) is not None:
        return lacking
    up, down = pl.col("edss") - pl.col("edss_before"), pl.col("edss") - pl.col("edss_after")
    odd = (
        _with_neighbours(at)
        .with_columns(since=pl.col("date") - pl.duration(days=rule["relapse_before_d"]), until=pl.col("date"))
        .filter(
            (up.sign() == down.sign())
            & (pl.min_horizontal(up.abs(), down.abs()) >= rule["points"])
            & ((pl.col("edss_before") - pl.col("edss_after")).abs() <= rule["neighbours_within"])
        )
    )
    return found(
        at.without_relapse(odd),
        "visit",
        pl.format(
            "EDSS {} between {} and {}",
            number_text("edss"),
            number_text("edss_before"),
            number_text("edss_after"),
        ),
        other_row=pl.col("row_before"),
    )


def edss_below_systems(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """EDSS below the step that the recorded scores call for; a missing score could only raise the step."""
    visits = _scored(at)
    if isinstance(visits, NotChecked):
        return visits
    low = visits.filter(pl.col("edss") < pl.col("step") - _tolerance(rule))
    return found(low, "visit", _against_step("at least"))


def edss_above_systems(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """EDSS above what all seven systems and any walking score that is possible could give."""
    visits = _scored(at)
    if isinstance(visits, NotChecked):
        return visits
    steps = load_edss_steps()
    # Without a walking score the EDSS may be any of its least steps, so only what lies between them is odd.
    by_walking = pl.col("edss").is_in(sorted(set(steps.least_by_walking)))
    is_open = pl.col("from_walking").is_null() & by_walking
    high = visits.filter(
        (pl.col("missing") == 0) & (pl.col("edss") > pl.col("step") + _tolerance(rule)) & ~is_open
    )
    return found(high, "visit", _against_step("no more than"))


def dose_unusual(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Doses other than the usual one."""
    if (lacking := at.lacks("infusion")) is not None:
        return lacking
    odd = at.infusions.filter(pl.col("dose_mg") != rule["usual_mg"])
    return found(odd, "infusion", pl.format("{} mg", number_text("dose_mg", 4)))


def weight_jump(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Weights far from the one before, soon after it; a change of unit is another rule's."""
    weighed = _weights(at)
    if isinstance(weighed, NotChecked):
        return weighed
    ratio = pl.col("weight_kg") / pl.col("kg_before")
    unit = load_quality_rule("weight_in_pounds")
    is_unit = pl.any_horizontal(
        _near(each, unit["pounds_in_kg"], unit["off_by"]) for each in (ratio, 1 / ratio)
    )
    odd = weighed.filter(
        ((ratio - 1).abs() > rule["change"])
        & ((pl.col("date") - pl.col("weighed_before")).dt.total_days() <= rule["within_d"])
        & ~is_unit
    )
    return found(
        odd,
        "infusion",
        pl.format(
            "{} kg after {} kg on {}", number_text("weight_kg"), number_text("kg_before"), "weighed_before"
        ),
        other_row=pl.col("row_weighed"),
    )


def weight_in_pounds(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Weights that stand to the patient's others as pounds to kilograms, or make a single one absurd."""
    weighed = _weights(at)
    if isinstance(weighed, NotChecked):
        return weighed
    kg, times = pl.col("weight_kg"), pl.len().over("patient_id")
    usual = (
        pl.when(times == 2)
        .then(kg.sum().over("patient_id") - kg)
        .when(times > 2)
        .then(kg.median().over("patient_id"))
    )
    compared = weighed.with_columns(usual=usual, times=times).join(
        at.cohort.patient.select("patient_id", "height_cm"), on="patient_id", how="left"
    )
    is_pounds = _near(kg / pl.col("usual"), rule["pounds_in_kg"], rule["off_by"])
    is_kilograms = (pl.col("times") > 2) & _near(pl.col("usual") / kg, rule["pounds_in_kg"], rule["off_by"])
    bmi = kg / (pl.col("height_cm") / 100) ** 2
    is_absurd = (pl.col("times") == 1) & (bmi > rule["highest_bmi"])
    many = compared.filter(is_pounds | is_kilograms)
    single = compared.filter(is_absurd).with_columns(bmi=bmi)
    return pl.concat(
        [
            found(
                many,
                "infusion",
                pl.format("{} kg, the others are near {} kg", number_text("weight_kg"), number_text("usual")),
            ),
            found(
                single,
                "infusion",
                pl.format("{} kg, body mass index {} kg/m2", number_text("weight_kg"), number_text("bmi")),
            ),
        ]
    )


def _with_neighbours(at: Prepared) -> pl.DataFrame:
    """Visits with an EDSS and those before and after."""
    return (
        at.cohort.visit.filter(pl.col("edss").is_not_null())
        .select("row", "patient_id", "date", "edss")
        .sort("patient_id", "date", "row")
        .with_columns(
            edss_before=before("edss"),
            edss_after=after("edss"),
            date_before=before("date"),
            row_before=before("row"),
        )
    )


def _scored(at: Prepared) -> pl.DataFrame | NotChecked:
    """Visits with an EDSS and any score: from_systems, from_walking, missing (systems), step (the higher)."""
    if (lacking := at.lacks("visit")) is not None:
        return lacking
    steps = load_edss_steps()
    scores = (*steps.systems, steps.walking)
    visits = at.cohort.visit.filter(
        pl.col("edss").is_not_null() & pl.any_horizontal(pl.col(name).is_not_null() for name in scores)
    )
    if visits.is_empty():
        return NotChecked("no functional system or walking score")
    return steps.applied(visits).with_columns(step=pl.max_horizontal("from_systems", "from_walking"))


def _against_step(how: str) -> pl.Expr:
    walking = (
        pl.when(pl.col("from_walking").is_null())
        .then(pl.lit("not scored"))
        .otherwise(number_text("from_walking"))
    )
    return pl.format(
        f"EDSS {{}}, the scores call for {how} {{}} ({load_edss_steps().name}: systems {{}} with {{}} missing, "
        "walking {})",
        number_text("edss"),
        number_text("step"),
        number_text("from_systems"),
        "missing",
        walking,
    )


def _tolerance(rule: QualityRule) -> pl.Expr:
    return pl.when(pl.col("step") >= 4).then(rule["tolerance_from_4"]).otherwise(rule["tolerance"])


def _weights(at: Prepared) -> pl.DataFrame | NotChecked:
    weighed = at.infusions.filter(pl.col("weight_kg").is_not_null())
    if weighed.is_empty():
        return at.lacks("infusion") or NotChecked("no weight_kg")
    return weighed.with_columns(
        kg_before=before("weight_kg"),
        weighed_before=before("date"),
        row_weighed=before("row"),
    )


def _near(value: pl.Expr, target: float, off_by: float) -> pl.Expr:
    return value.is_between(target * (1 - off_by), target * (1 + off_by))
