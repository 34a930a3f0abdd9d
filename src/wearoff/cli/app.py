"""The command `wearoff`: its subcommands, and what a person sees when something is wrong.

Help must answer at once, so nothing heavy is imported here: each command imports what it needs when it runs.
An error that a person can mend is printed as sentences with the place of each fault, never as a traceback.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from wearoff import __version__
from wearoff.cli.check import check
from wearoff.cli.cycle import cycle
from wearoff.cli.evidence import evidence
from wearoff.cli.explain import explain
from wearoff.cli.models import models
from wearoff.cli.neda import neda
from wearoff.cli.patient import patient
from wearoff.cli.pml import pml
from wearoff.cli.policies import policies
from wearoff.cli.power import power
from wearoff.cli.quality import quality
from wearoff.cli.records import convert, template
from wearoff.cli.simulate import simulate
from wearoff.cli.study import study
from wearoff.cli.trial import trial
from wearoff.errors import InputError, WearoffError

EXIT_INPUT = 1
EXIT_BUG = 70
EXIT_STOPPED = 130
SHOWN_PROBLEMS = 20
DEBUG = "WEAROFF_DEBUG"

app = typer.Typer(
    name="wearoff",
    help="What a natalizumab dosing interval does, and whether wearing-off means losing the disease.",
    epilog="Decision support for research and discussion. Not a medical device and not a dose recommendation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help loads twice as fast
)
app.command()(study)
app.command()(quality)
app.command()(neda)
app.command()(template)
app.command()(convert)
app.command()(evidence)
app.command()(simulate)
app.command()(cycle)
app.command()(explain)
app.command()(patient)
app.command()(models)
app.command()(policies)
app.command()(pml)
app.command()(trial)
app.command()(power)
app.command()(check)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """What a natalizumab dosing interval does, and whether wearing-off means losing the disease."""
    if version:
        typer.echo(f"wearoff {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line and leave with 0, or 1 for input to mend, 2 for usage, 130 when stopped."""
    # loading modules makes objects and no rubbish; looking for it took an eighth of a command's time
    gc.set_threshold(50_000, 20, 100)
    try:
        app()
    except WearoffError as error:
        _show(error)
        sys.exit(EXIT_INPUT)
    except SystemExit as end:  # an interrupted command ends with 130 and without a word
        if end.code == EXIT_STOPPED:
            typer.echo("Stopped; what was not finished was not written.", err=True)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        typer.echo(
            f"wearoff stopped on a fault of its own ({type(error).__name__}: {error}). Please report it; "
            f"with {DEBUG}=1 in the environment the same command shows where.",
            err=True,
        )
        sys.exit(EXIT_BUG)


def _show(error: WearoffError) -> None:
    if not isinstance(error, InputError):
        typer.echo(f"wearoff: {error}", err=True)
        return
    shown = error.problems[:SHOWN_PROBLEMS]
    typer.echo("wearoff cannot go on:", err=True)
    for problem in shown:
        typer.echo(f"  {problem}", err=True)
    if len(error.problems) > len(shown):
        typer.echo(f"  and {len(error.problems) - len(shown)} more", err=True)
