"""Write the reference pages that are made from the package's own data, so that they cannot drift.

The pages go to `docs/reference/generated/`: the evidence table, the models and curves, the named
rules for NEDA, those for intervals, diaries and quality, the cohort tables, the codings of other
formats, the keys, methods and files of protocols, and the scoreboard and the answered questions,
which are simulated anew. Run by `make docs` before the site is built.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import wearoff
from wearoff.cohort.explained.explain import explain
from wearoff.cohort.explained.values import Explained, Explanation
from wearoff.cohort.interval_class import interval_rule_names, load_interval_rule
from wearoff.cohort.quality import load_quality_rule, quality_rule_names
from wearoff.cohort.wearing_off import diary_rule_names, load_diary_rule
from wearoff.dosing.figures import Figure
from wearoff.dosing.pk.models import PkModel, card_names, model_card
from wearoff.dosing.scoreboard.score import Scored, score
from wearoff.sources import Mark, PublishedFigure, Source, evidence
from wearoff.trial.definition.protocol_file import load_protocol, protocol_names, protocol_text
from wearoff.trial.definition.protocol_keys import Key, protocol_keys
from wearoff.trial.reading.methods import METHODS

PACKAGE = Path(wearoff.__file__).parent
OUT = Path(__file__).parent / "reference" / "generated"

MARKS = {
    Mark.MEASURED: "read in a publication, its abstract or tables, or the product information",
    Mark.SECONDARY: "read in somebody's account of it",
    Mark.DERIVED: "computed here from published figures; a test repeats it",
    Mark.ASSUMED: "without a source, varied over a range",
}
TOPICS = {
    "exposure": "Concentration, clearance and how they differ between people",
    "occupancy": "Receptor occupancy and saturation",
    "wearing_off": "Wearing-off",
    "neda": "NEDA",
    "activity": "Disease activity, on and off natalizumab",
    "interval": "Dosing intervals compared",
    "immune": "Immune cells in blood and cerebrospinal fluid",
    "pml": "PML",
    "safety": "Infections and other safety",
}


def main() -> None:
    """Write every page and say what was written."""
    OUT.mkdir(parents=True, exist_ok=True)
    pages = {
        "evidence.md": evidence_page(evidence()),
        "models.md": models_page(),
        "rules.md": rules_page(),
        "record-rules.md": record_rules_page(),
        "tables.md": tables_page(),
        "formats.md": formats_page(),
        "protocols.md": protocols_page(),
        "scoreboard.md": scoreboard_page(),
        "questions.md": questions_page(explain()),
    }
    for name, text in pages.items():
        (OUT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}, {text.count(chr(10))} lines")


# Evidence


def evidence_page(rows: Sequence[PublishedFigure]) -> str:
    """The evidence table, one section for each topic."""
    counts = Counter(row.mark for row in rows)
    lines = [
        "# Evidence table",
        "",
        f"{len(rows)} figures from the literature. Each one carries the mark that says how near to the"
        " original it was read. `wearoff evidence WORD` searches the same table in the terminal.",
        "",
        *table(
            ("Mark", "Meaning", "Rows"),
            ((f"`{mark}`", meaning, str(counts[mark])) for mark, meaning in MARKS.items()),
        ),
        "",
    ]
    for topic, title in TOPICS.items():
        chosen = [row for row in rows if row.topic == topic]
        lines += [f"## {title}", "", *table(EVIDENCE_HEADER, map(evidence_row, chosen)), ""]
    unknown = {row.topic for row in rows} - set(TOPICS)
    if unknown:
        raise SystemExit(f"give these topics a title in {Path(__file__).name}: {sorted(unknown)}")
    return "\n".join(lines)


EVIDENCE_HEADER = ("Id", "What", "In whom", "Value", "n", "Mark", "Source")


def evidence_row(row: PublishedFigure) -> tuple[str, ...]:
    """The cells of one figure."""
    group = ", ".join(part for part in (row.group, row.regimen) if part)
    number = "" if row.n is None else str(row.n)
    return (
        row.id,
        row.quantity,
        group,
        row.statement,
        number,
        f"`{row.mark}`",
        reference(row.source),
    )


# Models and curves


def models_page() -> str:
    """A card for each concentration model and each saturation curve."""
    lines = [
        "# Models and curves",
        "",
        "Every number of a model or curve stands in a file of the package with its unit, its source and"
        " its mark. A new published model is a new file: [Add a model](../../how-to/add-a-model.md)."
        " `wearoff models NAME` prints the same card in the terminal.",
        "",
    ]
    models = [model_card(name) for name in card_names()]
    rows = ((f"`{model.name}`", model.use, str(model.structure), model.title) for model in models)
    lines += [*table(("Model", "Use", "Structure", "What it is"), rows), ""]
    for model in models:
        lines += model_lines(model)
    curves = PACKAGE / "dosing" / "curves.toml"
    if curves.exists():
        lines += ["## Saturation curves", ""]
        content = read(curves)
        lines += plain_lines(content)
        for name, curve in named_tables(content):
            lines += card(name, curve, level=3)
    for title, path in (
        ("Entry into tissue", "dosing/trafficking"),
        ("Disease activity", "dosing/activity"),
        ("Virtual patients", "trial/world/people"),
    ):
        numbers = parameters(read(PACKAGE / f"{path}.toml"))
        cells = (parameter_row(key, entry) for key, entry in numbers)
        lines += [f"## {title}", "", *table(("Parameter", "Value", "Interval", "Mark", "Source"), cells), ""]
    return "\n".join(lines)


def model_lines(model: PkModel) -> list[str]:
    """The card of one concentration model: use and structure first, then every number."""
    about, limits = model.population, model.domain
    reason = f" {model.use_reason}" if model.use_reason else ""
    rows = f" ({', '.join(model.use_evidence)})" if model.use_evidence else ""
    low, high = limits.weight_kg
    people = "" if about.patients is None else f", n {about.patients}"
    numbers = (figure_row(key, figure) for key, figure in model.figures.items())
    return [
        f"## `{model.name}`",
        "",
        model.title,
        "",
        f"- **Use:** {model.use}.{reason}{rows}",
        f"- **Structure:** {model.structure}",
        f"- **Reference:** {reference(model.reference)}",
        f"- **Population:** {about.description}{people}. {about.source}",
        f"- **Domain:** {low:g} to {high:g} kg; intervals up to {limits.longest_interval_weeks:g} weeks;"
        f" {', '.join(limits.routes)}; {'with' if limits.antibodies else 'without'} anti-drug antibodies."
        f" {limits.reason}",
        "",
        *(line for note in model.notes for line in (note, "")),
        *table(("Parameter", "Value", "Interval", "Mark", "Source"), numbers),
        "",
    ]


def figure_row(key: str, figure: Figure) -> tuple[str, ...]:
    """The cells of one number of a model."""
    interval = figure.interval
    rows = f" ({', '.join(figure.evidence)})" if figure.evidence else ""
    return (
        sentence(key.removesuffix(".typical").replace(".", ", ")),
        plain(figure.value) + ("" if figure.unit == "1" else f" {figure.unit}") + ", fixed" * figure.is_fixed,
        "" if interval is None else f"{plain(interval[0])} to {plain(interval[1])} ({figure.interval_kind})",
        f"`{figure.mark}`",
        reference(figure.source) + rows,
    )


def card(name: str, content: Mapping[str, Any], level: int = 2) -> list[str]:
    """One curve: what it is, its parameters, and where they were learned."""
    lines = [f"{'#' * level} `{content.get('name', name)}`", ""]
    lines += plain_lines(content)
    numbers = list(parameters(content))
    if numbers:
        rows = (parameter_row(path, entry) for path, entry in numbers)
        lines += [*table(("Parameter", "Value", "Interval", "Mark", "Source"), rows), ""]
    for key, inner in named_tables(content):
        if not any(parameters({key: inner})):
            lines += [f"**{sentence(key)}**", "", *plain_lines(inner, bullet=True)]
    return lines


def parameters(content: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table below `content` that states a value, with its dotted name."""
    for key, inner in content.items():
        if isinstance(inner, dict):
            name = f"{path}.{key}" if path else key
            if "value" in inner:
                yield name, inner
            else:
                yield from parameters(inner, name)


