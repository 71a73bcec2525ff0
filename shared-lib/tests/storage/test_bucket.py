"""The bucket is made by whoever comes first, however many come at once."""

from concurrent.futures import ThreadPoolExecutor

from pydantic import SecretStr

from shared_lib.storage import open_store
from shared_lib.storage.settings import StorageSettings
from shared_lib.testing.servers.stores import S3Server


def test_several_that_start_at_once_find_one_bucket(rclone_server: S3Server) -> None:
    settings = StorageSettings(
        kind="s3",
        endpoint=rclone_server.endpoint,
        access_key=SecretStr(rclone_server.access_key),
        secret_key=SecretStr(rclone_server.secret_key),
        bucket="made-at-once",
        secure=False,
    )
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: open_store(settings), range(8)))

    stores[0].put("raw/a", [b"x"])
    assert all(store.exists("raw/a") for store in stores)
