"""What the jobs do. Each function is one way in which a job can go."""

import ctypes
import os
import subprocess
import time
from pathlib import Path

from sample_service.models import EffectRow
from shared_lib.contracts.errors import InternalError, InvalidInputError
from shared_lib.jobs import JobContext

MEBIBYTE = 1024 * 1024


def succeed(context: JobContext) -> None:
    """Publish one effect."""
    context.log("working", rows=3)
    context.start_publishing()
    with context.publish({"answer": 42}) as unit:
        unit.session.add(EffectRow(job_id=context.job.id, fence=context.job.fence))


def say_nothing(_context: JobContext) -> None:
    """Return without publishing: the job has then succeeded without a result."""


def fail_user(_context: JobContext) -> None:
    """Bad input."""
    raise InvalidInputError("Row 7 has no price. Fill it in and push the file again.", row=7)


def fail_infrastructure(_context: JobContext) -> None:
    """Trouble that is not the input's fault, in every try."""
    raise InternalError("The work was not done. Try again later.")


def flaky(context: JobContext) -> None:
    """Trouble in the first try."""
    if context.job.attempt == 1:
        raise InternalError("Not yet. Try again later.")
    succeed(context)


def raise_unexpected(_context: JobContext) -> None:
    """A bug; PostgreSQL does not take NUL, and the message has one."""
    raise ValueError("odd \x00 value")


def exit_at_once(_context: JobContext) -> None:
    """Leave without a word."""
    os._exit(7)


def segfault(_context: JobContext) -> None:
    """Read address zero."""
    ctypes.string_at(0)


def eat_memory(_context: JobContext) -> None:
    """Allocate and touch memory until somebody ends it."""
    blocks = []
    while True:
        blocks.append(bytearray(b"x" * 16 * MEBIBYTE) if len(blocks) < 60 else b"")
        time.sleep(0.01)


def hang(context: JobContext) -> None:
    """Start a process in this session and one in its own, write down the pids, run for ever."""
    inside = subprocess.Popen(["sleep", "600"])
    outside = subprocess.Popen(["sleep", "600"], start_new_session=True)
    # An orphan: its parent, the shell, ends at once.
    orphan = subprocess.run(
        ["sh", "-c", "setsid sleep 600 >/dev/null 2>&1 & echo $!"],
        stdout=subprocess.PIPE,
        check=True,
    )
    pids = [os.getpid(), inside.pid, outside.pid, int(orphan.stdout)]
    sign = Path(context.job.params["sign"])
    sign.with_suffix(".new").write_text(" ".join(map(str, pids)))
    sign.with_suffix(".new").rename(sign)
    while True:
        time.sleep(60)


def be_late(context: JobContext) -> None:
    """Run longer than the time limit."""
    hang(context)


def talk(context: JobContext) -> None:
    """Progress and log lines."""
    for step in range(1, 6):
        context.log(f"step {step}", level="warning" if step == 3 else "info", step=step)
        context.progress(step, 5, unit="rows")
    succeed(context)


def write_huge_file(context: JobContext) -> None:
    """Write more than a file may have."""
    with (context.scratch / "huge").open("wb") as file:
        for _ in range(64):
            file.write(b"x" * MEBIBYTE)


def use_polars(context: JobContext) -> None:
    """Use all threads of polars."""
    import polars as pl  # noqa: PLC0415 - in the child only

    frame = pl.DataFrame({"a": range(50_000)}).lazy()
    total = (
        frame.group_by((pl.col("a") % 7).alias("rest")).agg(pl.col("a").sum()).collect()["a"].len()
    )
    with context.publish({"groups": total}):
        pass


def leave_process(context: JobContext) -> None:
    """End well and leave a process of another session behind."""
    left = subprocess.Popen(["setsid", "sleep", "600"])
    Path(context.job.params["sign"]).write_text(str(left.pid))
    succeed(context)


def wait_for_file(context: JobContext) -> None:
    """Wait until `go` exists, then publish."""
    Path(context.job.params["sign"]).touch()
    while not Path(context.job.params["go"]).exists():
        time.sleep(0.02)
    succeed(context)


def publish_twice(context: JobContext) -> None:
    """Fail inside the publishing transaction: nothing of it may stay."""
    with context.publish({"answer": 1}) as unit:
        unit.session.add(EffectRow(job_id=context.job.id, fence=context.job.fence))
        unit.session.flush()
        raise InvalidInputError("It was wrong after all. Change the input.")


def use_gpu(context: JobContext) -> None:
    """Write down the GPU, then wait until `go` exists."""
    sign = Path(context.job.params["sign"])
    sign.with_suffix(".new").write_text(context.gpu.device if context.gpu else "none")
    sign.with_suffix(".new").rename(sign)
    while not Path(context.job.params["go"]).exists():
        time.sleep(0.02)


def want_gpu(context: JobContext) -> None:
    """Find out that it needs a GPU."""
    if context.gpu is None:
        context.move_to_gpu()
        return
    succeed(context)
