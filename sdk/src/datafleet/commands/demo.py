"""`fleet demo`: the whole journey on sample data, three files long."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from datafleet import samples
from datafleet.commands.connection import pass_client
from datafleet.commands.flow_run import begin, make_plan
from datafleet.commands.journeys import follow
from datafleet.commands.pull_requests import pull_request_option
from shared_lib.console import Command, ExitCode, Output, pass_output
from shared_lib.contracts.catalog import FlowState, FlowView

if TYPE_CHECKING:
    from datafleet.client import Client
    from datafleet.models import Flow
    from shared_lib.contracts.plans import FlowPlan

PIPELINE = "linear_regression"


@dataclass(frozen=True)
class Act:
    """A file of the demo, what it is to show, and how its flow ends."""

    file: str
    title: str
    rows: int
    seed: int
    ends: FlowState
    larger_by: float = 0.0


ACTS = (
    Act("homes-january.csv", "A good file: it passes the gate, and the first model is champion",
        rows=800, seed=1, ends=FlowState.SUCCEEDED),
    Act("homes-february.csv", "Homes are suddenly larger: the gate fails, nothing is trained",
        rows=800, seed=2, ends=FlowState.FAILED, larger_by=40.0),
    Act("homes-march.csv", "More good data: a challenger meets the champion on the same test rows",
        rows=1100, seed=3, ends=FlowState.SUCCEEDED),
)  # fmt: skip


@click.command(cls=Command, fields=FlowView.model_fields)
@click.option("-d", "--dataset", metavar="NAME", help="Where the files land; a new one if free.")
@pull_request_option
@pass_client
@pass_output
def demo(
    output: Output, *, client: "Client", dataset: str | None, pull_request: str | None
) -> ExitCode:
    """Take sample files through the whole journey.

    The first trains a champion. The second has drifted: the gate fails and training is refused
    with the reason. The third trains a challenger, and the numbers decide who is champion.

    Exit code: 1 when a flow ended otherwise than it should.
    """
    name = dataset or _free_name(client)
    plan = make_plan(
        client,
        dataset=name,
        suite=name,
        label=samples.LABEL,
        pipeline=PIPELINE,
        params=(f"label={samples.LABEL}", f"features=[{', '.join(samples.FEATURES)}]"),
        pull_request=pull_request,
    )
    worst = ExitCode.OK
    for number, act in enumerate(ACTS, start=1):
        if not output.as_json:
            output.data(click.style(f"{number}. {act.title}", bold=True))
        flow = _play(output, client, act, dataset=name, plan=plan)
        if flow.state != act.ends:
            output.warn(f"this flow should have {act.ends.value}: {client.server}/flows/{flow.id}")
            worst = ExitCode.FAILED
        elif not output.as_json:
            output.data(f"{client.server}/flows/{flow.id}\n")
    if not output.as_json:
        _say_models(output, client, dataset=name)
    return worst


def _play(output: Output, client: "Client", act: Act, *, dataset: str, plan: "FlowPlan") -> "Flow":
    with TemporaryDirectory(prefix="fleet-demo-") as folder:
        file = Path(folder) / act.file
        samples.write_homes(file, rows=act.rows, seed=act.seed, larger_by=act.larger_by)
        flow = begin(output, client, file, dataset=dataset, plan=plan)
    return follow(output, client, flow.id)


def _free_name(client: "Client") -> str:
    """`demo-homes`, or with the next free number when the demo has been played before."""
    taken = {each.name for each in client.datasets.list()}
    name, number = "demo-homes", 1
    while name in taken:
        number += 1
        name = f"demo-homes-{number}"
    return name


def _say_models(output: Output, client: "Client", *, dataset: str) -> None:
    model = f"{dataset}-{PIPELINE}"
    output.data(click.style(f"Who is champion of {model}, and why", bold=True))
    for move in reversed(list(client.models.moves(model))):
        output.data(f"  v{move.version} became {move.alias}: {move.reason}")
    output.say(f"fetch the champion: fleet model pull {model}")
    output.say(f"look at all of it:  {client.server}/datasets/{dataset}")
