"""`wearoff trial PROTOCOL`: one virtual study to look at, or many of them and what the design does in the long run."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wearoff.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.running.run import TrialRun

STOPPED = 130


def trial(
    protocol: Annotated[
        str | None,
        typer.Argument(
            help="Name of a protocol of the package, or a file (.toml); see --list and --example."
        ),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the protocols of the package, and stop.")
    ] = False,
    example: Annotated[
        str | None, typer.Option(help="Print the file of this protocol to begin your own with, and stop.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(min=1, help="Virtual studies to run; without it, one to look at.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine; by default one for each processor.")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="Run on a Dask cluster: address of its scheduler, or its scheduler file."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of every drawn number; default 0.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder for the archive; an unfinished one is gone on with."),
    ] = None,
    no_tables: Annotated[
        bool, typer.Option("--no-tables", help="Do not keep the recorded tables in the archive.")
    ] = False,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="Compute the endpoints of PROTOCOL from the tables of this archive."),
    ] = None,
    null: Annotated[
        bool,
        typer.Option("--null", help="Run as many studies in which there is nothing to find, beside them."),
    ] = False,
    pack: Annotated[
        bool, typer.Option("--zip", help="Write the archive as one .zip file beside it as well.")
    ] = False,
) -> None:
    """Simulate a study as its protocol says, record it as a cohort, and analyse it: once, or many times."""
    from wearoff.trial.definition.protocol_file import load_protocol, protocol_names, protocol_text

    if list_:
        from wearoff.cli.trial_text import protocol_lines

        for name in protocol_names():
            for line in protocol_lines(load_protocol(name)):
                typer.echo(line)
        return
    if example is not None:
        typer.echo(protocol_text(example), nl=False)
        return
    if protocol is None:
        raise typer.BadParameter("give a PROTOCOL: a name from --list, or a .toml file")
    _refuse_contradictions(replicates, workers, dask, seed, from_, no_tables=no_tables, null=null, pack=pack)
    study = load_protocol(protocol)
    cohort = None if from_ else _cohort_of(study)
    if replicates is None and from_ is None:
        _explore(study, cohort, seed or 0, out or Path(f"{study.name}-example"))
        return
    folder = out or Path(f"{study.name}-{'rescored' if from_ else 'trial'}")
    text = Path(protocol).read_text("utf-8-sig") if protocol.endswith(".toml") else protocol_text(protocol)
    from wearoff.trial.definition.null_world import null_of
    from wearoff.trial.running.archive import Archive
    from wearoff.trial.running.run import run_trial

    nothing = null_of(study) if null else None
    beside: TrialRun | None = None
    with _crew(workers, dask) as crew:
        if from_ is not None:
            work = partial(Archive.open(from_).rescore, study, folder, file=protocol, text=text, **crew)
            done = _watched(work, folder)
        else:
            assert replicates is not None  # noqa: S101 - one of the two is given
            many = partial(
                run_trial,
                replicates=replicates,
                seed=seed or 0,
                keep_tables=not no_tables,
                cohort=cohort,
                **crew,
            )
            done = _watched(partial(many, study, folder, text=text), folder)
            if nothing is not None:
                where = folder.with_name(f"{folder.resolve().name}-null")
                beside = _watched(partial(many, nothing, where), where)
    _show(done, beside)
    if pack:
        file = folder.with_name(f"{folder.resolve().name}.zip")
        done.archive.pack(file)
        typer.echo(f"  packed  {file}")


def _refuse_contradictions(
    replicates: int | None,
    workers: int | None,
    dask: str | None,
    seed: int | None,
    source: Path | None,
    *,
    no_tables: bool,
    null: bool,
    pack: bool,
) -> None:
    """Options that contradict each other, or that nothing would come of."""
    if workers is not None and dask is not None:
        raise typer.BadParameter(
            "--workers are processes of this machine and --dask a cluster; give one of them"
        )
    if source is not None:
        given = {
            "--replicates": replicates is not None,
            "--seed": seed is not None,
            "--no-tables": no_tables,
            "--null": null,
        }
        for option, is_given in given.items():
            if is_given:
                raise typer.BadParameter(f"--from takes what was recorded in the archive; leave {option} out")
    elif replicates is None:
        for option, is_given in {
            "--workers": workers is not None,
            "--dask": dask is not None,
            "--no-tables": no_tables,
            "--null": null,
            "--zip": pack,
        }.items():
            if is_given:
                raise typer.BadParameter(f"{option} belongs to many studies; say how many with --replicates")


def _cohort_of(study: Protocol) -> Cohort | None:
    """The recorded cohort that patients are drawn from, where the protocol says so."""
    if study.patients.source != "cohort" or study.patients.folder is None:
        return None
    from wearoff.cli.records import day
    from wearoff.cohort.records import read_cohort

    return read_cohort(study.patients.folder, as_of=day(None))


def _explore(study: Protocol, cohort: Cohort | None, seed: int, folder: Path) -> None:
    """One virtual study: its plan, what its analyses gave, and its records as a cohort."""
    from rich.console import Console

    from wearoff.cli.trial_text import plan_lines, result_lines
    from wearoff.cohort.records.writers.csv import write_csv
    from wearoff.report import write_study
    from wearoff.trial.definition.plan import analysis_plan
    from wearoff.trial.design.study import design_study
    from wearoff.trial.running.block import run_block

    for line in plan_lines(analysis_plan(study)):
        typer.echo(line)
    with Console(stderr=True).status("simulating one study", spinner="line") as status:
        block = run_block(study, seed, 0, 1, is_kept=True, cohort=cohort)
        assert block.cohort is not None  # noqa: S101 - it is kept
        for line in result_lines(study, block, seed):
            typer.echo(line)
        status.update("writing records and report")
        write_csv(block.cohort, folder / "cohort")
        found = design_study(
            study, example=block.cohort, example_results=block.results, decisions=block.decisions, seed=seed
        )
        files = write_study(found, folder)
    typer.echo(f"  records {folder / 'cohort'}, which `wearoff study` reads")
    typer.echo(f"  report  {files.report}")
    typer.echo(f"  paper   {files.paper}")


@contextmanager
def _crew(workers: int | None, dask: str | None) -> Iterator[dict[str, Any]]:
    """Whoever runs the blocks, as options of `run_trial`."""
    from wearoff.trial.running.workers import dask_cluster, processors

    if dask is None:
        yield {"workers": workers or processors()}
        return
    with dask_cluster(dask) as (executor, at_once):
        yield {"executor": executor, "at_once": at_once}


def _watched(work: Callable[..., TrialRun], folder: Path) -> TrialRun:
    """The work with a bar over it; a stop says how to go on."""
    done = [0, 0]
    with progress_bar("starting the workers", of="replicates", line_every_s=60.0) as bar:

        def progress(ready: int, in_all: int) -> None:
            done[:] = ready, in_all
            bar(ready, in_all)

        try:
            return work(progress=progress)
        except KeyboardInterrupt:
            kept = f"{done[0]:,} of {done[1]:,} replicates are kept in {folder}"
    typer.echo(f"{kept}; the same command goes on from there.", err=True)
    raise typer.Exit(STOPPED)


def _show(done: TrialRun, beside: TrialRun | None) -> None:
    """What the design does in the long run, how fast that was found, and where it is written."""
    from wearoff.cli.study import show
    from wearoff.cli.trial_text import characteristic_lines, look_lines, speed_line
    from wearoff.cli.writing import write_file
    from wearoff.report import write_study
    from wearoff.report.files import csv_of
    from wearoff.trial.design.study import design_of
    from wearoff.trial.running.operating import characteristics_by_look, operating_characteristics

    for each in (done,) if beside is None else (done, beside):
        archive = each.archive
        found = operating_characteristics(archive.results(), archive.protocol)
        looks = characteristics_by_look(archive.results(), archive.protocol)
        for line in (
            *characteristic_lines(archive, found),
            *look_lines(looks),
            speed_line(each),
            "",
        ):
            typer.echo(line)
        write_file(archive.folder / "operating_characteristics.csv", csv_of(found))
        if looks.height:
            write_file(archive.folder / "looks.csv", csv_of(looks))
    result = design_of(done.archive, null=None if beside is None else beside.archive)
    show(result, write_study(result, done.archive.folder))
    for each in (done,) if beside is None else (done, beside):
        typer.echo(f"  archive {each.archive.folder}")
