"""Signing in: the key is proved, kept for its owner alone, and used from then on."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from running_fleet import Fleet

from datafleet.cli import main
from datafleet.configuration import configuration_path
from shared_lib.console import ExitCode
from shared_lib.testing.processes import free_port


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, words, prog_name="fleet", input=stdin)


def test_a_key_from_standard_input_is_kept_and_used(fleet: Fleet) -> None:
    signed_in = run("login", "--server", fleet.address, stdin=f" {fleet.key}\n")

    assert signed_in.exit_code == 0, signed_in.stderr
    assert f"signed in to {fleet.address} as owner of " in signed_in.stderr
    assert fleet.key not in signed_in.output
    assert configuration_path().stat().st_mode & 0o777 == 0o600
    assert run("dataset", "list").exit_code == 0


def test_who_was_signed_in_is_a_record(fleet: Fleet) -> None:
    result = run("login", "--server", fleet.address, "--json", "role", stdin=fleet.key)

    assert json.loads(result.stdout) == {"role": "owner"}


def test_a_key_that_is_refused_is_not_kept(fleet: Fleet) -> None:
    result = run("login", "--server", fleet.address, stdin="fleet_live_wrong\n")

    assert result.exit_code == ExitCode.SIGN_IN_NEEDED
    assert not configuration_path().exists()


def test_no_key_is_said_so(fleet: Fleet) -> None:
    assert run("login", "--server", fleet.address, stdin="\n").exit_code == ExitCode.SIGN_IN_NEEDED


def test_without_a_key_the_way_to_sign_in_is_told(fleet: Fleet) -> None:
    result = run("dataset", "list", "--server", fleet.address)

    assert result.exit_code == ExitCode.SIGN_IN_NEEDED
    assert "hint: sign in: fleet login" in result.stderr


def test_without_a_fleet_the_way_to_start_one_is_told() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    result = run("dataset", "list", "--server", address)

    assert result.exit_code == ExitCode.FAILED
    assert f"error: Nothing listens at {address}." in result.stderr
    assert "fleet up" in result.stderr


@pytest.mark.parametrize("server", ["ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(server: str) -> None:
    result = run("dataset", "list", "--server", server)

    assert result.exit_code == ExitCode.FAILED
    assert "is no address of a fleet" in result.stderr


def test_a_file_that_others_can_read_is_made_private_by_the_next_login(fleet: Fleet) -> None:
    path = configuration_path()
    path.parent.mkdir(parents=True)
    path.write_text('server = "http://127.0.0.1:1"\n')
    path.chmod(0o644)
    run("login", "--server", fleet.address, stdin=fleet.key)

    assert path.stat().st_mode & 0o777 == 0o600


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = configuration_path()
    path.parent.mkdir(parents=True)
    path.write_text("server =")
    result = run("dataset", "list")

    assert result.exit_code == ExitCode.FAILED
    assert str(path) in result.stderr
