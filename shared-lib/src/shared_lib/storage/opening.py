"""From settings to a store."""

from shared_lib.storage.contract import ObjectStore
from shared_lib.storage.file_store import FileStore
from shared_lib.storage.settings import StorageSettings


def open_store(settings: StorageSettings) -> ObjectStore:
    """The store that the settings name.

    Raises:
        ValueError: a folder store without a folder.
    """
    if settings.kind == "file":
        if settings.root is None:
            raise ValueError("FLEET_STORAGE__ROOT is needed for objects in a folder")
        return FileStore(settings.root)
    # The client library is imported only where a bucket is used.
    from shared_lib.storage.minio_store import MinioStore  # noqa: PLC0415

    return MinioStore.connect(settings)
