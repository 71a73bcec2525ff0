"""The bucket is made by whoever comes first, however many come at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared_lib.storage import open_store
from shared_lib.storage.errors import StoreUnavailableError
from shared_lib.storage.settings import StorageSettings
from shared_lib.testing.processes import ServerProcess, free_port
from shared_lib.testing.servers.stores import ACCESS_KEY, SECRET_KEY, S3Server, rclone_command


def test_several_that_start_at_once_find_one_bucket(rclone_server: S3Server) -> None:
    settings = StorageSettings(
        kind="s3",
        endpoint=rclone_server.endpoint,
        access_key=SecretStr(rclone_server.access_key),
        secret_key=SecretStr(rclone_server.secret_key),
        bucket="made-at-once",
        secure=False,
    )
    stores = [open_store(settings) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        puts = [pool.submit(store.put, f"raw/{n}", [b"x"]) for n, store in enumerate(stores)]
        for put in puts:
            put.result()

    assert [found.key for found in stores[0].list("raw/")] == [f"raw/{n}" for n in range(8)]


def test_a_process_starts_while_the_server_is_away(tmp_path: Path) -> None:
    port = free_port()
    server = ServerProcess(rclone_command(tmp_path, port=port), port=port, log=tmp_path / "log")
    settings = StorageSettings(
        kind="s3",
        endpoint=f"127.0.0.1:{port}",
        access_key=SecretStr(ACCESS_KEY),
        secret_key=SecretStr(SECRET_KEY),
        secure=False,
    )
    store = open_store(settings)
    with pytest.raises(StoreUnavailableError):
        store.exists("raw/a")

    server.start()
    try:
        assert not store.exists("raw/a")
        store.put("raw/a", [b"x"])
        assert store.exists("raw/a")
    finally:
        server.kill()
