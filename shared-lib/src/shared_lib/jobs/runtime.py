"""What a service is made of at run time; the API, the supervisor and a job child each build one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from shared_lib.contracts.services import SERVICES, ServiceName, ServiceSpec
from shared_lib.db.engine import Database
from shared_lib.doorbell import Doorbell, PipeDoorbell, SilentDoorbell
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.ringing import RemoteDoorbell
from shared_lib.settings.blocks import ServiceSettings
from shared_lib.storage import ObjectStore, open_store

Sweep = Callable[["Runtime"], None]
"""Something a service tidies up from time to time, such as objects that no row names."""


@dataclass(frozen=True)
class Runtime:
    """The parts of one service.

    Attributes:
        worker: `module:function` that builds this again from settings, for job children.
        gpu_bells: what rings the workers that have a GPU, by the queue that they hear; empty where
            one bell wakes everybody.
        sweeps: run by the supervisor beside its own sweep, at most once a second each.
    """

    settings: ServiceSettings
    database: Database
    store: ObjectStore
    doorbell: Doorbell
    worker: str
    kinds: Mapping[str, JobKind] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()
    gpu_bells: Mapping[str, Doorbell] = field(default_factory=dict)

    @property
    def gpu_queues(self) -> tuple[str, ...]:
        """The queues of jobs that ask for a GPU."""
        return tuple(sorted({k.gpu_queue for k in self.kinds.values() if k.gpu_queue}))

    @property
    def name(self) -> ServiceName:
        """Which service this is."""
        return self.settings.service

    @property
    def spec(self) -> ServiceSpec:
        """The service's line in the fleet's table."""
        return SERVICES[self.name]

    def beside_its_supervisor(self) -> Self:
        """The same for a process on the supervisor's machine: it rings the supervisor's own pipe.

        The supervisor and its children do so in both shapes of the fleet.
        """
        return replace(self, doorbell=supervisor_bell(self.settings), gpu_bells={})


def build_runtime(
    settings: ServiceSettings,
    *,
    worker: str,
    kinds: tuple[JobKind, ...] = (),
    sweeps: tuple[Sweep, ...] = (),
) -> Runtime:
    """Open the database and the object store that the settings name."""
    return Runtime(
        settings=settings,
        database=Database(settings.database.url, pool_size=settings.database.pool_size),
        store=open_store(settings.storage),
        doorbell=_open_doorbell(settings),
        worker=worker,
        kinds={kind.name: kind for kind in kinds},
        sweeps=sweeps,
        gpu_bells=_gpu_bells(settings, kinds=kinds),
    )


def supervisor_bell(settings: ServiceSettings) -> PipeDoorbell:
    """The pipe on which the supervisor of this data folder listens."""
    return PipeDoorbell(settings.run_folder / "doorbell")


def _gpu_bells(settings: ServiceSettings, *, kinds: tuple[JobKind, ...]) -> dict[str, Doorbell]:
    if settings.mode == "embedded" or not settings.redis_url:
        return {}
    queues = {kind.gpu_queue for kind in kinds if kind.gpu_queue}
    return {queue: RemoteDoorbell(settings.redis_url, queue=queue) for queue in queues}


def _open_doorbell(settings: ServiceSettings) -> Doorbell:
    if settings.mode == "embedded":
        return supervisor_bell(settings)
    if settings.redis_url:
        return RemoteDoorbell(settings.redis_url, queue=settings.service)
    return SilentDoorbell()