def parameter_row(path: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one number of a curve."""
    unit = str(entry.get("unit", ""))
    value = plain(entry["value"]) + ("" if unit in {"", "1"} else f" {unit}")
    interval = entry.get("interval") or entry.get("range") or entry.get("scan")
    between = f"{plain(interval[0])} to {plain(interval[1])}" if interval else ""
    kind = str(entry.get("interval_kind", ""))
    words = sentence(path.removesuffix(".typical").replace(".", ", "))
    return (
        words,
        value,
        f"{between} ({kind})" if between and kind else between,
        f"`{entry.get('mark', '')}`",
        source_cell(entry),
    )


def source_cell(entry: Mapping[str, Any]) -> str:
    """Where a number of a curve comes from, with the rows of the evidence table behind it."""
    given = entry.get("source", "")
    if isinstance(given, Mapping):
        given = reference(Source(given.get("text", ""), given.get("doi"), given.get("where")))
    rows = ", ".join(entry.get("evidence", ()))
    return f"{given} ({rows})" if rows else str(given)


# Rules

RULE_KINDS = {
    "step": "EDSS steps",
    "relapse": "What counts as a relapse",
    "label": "PIRA",
    "worsening": "Confirmed worsening and improvement",
    "neda": "NEDA",
}


def rules_page() -> str:
    """The named NEDA rules, one table for each kind of rule, and what every setting means."""
    path = PACKAGE / "cohort" / "neda" / "rules.toml"
    content = read(path)
    lines = [
        "# NEDA rules",
        "",
        "A released rule keeps its settings for good; another setting gets another name. The rule stands"
        " beside every number that was computed with it.",
        "",
    ]
    for kind, title in RULE_KINDS.items():
        lines += [f"## {title}", ""]
        members = content[kind]
        if kind in content["defaults"]:
            rows = (
                (f"`{name}`", member["description"], own_settings(member)) for name, member in members.items()
            )
            lines += [*table(("Name", "What it is", "Its own settings"), rows), ""]
            lines += ["Settings that a rule leaves out:", ""]
            lines += [*table(("Setting", "Value", "Meaning"), explained(path, f"defaults.{kind}")), ""]
            continue
        keys = list(dict.fromkeys(key for member in members.values() for key in member))
        cells = (
            (f"`{name}`", *(plain(member.get(key, "")) for key in keys)) for name, member in members.items()
        )
        lines += [*table(("Name", *map(sentence, keys)), cells), ""]
    return "\n".join(lines)


def record_rules_page() -> str:
    """The named rules for dosing intervals, diaries and quality: what each does, and where its numbers come from."""
    lines = [
        "# Rules for intervals, diaries and quality",
        "",
        "A released rule keeps its settings for good; another setting gets another name. `assumed` marks a number"
        " that no source gives.",
        "",
        "## Standard and extended intervals",
        "",
    ]
    for name in interval_rule_names():
        rule = load_interval_rule(name)
        lines += [f"### `{name}`", "", f"{sentence(rule.description)}.", "", rule.describe(), ""]
    lines += ["## Diaries", ""]
    for name in diary_rule_names():
        lines += [f"### `{name}`", "", load_diary_rule(name).describe(), ""]
    lines += [
        "## Quality",
        "",
        "What to do with findings: [Check the quality of your records](../../how-to/check-quality.md).",
        "",
    ]
    for name in quality_rule_names():
        quality = load_quality_rule(name)
        lines += [
            f"### `{name}`",
            "",
            f"{sentence(quality.title)}, in {', '.join(quality.tables)}. {quality.check}",
            "",
        ]
        numbers = [
            (sentence(limit.name), f"{limit.value:g} {limit.unit}", f"`{limit.mark}`", limit.source)
            for limit in quality.limits
        ]
        lines += [*table(("Limit", "Value", "Mark", "Source"), numbers), ""] if numbers else []
    return "\n".join(lines)


def own_settings(member: Mapping[str, Any]) -> str:
    """What a rule states itself, beside its description."""
    return ", ".join(f"{key} {plain(value)}" for key, value in member.items() if key != "description")


def explained(path: Path, section: str) -> Iterator[tuple[str, str, str]]:
    """Each setting of one section of a TOML file with its value and the comment behind it."""
    inside = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and "=" in line:
            setting, _, comment = line.partition(" #")
            key, _, value = setting.partition("=")
            yield f"`{key.strip()}`", value.strip().strip('"'), comment.strip()


# Cohort tables


def tables_page() -> str:
    """The data dictionary of a cohort folder."""
    content = read(PACKAGE / "cohort" / "records" / "dictionary.toml")
    lines = [
        "# Cohort tables",
        "",
        "One CSV file for each table, UTF-8, one header line. Columns marked *required* must be there;"
        " *filled* means that no cell may be empty. Any column may have a companion that ends in"
        " `_missing` and says why a cell is empty: ND not done, UNK unknown, NA not applicable, REF"
        " refused. How to fill them in: [Prepare your cohort](../../how-to/prepare-your-cohort.md)."
        " `wearoff template FOLDER` writes empty files with these columns, and the same tables as instruments"
        " for REDCap, where a field is named after table and column (`visit_edss`).",
        "",
    ]
    for name, inner in named_tables(content.get("table", {})):
        lines += [f"## `{name}.csv`", "", str(inner.get("about", "")), ""]
        rows = (column_row(*column) for column in inner.get("columns", {}).items())
        lines += [*table(("Column", "Holds", "Needed", "Example", "Meaning"), rows), ""]
    analytes = content.get("analyte", {})
    if analytes:
        rows = (
            (f"`{key}`", inner.get("unit", "as given"), limits(inner), inner.get("about", ""))
            for key, inner in analytes.items()
        )
        lines += ["## Analytes", "", "Other lower-case words are kept without a check of unit and range.", ""]
        lines += [*table(("Analyte", "Unit in memory", "Range", "Meaning"), rows), ""]
    return "\n".join(lines)


def column_row(name: str, column: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one column of a cohort table."""
    holds = str(column.get("type", ""))
    if "codes" in column:
        holds = ", ".join(f"`{code}`" for code in column["codes"])
    elif limits(column):
        holds += f", {limits(column)}"
    needed = "filled" if column.get("filled") else "required" if column.get("required") else ""
    example = column.get("example", "")
    names = ", ".join(f"`{one}`" for one in column.get("such_as", ()))
    about = str(column.get("about", "")) + (f" Such as {names}." if names else "")
    return f"`{name}`", holds, needed, f"`{example}`" if example else "", about


# Other formats


def formats_page() -> str:
    """The codings of FHIR, the columns of MSBase and the names of natalizumab that are known."""
    records = PACKAGE / "cohort" / "records"
    codes = read(records / "fhir_codes.toml")
    units = codes.pop("unit")
    lines = [
        "# Formats and codings",
        "",
        "What is read of other formats is data of the package. A coding, column or name that is not here is"
        " listed in the receipt and used for nothing. How to give such files:"
        " [Prepare your cohort](../../how-to/prepare-your-cohort.md#other-formats).",
        "",
        "## FHIR",
        "",
        "A coding that is not written is read only: its quantity is near, but not the very same.",
        "",
    ]
    rows = (
        (
            sentence(kind),
            f"`{entry['name']}`",
            f"`{entry['system']}`" if entry["system"] else "",
            f"`{entry['code']}`",
            "yes" if entry["written"] else "no",
            entry["source"],
        )
        for kind, entries in codes.items()
        for entry in entries
    )
    lines += [*table(("Kind", "Means", "System", "Code", "Written", "Source"), rows), ""]
    lines += ["Units by their UCUM code:", ""]
    lines += [*table(("UCUM", "In the tables"), ((f"`{u['code']}`", f"`{u['name']}`") for u in units)), ""]
    lines += ["## MSBase", ""]
    for part, entry in read(records / "readers" / "msbase.toml").items():
        lines += [f"### `{entry['file']}`", "", f"Becomes the table {part}.", ""]
        columns = (
            (f"`{name}`", f"`{cell['to']}`", plain(cell.get("kind", "")), words(cell), f"`{cell['mark']}`")
            for name, cell in entry["columns"].items()
        )
        lines += [*table(("Column", "Becomes", "Written as", "Codes", "Mark"), columns), ""]
    lines += ["## Names of natalizumab", "", "A text is compared whole, without case, dose and signs.", ""]
    products = read(records / "readers" / "products.toml").items()
    names = ((f"`{name}`", one["about"], one["source"], f"`{one['mark']}`") for name, one in products)
    lines += [*table(("Name", "What it is", "Source", "Mark"), names), ""]
    return "\n".join(lines)


def words(column: Mapping[str, Any]) -> str:
    """The codes of a source and what each becomes."""
    return ", ".join(f"`{theirs}` is `{ours}`" for theirs, ours in column.get("codes", {}).items())


def limits(entry: Mapping[str, Any]) -> str:
    """The allowed range in words."""
    low, high = entry.get("min"), entry.get("max")
    unit = str(entry.get("unit", ""))
    if high == "as_of":
        high = "the year of the data"
    if low is None and high is None:
        return unit
    text = f"{plain(low)} to {plain(high)}" if high is not None else f"{plain(low)} or more"
    return f"{text} {unit}".strip()


# Protocols of virtual studies

KEY_HEADER = ("Key", "What it says", "Values", "Default", "Mark of the default")


def protocols_page() -> str:
    """Every key of a protocol with its default and mark, every method, and the protocols of the package."""
    lines = [
        "# Protocols",
        "",
        "A virtual study is a TOML file. Every table and key that it may hold stands here, with what holds where"
        " nothing is said and how well that is known: a mark as in the evidence table, `choice` for a word that"
        " decides what is done, `neutral` for a value that adds and loses nothing."
        " [Write a protocol](../../how-to/write-a-protocol.md) goes through one.",
        "",
    ]
    keys = protocol_keys()
    for name in dict.fromkeys(key.table for key in keys):
        rows = [key_row(key) for key in keys if key.table == name]
        lines += [f"## {f'`{name}`' if name else 'Above the tables'}", "", *table(KEY_HEADER, rows), ""]
    lines += ["## Methods of analyses", ""]
    for method in METHODS.values():
        lines += [
            f"### `{method.name}`",
            "",
            f"{method.title}. Endpoints of kind {', '.join(method.kinds)}; groups by {' or '.join(method.by)};"
            f" measure: {method.measure}.",
            "",
            method.describe(),
            "",
        ]
    lines += ["## Protocols of the package", ""]
    for name in protocol_names():
        protocol = load_protocol(name)
        lines += [f"### `{name}`", "", f"{protocol.title}. {protocol.question}", ""]
        lines += ["```toml", protocol_text(name).rstrip(), "```", ""]
    return "\n".join(lines)


def key_row(key: Key) -> tuple[str, ...]:
    """One line of a table of keys."""
    default = "has to be given" if key.default is None else key.default
    mark = "; ".join(part for part in (key.mark, key.why, ", ".join(key.evidence)) if part)
    return f"`{key.key}`", key.meaning, key.values, default, mark


# The scoreboard

SCORED_PATIENTS, SCORED_POLICY_PATIENTS, SCORED_SEED = 10_000, 300, 0
SCORE_HEADER = ("Figure", "Published", "Accepted", "Curve", "Predicted", "Verdict", "Rows")


def scoreboard_page() -> str:
    """Every published figure that the models can predict, beside the prediction, misses too."""
    board = score(SCORED_PATIENTS, SCORED_SEED, policy_patients=SCORED_POLICY_PATIENTS)
    (hits, tests), (fitted_hits, fitted) = board.counts["test"], board.counts["used to fit"]
    lines = [
        "# Scoreboard",
        "",
        "Every published figure that the models can predict, predicted by simulation with"
        f" `{board.provenance['model']}` and {board.patients:,} virtual patients ({board.policy_patients:,} behind"
        f" the policies), seed {board.seed}. `wearoff check` prints the same in the terminal, for any number of"
        " patients.",
        "",
        f"**{hits} of {tests}** predictions that test the models are hit, and {fitted_hits} of {fitted} that were used"
        " to fit. A figure counts once for each saturation curve that it needs. What is missed stays on the page.",
        "",
        "A band is the published spread where there is one. Else it is assumed, and the reasons below say so. In"
        " brackets stands the Monte Carlo error; a verdict is open (`?`) where two of it would carry the value over an"
        " end of the band. *Used to fit* marks a figure after which a number of the model or of the curve was chosen,"
        " so that it is no test.",
        "",
        *table(SCORE_HEADER, map(score_row, board.rows)),
        "",
        "## Bands and notes",
        "",
        *table(
            ("Figure", "Why this band", "Note"),
            {row.entry.name: (row.entry.title, row.entry.why, row.entry.note) for row in board.rows}.values(),
        ),
        "",
    ]
    return "\n".join(lines)


def score_row(row: Scored) -> tuple[str, ...]:
    """The cells of one prediction."""
    entry = row.entry
    low, high = entry.accepted
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    error = f" ({row.predicted.error:.1g})" if row.predicted.error else ""
    verdict = "hit" if row.is_hit else f"**miss** by {abs(row.missed_by):.2g}"
    return (
        entry.title,
        f"{entry.published}{unit}, `{entry.mark}`",
        f"{low:.3g} to {high:.3g}",
        f"`{row.curve}`" if row.curve else "",
        f"{row.predicted.value:.3g}{unit}{error}",
        verdict + " ?" * row.is_near_the_edge + ", used to fit" * row.is_fitted,
        ", ".join(entry.evidence),
    )


# The questions


def questions_page(found: Explained) -> str:
    """Every question with its answer, numbers, limits and sources."""
    lines = [
        "# Questions",
        "",
        "Each answer has numbers computed for one body weight, over people, over the range of every number that is not"
        " known well, and under every saturation curve in use. They are bands and not lines. `wearoff explain` prints"
        " the same, and writes it as a page of its own.",
        "",
    ]
    for each in found.explanations:
        lines += question_lines(each)
    used = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.provenance.items())
    return "\n".join([*lines, f"Computed with {used}.", ""])


