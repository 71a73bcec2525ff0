"""What a service is made of at run time; the API, the supervisor and a job child each build one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared_lib.contracts.services import SERVICES, ServiceName, ServiceSpec
from shared_lib.db.engine import Database
from shared_lib.doorbell import Doorbell, PipeDoorbell, SilentDoorbell
from shared_lib.jobs.kinds import JobKind
from shared_lib.settings.blocks import ServiceSettings
from shared_lib.storage import ObjectStore, open_store

Sweep = Callable[["Runtime"], None]
"""Something a service tidies up from time to time, such as objects that no row names."""


@dataclass(frozen=True)
class Runtime:
    """The parts of one service.

    Attributes:
        worker: `module:function` that builds this again from settings, for job children.
        sweeps: run by the supervisor beside its own sweep, at most once a second each.
    """

    settings: ServiceSettings
    database: Database
    store: ObjectStore
    doorbell: Doorbell
    worker: str
    kinds: Mapping[str, JobKind] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()

    @property
    def name(self) -> ServiceName:
        """Which service this is."""
        return self.settings.service

    @property
    def spec(self) -> ServiceSpec:
        """The service's line in the fleet's table."""
        return SERVICES[self.name]


def build_runtime(
    settings: ServiceSettings,
    *,
    worker: str,
    kinds: tuple[JobKind, ...] = (),
    sweeps: tuple[Sweep, ...] = (),
) -> Runtime:
    """Open the database and the object store that the settings name."""
    doorbell: Doorbell = SilentDoorbell()
    if settings.mode == "embedded":
        doorbell = PipeDoorbell(settings.run_folder / "doorbell")
    return Runtime(
        settings=settings,
        database=Database(settings.database.url, pool_size=settings.database.pool_size),
        store=open_store(settings.storage),
        doorbell=doorbell,
        worker=worker,
        kinds={kind.name: kind for kind in kinds},
        sweeps=sweeps,
    )
