"""An embedded build is grouped, by itself and anew on request; each tenant sees its own groups."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from knowledge_service import (
    BASES,
    Knowledge,
    knowledge_settings,
    running_knowledge,
    running_worker,
)
from planted import SUBJECTS, embed

from shared_lib.contracts.groups import ClusterOptions, Taxonomy
from shared_lib.contracts.scopes import ROLE_SCOPES, Role
from shared_lib.embeddings.errors import EmbeddingsOffError
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.storage.keys import knowledge_key
from shared_lib.testing.embeddings import embedding_endpoint
from shared_lib.testing.services import OTHER, TENANT
from shared_lib.testing.waiting import wait_until
from svc_knowledgebase.builds.models import BuildRow
from svc_knowledgebase.builds.service import Builds
from svc_knowledgebase.grouping.group import group_records
from svc_knowledgebase.grouping.jobs import open_model

SIZES = {"pumps": 14, "taxes": 10, "birds": 8}


def files(sizes: dict[str, int]) -> dict[str, bytes]:
    """Documents of one passage each, a folder a subject."""
    random = np.random.default_rng(0)
    return {
        f"all/{subject}/{number}.txt": " ".join(
            [*random.choice(SUBJECTS[subject], size=30), f"number {number}."]
        ).encode()
        for subject, size in sizes.items()
        for number in range(size)
    }


def whole_journey(tmp_path: Path, database_url: str) -> None:
    """By the real jobs, with vectors of an endpoint."""
    with (
        embedding_endpoint() as endpoint,
        running_knowledge(
            knowledge_settings(
                tmp_path,
                database_url=database_url,
                embeddings=endpoint.settings,
                grouping=True,
            )
        ) as knowledge,
    ):
        knowledge.make_base("book")
        described = [
            {"id": name, "label": name, "description": " ".join(SUBJECTS[name])} for name in SIZES
        ]
        body = {"kind": "list", "categories": described}
        early = knowledge.ask("PUT", f"{BASES}/book/taxonomy", json=body)
        assert early.json()["grouping"]["job_id"] is None
        knowledge.land(files(SIZES), dataset="book")
        knowledge.embedded("book")
        grouping = knowledge.get(f"{BASES}/book")["current_build"]["grouping"]
        wait = {"Prefer": "wait=60"}
        ended = knowledge.get(f"/v1/jobs/{grouping['job_id']}", headers=wait)
        assert ended["state"] == "succeeded", ended

        first = knowledge.get(f"{BASES}/book/clusters")
        assert [each["size"] for each in first["clusters"]] == [14, 10, 8]
        assert not first["compared"]
        about = knowledge.get(f"{BASES}/book/categories")
        assert {each["id"]: each["size"] for each in about["categories"]} == SIZES
        columns = [
            {"name": "net_income", "type": "decimal", "samples": ["tax 12", "invoice 3"]},
            {"name": "audit", "samples": ["ledger", "deduction", "receipt"]},
        ]
        given = knowledge.ask("POST", f"{BASES}/book/categorise", json={"columns": columns}).json()
        assert [each["best"][0]["id"] for each in given["items"]] == ["taxes", "taxes"]
        assert given["together"]["best"][0]["id"] == "taxes"
        again = knowledge.ask("PUT", f"{BASES}/book/taxonomy", json={}).json()["grouping"]
        assert again["job_id"] not in (None, grouping["job_id"])
        knowledge.ask("DELETE", f"/v1/jobs/{again['job_id']}")


def test_a_build_is_embedded_and_grouped(
    tmp_path: Path, create_database: Callable[[str], str]
) -> None:
    whole_journey(tmp_path, create_database("postgresql"))


@pytest.mark.long
def test_a_build_is_embedded_and_grouped_on_sqlite(tmp_path: Path) -> None:
    whole_journey(tmp_path, "")


def grouped(
    knowledge: Knowledge, base: str, folder: Path, *, tenant: str = TENANT, **options: Any
) -> None:
    """What the job does, in this process: its own way of starting is tested above."""
    with knowledge.runtime.database.read() as view:
        row = view.session.get_one(BuildRow, knowledge.built(base, tenant=tenant)["id"])
        build_id, job_id, base_id = row.id, row.job_id, row.base_id
    lines = knowledge.ask("GET", f"{BASES}/{base}/download", tenant=tenant).text.splitlines()
    records = [orjson.loads(line) for line in lines]
    folder.mkdir(exist_ok=True)
    vectors = embed([each["text"] for each in records])
    made = group_records(folder, records, vectors, embed=embed, **options)
    stored = {
        name: knowledge.runtime.store.put_file(
            knowledge_key(tenant, base_id, f"{folder.name}-1", name), place
        )
        for name, place in made.files.items()
    }
    with knowledge.runtime.database.write() as unit:
        unit.session.get_one(BuildRow, build_id).group_job_id = job_id
        Builds(knowledge.runtime).publish_groups(
            unit, build_id=build_id, job_id=job_id, objects=stored
        )


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowledge]:
    """A service with a grouped base `book`."""
    folder = tmp_path_factory.mktemp("grouped")
    with running_knowledge(knowledge_settings(folder)) as running:
        running.make_base("book")
        running.land(files(SIZES), dataset="book")
        grouped(running, "book", folder / "first")
        yield running


def test_clusters_their_records_and_their_map(knowledge: Knowledge) -> None:
    found = knowledge.get(f"{BASES}/book/clusters")
    for cluster, subject in zip(found["clusters"], SIZES, strict=True):
        assert set(cluster["label"].replace(",", "").split()) <= set(SUBJECTS[subject])
        records = knowledge.get(f"{BASES}/book/records", params={"cluster": cluster["id"]})["items"]
        assert {each["subfolders"][1] for each in records} == {subject}
    places = knowledge.get(f"{BASES}/book/clusters/map")
    assert (places["records"], places["drawn"]) == (32, 32)
    sizes = {each["id"]: each["size"] for each in found["clusters"]}
    assert {name: len(points) for name, points in places["points"].items()} == sizes
    assert [each["id"] for each in knowledge.get(f"{BASES}/book/categories")["categories"]] == [
        "all/birds",
        "all/pumps",
        "all/taxes",
    ]


def test_search_is_narrowed_and_counted_by_group(knowledge: Knowledge) -> None:
    path = f"{BASES}/book/search"
    whole = knowledge.get(path, params={"q": "number"})
    clusters = {each["value"]: each for each in whole["facets"]["cluster"]}
    assert {name: each["count"] for name, each in clusters.items()} == {
        "c1": 14, "c2": 10, "c3": 8,
    }  # fmt: skip
    label = knowledge.get(f"{BASES}/book/clusters")["clusters"][0]["label"]
    assert clusters["c1"]["label"] == label
    assert {each["value"]: each["label"] for each in whole["facets"]["category"]} == {
        "all/pumps": "pumps", "all/taxes": "taxes", "all/birds": "birds",
    }  # fmt: skip
    for narrowed in ({"cluster": "c3"}, {"category": "all/birds"}):
        some = knowledge.get(path, params={"q": "number", **narrowed})
        assert some["total"] == 8
        assert {hit["record"]["subfolders"][1] for hit in some["hits"]} == {"birds"}
    record = whole["hits"][0]["record"]
    groups = knowledge.get(f"{BASES}/book/records/{record['id']}/groups")
    assert groups["category"]["id"] == record["folder"]
    assert groups["cluster"]["label"] == clusters[groups["cluster"]["id"]]["label"]


def test_records_are_paged(knowledge: Knowledge) -> None:
    path = f"{BASES}/book/records"
    first = knowledge.get(path, params={"limit": 20})
    rest = knowledge.get(path, params={"limit": 20, "cursor": first["next"]})
    ids = [each["id"] for each in [*first["items"], *rest["items"]]]
    assert ids == [record.id for record in knowledge.records("book")]
    assert rest["next"] is None
    assert knowledge.get(path, params={"category": ""})["items"] == []


def test_what_is_not_there_is_said(knowledge: Knowledge) -> None:
    for end in ("records?cluster=c9", "records?category=x"):
        missing = knowledge.ask("GET", f"{BASES}/book/{end}")
        assert (missing.status_code, missing.json()["code"]) == (404, "group_not_found")
    assert knowledge.ask("GET", f"{BASES}/book/records/kr_none/groups").status_code == 404
    unnamed = knowledge.ask("POST", f"{BASES}/book/categorise", json={"texts": ["pump"]})
    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "not_embedded")
    for wrong in ({}, {"texts": ["a"], "columns": [{"name": "b"}]}):
        assert knowledge.ask("POST", f"{BASES}/book/categorise", json=wrong).status_code == 422


def test_a_choice_is_kept_for_the_builds_to_come(knowledge: Knowledge) -> None:
    knowledge.make_base("kept", follow=False)
    early = knowledge.ask("PUT", f"{BASES}/kept/taxonomy", json={"depth": 2})
    assert early.json()["grouping"] == {"job_id": None, "state": None, "error": None}
    asked = knowledge.ask("PUT", f"{BASES}/kept/clusters", json={"clusters": 7})
    assert asked.json()["options"]["clusters"] == 7
    assert knowledge.get(f"{BASES}/kept/taxonomy")["taxonomy"]["depth"] == 2
    unbuilt = knowledge.ask("GET", f"{BASES}/kept/clusters")
    assert (unbuilt.status_code, unbuilt.json()["code"]) == (409, "not_built_yet")


def test_another_tenant_sees_no_group(knowledge: Knowledge, tmp_path: Path) -> None:
    mine = knowledge.get(f"{BASES}/book")
    knowledge.make_base("book", tenant=OTHER)
    knowledge.land(files({"ships": 9, "music": 8}), dataset="book", tenant=OTHER)
    knowledge.built("book", tenant=OTHER)
    early = knowledge.ask("GET", f"{BASES}/book/clusters", tenant=OTHER)
    assert (early.status_code, early.json()["code"]) == (409, "not_grouped")
    assert "make no embeddings" in early.json()["detail"]
    narrowed = knowledge.ask("GET", f"{BASES}/book/search?q=ship&cluster=c1", tenant=OTHER)
    assert (narrowed.status_code, narrowed.json()["code"]) == (409, "not_grouped")
    grouped(
        knowledge, "book", tmp_path / "theirs", tenant=OTHER, options=ClusterOptions(clusters=2)
    )

    record = knowledge.get(f"{BASES}/book/records")["items"][0]["id"]
    for end in ("clusters", "clusters/map", "categories", "taxonomy", "records",
                f"records/{record}/groups"):  # fmt: skip
        path = f"{BASES}/{mine['id']}/{end}"
        assert knowledge.ask("GET", path, tenant=OTHER).status_code == 404, path
    for end, body in (("taxonomy", {}), ("clusters", {}), ("categorise", {"texts": ["pump"]})):
        method = "POST" if end == "categorise" else "PUT"
        path = f"{BASES}/{mine['id']}/{end}"
        assert knowledge.ask(method, path, json=body, tenant=OTHER).status_code == 404, path
    # The name is theirs too, and means their own groups, made of their own records.
    theirs = knowledge.get(f"{BASES}/book/clusters", tenant=OTHER)
    words = {word for each in theirs["clusters"] for word in each["label"].replace(",", "").split()}
    assert words <= {*SUBJECTS["ships"], *SUBJECTS["music"]}
    stolen = f"{BASES}/book/records/{record}/groups"
    assert knowledge.ask("GET", stolen, tenant=OTHER).status_code == 404
    viewer = knowledge.identities.headers(TENANT, scopes=ROLE_SCOPES[Role.VIEWER])
    refused = knowledge.http.put(f"{BASES}/book/taxonomy", json={}, headers=viewer)
    assert refused.status_code == 403


def test_groups_take_the_place_of_those_before(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.make_base("again")
    knowledge.land(files({"pumps": 9, "taxes": 9}), dataset="again")
    grouped(knowledge, "again", tmp_path / "one")
    grouped(knowledge, "again", tmp_path / "two", taxonomy=Taxonomy(depth=1))
    without = knowledge.ask("GET", f"{BASES}/again/categories")
    assert (without.status_code, without.json()["code"]) == (409, "not_grouped")
    assert "fleet kb taxonomy again FILE" in without.json()["detail"]
    assert len(knowledge.get(f"{BASES}/again/clusters")["clusters"]) == 2


def test_a_grouping_that_is_cut_off_ends_once(tmp_path: Path) -> None:
    mark = tmp_path / "crashed"
    with embedding_endpoint() as endpoint:
        settings = knowledge_settings(tmp_path, embeddings=endpoint.settings, grouping=True)
        stopped = {
            "FLEET_CRASH_AT": "knowledgebase.grouping.object_put",
            "FLEET_CRASH_MARK": str(mark),
        }
        with (
            running_knowledge(settings, supervised=False) as knowledge,
            running_worker(settings, **stopped),
        ):
            knowledge.make_base("book")
            knowledge.land(files(SIZES), dataset="book")
            knowledge.embedded("book")
            wait_until(mark.exists, timeout_s=60, what="the crash")
            grouping = knowledge.get(f"{BASES}/book")["current_build"]["grouping"]
            wait = {"Prefer": "wait=60"}
            job = knowledge.get(f"/v1/jobs/{grouping['job_id']}", headers=wait)

            assert (job["state"], job["attempts"]) == ("succeeded", 2)
            found = knowledge.get(f"{BASES}/book/clusters")["clusters"]
            assert sum(each["size"] for each in found) <= sum(SIZES.values())

            def written() -> int:
                return sum(key.endswith("clusters.json") for key in knowledge.objects())

            wait_until(lambda: written() == 1, what="the sweep")


def test_names_are_never_embedded_by_another_model(tmp_path: Path) -> None:
    settings = knowledge_settings(tmp_path, embeddings=EmbeddingSettings())
    context: Any = SimpleNamespace(runtime=SimpleNamespace(settings=settings))
    with pytest.raises(EmbeddingsOffError, match="embedded by another, the fleet now uses all-Min"):
        open_model(context, made_by="another")