def question_lines(each: Explanation) -> list[str]:
    """One question with its answer."""
    lines = [f"## {each.question}", "", f"**{plain_text(each.answer)}**", ""]
    for paragraph in each.paragraphs:
        lines += [plain_text(paragraph), ""]
    for grid in each.grids:
        lines += [
            f"{plain_text(grid.title)}:",
            "",
            *table(grid.headings, grid.cells),
            "",
            plain_text(grid.note),
            "",
        ]
    for title, items in (*each.lists, ("Limits", each.limits)):
        lines += [f"{title}:", "", *(f"- {plain_text(item)}" for item in items), ""]
    return [*lines, f"Sources, in the [evidence table](evidence.md): {', '.join(each.evidence)}.", ""]


def plain_text(text: str) -> str:
    """Text in which nothing opens a tag."""
    return text.replace("<", "&lt;")


# Markdown


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    body = ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]
    return ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *body]


def cell(text: str) -> str:
    """Text that cannot break out of its cell."""
    flat = " ".join(str(text).split())
    return flat.replace("|", "\\|").replace("<", "&lt;") if "](http" not in flat else flat


def reference(source: Source) -> str:
    """A source with its DOI as a link."""
    text = ", ".join(part for part in (source.text, source.where) if part).replace("<", "&lt;")
    return f"{text}, [doi]({source.link})" if source.link else text


