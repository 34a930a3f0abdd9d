"""One archive of a trial: its protocol, seed and versions, and of every block the tables, decisions and results.

An archive is a folder. Each block leaves its files first and then a receipt with their digests under `blocks/`, each
put in place in one step; a block counts as finished when its receipt agrees with its files, so that a run that was
killed at any moment goes on from there.

    archive.json       protocol, its digest, seed, versions, replicates of a block
    protocol.toml      the protocol as it was read
    blocks/            a receipt for each finished block
    results/           a row for each analysis, look and replicate
    decisions/         a row for each decision on an interval
    recorded/TABLE/    the recorded tables, where they are kept
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from wearoff import __version__
from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.receipt import make_receipt
from wearoff.cohort.records.writers.files import put_whole
from wearoff.errors import InputError, Problem
from wearoff.trial.block import DECISION_SCHEMA
from wearoff.trial.protocol import Protocol
from wearoff.trial.results import RESULT_SCHEMA

if TYPE_CHECKING:
    from wearoff.trial.block import BlockResult

__all__ = ["BLOCK_PATIENTS", "MAKES_DATA", "Archive", "WrittenBlock", "versions_here"]

BLOCK_PATIENTS: Final = 2000
"""Patients of a block: enough for arrays to pay, few enough that memory is small and a lost block costs seconds."""

MAKES_DATA: Final = (
    "patients",
    "arms",
    "assignment",
    "capacity",
    "attendance",
    "world",
    "schedule",
    "recording",
)
"""The half of a protocol that makes the data; the other half only reads them."""

FORMAT: Final = 1
_DECIDE_NUMBERS: Final = ("jax", "numpy", "polars", "scipy", "statsmodels")
_ABOUT, _AS_READ = "archive.json", "protocol.toml"
_ROWS_OF_A_GROUP: Final = 1 << 18  # stated, so that the bytes of a file hang on its rows alone


@dataclass(frozen=True, slots=True, eq=False)
class WrittenBlock:
    """A block as the files that an archive keeps of it; it can be sent between processes and machines.

    Attributes:
        number: number of the block, from 0.
        first: number of its first replicate.
        replicates: how many it has.
        files: content by path within the archive.
        about: what its receipt says beside the digests.
        cpu_s: processor time that it took, seconds; not kept.
    """

    number: int
    first: int
    replicates: int
    files: Mapping[str, bytes]
    about: Mapping[str, Any]
    cpu_s: float = 0.0

    @classmethod
    def of(cls, number: int, block: BlockResult, cpu_s: float = 0.0) -> WrittenBlock:
        """The files of a block: the same bytes for the same block."""
        name = f"{number:05d}.parquet"
        files = {
            f"results/{name}": _parquet(block.results.select(list(RESULT_SCHEMA))),
            f"decisions/{name}": _parquet(block.decisions.select(list(DECISION_SCHEMA))),
        }
        about: dict[str, Any] = {"counts": dict(block.counts)}
        if block.cohort is not None:
            cohort = block.cohort
            files |= {f"recorded/{table}/{name}": _parquet(frame) for table, frame in cohort.tables.items()}
            about["cohort"] = {
                "as_of": cohort.as_of.isoformat(),
                "label": cohort.label,
                "notes": list(cohort.receipt.notes),
                "present": sorted(cohort.present),
                "timezone": cohort.timezone,
            }
        return cls(number, block.first, block.replicates, files, about, cpu_s)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of a trial.

    Attributes:
        folder: where it is.
        protocol: the study.
        digest: digest of the protocol.
        seed: the seed of every draw.
        replicates: how many were asked for.
        replicates_per_block: how many stand in a block.
        is_kept: whether recorded tables are kept.
        versions: of wearoff and of the packages that decide its numbers.
        rescored: digest of the archive whose recorded tables were read, None where the data were simulated.
    """

    folder: Path
    protocol: Protocol
    digest: str
    seed: int
    replicates: int
    replicates_per_block: int
    is_kept: bool
    versions: Mapping[str, str]
    rescored: str | None = None

    @classmethod
    def begin(
        cls,
        folder: Path,
        protocol: Protocol,
        seed: int,
        replicates: int,
        *,
        is_kept: bool = True,
        text: str | None = None,
        replicates_per_block: int | None = None,
        rescored: str | None = None,
    ) -> Archive:
        """A new archive, or the one that is there for the same study, asked for as many replicates or more.

        Args:
            folder: where; made if it is missing.
            protocol: the study.
            seed: the seed of every draw.
            replicates: how many are asked for, at least 1.
            is_kept: whether recorded tables are kept.
            text: the protocol as it was read, to lie beside.
            replicates_per_block: how many stand in a block; by default as many as have `BLOCK_PATIENTS` patients.
            rescored: digest of the archive whose recorded tables are read.

        Raises:
            InputError: the folder holds something else, or another study, seed or version, or cannot be written.
        """
        per_block = replicates_per_block or max(1, BLOCK_PATIENTS // max(1, protocol.size))
        wanted = cls(
            folder=folder,
            protocol=protocol,
            digest=digest_of(protocol),
            seed=seed,
            replicates=replicates,
            replicates_per_block=per_block,
            is_kept=is_kept,
            versions=versions_here(),
            rescored=rescored,
        )
        if (folder / _ABOUT).exists():
            wanted = _continued(cls.open(folder, protocol=protocol, seed=seed), wanted)
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            reason = (
                "this is not an archive, and an archive needs a new or an empty folder; choose another name."
            )
            raise InputError(Problem(reason, file=str(folder)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if text is not None:
                put_whole(folder / _AS_READ, text.encode())
            put_whole(folder / _ABOUT, wanted._about())
        except OSError as fault:
            raise _unwritable(folder, fault) from fault
        return wanted

    @classmethod
    def open(cls, folder: Path, *, protocol: Protocol | None = None, seed: int | None = None) -> Archive:
        """The archive in a folder.

        Args:
            folder: where it is.
            protocol: the study that it must be of; by default any.
            seed: the seed that it must have; by default any.

        Raises:
            InputError: there is none, it was changed, or it is of another study, seed or version; it says what to do.
        """
        file = folder / _ABOUT
        try:
            said = json.loads(file.read_text("utf-8"))
            found = cls(
                folder=folder,
                protocol=Protocol.model_validate_json(json.dumps(said["protocol"])),
                digest=str(said["digest"]),
                seed=int(said["seed"]),
                replicates=int(said["replicates"]),
                replicates_per_block=int(said["replicates_per_block"]),
                is_kept=bool(said["is_kept"]),
                versions={str(name): str(text) for name, text in said["versions"].items()},
                rescored=said["rescored"],
            )
            form = said["format"]
        except FileNotFoundError as fault:
            reason = f"there is no archive of a trial here: {_ABOUT} is missing; check the path."
            raise InputError(Problem(reason, file=str(folder))) from fault
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            reason = (
                "this does not describe an archive of this version of wearoff; run the trial in a new folder."
            )
            raise InputError(Problem(reason, file=str(file))) from fault
        _check(found, form, protocol, seed)
        return found

    @property
    def blocks(self) -> range:
        """Numbers of the blocks that the replicates make."""
        return range(-(-self.replicates // self.replicates_per_block))

    def replicates_of(self, number: int) -> range:
        """The replicates of a block, the last of which may be short."""
        first = number * self.replicates_per_block
        return range(first, min(first + self.replicates_per_block, self.replicates))

    def finished(self) -> dict[int, dict[str, Any]]:
        """What the receipts of the finished blocks say, by number: those whose files are there, whole and unchanged."""
        return {
            number: receipt for number in self.blocks if (receipt := self._receipt_of(number)) is not None
        }

    def put(self, block: WrittenBlock) -> None:
        """Keep a block: its files, and then its receipt.

        Raises:
            InputError: it cannot be written.
        """
        receipt = {
            "number": block.number,
            "first": block.first,
            "replicates": block.replicates,
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in block.files.items()},
            **block.about,
        }
        try:
            for path, content in block.files.items():
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                put_whole(self.folder / path, content)
            (self.folder / "blocks").mkdir(exist_ok=True)
            put_whole(self.folder / "blocks" / f"{block.number:05d}.json", _json(receipt))
        except OSError as fault:
            raise _unwritable(self.folder, fault) from fault

    def results(self) -> pl.LazyFrame:
        """The rows of all finished blocks with the columns of `RESULT_SCHEMA`, read when they are needed."""
        return self._scan("results", RESULT_SCHEMA)

    def decisions(self) -> pl.LazyFrame:
        """The log of decisions of all finished blocks, read when it is needed."""
        return self._scan("decisions", DECISION_SCHEMA)

    def cohort(self, number: int) -> Cohort:
        """The recorded tables of a finished block.

        Raises:
            InputError: tables were not kept, or the block is not finished.
        """
        receipt = self._receipt_of(number)
        if receipt is None or "cohort" not in receipt:
            reason = (
                f"block {number} is not finished; run the trial again with the same folder first."
                if receipt is None
                else "recorded tables were not kept here; run the trial in a new folder and let it keep them."
            )
            raise InputError(Problem(reason, file=str(self.folder)))
        about = receipt["cohort"]
        paths = [path for path in receipt["files"] if path.startswith("recorded/")]
        tables: dict[str, Any] = {path.split("/")[1]: pl.read_parquet(self.folder / path) for path in paths}
        return Cohort(
            **tables,
            present=frozenset(about["present"]),
            receipt=make_receipt([], [], about["notes"]),
            as_of=dt.date.fromisoformat(about["as_of"]),
            timezone=about["timezone"],
            label=about["label"],
            is_simulated=True,
        )

    def counts(self) -> dict[str, int]:
        """How much there is of what in all finished blocks."""
        total: dict[str, int] = {}
        for receipt in self.finished().values():
            for name, count in receipt["counts"].items():
                total[name] = total.get(name, 0) + count
        return total

    def _about(self) -> bytes:
        return _json(
            {
                "format": FORMAT,
                "protocol": json.loads(self.protocol.model_dump_json(by_alias=True)),
                "digest": self.digest,
                "seed": self.seed,
                "replicates": self.replicates,
                "replicates_per_block": self.replicates_per_block,
                "is_kept": self.is_kept,
                "versions": dict(self.versions),
                "rescored": self.rescored,
            }
        )

    def _receipt_of(self, number: int) -> dict[str, Any] | None:
        """What the receipt of a block says, None where the block has to be run."""
        asked = self.replicates_of(number)
        try:
            receipt = json.loads((self.folder / "blocks" / f"{number:05d}.json").read_text("utf-8"))
            is_asked = (receipt["first"], receipt["replicates"]) == (asked.start, len(asked))
            is_whole = is_asked and all(
                _digest_of_file(self.folder / path) == digest for path, digest in receipt["files"].items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return dict(receipt) if is_whole else None

    def _scan(self, kind: str, schema: Mapping[str, type[pl.DataType]]) -> pl.LazyFrame:
        files = [self.folder / kind / f"{number:05d}.parquet" for number in self.finished()]
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=schema)


def versions_here() -> dict[str, str]:
    """Versions of wearoff and of the packages that decide its numbers, and the kind of processor."""
    return {
        "wearoff": __version__,
        **{name: version(name) for name in _DECIDE_NUMBERS},
        "processor": platform.machine(),
    }


def digest_of(protocol: Protocol) -> str:
    """Digest of everything that a protocol says."""
    return hashlib.sha256(protocol.model_dump_json(by_alias=True).encode()).hexdigest()


def differing_keys(one: Protocol, other: Protocol, fields: tuple[str, ...]) -> Iterator[str]:
    """The keys in which two protocols differ, such as `schedule.followup_weeks`."""
    for name in fields:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine == theirs:
            continue
        if type(mine) is not type(theirs) or not hasattr(mine, "model_fields_set"):
            yield name
            continue
        for key in type(mine).model_fields:
            if getattr(mine, key) != getattr(theirs, key):
                yield f"{name}.{key}"


def _check(found: Archive, form: object, protocol: Protocol | None, seed: int | None) -> None:
    """Refuse what cannot be gone on with, and say what to do instead."""
    place = str(found.folder / _ABOUT)
    anew = "name another folder with -o to begin anew"
    if form != FORMAT:
        reason = f"this archive has format {form}, and this version of wearoff reads {FORMAT}; {anew}."
        raise InputError(Problem(reason, file=place, key="format"))
    if found.digest != digest_of(found.protocol):
        reason = f"the protocol in the archive was changed after its data were made; put it back, or {anew}."
        raise InputError(Problem(reason, file=place, key="digest"))
    if protocol is not None and found.digest != digest_of(protocol):
        keys = list(differing_keys(found.protocol, protocol, tuple(Protocol.model_fields)))
        reason = f"this archive is of another protocol: they differ in {', '.join(keys)}; {anew}."
        raise InputError(Problem(reason, file=place, key="protocol"))
    if seed is not None and found.seed != seed:
        reason = f"this archive was made with the seed {found.seed}, not {seed}; give that seed, or {anew}."
        raise InputError(Problem(reason, file=place, key="seed", value=str(seed)))
    here = versions_here()
    for name in sorted(here.keys() | found.versions.keys()):
        theirs, ours = found.versions.get(name, "none"), here.get(name, "none")
        if theirs != ours:
            reason = (
                f"this archive was made with {name} {theirs}, and here is {ours}, which may give other numbers; "
                f"use that one, or {anew}."
            )
            raise InputError(Problem(reason, file=place, key=f"versions.{name}"))


def _continued(there: Archive, wanted: Archive) -> Archive:
    """The archive that is there, asked for more replicates."""
    place = str(there.folder / _ABOUT)
    if wanted.replicates < there.replicates:
        reason = (
            f"{there.replicates} replicates were asked for here before, and now {wanted.replicates}; ask for as many "
            "or more, or name another folder with -o."
        )
        raise InputError(Problem(reason, file=place, key="replicates", value=str(wanted.replicates)))
    if wanted.is_kept != there.is_kept:
        said = "keeps the recorded tables" if there.is_kept else "was begun without recorded tables"
        reason = f"this archive {said}; go on in the same way, or name another folder with -o."
        raise InputError(Problem(reason, file=place, key="is_kept"))
    if wanted.rescored != there.rescored:
        reason = "the data of this archive come from somewhere else; name another folder with -o."
        raise InputError(Problem(reason, file=place, key="rescored"))
    return replace(there, replicates=wanted.replicates)


def _parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd", row_group_size=_ROWS_OF_A_GROUP)
    return file.getvalue()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unwritable(folder: Path, fault: OSError) -> InputError:
    reason = f"the archive cannot be written here ({fault.strerror or fault}); choose another folder."
    return InputError(Problem(reason, file=str(folder)))
