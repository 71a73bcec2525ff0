"""A fleet, as Python sees it.

from datafleet import connect

with connect() as fleet:
    version = fleet.push("sales.csv")
    flow = fleet.flows.wait(version.flow_id)
    for table in fleet.tables.list(dataset="sales"):
        fleet.tables.download(table.id, to=f"{table.name}.parquet")
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from datafleet.configuration import find_connection
from datafleet.datasets import Datasets
from datafleet.flows import Flows
from datafleet.jobs import Jobs
from datafleet.knowledge import KnowledgeBases
from datafleet.models import Flow
from datafleet.pushes import LocalFile, Push, PushPlanError, plan_push
from datafleet.quality import Judgements, Suites
from datafleet.retries import RetryPolicy
from datafleet.savings import SavingsOf
from datafleet.tables import Tables
from datafleet.task_datasets import TaskDatasets
from datafleet.training import Models, Pipelines, Triggers
from datafleet.transport import Transport
from datafleet.uploads import Uploads
from shared_lib.contracts.access import WhoAmI
from shared_lib.contracts.catalog import (
    FlowCreate,
    UploadedPath,
    UploadView,
    VersionPurpose,
    VersionView,
)
from shared_lib.contracts.conversions import ConversionOptions
from shared_lib.contracts.plans import FlowPlan
from shared_lib.contracts.status import FleetStatus

TIMEOUT_S = 30.0
_LONGEST_QUERY = 2000

SendProgress = Callable[[LocalFile, int], None]
"""Called with a file and how many of its bytes have been sent."""


class Client:
    """A fleet at an address, spoken to with a key. It may be used by several threads.

    Attributes:
        datasets, flows, jobs, judgements, knowledge_bases, models, pipelines, savings, suites,
            tables, task_datasets, triggers, uploads: what the fleet knows, by noun.

    Args:
        server: the gateway's address, such as `http://127.0.0.1:8080`.
        key: what `fleet login` or `fleet up` showed; None for a fleet that asks for none.
        timeout_s: how long to wait for the next bytes of an answer.
        retries: when requests are sent again. All of them may be: reading changes nothing, and
            writing carries an `Idempotency-Key`.
    """

    def __init__(
        self,
        server: str,
        key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: RetryPolicy | None = None,
    ) -> None:
        self._transport = Transport(
            server, key=key, timeout_s=timeout_s, retries=retries or RetryPolicy()
        )
        self.datasets = Datasets(self._transport)
        self.flows = Flows(self._transport)
        self.jobs = Jobs(self._transport)
        self.judgements = Judgements(self._transport)
        self.knowledge_bases = KnowledgeBases(self._transport)
        self.models = Models(self._transport)
        self.pipelines = Pipelines(self._transport)
        self.savings = SavingsOf(self._transport)
        self.suites = Suites(self._transport)
        self.tables = Tables(self._transport)
        self.task_datasets = TaskDatasets(self._transport)
        self.triggers = Triggers(self._transport)
        self.uploads = Uploads(self._transport)

    def __repr__(self) -> str:
        return f"<Client {self.server}>"

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def server(self) -> str:
        """The gateway's address."""
        return self._transport.server

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def whoami(self) -> WhoAmI:
        """Who the key says you are.

        Raises:
            SignInNeededError: there is no key, or it is not good.
            UnreachableError: nobody answers.
        """
        return self._transport.get("/v1/whoami", answers=WhoAmI)

    def status(self) -> FleetStatus:
        """How every member of the fleet stands; for owners.

        Raises:
            FleetApiError: the key is no owner's.
            UnreachableError: nobody answers.
        """
        return self._transport.get("/v1/status", answers=FleetStatus)

    def push(
        self,
        source: str | Path,
        *,
        dataset: str | None = None,
        options: ConversionOptions | None = None,
        progress: SendProgress | None = None,
    ) -> VersionView:
        """Send a file, or a folder with its tree, as the next version of a dataset.

        Args:
            dataset: a name or id; made when there is none. Called after the source when left out.
            options: what the conversion cannot tell from the files.

        Returns:
            The version; `flows.wait(version.flow_id)` waits until it is converted.

        Raises:
            PushPlanError: nothing is there to send, or it is several things (see `send`).
            FleetApiError: the fleet refuses a file, and says why.
            UnreachableError: nobody answers.
        """
        pushes = plan_push([source], dataset=dataset)
        if len(pushes) != 1:
            raise PushPlanError(f"{source} is several files; give `dataset` to land them as one.")
        return self.send(pushes[0], options=options, progress=progress)

    def send(
        self,
        push: Push,
        *,
        options: ConversionOptions | None = None,
        purpose: VersionPurpose = "tables",
        progress: SendProgress | None = None,
    ) -> VersionView:
        """Send planned files (see `datafleet.pushes.plan_push`) as one version.

        Args:
            push: what is sent, and where to.
            options: what the conversion cannot tell from the files.
            purpose: `documents` are not converted; the dataset's knowledge bases read them.
            progress: is told of bytes that were sent.

        Raises:
            FleetApiError: the fleet refuses a file, and says why.
            UnreachableError: nobody answers.
        """
        asked = options.model_dump_json(exclude_unset=True) if options else ""
        if purpose == "tables" and len(push.files) == 1 and len(asked) < _LONGEST_QUERY:
            upload = self._upload(
                push.files[0], dataset=push.dataset, options=options, progress=progress
            )
            if upload.version is not None:
                return upload.version
        uploads = [self._upload(file, progress=progress) for file in push.files]
        received = [UploadedPath(upload_id=upload.id) for upload in uploads]
        return self.datasets.land(push.dataset, uploads=received, options=options, purpose=purpose)

    def run(
        self,
        source: str | Path,
        *,
        dataset: str | None = None,
        plan: FlowPlan,
        options: ConversionOptions | None = None,
        progress: SendProgress | None = None,
    ) -> Flow:
        """Send a file, and have its table judged and trained on: the whole journey.

        Args:
            dataset: a name; made when there is none. Called after the source when left out.
            plan: the suite that judges, the pipeline that trains.
            options: what the conversion cannot tell from the file.

        Returns:
            The flow, which has begun; `flows.wait(flow.id)` waits for its end.

        Raises:
            PushPlanError: nothing is there to send, or it is several things.
            FleetApiError: the fleet refuses the file or the plan, and says why.
            UnreachableError: nobody answers.
        """
        pushes = plan_push([source], dataset=dataset)
        if len(pushes) != 1:
            raise PushPlanError(f"{source} is several files; give `dataset` to land them as one.")
        uploads = [self._upload(file, progress=progress) for file in pushes[0].files]
        return self.flows.create(
            FlowCreate(
                dataset=pushes[0].dataset,
                uploads=[UploadedPath(upload_id=upload.id) for upload in uploads],
                options=options or ConversionOptions(),
                **plan.model_dump(exclude_unset=True),
            )
        )

    def _upload(
        self,
        file: LocalFile,
        *,
        dataset: str | None = None,
        options: ConversionOptions | None = None,
        progress: SendProgress | None,
    ) -> UploadView:
        def sent(count: int) -> None:
            if progress is not None:
                progress(file, count)

        return self.uploads.put(
            file.path, path=file.name, dataset=dataset, options=options, progress=sent
        )


def connect(
    server: str | None = None, *, key: str | None = None, timeout_s: float = TIMEOUT_S
) -> Client:
    """The fleet that `FLEET_SERVER` and `FLEET_KEY` name, or the last `fleet login`.

    Raises:
        ConfigurationError: the address is none, or the kept settings cannot be read.
    """
    found = find_connection(server=server, key=key)
    return Client(found.server, found.key, timeout_s=timeout_s)