def plain_lines(content: Mapping[str, Any], *, bullet: bool = False) -> list[str]:
    """What a table of a data file says in words and single values."""
    lines: list[str] = []
    for key, value in content.items():
        if key in {"name"} or isinstance(value, dict):
            continue
        if key in {"title", "description", "notes", "about", "reason"} and not bullet:
            for text in value if isinstance(value, list) else [value]:
                lines += [str(text), ""]
        else:
            lines += [f"- {sentence(key)}: {plain(value)}"]
    return [*lines, ""] if lines and lines[-1] else lines


def named_tables(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables directly below `content`."""
    for key, inner in content.items():
        if isinstance(inner, dict):
            yield key, inner
        elif isinstance(inner, list) and inner and all(isinstance(x, dict) for x in inner):
            for entry in inner:
                yield str(entry.get("name", key)), entry


def plain(value: object) -> str:
    """A value of a data file as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        joiner = " to " if len(value) == 2 and all(isinstance(x, float) for x in value) else ", "
        return joiner.join(plain(part) for part in value)
    return str(value)


def sentence(key: str) -> str:
    """A key of a data file as words."""
    words = key.replace("_", " ")
    return words[:1].upper() + words[1:]


def read(path: Path) -> dict[str, Any]:
    """A TOML file of the package."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
