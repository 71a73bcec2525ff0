"""Which fleet is meant, and where its key is kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafleet import ConfigurationError
from datafleet.configuration import (
    Connection,
    configuration_path,
    find_connection,
    is_loopback,
    load_configuration,
    normal_address,
    save_connection,
)


@pytest.mark.parametrize(
    ("given_", "address"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("HTTPS://Fleet.Example/", "https://fleet.example"),
        (" http://[::1]:80/base/ ", "http://[::1]:80/base"),
    ],
)
def test_addresses_have_one_form(given_: str, address: str) -> None:
    assert normal_address(given_) == address


@pytest.mark.parametrize(
    "text", ["", "ftp://x", "http://", "http://x:y", "http://a:b@x", "http://x:99999", "http://x?q"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no address of a fleet"):
        normal_address(text)


def test_what_is_given_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert find_connection(environ=environ) == Connection("http://127.0.0.1:8080", None)

    save_connection(Connection("http://kept:1", "k1"), path=configuration_path(environ))
    assert find_connection(environ=environ) == Connection("http://kept:1", "k1")

    environ |= {"FLEET_SERVER": "named:2", "FLEET_KEY": "k2"}
    assert find_connection(environ=environ) == Connection("http://named:2", "k2")
    assert find_connection(server="given:3", key="k3", environ=environ) == Connection(
        "http://given:3", "k3"
    )


def test_a_kept_key_is_used_for_its_own_server_only(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = configuration_path(environ)
    save_connection(Connection("http://a:1", "ka"), path=path)
    save_connection(Connection("http://b:1", "kb"), path=path)

    assert find_connection(environ=environ).key == "kb"
    assert find_connection(server="http://a:1", environ=environ).key == "ka"
    assert find_connection(server="http://a:2", environ=environ).key is None
    assert find_connection(server="https://a:1", environ=environ).key is None


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = configuration_path({"XDG_CONFIG_HOME": str(tmp_path)})
    save_connection(Connection("http://a:1", "ka"), path=path)
    path.chmod(0o644)
    save_connection(Connection("http://a:1", "kb"), path=path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


@given(st.text(st.characters(codec="utf-8")))
def test_any_key_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any-key.toml"
    save_connection(Connection("http://a:1", key), path=path)

    assert load_configuration(path).keys == {"http://a:1": key}


@pytest.mark.parametrize("text", ["server =", "server = 1", "keys = 1", "\udcff"])
def test_a_file_that_is_not_ours_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(ConfigurationError, match=r"config\.toml"):
        load_configuration(path)


def test_a_key_is_in_no_repr() -> None:
    assert "secret" not in repr(Connection("http://a:1", "secret"))


def test_loopback_is_this_machine() -> None:
    assert is_loopback("http://127.0.0.1:8080")
    assert is_loopback("http://[::1]:8080")
    assert not is_loopback("http://127.0.0.1.example")
