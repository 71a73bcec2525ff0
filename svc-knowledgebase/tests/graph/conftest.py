"""One small graph for all tests of it."""

from pathlib import Path

import pytest
from made_graph import build, graph_of

from svc_knowledgebase.graph.model import Graph


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `fleet kb build` has built."""
    target = tmp_path_factory.mktemp("base")
    build(tmp_path_factory.mktemp("in") / "docs", target)
    return target


@pytest.fixture(scope="session")
def graph(base: Path) -> Graph:
    """Its graph, with clusters and categories."""
    return graph_of(base)
