"""The files of an archive: a block as Parquet, the same bytes for the same rows, and a whole archive as one file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from wearoff.errors import InputError, Problem
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.block import DECISION_SCHEMA

if TYPE_CHECKING:
    from wearoff.trial.running.block import BlockResult

__all__ = ["WrittenBlock", "digest_of_file", "json_bytes", "pack_folder", "unwritable"]

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


def pack_folder(folder: Path, file: Path) -> None:
    """A folder as one `.zip`, the same bytes for the same files; what is half written is left out.

    Raises:
        InputError: it cannot be written.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w") as whole:
            for path in sorted(folder.rglob("*")):
                name = f"{folder.resolve().name}/{path.relative_to(folder).as_posix()}"
                if path.is_file() and not path.name.startswith("."):
                    # of a fixed date, and as they are: Parquet is compressed already
                    entry = zipfile.ZipInfo(name)
                    entry.external_attr = 0o644 << 16  # or nobody may read what some programs unpack
                    whole.writestr(entry, path.read_bytes())
        part.replace(file)
    except OSError as fault:
        raise unwritable(file, fault) from fault
    finally:
        part.unlink(missing_ok=True)


def _parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd", row_group_size=_ROWS_OF_A_GROUP)
    return file.getvalue()


def json_bytes(value: Any) -> bytes:
    """A value as JSON with sorted keys."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes; those of a file that nobody has touched since are not read again."""
    found = path.stat()
    return _digest(str(path.absolute()), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1 << 16)
def _digest(path: str, changed_ns: int, size: int) -> str:
    del changed_ns, size  # they tell one content of the file from another
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unwritable(folder: Path, fault: OSError) -> InputError:
    """What a person sees where an archive cannot be written."""
    reason = f"the archive cannot be written here ({fault.strerror or fault}); choose another folder."
    return InputError(Problem(reason, file=str(folder)))
