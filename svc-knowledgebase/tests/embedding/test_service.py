"""A build is searched by words at once and by meaning soon after; what is known stays known."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from knowledge_service import (
    BASES,
    Knowledge,
    knowledge_settings,
    running_knowledge,
    running_worker,
)

from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.testing.embeddings import Endpoint, embedding_endpoint
from shared_lib.testing.services import OTHER
from shared_lib.testing.waiting import wait_until

FILES = {
    "care/pump.md": b"# Pump\n\nResetting the valves of a pump takes a minute.",
    "care/fan.md": b"# Fan\n\nThe fan starts again by itself.",
    "office/lunch.txt": b"Soup is served at noon.",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with embedding_endpoint() as running:
        yield running


@pytest.fixture
def embedding(tmp_path: Path, database_url: str, endpoint: Endpoint) -> Iterator[Knowledge]:
    """The service with an endpoint that makes vectors, on SQLite, then on PostgreSQL."""
    settings = knowledge_settings(tmp_path, database_url=database_url, embeddings=endpoint.settings)
    endpoint.texts.clear()
    with running_knowledge(settings) as running:
        yield running


def test_words_first_then_meanings_and_only_what_is_new_is_embedded(
    embedding: Knowledge, endpoint: Endpoint
) -> None:
    embedding.make_base("manuals")
    embedding.land(FILES, dataset="manuals")
    build = embedding.embedded("manuals")

    facts = build["embedding"]["facts"]
    assert (facts["model"], facts["records"]) == ("127.0.0.1/letters", 3)
    assert (facts["embedded_now"], facts["reused"]) == (3, 0)
    (told,) = embedding.events("knowledge_base.built")
    assert told["payload"]["embed_job_id"] == build["embedding"]["job_id"]

    # No word of the question is in the text as it stands; its letters are near.
    question = {"q": "resets valve", "limit": 1}
    answer = embedding.get(f"{BASES}/manuals/search", params=question)
    assert (answer["mode"], answer["note"]) == ("hybrid", None)
    (hit,) = answer["hits"]
    assert hit["record"]["path"] == "care/pump.md"
    assert hit["found_by"] == ["words", "meaning"]
    assert hit["similarity"] > 0.4
    strange = embedding.get(f"{BASES}/manuals/search", params={"q": "rezetting valvez"})
    assert strange["hits"][0]["record"]["path"] == "care/pump.md"
    assert strange["hits"][0]["found_by"] == ["meaning"]
    assert strange["total"] == 3
    assert {each["value"] for each in strange["facets"]["folder"]} == {"care", "office"}
    words = embedding.get(f"{BASES}/manuals/search", params={"q": "rezetting", "mode": "keyword"})
    assert (words["mode"], words["hits"], words["note"]) == ("keyword", [], None)
    only = embedding.get(f"{BASES}/manuals/search", params={"q": "valvez", "folder": "office"})
    assert [each["record"]["path"] for each in only["hits"]] == ["office/lunch.txt"]
    phrase = embedding.get(f"{BASES}/manuals/search", params={"q": '"by itself" soup'})
    assert [each["record"]["path"] for each in phrase["hits"]] == ["care/fan.md"]
    similar = f"{BASES}/manuals/records/{hit['record']['id']}/similar"
    assert embedding.get(similar)["mode"] == "meaning"
    assert hit["record"]["id"] not in str(embedding.get(similar)["hits"])

    endpoint.texts.clear()
    embedding.land(
        FILES | {"care/fan.md": b"# Fan\n\nIt never starts."}, dataset="manuals", number=2
    )
    facts = embedding.embedded("manuals")["embedding"]["facts"]
    assert (facts["embedded_now"], facts["reused"]) == (1, 2)
    assert endpoint.texts == ["Fan\nFan\nFan\n\nIt never starts."]


def test_vectors_of_tenants_never_meet(embedding: Knowledge) -> None:
    for tenant, text in (("tn_a", b"Valves of ours."), (OTHER, b"Valves of theirs.")):
        embedding.make_base("mine", tenant=tenant)
        embedding.land({"a.txt": text}, dataset="mine", tenant=tenant)
        embedding.embedded("mine", tenant=tenant)
    for tenant, text in (("tn_a", "Valves of ours."), (OTHER, "Valves of theirs.")):
        found = embedding.get(f"{BASES}/mine/search", params={"q": "theirs ours"}, tenant=tenant)
        assert [hit["record"]["text"] for hit in found["hits"]] == [text]
        record = found["hits"][0]["record"]["id"]
        similar = embedding.get(f"{BASES}/mine/records/{record}/similar", tenant=tenant)
        assert similar["hits"] == []


def test_without_embeddings_it_says_so(light_knowledge: Knowledge) -> None:
    light_knowledge.make_base("plain")
    light_knowledge.land(FILES, dataset="plain")
    assert light_knowledge.built("plain")["embedding"] is None
    answer = light_knowledge.get(f"{BASES}/plain/search", params={"q": "soup"})
    assert answer["mode"] == "keyword"
    assert "no embeddings" in answer["note"]
    refused = light_knowledge.ask("GET", f"{BASES}/plain/search?q=soup&mode=meaning")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_embedded")


POINTS = (
    "knowledgebase.embedded.object_put",
    "knowledgebase.embedded.committed",
    "knowledgebase.embedding.object_put",
)


@pytest.mark.parametrize("point", POINTS)
def test_an_embedding_that_is_cut_off_ends_once(
    point: str, tmp_path: Path, endpoint: Endpoint
) -> None:
    mark, settings = (
        tmp_path / "crashed",
        knowledge_settings(tmp_path, embeddings=endpoint.settings),
    )
    endpoint.texts.clear()
    with (
        running_knowledge(settings, supervised=False) as knowledge,
        running_worker(settings, FLEET_CRASH_AT=point, FLEET_CRASH_MARK=str(mark)),
    ):
        knowledge.make_base("manuals")
        knowledge.land(FILES, dataset="manuals")
        wait_until(mark.exists, timeout_s=30, what=f"the crash at {point}")
        facts = knowledge.embedded("manuals")["embedding"]["facts"]

        again = point == "knowledgebase.embedded.object_put"
        assert facts["embedded_now"] + facts["reused"] == facts["records"] == 3
        assert facts["reused"] == (0 if again else 3)
        assert len(endpoint.texts) == (6 if again else 3)
        wait_until(lambda: len(knowledge.objects()) == 7, what="the sweep")


def test_the_packaged_model_finds_what_is_meant(tmp_path: Path, ml_environments: Path) -> None:
    """No word is shared; the real model runs in its own environment and process."""
    settings = knowledge_settings(tmp_path, embeddings=EmbeddingSettings(threads=1))
    assert settings.environments_folder == ml_environments
    with running_knowledge(settings) as knowledge:
        knowledge.make_base("manuals")
        knowledge.land(FILES, dataset="manuals")
        assert knowledge.embedded("manuals")["embedding"]["facts"]["dimensions"] == 384
        asked = {"q": "what can I eat for dinner?"}

        def answered() -> bool:
            return bool(knowledge.get(f"{BASES}/manuals/search", params=asked)["mode"] == "hybrid")

        wait_until(answered, timeout_s=90, what="the model of the questions")
        hits = knowledge.get(f"{BASES}/manuals/search", params=asked)["hits"]
        assert hits[0]["record"]["path"] == "office/lunch.txt"
        assert hits[0]["found_by"] == ["meaning"]
