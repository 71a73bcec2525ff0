"""`python -m sample_service.receiver PORT`: a service that hears the sample's events."""

import sys
from typing import Any

import uvicorn

from sample_service.models import HeardRow
from sample_service.settings import SampleSettings
from shared_lib.contracts.events import Event, JobChanged
from shared_lib.contracts.services import ServiceName
from shared_lib.db import WriteUnit
from shared_lib.jobs.runtime import build_runtime
from shared_lib.web import create_service_app


def hear(unit: WriteUnit, event: Event, payload: Any) -> None:
    """Write down what was heard."""
    changed: JobChanged = payload
    unit.session.add(
        HeardRow(
            event_id=event.id,
            job_id=changed.job.id,
            state=changed.job.state.value,
            revision=changed.revision,
        )
    )


def main() -> None:
    """Serve."""
    settings = SampleSettings(service=ServiceName.INGEST)
    runtime = build_runtime(settings, worker="sample_service.receiver:main")
    app = create_service_app(runtime, title="receiver", handlers={"job.changed": hear})
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None)


if __name__ == "__main__":
    main()
