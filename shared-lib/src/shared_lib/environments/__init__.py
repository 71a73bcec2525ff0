"""Python environments of their own, for what must not run in ours.

Libraries that conflict with ours, that carry another licence, or that people bring as training
code get an environment built once from their requirements, and a process of their own; they
exchange JSON and Parquet files with us. Nothing of theirs is ever imported by our processes.
"""

from shared_lib.environments.environments import Environment, Environments, key_of
from shared_lib.environments.errors import EnvironmentBuildError

__all__ = ["Environment", "EnvironmentBuildError", "Environments", "key_of"]
