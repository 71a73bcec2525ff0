"""A base of a folder reads what its tenant may, and nothing beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from knowledge_service import BASES, Knowledge, knowledge_settings, running_knowledge

from shared_lib.contracts.knowledge import FolderSource
from shared_lib.testing.services import OTHER, TENANT
from svc_knowledgebase.settings import SharedFolder
from svc_knowledgebase.sources.folders import (
    FolderNotAllowedError,
    FolderNotThereError,
    SharedFolders,
)


@pytest.fixture
def manuals(tmp_path: Path) -> Path:
    """A folder, a link in it that leaves it, and a neighbour whose name begins like its own."""
    root = tmp_path / "manuals"
    (root / "pumps" / "2025").mkdir(parents=True)
    (root / "pumps" / "2025" / "guide.md").write_text("# Pump\n\nTurn the red wheel.\n")
    (root / "readme.txt").write_text("About all the manuals.")
    (tmp_path / "manuals-secret").mkdir()
    (tmp_path / "manuals-secret" / "keys.txt").write_text("Nobody may read this.")
    (root / "away").symlink_to(tmp_path / "manuals-secret")
    (root / "keys.txt").symlink_to(tmp_path / "manuals-secret" / "keys.txt")
    return root


def test_an_allowed_folder_is_where_it_is(manuals: Path) -> None:
    folders = SharedFolders({"m": SharedFolder(path=manuals, tenants=["*"])})
    assert folders.place(FolderSource(root="m"), tenant=OTHER) == manuals.resolve()
    below = folders.place(FolderSource(root="m", path="pumps/2025"), tenant=TENANT)
    assert below == manuals.resolve() / "pumps" / "2025"


@pytest.mark.parametrize(
    ("root", "path", "tenant"),
    [
        ("m", "..", TENANT),
        ("m", "../manuals-secret", TENANT),
        ("m", "pumps/../../manuals-secret", TENANT),
        ("m", "/etc", TENANT),
        ("m", "pumps//2025", TENANT),
        ("m", "./pumps", TENANT),
        ("m", "pumps\\..\\..", TENANT),
        ("m", "pumps\0", TENANT),
        ("m", "away", TENANT),
        ("m", "", OTHER),
        ("other", "", TENANT),
    ],
)
def test_what_is_not_allowed(manuals: Path, root: str, path: str, tenant: str) -> None:
    folders = SharedFolders({"m": SharedFolder(path=manuals, tenants=[TENANT])})
    with pytest.raises(FolderNotAllowedError):
        folders.place(FolderSource(root=root, path=path), tenant=tenant)
    with pytest.raises(FolderNotThereError):
        folders.place(FolderSource(root="m", path="readme.txt"), tenant=TENANT)


@pytest.fixture
def knowledge_of_folders(tmp_path: Path, manuals: Path) -> Iterator[Knowledge]:
    """A service that lets one tenant read the manuals."""
    settings = knowledge_settings(tmp_path / "fleet")
    settings.folders["m"] = SharedFolder(path=manuals, tenants=[TENANT])
    settings.folders["o"] = SharedFolder(prefix="imports/team/", tenants=[TENANT])
    with running_knowledge(settings) as knowledge:
        yield knowledge


def test_a_folder_becomes_a_base(knowledge_of_folders: Knowledge, manuals: Path) -> None:
    service = knowledge_of_folders
    body = {"name": "manuals", "folder": {"root": "m"}}
    made = service.ask("POST", BASES, json=body).json()
    assert (made["dataset"], made["folder"]) == ("folder:m", {"root": "m", "path": ""})
    tree = service.get(f"{BASES}/manuals/tree", params={"include": ["*.md"]})
    assert [(each["path"], each["files"], each["selected_files"]) for each in tree["folders"]] == [
        ("", 4, 1), ("pumps", 1, 1), ("pumps/2025", 1, 1),
    ]  # fmt: skip
    assert tree["version_id"] is None
    service.ask("POST", f"{BASES}/manuals/builds", json={})
    build = service.built("manuals")
    assert (build["state"], build["version_number"], build["flow_id"]) == ("succeeded", 1, None)
    unread = service.get(f"{BASES}/manuals/documents", params={"fate": "skipped"})["items"]
    assert [(each["path"], each["code"]) for each in unread] == [
        ("away", "link"), ("keys.txt", "link"),
    ]  # fmt: skip
    assert {record.path for record in service.records("manuals")} == {
        "pumps/2025/guide.md", "readme.txt",
    }  # fmt: skip

    (manuals / "pumps" / "2025" / "guide.md").write_text("# Pump\n\nTurn the blue wheel.\n")
    service.ask("POST", f"{BASES}/manuals/builds", json={})
    again = service.built("manuals")
    assert again["changes"]["changed"] == ["pumps/2025/guide.md"]
    assert (again["changes"]["parsed_now"], again["version_number"]) == (1, 2)
    assert service.found("manuals", "blue") == ["pumps/2025/guide.md"]


def test_a_folder_that_may_not_be_read(knowledge_of_folders: Knowledge) -> None:
    service = knowledge_of_folders
    for folder, tenant in (
        ({"root": "m"}, OTHER),
        ({"root": "m", "path": "../manuals-secret"}, TENANT),
    ):
        body = {"name": "theirs", "folder": folder}
        refused = service.ask("POST", BASES, json=body, tenant=tenant)
        assert (refused.status_code, refused.json()["code"]) == (422, "folder_not_allowed")
    both = {"name": "both", "dataset": "d", "folder": {"root": "m"}}
    assert service.ask("POST", BASES, json=both).status_code == 422
    service.ask("POST", BASES, json={"name": "mine", "folder": {"root": "m"}})
    version = service.ask("POST", f"{BASES}/mine/builds", json={"version": "dv_1"})
    assert (version.status_code, version.json()["field"]) == (422, "version")
    hidden = service.ask("GET", f"{BASES}/mine/tree", tenant=OTHER)
    assert hidden.status_code == 404


def test_objects_of_a_prefix_become_a_base(knowledge_of_folders: Knowledge) -> None:
    service, store = knowledge_of_folders, knowledge_of_folders.runtime.store
    store.put("imports/team/a/guide.md", [b"# Pump\n\nTurn the red wheel.\n"])
    store.put("imports/team/a/note.txt", [b"A short note."])
    store.put("imports/team-secret/keys.txt", [b"Nobody may read this."])
    body = {"name": "objects", "folder": {"root": "o"}}
    assert service.ask("POST", BASES, json=body).json()["dataset"] == "folder:o"
    tree = service.get(f"{BASES}/objects/tree", params={"include": ["*.md"]})
    assert [(each["path"], each["files"], each["selected_files"]) for each in tree["folders"]] == [
        ("", 2, 1), ("a", 2, 1),
    ]  # fmt: skip
    service.ask("POST", f"{BASES}/objects/builds", json={})
    assert service.built("objects")["counts"]["parsed"] == 2
    assert {record.path for record in service.records("objects")} == {"a/guide.md", "a/note.txt"}
    other = service.ask("POST", BASES, json=body, tenant=OTHER)
    assert (other.status_code, other.json()["code"]) == (422, "folder_not_allowed")


@pytest.mark.parametrize("prefix", ["", "raw/", "imports", "imports/../raw/", "knowledge/t/"])
def test_a_prefix_keeps_to_what_others_imported(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        SharedFolder(prefix=prefix, tenants=["*"])
