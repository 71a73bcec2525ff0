"""The Python client of Datafleet, and the `fleet` command.

    from datafleet import connect

    with connect() as fleet:
        version = fleet.push("sales.csv")
        print(fleet.flows.wait(version.flow_id).state)

Names are imported when they are first used: the command's help needs none of them.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datafleet.client import Client as Client
    from datafleet.client import connect as connect
    from datafleet.errors import ConfigurationError as ConfigurationError
    from datafleet.errors import ConflictError as ConflictError
    from datafleet.errors import DatafleetError as DatafleetError
    from datafleet.errors import FleetApiError as FleetApiError
    from datafleet.errors import FleetFailedError as FleetFailedError
    from datafleet.errors import InvalidRequestError as InvalidRequestError
    from datafleet.errors import NotAllowedError as NotAllowedError
    from datafleet.errors import NotFoundError as NotFoundError
    from datafleet.errors import SignInNeededError as SignInNeededError
    from datafleet.errors import TooManyRequestsError as TooManyRequestsError
    from datafleet.errors import TransferDamagedError as TransferDamagedError
    from datafleet.errors import UnreachableError as UnreachableError
    from datafleet.errors import WaitTimedOutError as WaitTimedOutError
    from datafleet.pushes import plan_push as plan_push
    from datafleet.retries import RetryPolicy as RetryPolicy
    from shared_lib.contracts.conversions import ConversionOptions as ConversionOptions

_PLACES = {
    "shared_lib.contracts.conversions": ("ConversionOptions",),
    "datafleet.client": ("Client", "connect"),
    "datafleet.errors": (
        "ConfigurationError",
        "ConflictError",
        "DatafleetError",
        "FleetApiError",
        "FleetFailedError",
        "InvalidRequestError",
        "NotAllowedError",
        "NotFoundError",
        "SignInNeededError",
        "TooManyRequestsError",
        "TransferDamagedError",
        "UnreachableError",
        "WaitTimedOutError",
    ),
    "datafleet.pushes": ("plan_push",),
    "datafleet.retries": ("RetryPolicy",),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
