"""Every record has its vector, a text is embedded once, and the nearest are the nearest."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.embeddings.contract import Vectors
from shared_lib.testing.embeddings import vector_of
from svc_knowledgebase.embedding.nearest import (
    DIGESTS,
    GRAPH,
    VECTORS,
    VectorFiles,
    write_graph,
)
from svc_knowledgebase.embedding.texts import digest_of, text_of
from svc_knowledgebase.embedding.vectors import Digests, KnownVectors, embed_records


class Letters:
    """Vectors of three letters in a row; remembers what it was asked."""

    model = "letters"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        found = np.asarray([vector_of(text) for text in texts], dtype=np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def close(self) -> None:
        return None


def record(text: str, *, title: str = "Pump") -> dict[str, Any]:
    return {"title": title, "section_path": ["Care", "Oil"], "text": text}


def embed(
    folder: Path, texts: Sequence[str], *, known: KnownVectors, committed: list[Any] | None = None
) -> tuple[Letters, Any]:
    lines = b"".join(orjson.dumps(record(text)) + b"\n" for text in texts)
    (folder / "records.jsonl").write_bytes(lines)
    letters, kept = Letters(), committed if committed is not None else []

    def commit(digests: Digests, vectors: Vectors) -> None:
        kept.append((digests, vectors))

    facts = embed_records(
        folder / "records.jsonl",
        target=folder,
        known=known,
        embedder=lambda: letters,
        commit=commit,
        progress=lambda _done, _total: None,
    )
    return letters, facts


@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=40), kept=st.integers(0, 40))
def test_each_record_has_its_vector_and_each_text_is_embedded_once(
    texts: list[str], kept: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, committed = Path(name), list[Any]()
        letters, facts = embed(folder, texts, known=KnownVectors(), committed=committed)

        different = {text_of(record(text)) for text in texts}
        assert sorted(letters.texts) == sorted(different)
        assert (facts.records, facts.embedded, facts.reused) == (len(texts), len(different), 0)
        rows, digests = np.load(folder / VECTORS), np.load(folder / DIGESTS)
        assert np.array_equal(rows, Letters().embed([text_of(record(text)) for text in texts]))
        assert [row.tobytes() for row in digests] == [digest_of(text_of(record(t))) for t in texts]

        # The next build has fewer and others; only the others are embedded.
        known = KnownVectors()
        for each in committed:
            known.add(*each)
        later = [*texts[:kept], "something new"]
        letters, facts = embed(folder, later, known=known)
        assert set(letters.texts) == {text_of(record("something new"))} - different
        assert facts.reused == len({text_of(record(text)) for text in later}) - facts.embedded


def test_nothing_new_opens_no_model(tmp_path: Path) -> None:
    committed = list[Any]()
    embed(tmp_path, ["a", "b"], known=KnownVectors(), committed=committed)
    known = KnownVectors()
    known.add(*committed[0])

    def opened() -> Any:
        raise AssertionError("the model was opened")

    facts = embed_records(
        tmp_path / "records.jsonl",
        target=tmp_path,
        known=known,
        embedder=opened,
        commit=lambda _digests, _vectors: None,
        progress=lambda _done, _total: None,
    )
    assert (facts.embedded, facts.reused) == (0, 2)


def test_a_base_without_records_has_no_vectors(tmp_path: Path) -> None:
    _, facts = embed(tmp_path, [], known=KnownVectors())
    assert facts.records == 0
    assert VectorFiles(tmp_path / VECTORS).nearest(np.zeros(0, dtype=np.float32), limit=3) == []


@given(seed=st.integers(0, 1000), limit=st.integers(1, 30), some=st.sets(st.integers(1, 25)))
def test_the_nearest_are_those_that_numpy_finds(seed: int, limit: int, some: set[int]) -> None:
    generator = np.random.default_rng(seed)
    # Small whole numbers: sums of their products are exact in whatever order they are added.
    vectors = generator.integers(-9, 9, size=(25, 6)).astype(np.float32)
    vectors[3] = vectors[7]  # a tie: the one that comes first is first
    with tempfile.TemporaryDirectory() as name:
        np.save(Path(name) / VECTORS, vectors)
        files, question = VectorFiles(Path(name) / VECTORS), vectors[0]
        ranked = sorted(range(25), key=lambda row: (-float(vectors[row] @ question), row))
        wanted = [row + 1 for row in ranked]
        found = [near.number for near in files.nearest(question, limit=limit)]
        assert found == wanted[:limit]
        among = files.nearest(question, limit=limit, among=sorted(some))
        assert [near.number for near in among] == [n for n in wanted if n in some][:limit]


def test_the_graph_finds_what_comparing_all_finds(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    centres = generator.normal(size=(20, 32))
    vectors = centres[generator.integers(0, 20, 3000)] + generator.normal(size=(3000, 32)) * 0.4
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    np.save(tmp_path / VECTORS, vectors)
    write_graph(tmp_path, records=3000, exact_up_to=3000)
    assert not (tmp_path / GRAPH).exists()
    write_graph(tmp_path, records=3000, exact_up_to=100)
    exact, graph = (
        VectorFiles(tmp_path / VECTORS),
        VectorFiles(tmp_path / VECTORS, tmp_path / GRAPH),
    )
    hits = 0
    for question in vectors[:50]:
        wanted = {near.number for near in exact.nearest(question, limit=10)}
        found = graph.nearest(question, limit=10)
        hits += len(wanted & {near.number for near in found})
        assert found[0].similarity > 0.99
    assert hits >= 490
    among = list(range(1, 51))
    assert graph.nearest(vectors[0], limit=5, among=among) == exact.nearest(
        vectors[0], limit=5, among=among
    )
