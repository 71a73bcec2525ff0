"""Logging set up once a process: JSON lines on standard error, or plain text for people."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from shared_lib.contracts.base import format_utc
from shared_lib.observability.context import bound

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


NOISY = (
    "alembic",
    "celery.app.trace",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "uvicorn.access",
)


class JsonLineFormatter(logging.Formatter):
    """One JSON object a line; what was given as `extra` becomes members."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": format_utc(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
            **bound(),
        }
        line.update({k: v for k, v in record.__dict__.items() if k not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logging(service: str, *, level: str = "INFO", json_lines: bool = True) -> None:
    """Send the process's log to standard error; replaces what was configured before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLineFormatter(service)
        if json_lines
        else logging.Formatter("%(asctime)s %(levelname)-7s %(name)s  %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # uvicorn's command line gives its loggers handlers of their own; all lines are to look alike.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # One line a request or ring from a library would drown our own.
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel("WARNING")
