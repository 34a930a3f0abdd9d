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
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.receipt import make_receipt
from wearoff.cohort.records.writers.files import put_whole
from wearoff.errors import InputError, Problem
from wearoff.trial.definition.protocol_file import data_digest, protocol_digest, to_toml
from wearoff.trial.protocol import Protocol
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.archive_checks import ABOUT, FORMAT, check_archive, continued, versions_here
from wearoff.trial.running.archive_files import (
    WrittenBlock,
    digest_of_file,
    json_bytes,
    pack_folder,
    unwritable,
)
from wearoff.trial.running.block import DECISION_SCHEMA

if TYPE_CHECKING:
    from wearoff.trial.running.run import TrialRun

__all__ = ["BLOCK_PATIENTS", "MAKES_DATA", "PREDICTING_PATIENTS", "Archive"]

BLOCK_PATIENTS: Final = 2000
"""Patients of a block: enough for arrays to pay, few enough that memory is small and a lost block costs seconds."""
PREDICTING_PATIENTS: Final = 4000
"""Where an arm predicts: few decide in any week, and every week of a block has a price of its own."""

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

_AS_READ: Final = "protocol.toml"


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of a trial.

    Attributes:
        folder: where it is.
        protocol: the study.
        digest: digest of the protocol and of the files that it names.
        data_digest: digest of the half of it that makes the data.
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
    data_digest: str
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
            text: the protocol as it was read, to lie beside; by default a file that says the same.
            replicates_per_block: how many stand in a block; by default as many as have `BLOCK_PATIENTS` patients,
                or `PREDICTING_PATIENTS` where an arm predicts.
            rescored: digest of the archive whose recorded tables are read.

        Raises:
            InputError: the folder holds something else, or another study, seed or version, or cannot be written.
        """
        predicts = any(arm.policy == "model_informed" for arm in protocol.arms)
        most = PREDICTING_PATIENTS if predicts else BLOCK_PATIENTS
        per_block = replicates_per_block or max(1, most // max(1, protocol.size))
        wanted = cls(
            folder=folder,
            protocol=protocol,
            digest=protocol_digest(protocol),
            data_digest=data_digest(protocol),
            seed=seed,
            replicates=replicates,
            replicates_per_block=per_block,
            is_kept=is_kept,
            versions=versions_here(),
            rescored=rescored,
        )
        try:
            is_there = (folder / ABOUT).exists()
        except OSError as fault:  # a name that is too long, or a folder that may not be entered
            raise unwritable(folder, fault) from fault
        if is_there:
            wanted = continued(cls.open(folder, protocol=protocol, seed=seed), wanted)
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            reason = (
                "this is not an archive, and an archive needs a new or an empty folder; choose another name."
            )
            raise InputError(Problem(reason, file=str(folder)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            put_whole(folder / _AS_READ, (text or to_toml(protocol)).encode())
            put_whole(folder / ABOUT, wanted._about())
        except OSError as fault:
            raise unwritable(folder, fault) from fault
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
        file = folder / ABOUT
        if folder.is_file():
            reason = "this is a file, and an archive is a folder; unpack it first, where it is a .zip of one."
            raise InputError(Problem(reason, file=str(folder)))
        try:
            said = json.loads(file.read_text("utf-8"))
            if said["sha256"] != _digest_of_json(said["protocol"]):
                reason = (
                    "the protocol in the archive was changed after its data were made; put it back, or run the "
                    "trial in a new folder."
                )
                raise InputError(Problem(reason, file=str(file), key="protocol"))
            found = cls(
                folder=folder,
                protocol=Protocol.model_validate_json(json.dumps(said["protocol"])),
                digest=str(said["digest"]),
                data_digest=str(said["data_digest"]),
                seed=int(said["seed"]),
                replicates=int(said["replicates"]),
                replicates_per_block=int(said["replicates_per_block"]),
                is_kept=bool(said["is_kept"]),
                versions={str(name): str(text) for name, text in said["versions"].items()},
                rescored=said["rescored"],
            )
            form = said["format"]
        except FileNotFoundError as fault:
            reason = f"there is no archive of a trial here: {ABOUT} is missing; check the path."
            raise InputError(Problem(reason, file=str(folder))) from fault
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            reason = (
                "this does not describe an archive of this version of wearoff; run the trial in a new folder."
            )
            raise InputError(Problem(reason, file=str(file))) from fault
        check_archive(found, form, protocol, seed)
        return found

    @property
    def identity(self) -> str:
        """Digest of all that its data hang on: protocol, seed, versions, and how replicates stand in blocks."""
        said = (self.digest, self.seed, self.replicates_per_block, sorted(self.versions.items()))
        return hashlib.sha256(repr(said).encode()).hexdigest()

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
            put_whole(self.folder / "blocks" / f"{block.number:05d}.json", json_bytes(receipt))
        except OSError as fault:
            raise unwritable(self.folder, fault) from fault

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

    def decisions_of(self, number: int) -> pl.DataFrame:
        """The log of decisions of a finished block."""
        return pl.read_parquet(self.folder / "decisions" / f"{number:05d}.parquet")

    def counts_of(self, number: int) -> dict[str, int]:
        """How much there is of what in a block; empty where it is not finished."""
        return dict((self._receipt_of(number) or {"counts": {}})["counts"])

    def counts(self) -> dict[str, int]:
        """How much there is of what in all finished blocks."""
        total: Counter[str] = Counter()
        for receipt in self.finished().values():
            total.update(receipt["counts"])
        return dict(total)

    def rescore(self, protocol: Protocol, folder: Path, **options: Any) -> TrialRun:
        """Endpoints and analyses of another protocol from these tables: `rescore.rescore_trial`."""
        from wearoff.trial.running.rescore import rescore_trial

        return rescore_trial(self, protocol, folder, **options)

    def pack(self, file: Path) -> None:
        """Write the archive as one `.zip`, the same bytes for the same archive; it unpacks to a folder again.

        Raises:
            InputError: it is not finished, or the file cannot be written.
        """
        missing = len(self.blocks) - len(self.finished())
        if missing:
            reason = (
                f"{missing} of {len(self.blocks)} blocks are not finished; run the trial to its end first."
            )
            raise InputError(Problem(reason, file=str(self.folder)))
        pack_folder(self.folder, file)

    def _about(self) -> bytes:
        protocol = self.protocol.model_dump(mode="json", by_alias=True)
        return json_bytes(
            {
                "format": FORMAT,
                "protocol": protocol,
                "sha256": _digest_of_json(protocol),
                "digest": self.digest,
                "data_digest": self.data_digest,
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
                digest_of_file(self.folder / path) == digest for path, digest in receipt["files"].items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return dict(receipt) if is_whole else None

    def _scan(self, kind: str, schema: Mapping[str, type[pl.DataType]]) -> pl.LazyFrame:
        files = [self.folder / kind / f"{number:05d}.parquet" for number in self.finished()]
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=schema)


def _digest_of_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
