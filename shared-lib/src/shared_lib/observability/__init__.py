"""What the fleet writes about itself: JSON log lines that carry request, flow and job ids."""

from shared_lib.observability.context import bind, bound
from shared_lib.observability.logs import configure_logging

__all__ = ["bind", "bound", "configure_logging"]
