"""Sending a graph to Neo4j, or what speaks its protocol, by its own driver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from neo4j import Driver, GraphDatabase, Session
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
)

from svc_knowledgebase.graph.cypher import Statement, constraints, statements
from svc_knowledgebase.graph.errors import (
    BoltAddressError,
    BoltRefusedError,
    BoltSignInError,
    BoltUnreachableError,
)
from svc_knowledgebase.graph.model import Graph

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
CONNECT_S = 10.0
RETRY_S = 30.0
"""How long a batch is tried again while the database changes its leader, or locks collide."""

Progress = Callable[[int, int], None]
"""Called with the nodes and relations that are there, and how many there will be."""


@dataclass(frozen=True)
class Target:
    """A graph database.

    Attributes:
        address: such as `bolt://host:7687`, `neo4j+s://host`.
        database: its name; the server's own default when None.
    """

    address: str
    user: str
    password: str = field(repr=False)
    database: str | None = None


def send(graph: Graph, target: Target, *, progress: Progress = lambda _done, _all: None) -> int:
    """Merge the graph into the database: twice the same leaves what once leaves.

    Constraints come first, then nodes, then relations, each batch in a transaction of its own, so
    that one that is cut off is sent again whole. What is in the database besides stays.

    Returns:
        How many nodes and relations were sent.

    Raises:
        BoltAddressError: the address cannot be understood.
        BoltUnreachableError: nobody answers there, or the connection broke.
        BoltSignInError: the user or the password is wrong.
        BoltRefusedError: the database refuses a statement.
    """
    if target.address.partition("://")[0] not in SCHEMES:
        raise _no_address(target, f"it begins with none of {', '.join(SCHEMES)}")
    total, done = sum(graph.counts().values()), 0
    with _explained(target), _driver(target) as driver:
        driver.verify_connectivity()
        with driver.session(database=target.database) as session:
            for constraint in constraints():
                session.run(constraint).consume()
            for statement in statements(graph):
                _merge(session, statement)
                done += len(statement.rows)
                progress(done, total)
    return done


def _driver(target: Target) -> Driver:
    return GraphDatabase.driver(
        target.address,
        auth=(target.user, target.password),
        connection_timeout=CONNECT_S,
        connection_acquisition_timeout=CONNECT_S,
        max_transaction_retry_time=RETRY_S,
    )


def _merge(session: Session, statement: Statement) -> None:
    def work(transaction: Any) -> None:
        transaction.run(statement.cypher, rows=statement.rows).consume()

    session.execute_write(work)


@contextmanager
def _explained(target: Target) -> Iterator[None]:
    """The driver's errors as ours."""
    try:
        yield
    except (ConfigurationError, ValueError) as error:
        raise _no_address(target, str(error)) from error
    except AuthError as error:
        raise BoltSignInError(
            f"{target.address} refuses {target.user} with this password. Check both; the password "
            "is taken from NEO4J_PASSWORD, or asked for."
        ) from error
    except (ServiceUnavailable, OSError) as error:
        raise BoltUnreachableError(
            f"{target.address} cannot be reached: {_said(error)}. Check that the database runs "
            "and that the port is the one of bolt (7687 as a rule)."
        ) from error
    except (Neo4jError, DriverError) as error:
        raise BoltRefusedError(
            f"{target.address} refuses what it was sent: {_said(error)}. What came before it is "
            "there; sending again merges, and doubles nothing."
        ) from error


def _said(error: Exception) -> str:
    """The driver's words in one line."""
    return " ".join(str(error).split()).rstrip(".:")


def _no_address(target: Target, reason: str) -> BoltAddressError:
    return BoltAddressError(
        f"{target.address} is no address of a graph database: {reason}. "
        "Write such as bolt://localhost:7687 or neo4j+s://host."
    )
