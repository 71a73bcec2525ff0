"""What kinds of job a service has."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JobKind:
    """One kind of job.

    Attributes:
        name: as it stands in the row, such as `convert`.
        run: `module:function`, imported in the child only; takes a `JobContext`.
        queue: which workers hear it.
        gpu_queue: the queue of those that ask for a GPU, heard by workers that have one; None when
            the kind has no use for a GPU.
        preload: modules that the children's parent imports once, so that a child starts warm.
        max_attempts: claims before infrastructure failures end the job as dead; eight of them, with
            waits that double from two seconds, outlast four minutes without a database or store.
        time_limit_s: overrides the setting when given.
        memory_limit_bytes: overrides the setting when given.
        ended: `module:function`, called as `(unit, runtime, job)` in the transaction that ends a
            job of this kind, however it ends; what must follow then follows for certain.
    """

    name: str
    run: str
    queue: str
    gpu_queue: str | None = None
    preload: tuple[str, ...] = ()
    max_attempts: int = 8
    time_limit_s: float | None = None
    memory_limit_bytes: int | None = None
    ended: str = ""
