"""Events: at least once on the wire, once in effect.

`emit` writes one outbox row a subscriber in the producer's transaction. The producer's supervisor
POSTs each row to the subscriber (`Delivery`); the subscriber stores the event id and its effect in
one transaction (`receive`); only its 2xx removes the row.
"""

from shared_lib.events.inbox import EventHandler, receive
from shared_lib.events.outbox import emit

__all__ = ["EventHandler", "emit", "receive"]
