"""What holds for each service alike: who may call it, what its history makes, what it loads."""

import subprocess
import sys
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, inspect

from fleet_embedded.members import MEMBERS, Member
from shared_lib.contracts.services import ServiceName
from shared_lib.db import Database
from shared_lib.db.migration_env import one_metadata
from shared_lib.db.migrations import head, migrate
from shared_lib.db.types import SharedBase
from shared_lib.testing.tokens import believed, tokens_to_refuse
from shared_lib.web.inventory import routes_of, undeclared_routes

ENGINES_OF_JOBS = (
    "polars",
    "pyarrow",
    "duckdb",
    "numpy",
    "scipy",
    "sklearn",
    "torch",
    "vl_convert",
    "fastavro",
    "python_calamine",
    "selectolax",
    "pdfplumber",
    "pypdfium2",
)
DATABASES = ("gateway", *(member.package for member in MEMBERS))

each_service = pytest.mark.parametrize("member", MEMBERS, ids=[each.package for each in MEMBERS])
each_database = pytest.mark.parametrize("package", DATABASES)


def app_of(member: Member, folder: Path) -> Any:
    return member.app(member.settings(folder))


@each_service
def test_every_route_declares_who_may_call_it(member: Member, tmp_path: Path) -> None:
    app = app_of(member, tmp_path)

    assert undeclared_routes(app) == []
    assert {route.path for route in routes_of(app) if route.is_open} <= {
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
    }


@each_service
def test_every_list_is_read_page_by_page(member: Member, tmp_path: Path) -> None:
    paths = app_of(member, tmp_path).openapi()["paths"]
    lists = {
        path: {parameter["name"] for parameter in ways["get"].get("parameters", [])}
        for path, ways in paths.items()
        if "get" in ways and "schemas/Page_" in str(ways["get"]["responses"]["200"])
    }

    assert [path for path, names in lists.items() if not {"limit", "cursor"} <= names] == []


@each_service
def test_no_route_believes_a_wrong_token(member: Member, tmp_path: Path) -> None:
    settings = member.settings(tmp_path)

    refused = tokens_to_refuse(settings.secrets_folder, audience=member.name)
    assert {"expired", "signed by a stranger", "for another service", "alg none"} <= set(refused)
    found = believed(
        member.app(settings), secrets=settings.secrets_folder, audience=ServiceName(member.name)
    )

    assert found == []


@each_service
def test_a_web_process_loads_no_engine(member: Member, tmp_path: Path) -> None:
    """Engines live in job children: a process that answers requests stays small and starts fast."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from fleet_embedded.members import MEMBERS\n"
        f"(member,) = [each for each in MEMBERS if each.package == {member.package!r}]\n"
        f"member.app(member.settings(Path({str(tmp_path)!r})))\n"
        f"heavy = set({ENGINES_OF_JOBS!r}) & set(sys.modules)\n"
        "sys.exit(f'the app imports {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@each_database
def test_the_history_makes_the_tables_of_the_models(package: str, database_url: str) -> None:
    database = Database(database_url)

    migrate(package, database)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        metadata = one_metadata([SharedBase.metadata, *own_metadata(package)])
        assert list(compare_metadata(context, metadata)) == []
        assert context.get_current_revision() == head(package)
    database.dispose()


@each_database
def test_the_history_goes_back_to_nothing(package: str, database_url: str) -> None:
    database = Database(database_url)
    migrate(package, database)
    config = Config()
    config.set_main_option("script_location", str(migrations_of(package)))
    config.attributes["engine"] = database.engine.execution_options(fleet_write=True)

    command.downgrade(config, "base")

    assert set(inspect(database.engine).get_table_names()) - {"alembic_version"} == set()
    database.dispose()


def migrations_of(package: str) -> Path:
    return Path(str(files(f"{package}.migrations")))


def own_metadata(package: str) -> list[MetaData]:
    """The service's own tables; a shell has none yet."""
    if find_spec(f"{package}.base") is None:
        return []
    metadata: MetaData = import_module(f"{package}.base").Base.metadata
    return [metadata]
