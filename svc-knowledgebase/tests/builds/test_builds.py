"""A landed folder becomes a base once; the next version costs only what is new in it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import made_documents as made
import pytest
from knowledge_service import (
    BASES,
    Knowledge,
    knowledge_settings,
    running_knowledge,
    running_worker,
)

from shared_lib.contracts.scopes import ROLE_SCOPES, Role
from shared_lib.testing.services import OTHER, TENANT
from shared_lib.testing.waiting import wait_until
from svc_knowledgebase.embedding.models import VectorShardRow

FILES = {
    "pumps/guide.docx": made.word(),
    "pumps/2025/list.csv": b"part,mass\nbolt,12\n",
    "readme.md": b"# Read me\n\nAbout all the pumps.\n",
    "pumps/photo.png": b"\x89PNG\r\n\x1a\n\0",
    "old/notes.txt": b"Old notes.",
}


def test_a_landed_folder_becomes_a_base(knowledge: Knowledge) -> None:
    base = knowledge.make_base("manuals", selection={"exclude": ["old/"]})
    version = knowledge.land(FILES, dataset="manuals")
    build = knowledge.built("manuals")

    assert (build["state"], build["number"], build["error"]) == ("succeeded", 1, None)
    counts = build["counts"]
    assert (counts["found"], counts["parsed"], counts["skipped"]) == (4, 3, 1)
    assert counts["excluded"] == 1
    records = knowledge.records("manuals")
    assert len(records) == counts["records"]
    assert {record.path: record.sha256 for record in records} == {
        path: hashlib.sha256(FILES[path]).hexdigest()
        for path in ("pumps/guide.docx", "pumps/2025/list.csv", "readme.md")
    }
    (asked,) = knowledge.events("builds.requested")
    assert [each["build_id"] for each in asked["payload"]["builds"]] == [build["id"]]
    (told,) = knowledge.events("knowledge_base.built")
    assert told["flow_id"] == asked["flow_id"] == build["flow_id"]
    assert told["payload"]["version_id"] == version.version_id
    assert (told["payload"]["base_id"], told["payload"]["added"]) == (base["id"], 4)
    assert knowledge.get(f"{BASES}/{base['id']}")["current_build"]["id"] == build["id"]
    log = knowledge.get(f"/v1/jobs/{build['job_id']}")
    assert log["progress"]["unit"] == "documents"
    unread = knowledge.get(f"{BASES}/manuals/documents", params={"fate": "skipped"})["items"]
    assert [(each["path"], each["code"]) for each in unread] == [
        ("pumps/photo.png", "unknown_format")
    ]


def test_the_next_version_parses_only_what_is_new(knowledge: Knowledge) -> None:
    knowledge.make_base("manuals")
    knowledge.land(FILES, dataset="manuals")
    knowledge.built("manuals")
    before = {record.id for record in knowledge.records("manuals")}
    changed = dict(FILES) | {"readme.md": b"# Read me\n\nNow of valves.\n"}
    changed["archive/list.csv"] = changed.pop("pumps/2025/list.csv")
    del changed["old/notes.txt"]
    knowledge.land(changed, dataset="manuals", number=2)
    build = knowledge.built("manuals")

    assert build["changes"] == {
        "added": [],
        "changed": ["readme.md"],
        "moved": [["pumps/2025/list.csv", "archive/list.csv"]],
        "deleted": ["old/notes.txt"],
        "parsed_now": 1,
    }
    records = knowledge.records("manuals")
    of_guide = {record.id for record in records if record.path == "pumps/guide.docx"}
    assert of_guide
    assert of_guide <= before
    knowledge.land(changed, dataset="manuals", number=3)
    again = knowledge.built("manuals")
    assert again["changes"]["parsed_now"] == 0
    assert knowledge.records("manuals") == records


def test_objects_that_no_build_needs_are_swept(knowledge: Knowledge) -> None:
    knowledge.make_base("manuals")
    for number in (1, 2, 3):
        text = f"The text of version {number}.".encode()
        knowledge.land({"a.txt": text}, dataset="manuals", number=number)
        knowledge.built("manuals")
    # The build that is read and the one before it, five objects each; one batch of parsed text.
    wait_until(lambda: len(knowledge.objects()) == 11, what="the sweep")
    assert knowledge.found("manuals", "version") == ["a.txt"]


def test_a_deleted_base_leaves_nothing(knowledge: Knowledge) -> None:
    """Of two bases one goes, with its rows, objects and graph; the name is free again."""
    for name in ("gone", "kept"):
        knowledge.ask("POST", BASES, json={"name": name, "dataset": "manuals"})
    knowledge.land({"a.txt": b"words"}, dataset="manuals")
    for name in ("gone", "kept"):
        knowledge.built(name)
    path = f"{BASES}/gone"
    assert knowledge.get(f"{path}/graph")["counts"]["Record"] == 1
    with knowledge.runtime.database.write() as unit:
        base_id = knowledge.get(path)["id"]
        unit.session.add(
            VectorShardRow(vectors_key="v", digests_key="d", base_id=base_id, model="of a test")
        )
    told = knowledge.ask("DELETE", path, params={"dry_run": True}).json()
    assert (told["builds"], told["dry_run"]) == (1, True)
    assert told["bytes"] > 0
    assert knowledge.get(path)["id"] == told["id"]
    assert knowledge.ask("DELETE", path, tenant=OTHER).status_code == 404

    assert knowledge.ask("DELETE", path).json() == told | {"dry_run": False}
    for method, end in (("GET", ""), ("GET", "/builds"), ("DELETE", "")):
        assert knowledge.ask(method, f"{path}{end}").status_code == 404
    wait_until(lambda: not knowledge.objects_of(told["id"]), what="the sweep")
    assert knowledge.found("kept", "words") == ["a.txt"]
    again = knowledge.ask("POST", BASES, json={"name": "gone", "dataset": "manuals"})
    assert again.status_code == 201


def test_a_build_whose_base_is_deleted_ends(tmp_path: Path) -> None:
    """Its child was stopped with objects in the store: nothing is published, all is swept."""
    mark, settings = tmp_path / "crashed", knowledge_settings(tmp_path)
    stopped = {"FLEET_CRASH_AT": "knowledgebase.build.object_put", "FLEET_CRASH_MARK": str(mark)}
    with (
        running_knowledge(settings, supervised=False) as knowledge,
        running_worker(settings, **stopped),
    ):
        base = knowledge.make_base("manuals")
        knowledge.land({"a.txt": b"words"}, dataset="manuals")
        wait_until(mark.exists, timeout_s=30, what="a build in the middle of its end")
        (build,) = knowledge.get(f"{BASES}/manuals/builds")["items"]
        assert knowledge.ask("DELETE", f"{BASES}/manuals").status_code == 200
        ended = knowledge.get(f"/v1/jobs/{build['job_id']}", headers={"Prefer": "wait=60"})
        assert ended["state"] == "cancelled", ended
        wait_until(lambda: not knowledge.objects_of(base["id"]), what="the sweep")
        assert knowledge.events("knowledge_base.built") == []


def test_an_event_that_comes_twice_builds_once(light_knowledge: Knowledge) -> None:
    light_knowledge.make_base("twice")
    version = light_knowledge.land({"a.txt": b"words"}, dataset="twice", event_id="ev_twice")
    assert light_knowledge.tell(version, event_id="ev_twice").status_code == 200
    light_knowledge.built("twice")
    assert len(light_knowledge.get(f"{BASES}/twice/builds")["items"]) == 1


def test_a_dataset_that_no_base_follows_is_told_of(light_knowledge: Knowledge) -> None:
    version = light_knowledge.land({"a.txt": b"words"}, dataset="lonely")
    (told,) = [
        event["payload"]
        for event in light_knowledge.events("builds.requested")
        if event["payload"]["version_id"] == version.version_id
    ]
    assert told["builds"] == []


def test_a_build_on_request_keeps_what_it_is_given(light_knowledge: Knowledge) -> None:
    light_knowledge.make_base("asked", follow=False)
    path = f"{BASES}/asked/builds"
    nothing = light_knowledge.ask("POST", path, json={})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_landed")
    early = light_knowledge.ask("GET", f"{BASES}/asked/search", params={"q": "x"})
    assert (early.status_code, early.json()["code"]) == (409, "not_built_yet")

    light_knowledge.land(FILES, dataset="asked")
    body = {"selection": {"include": ["*.csv"]}, "options": {"rows": "each"}}
    headers = {"Idempotency-Key": "once"}
    first, second = (
        light_knowledge.ask("POST", path, json=body, headers=headers) for _ in range(2)
    )
    assert first.status_code == 202
    assert first.headers["location"] == f"/v1/jobs/{first.json()['job_id']}"
    assert second.json()["id"] == first.json()["id"]
    assert light_knowledge.built("asked")["counts"]["parsed"] == 1
    kept = light_knowledge.get(f"{BASES}/asked")
    assert kept["selection"]["include"] == ["*.csv"]
    assert kept["options"]["rows"] == "each"


def test_the_tree_says_what_would_be_read(light_knowledge: Knowledge) -> None:
    light_knowledge.make_base("tree", follow=False, selection={"include": ["*.csv"]})
    light_knowledge.land(FILES, dataset="tree")
    tree = light_knowledge.get(f"{BASES}/tree/tree")
    counts = {each["path"]: (each["files"], each["selected_files"]) for each in tree["folders"]}
    assert counts == {"": (5, 1), "old": (1, 0), "pumps": (3, 1), "pumps/2025": (1, 1)}
    other = light_knowledge.get(f"{BASES}/tree/tree", params={"include": ["*.md", "old/"]})
    assert other["folders"][0]["selected_files"] == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "x"}, 422),
        ({"name": "../x", "dataset": "x"}, 422),
        ({"name": "x", "dataset": "x", "selection": {"include": ["!"]}}, 422),
        ({"name": "x", "dataset": "x", "options": {"record_characters": 1}}, 422),
        ({"name": "taken", "dataset": "x"}, 409),
    ],
)
def test_a_wrong_base(light_knowledge: Knowledge, body: dict[str, object], code: int) -> None:
    light_knowledge.ask("POST", BASES, json={"name": "taken", "dataset": "t"})
    assert light_knowledge.ask("POST", BASES, json=body).status_code == code


def test_another_tenant_sees_nothing(light_knowledge: Knowledge) -> None:
    mine = light_knowledge.make_base("mine")
    light_knowledge.land({"a.txt": b"A secret of ours about valves."}, dataset="mine")
    light_knowledge.built("mine")
    (record,) = light_knowledge.records("mine")
    theirs = light_knowledge.make_base("mine", tenant=OTHER)
    light_knowledge.land({"b.txt": b"Something about valves."}, dataset="mine", tenant=OTHER)
    light_knowledge.built("mine", tenant=OTHER)

    assert light_knowledge.get(BASES, tenant=OTHER)["items"][0]["id"] == theirs["id"]
    for end in ("", "/builds", "/tree", "/search?q=valves", "/documents", "/download",
                f"/records/{record.id}", f"/records/{record.id}/similar", "/graph",
                "/graph/export?format=json"):  # fmt: skip
        path = f"{BASES}/{mine['id']}{end}"
        assert light_knowledge.ask("GET", path, tenant=OTHER).status_code == 404, path
    question = {"cypher": "MATCH (r:Record) RETURN r.text"}
    asked = light_knowledge.ask(
        "POST", f"{BASES}/{mine['id']}/graph/query", json=question, tenant=OTHER
    )
    assert asked.status_code == 404
    # The name is theirs too, and means their own base.
    hits = light_knowledge.get(f"{BASES}/mine/search", params={"q": "valves"}, tenant=OTHER)
    assert [hit["record"]["path"] for hit in hits["hits"]] == ["b.txt"]
    similar = f"{BASES}/mine/records/{record.id}/similar"
    assert light_knowledge.ask("GET", similar, tenant=OTHER).status_code == 404
    stolen = light_knowledge.get(f"{BASES}/{mine['id']}/builds")["items"][0]["version_id"]
    refused = light_knowledge.ask(
        "POST", f"{BASES}/mine/builds", json={"version": stolen}, tenant=OTHER
    )
    assert refused.status_code == 409
    viewer = light_knowledge.identities.headers(TENANT, scopes=ROLE_SCOPES[Role.VIEWER])
    assert light_knowledge.http.post(BASES, json={}, headers=viewer).status_code == 403


POINTS = (
    "knowledgebase.batch.object_put",
    "knowledgebase.batch.committed",
    "knowledgebase.build.object_put",
    "jobs.publish.before_commit",
    "jobs.publish.committed",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_build_that_is_cut_off_ends_once(point: str, tmp_path: Path) -> None:
    """The job's child is stopped at each durable step; another goes on from the last batch."""
    mark, settings = tmp_path / "crashed", knowledge_settings(tmp_path)
    stopped = {"FLEET_CRASH_AT": point, "FLEET_CRASH_MARK": str(mark)}
    with (
        running_knowledge(settings, supervised=False) as knowledge,
        running_worker(settings, **stopped),
    ):
        knowledge.make_base("manuals")
        knowledge.land(FILES, dataset="manuals")
        wait_until(mark.exists, timeout_s=30, what=f"the crash at {point}")
        build = knowledge.built("manuals")

        assert build["state"] == "succeeded"
        anew = point in ("knowledgebase.batch.object_put", "jobs.publish.committed")
        assert build["changes"]["parsed_now"] == (5 if anew else 0)
        records = knowledge.records("manuals")
        assert len({record.id for record in records}) == len(records) == build["counts"]["records"]
        assert len(knowledge.events("knowledge_base.built")) == 1
        wait_until(lambda: len(knowledge.objects()) == 6, what="the sweep")


def test_the_api_loads_no_parser() -> None:
    program = (
        "import sys, svc_knowledgebase.app\n"
        "heavy = {'polars', 'pypdfium2', 'python_calamine', 'selectolax', 'pyoxigraph', 'rensa',"
        " 'fasttext', 'striprtf', 'ladybug', 'neo4j', 'pyarrow'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert ended.returncode == 0, ended.stderr
