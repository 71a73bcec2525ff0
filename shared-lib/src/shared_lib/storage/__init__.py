"""Where bytes live: one contract, a folder on one machine or any S3 for a fleet."""

from shared_lib.storage.contract import ObjectStore, ObjectWriter, StoredObject
from shared_lib.storage.file_store import FileStore
from shared_lib.storage.opening import open_store
from shared_lib.storage.settings import StorageSettings

__all__ = [
    "FileStore",
    "ObjectStore",
    "ObjectWriter",
    "StorageSettings",
    "StoredObject",
    "open_store",
]
