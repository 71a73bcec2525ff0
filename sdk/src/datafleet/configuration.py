"""Which fleet to talk to, and with which key.

In this order: what is given, `FLEET_SERVER` and `FLEET_KEY`, what `fleet login` kept, the fleet on
this machine. A kept key belongs to its server and is sent to no other.
"""

import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from datafleet.errors import ConfigurationError

DEFAULT_SERVER = "http://127.0.0.1:8080"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Connection:
    """A server and the key for it; None when there is none."""

    server: str
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Configuration:
    """What is kept in the file: the server of the last login, and a key for each server."""

    server: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)


def configuration_path(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CONFIG_HOME/datafleet/config.toml`, below `~/.config` when that is not set."""
    base = environ.get("XDG_CONFIG_HOME")
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return folder / "datafleet" / "config.toml"


def find_connection(
    *,
    server: str | None = None,
    key: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Connection:
    """The server to talk to and the key for it.

    Raises:
        ConfigurationError: the address is none, or the file cannot be read.
    """
    kept = load_configuration(configuration_path(environ))
    chosen = server or environ.get("FLEET_SERVER") or kept.server or DEFAULT_SERVER
    address = normal_address(chosen)
    return Connection(server=address, key=key or environ.get("FLEET_KEY") or kept.keys.get(address))


def normal_address(server: str) -> str:
    """The address with its scheme, without a trailing slash; `host:port` alone means http.

    Raises:
        ConfigurationError: it is no http or https address, or it has a password in it.
    """
    text = server.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = -1
    plain = parts.username is None and parts.password is None and not parts.query
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or not plain:
        raise ConfigurationError(
            f"{server!r} is no address of a fleet; it looks like {DEFAULT_SERVER}."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(server: str) -> bool:
    """Whether the address is this machine, so that what is sent is seen by no network."""
    return (urlsplit(server).hostname or "") in LOOPBACK


def load_configuration(path: Path) -> Configuration:
    """What the file says; nothing when there is no file.

    Raises:
        ConfigurationError: it is not ours or not TOML.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Configuration()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error}. Mend it, or remove it and sign in again: fleet login"
        ) from error
    server, keys = content.get("server"), content.get("keys", {})
    if not isinstance(server, str | None) or not isinstance(keys, dict):
        raise ConfigurationError(f"{path} is not as `fleet login` writes it. Remove it.")
    return Configuration(server=server, keys={str(k): str(v) for k, v in keys.items()})


def others_can_read(path: Path) -> bool:
    """Whether another user of this machine may read the file."""
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def save_connection(connection: Connection, *, path: Path) -> None:
    """Keep a server and its key, readable by nobody else; the file is replaced at once.

    Raises:
        OSError: the file cannot be written.
    """
    kept = load_configuration(path)
    keys = dict(kept.keys)
    if connection.key is not None:
        keys[connection.server] = connection.key
    lines = [f"server = {_quote(connection.server)}", "", "[keys]"]
    lines += [f"{_quote(server)} = {_quote(key)}" for server, key in sorted(keys.items())]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes it readable by its owner alone, before the key is in it.
    handle, name = tempfile.mkstemp(prefix=".config-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        # Also when it is interrupted: half a file with a key must not stay.
        Path(name).unlink(missing_ok=True)
        raise


def _quote(text: str) -> str:
    # A JSON string is a TOML basic string, once DEL is escaped too; TOML has no surrogate pairs.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
