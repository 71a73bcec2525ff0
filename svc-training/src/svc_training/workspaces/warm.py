"""What DVC imports only when it needs it, for the process that job children are forked from.

Half a thousand modules, networkx above all: a child that finds them loaded starts its first stage
that much sooner.
"""

from importlib import import_module

from dvc.cli.parser import get_main_parser

NEEDED_LATER = (
    "dvc._debug",
    "dvc.cachemgr",
    "dvc.data_cloud",
    "dvc.dirs",
    "dvc.lock",
    "dvc.repo.artifacts",
    "dvc.repo.datasets",
    "dvc.repo.graph",
    "dvc.repo.index",
    "dvc.repo.metrics",
    "dvc.repo.open_repo",
    "dvc.repo.params",
    "dvc.repo.plots",
    "dvc.repo.stage",
    "dvc.repo.trie",
    "dvc.rwlock",
    "dvc.scm",
    "dvc.utils.strictyaml",
    "dvc_data.hashfile.db.index",
    "dvc_data.hashfile.db.local",
    "dvc_data.hashfile.status",
    "dvc_render",
    "fsspec.implementations.memory",
    "networkx",
    "platformdirs.unix",
    "ruamel.yaml",
    "scmrepo.git",
)

for _name in NEEDED_LATER:
    import_module(_name)
get_main_parser()  # it keeps what it made
