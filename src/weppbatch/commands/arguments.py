"""Arguments and options that several commands take, each with what a shell completes for it."""

from typing import Annotated

import typer

from weppbatch.commands import completing

Name = Annotated[str, typer.Argument(metavar="NAME", help="the batch", autocompletion=completing.batches)]
NameOrExecution = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="the batch, or the id of an execution: batch:NAME:TIME",
        autocompletion=completing.batches,
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUNID", help="the run", autocompletion=completing.run_id)]
Cores = Annotated[int | None, typer.Option(min=1, help="tasks side by side; default WEPPBATCH_CORES, else 3")]
Runs = Annotated[
    str,
    typer.Option(
        metavar="RUNS",
        help="all, run ids, 0:10, @failed, @stale or @missing; commas between",
        autocompletion=completing.runs,
    ),
]
Tasks = Annotated[
    str,
    typer.Option(
        metavar="TASKS",
        help="only these, with what they rest on; also preprocess, omni.SCENARIO",
        autocompletion=completing.tasks,
    ),
]
Force = Annotated[
    bool | None,
    typer.Option(
        "--force/--no-force",
        help="make the tasks again although their results are good; --no-force withdraws what was asked so",
        show_default=False,
    ),
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="start although the doctor finds errors; what is wrong fails in its runs")
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="only say what would be done; changes nothing")]
AsJson = Annotated[bool, typer.Option("--json", help="for machines")]
Reason = Annotated[str, typer.Option(help="why, for the history")]
