"""The files that are made of a build's graph, and how they are named."""

import hashlib
from collections.abc import Mapping

from svc_knowledgebase.building.assembly import RECORDS
from svc_knowledgebase.graph.groups import CATEGORIES, CLUSTERS

OVERVIEW = "overview"
DATABASE = "database"
"""Forms that are ours; the others are those of the exports."""

INPUTS = (RECORDS, CLUSTERS, CATEGORIES)
MODEL = 1
"""Grows when the same records give another graph."""


def file_name(form: str, inputs: Mapping[str, str]) -> str:
    """The name of a form's object; another one when what it is made of has changed.

    Args:
        form: such as `overview` or `graphml`.
        inputs: SHA-256 of each object of the build that it is made of.
    """
    told = [f"{MODEL}", *(f"{name}={inputs.get(name, '')}" for name in INPUTS)]
    return f"graph-{form}-{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}"
