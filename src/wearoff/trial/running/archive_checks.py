"""Whether an archive is what a run believes it to be: study, seed, versions, and what it keeps."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from wearoff import __version__
from wearoff.errors import InputError, Problem
from wearoff.trial.definition.protocol_file import protocol_digest
from wearoff.trial.protocol import Protocol

if TYPE_CHECKING:
    from wearoff.trial.running.archive import Archive

__all__ = ["ABOUT", "FORMAT", "check_archive", "continued", "differing_keys", "versions_here"]

ABOUT: Final = "archive.json"
FORMAT: Final = 1
_DECIDE_NUMBERS: Final = ("jax", "numpy", "polars", "scipy", "statsmodels")


def versions_here() -> dict[str, str]:
    """Versions of wearoff and of the packages that decide its numbers, and the kind of processor."""
    return {
        "wearoff": __version__,
        **{name: version(name) for name in _DECIDE_NUMBERS},
        "processor": platform.machine(),
    }


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


def check_archive(found: Archive, form: object, protocol: Protocol | None, seed: int | None) -> None:
    """Refuse what cannot be gone on with, and say what to do instead.

    Args:
        found: the archive.
        form: the format that it says it has.
        protocol: the study that it must be of, None for any.
        seed: the seed that it must have, None for any.

    Raises:
        InputError: it is of another format, study, seed or version, or was changed.
    """
    place = str(found.folder / ABOUT)
    anew = "name another folder with -o to begin anew"
    if form != FORMAT:
        reason = f"this archive has format {form}, and this version of wearoff reads {FORMAT}; {anew}."
        raise InputError(Problem(reason, file=place, key="format"))
    if protocol is not None and found.digest != protocol_digest(protocol):
        keys = list(differing_keys(found.protocol, protocol, tuple(Protocol.model_fields)))
        what = f"they differ in {', '.join(keys)}" if keys else "a file that it names was changed"
        reason = f"this archive is of another protocol: {what}; {anew}."
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


def continued(there: Archive, wanted: Archive) -> Archive:
    """The archive that is there, asked for more replicates.

    Raises:
        InputError: fewer are wanted, or the two keep other things.
    """
    place = str(there.folder / ABOUT)
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
