"""The durable job: a row that is the truth, a supervisor that runs it in a child process.

`JobQueue.request` writes the row in the transaction of whatever asked for it. `Supervisor` claims,
watches and ends children; `JobContext` is what the job's own code sees inside the child.
"""

from shared_lib.jobs.context import JobContext
from shared_lib.jobs.kinds import JobKind
from shared_lib.jobs.queue import JobQueue
from shared_lib.jobs.runtime import Runtime

__all__ = ["JobContext", "JobKind", "JobQueue", "Runtime"]
