"""What is true of virtual patients, in words, and every number behind it with its source and mark.

The numbers are read where the simulation reads them: the concentration model, the saturation curve, the activity, the
distributions of patients, the policies. What a protocol states itself is marked so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import polars as pl

from wearoff.cohort.results import Table
from wearoff.cohort.wording import count, sentence_list
from wearoff.dosing.activity import activity_file
from wearoff.dosing.figures import Figure
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.policies import policy_card
from wearoff.sources import Mark
from wearoff.trial.definition.protocol_form import Form, forms
from wearoff.trial.protocol import Protocol
from wearoff.trial.world.people_file import load_people

__all__ = [
    "amount",
    "assumption_table",
    "setting_table",
    "share_words",
    "words_of",
    "world_figures",
    "world_paragraphs",
]


def world_figures(protocol: Protocol) -> dict[str, dict[str, Figure]]:
    """Every number that the simulation reads from data files, by part and name."""
    world = protocol.world
    found: dict[str, Mapping[str, Figure]] = {
        f"concentration model {load_model(world.model).name}": load_model(world.model).figures,
        f"saturation curve {world.curve}": load_curve(world.curve).figures,
        "virtual patients": load_people(protocol.patients.numbers).figures,
    }
    if world.activity == "model":
        other_curves = tuple(f"{name}." for name in activity_file().curves if name != world.curve)
        found["activity"] = {
            name: figure
            for name, figure in activity_file().figures.items()
            if not name.startswith(other_curves)
        }
    for policy in dict.fromkeys(arm.policy for arm in protocol.arms):
        found[f"policy {policy}"] = policy_card(policy).settings
    return {part: dict(figures) for part, figures in found.items() if figures}


def world_paragraphs(protocol: Protocol) -> Iterator[str]:
    """What is true of the virtual patients, and how well it is known."""
    world = protocol.world
    yield (
        f"Levels follow the concentration model {load_model(world.model).name} with its spread between patients, "
        f"receptor saturation the curve {world.curve}."
        + (
            " Every study draws the numbers of model and activity from their published intervals."
            if world.is_uncertain
            else " All studies have the same typical numbers of model and activity."
        )
    )
    never = share_words(max(0.0, 1.0 - world.regularly - world.sometimes))
    shares = (
        f"{share_words(world.regularly)} of the patients have regular and {share_words(world.sometimes)} some "
        f"wearing-off, {never} none"
    )
    if world.wearing_off == "independent":
        yield f"{shares}; it is independent of the drug."
    else:
        yield (
            f"{shares}; it is driven by low occupancy: the log odds of more wearing-off grow by {world.strength:g} for "
            "each standard deviation that the saturation at the end of the interval is lower."
        )
    if world.activity == "model":
        yield (
            "Lesions and relapses follow the free integrin by the model of activity, whose steepness was fitted to the "
            "return of activity after stopping and never to a comparison of intervals."
        )
    else:
        share = 0.0 if world.yearly_activity is None else world.yearly_activity
        yield (
            f"Activity comes at a constant rate: {share_words(share)} of the patients without wearing-off have it "
            f"within a year. {share_words(world.relapse_share)} of the events are relapses, the others lesions."
        )
    if world.activity_ratio == 1.0 and world.activity == "model" and world.wearing_off == "low_occupancy":
        yield (
            "Wearing-off has no part in activity, but both hang on the level: activity may differ by wearing-off all "
            "the same."
        )
    elif world.activity_ratio == 1.0:
        yield (
            "With any wearing-off activity comes as often as without it: for analyses of activity by wearing-off this "
            "is the null."
        )
    else:
        yield f"With any wearing-off activity comes {world.activity_ratio:g} times as often."
    worse = share_words(world.worsening_per_year)
    yield f"{worse} of the patients worsen by a step of the EDSS in a year without relapse."
    marks = Counter(
        figure.mark for figures in world_figures(protocol).values() for figure in figures.values()
    )
    told = sentence_list([f"{marks[mark]} {mark}" for mark in Mark if marks[mark]])
    yield (
        f"{count(marks.total(), 'number')} behind this are read from data files with their sources: {told}. What the "
        "protocol states itself is a choice, for which its notes say where it comes from."
    )


def assumption_table(protocol: Protocol) -> Table:
    """Every number behind the virtual patients, with its source and mark."""
    rows = [
        {
            "part": part,
            "number": name,
            "value": figure.value,
            "low": figure.interval[0] if figure.interval else None,
            "high": figure.interval[1] if figure.interval else None,
            "unit": figure.unit,
            "mark": str(figure.mark),
            "source": figure.source.citation,
        }
        for part, figures in world_figures(protocol).items()
        for name, figure in figures.items()
    ]
    kinds = {name: pl.Float64 if name in ("value", "low", "high") else pl.String for name in rows[0]}
    return Table(
        "assumptions",
        "Numbers behind the virtual patients",
        pl.DataFrame(rows, schema=kinds),
        "What the simulation reads from data files. Low and high are the ends of the interval that stands with the "
        "number; they are used where every study draws its own numbers.",
    )


def setting_table(protocol: Protocol) -> Table:
    """Every value of the protocol, and whether it is the one that holds where nothing is said."""
    rows = [
        {"table": form, "key": key, "value": value, "default": default}
        for form, key, value, default in _settings(protocol)
    ]
    return Table(
        "settings",
        "Every value of the protocol",
        pl.DataFrame(rows, schema=dict.fromkeys(("table", "key", "value", "default"), pl.String)),
        "The default is what holds where a protocol says nothing; a key without one has to be given.",
    )


def _settings(protocol: Protocol) -> Iterator[tuple[str, str, str, str]]:
    known = forms()

    def of(values: object, form: Form, title: str) -> Iterator[tuple[str, str, str, str]]:
        for key, field in form.keys.items():
            name = next(each for each, other in form.model.model_fields.items() if other is field)
            value, below = getattr(values, name), known.get((*form.path, key))
            if below is None:
                default = (
                    "" if field.is_required() else words_of(field.get_default(call_default_factory=True))
                )
                yield title, key, words_of(value), default
            elif below.is_repeated:
                for number, each in enumerate(value, 1):
                    yield from of(each, below, f"{key} {number}")
            elif value is not None:
                yield from of(value, below, f"{title} {key}" if form.path else key)

    yield from of(protocol, known[()], "protocol")


def amount(value: float, unit: str) -> str:
    """A number with its unit in words: `1 day`, `0.25 points`."""
    return f"{value:g} {unit}{'' if value == 1 else 's'}"


def share_words(share: float) -> str:
    """A stated share in percent, without digits that nobody stated: `22.5 %`, `20 %`."""
    return f"{100 * share:.4g} %"


def words_of(value: object) -> str:
    """A value of a protocol as a table shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "; ".join(map(words_of, value)) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key} {words_of(each)}" for key, each in value.items()) or "none"
    return str(value)
