"""`fleet flow run`: one call from a file to a judged, trained, registered model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datafleet.commands.connection import pass_client
from datafleet.commands.journeys import exit_code_of, follow
from datafleet.commands.pull_requests import pull_request_option, read_pull_request
from datafleet.commands.trigger import read_params
from datafleet.models import Flow
from datafleet.pushes import LocalFile, plan_push
from shared_lib.console import Command, CommandError, ExitCode, Output, pass_output
from shared_lib.console.conversion_options import conversion_options
from shared_lib.console.formats import printable
from shared_lib.contracts.catalog import FlowView
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.plans import FlowPlan, Resources

if TYPE_CHECKING:
    from datafleet.client import Client


@click.command("run", cls=Command, fields=FlowView.model_fields)
@click.argument("source", metavar="FILE|FOLDER")
@click.option("-d", "--dataset", metavar="NAME",
              help="Land it as its next version; called after the file when left out.")  # fmt: skip
@click.option("-s", "--suite", metavar="NAME|FILE",
              help="What judges it: a suite of the dataset, which is made of this file when there "
              "is none; or a YAML or JSON file, which becomes one.")  # fmt: skip
@click.option("-p", "--pipeline", metavar="NAME", help="What is trained when the gate lets it.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE",
              help="Differs from params.yaml, such as train.c=1; YAML.")  # fmt: skip
@click.option("--label", metavar="COLUMN",
              help="The column that a model predicts, for a suite that is made.")  # fmt: skip
@click.option("--gpu/--no-gpu", default=None, help="Ask for a GPU, whatever the pipeline says.")
@pull_request_option
@conversion_options
@click.option("--watch/--no-watch", default=True, help="Follow its steps (the default).")
@click.option("--timeout", type=click.FloatRange(min=0), help="Stop watching after these seconds.")
@pass_client
@pass_output
def run(
    output: Output,
    *,
    client: "Client",
    source: str,
    dataset: str | None,
    suite: str | None,
    pipeline: str | None,
    params: tuple[str, ...],
    label: str | None,
    gpu: bool | None,
    pull_request: str | None,
    options: ConversionOptions,
    watch: bool,
    timeout: float | None,
) -> ExitCode:
    """Take a file to a judged table and a trained, registered model.

    The file lands, becomes typed Parquet, is judged by the suite, and when the gate lets it pass
    the pipeline is trained: only the stages that changed. Whether it was trained, and who is
    champion now, is said with the numbers.

    Exit code: 1 when a step failed, 3 when nothing but the quality gate did, 6 when the time is
    over (the flow goes on).
    """
    name = dataset or plan_push([source])[0].dataset
    plan = make_plan(
        client,
        dataset=name,
        suite=suite,
        label=label,
        pipeline=pipeline,
        params=params,
        gpu=gpu,
        pull_request=pull_request,
    )
    flow = begin(output, client, source, dataset=name, plan=plan, options=options)
    if watch:
        return exit_code_of(follow(output, client, flow.id, timeout_s=timeout))
    if output.as_json:
        output.record(flow)
    else:
        output.data(flow.id)
        output.say(f"follow it: fleet flow watch {flow.id}")
    return ExitCode.OK


def make_plan(
    client: "Client",
    *,
    dataset: str,
    suite: str | None = None,
    label: str | None = None,
    pipeline: str | None = None,
    params: tuple[str, ...] = (),
    gpu: bool | None = None,
    pull_request: str | None = None,
) -> FlowPlan:
    """The plan that the options name; a file of a suite is sent, once the rest is known to be good.

    Raises:
        CommandError: there is no such pipeline, or what belongs to one without one.
    """
    of_pipeline = {
        "--param": ("params", read_params(params) or None),
        "--gpu": ("resources", None if gpu is None else Resources(gpu=int(gpu))),
        "--pull-request": ("pull_request", read_pull_request(pull_request)),
    }
    given = {option: part for option, part in of_pipeline.items() if part[1] is not None}
    asked: dict[str, object] = dict(given.values())
    if pipeline is not None:
        asked["pipeline"] = _known_pipeline(client, pipeline)
    elif given:
        raise CommandError(
            f"{next(iter(given))} is of a pipeline: name it.",
            hint="--pipeline NAME",
            exit_code=ExitCode.USAGE,
        )
    if label is not None:
        asked["label"] = label
    if suite is not None:
        asked["suite"] = _send_suite(client, suite, dataset=dataset)
    return FlowPlan.model_validate(asked)


def _known_pipeline(client: "Client", name: str) -> str:
    known = [each.name for each in client.pipelines.list()]
    if name not in known:
        raise CommandError(
            f"There is no pipeline '{name}'; there are: {', '.join(known) or 'none'}.",
            hint="fleet pipeline list",
            exit_code=ExitCode.USAGE,
        )
    return name


def begin(
    output: Output,
    client: "Client",
    source: str | Path,
    *,
    dataset: str,
    plan: FlowPlan,
    options: ConversionOptions | None = None,
) -> Flow:
    """Send the file and begin its flow, with a bar while it is sent."""
    files = plan_push([source], dataset=dataset)[0].files
    sizes = {file.path: file.path.stat().st_size for file in files}
    sent: dict[Path, int] = {}
    with output.progress("sending", total=sum(sizes.values())) as bar:

        def count(file: LocalFile, done: int) -> None:
            sent[file.path] = done
            bar.update(done=sum(sent.values()), text=printable(file.path.name))

        return client.run(source, dataset=dataset, plan=plan, options=options, progress=count)


def _send_suite(client: "Client", suite: str, *, dataset: str) -> str:
    """The suite's name; when it is a file, it becomes the dataset's suite first."""
    file = Path(suite)
    if not file.is_file():
        return suite
    from shared_lib.console.suite_files import read_suite  # noqa: PLC0415 - loads yaml

    written = read_suite(file.read_text(encoding="utf-8"))
    return client.suites.put(written, dataset=dataset).name
