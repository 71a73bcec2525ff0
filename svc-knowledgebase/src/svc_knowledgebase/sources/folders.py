"""Folders of the fleet that knowledge bases may read, and nothing beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared_lib.contracts.errors import InvalidInputError
from shared_lib.contracts.knowledge import FolderSource
from svc_knowledgebase.settings import SharedFolder

EVERYBODY = "*"


class FolderNotAllowedError(InvalidInputError):
    """No folder of that name may be read by this tenant, or the path leaves it."""

    code = "folder_not_allowed"
    title = "The folder may not be read"


class FolderNotThereError(InvalidInputError):
    """The folder is allowed and is not there."""

    code = "folder_not_there"
    title = "The folder is not there"


@dataclass(frozen=True)
class ObjectPrefix:
    """Objects whose keys begin so; it ends with a slash."""

    prefix: str


class SharedFolders:
    """What `FLEET_FOLDERS` allows."""

    def __init__(self, folders: Mapping[str, SharedFolder]) -> None:
        self._folders = folders

    def place(self, source: FolderSource, *, tenant: str) -> Path | ObjectPrefix:
        """Where the folder is: on this machine, or in the object store.

        Raises:
            FolderNotAllowedError: there is none of that name for this tenant, the path has `..`,
                or a link leads elsewhere.
            FolderNotThereError: there is no such folder.
        """
        allowed = self._folders.get(source.root)
        if allowed is None or not {tenant, EVERYBODY} & set(allowed.tenants):
            raise FolderNotAllowedError(
                f"There is no folder {source.root} that you may read. Whoever runs the fleet "
                "allows folders by FLEET_FOLDERS.",
                field="folder.root",
            )
        parts = source.path.split("/") if source.path else []
        if any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in parts):
            raise FolderNotAllowedError(
                f"{source.path!r} is no path inside {source.root}: give names of folders with "
                "single slashes between them, without `..`.",
                field="folder.path",
            )
        if allowed.path is None:
            return ObjectPrefix("".join([allowed.prefix or "", *(f"{part}/" for part in parts)]))
        top = allowed.path.resolve()
        place = top.joinpath(*parts)
        if not place.is_dir():
            raise FolderNotThereError(
                f"{source.shown()} is no folder. Look for its name, or wait until it is there.",
                field="folder.path",
            )
        if place.resolve() != place:
            raise FolderNotAllowedError(
                f"There is a link in {source.path!r}. Links are not followed: give the path of the "
                "folder that it points at.",
                field="folder.path",
            )
        return place
