"""What is found, in which order, and counted by what."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_lib.contracts.knowledge import BuildOptions, FileFate, KnowledgeRecord, Selection
from svc_knowledgebase.building.assembly import Assembly, SourceFile
from svc_knowledgebase.building.parsed import Recipe, parse_to_bytes
from svc_knowledgebase.searching.index import (
    INDEX,
    Filters,
    IndexReader,
    IndexWriter,
    match_of,
    open_index,
)

TEXTS = {
    "service/2025/pump.md": "# Pump\n\nTo reset the valve, turn the red wheel and wait a minute.",
    "service/2025/fan.md": "# Fan\n\nThe fan resets itself after a minute without power.",
    "service/old/valve.txt": "Valves are checked twice a year, and replaced when they leak oil.",
    "office/caf\u00e9.txt": "Das Caf\u00e9 im Erdgeschoss ist am Montag und Dienstag zu.",
    "office/list.csv": "name,room\nreset button,12\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("index")
    recipe = Recipe.of(BuildOptions())
    assembly = Assembly(source="test", target=folder)
    with IndexWriter(folder / INDEX) as writer:
        for path in sorted(TEXTS):
            data = TEXTS[path].encode()
            file = SourceFile(path=path, bytes=len(data), sha256="0" * 64)
            placed = assembly.add(file, parse_to_bytes(path, data, recipe))
            writer.add(assembly.document(file), assembly.fates[-1], placed)
        lost = FileFate(path="x.bin", bytes=1, sha256=None, fate="skipped", code="unknown_format")
        writer.add("kd_lost", lost, [])
    assembly.close(selection=Selection(), options=BuildOptions(), engines="", excluded=0)
    with open_index(folder / INDEX) as reader:
        yield Search(reader, folder / "records.jsonl")


class Search:
    """Paths of what is found."""

    def __init__(self, reader: IndexReader, records: Path) -> None:
        self.reader = reader
        self.data = records.read_bytes()

    def paths(self, query: str, **filters: str) -> list[str]:
        found = self.reader.search(query, Filters(**filters), limit=10)
        assert found.total == len(found.hits)
        return [self.path(hit.span.start, hit.span.end) for hit in found.hits]

    def path(self, start: int, end: int) -> str:
        return str(self.record(start, end).path)

    def record(self, start: int, end: int) -> Any:
        return KnowledgeRecord.model_validate_json(self.data[start:end])


def test_the_best_comes_first(index: Search) -> None:
    assert index.paths("reset the wheel")[0] == "service/2025/pump.md"
    assert index.paths("reset valve")[0] == "service/old/valve.txt", "its title says so"
    assert set(index.paths("reset valve")) == {
        "service/2025/pump.md", "service/2025/fan.md", "service/old/valve.txt", "office/list.csv",
    }  # fmt: skip
    assert index.paths("nothing like this word") == []


def test_forms_of_a_word_and_accents_do_not_matter(index: Search) -> None:
    assert index.paths("CAFE") == ["office/caf\u00e9.txt"]
    assert "service/2025/fan.md" in index.paths("resetting")


def test_a_phrase_must_be_there(index: Search) -> None:
    assert index.paths('"red wheel"') == ["service/2025/pump.md"]
    assert index.paths('"wheel red"') == []
    assert index.paths('minute "red wheel"') == ["service/2025/pump.md"]


def test_filters_and_facets(index: Search) -> None:
    assert index.paths("reset valve", folder="service/old") == ["service/old/valve.txt"]
    assert len(index.paths("reset valve", folder="service")) == 3
    assert index.paths("reset valve", folder="servic") == []
    assert index.paths("reset", mime="text/csv") == ["office/list.csv"]
    found = index.reader.search("reset valve", Filters(), limit=1)
    assert (found.total, len(found.hits)) == (4, 1)
    assert found.facets["folder"] == [("service/2025", 2), ("office", 1), ("service/old", 1)]
    assert dict(found.facets["language"]) == {"en": 3}


def test_found_words_are_marked(index: Search) -> None:
    (hit,) = index.reader.search("wheel", Filters(), limit=1).hits
    assert "red \u2039wheel\u203a and" in hit.snippet


def test_similar_records(index: Search) -> None:
    first = index.reader.search('"red wheel"', Filters(), limit=1).hits[0]
    record = index.record(first.span.start, first.span.end)
    found = index.reader.similar(record.id, Filters(), limit=5)
    assert found is not None
    paths = [index.path(hit.span.start, hit.span.end) for hit in found.hits]
    assert set(paths) == {"service/2025/fan.md", "service/old/valve.txt"}
    assert record.path not in paths
    assert index.reader.similar("kr_none", Filters(), limit=5) is None


def test_documents_and_their_records(index: Search) -> None:
    paths = [each["path"] for each in index.reader.documents(folder=None, fate=None, after="",
             limit=9)]  # fmt: skip
    assert paths == sorted([*TEXTS, "x.bin"])
    rest = index.reader.documents(folder="service", fate="parsed", after=paths[2], limit=1)
    assert [each["path"] for each in rest] == ["service/2025/pump.md"]
    document = index.reader.document(rest[0]["id"])
    assert document is not None
    (span,) = document[1]
    assert index.record(span.start, span.end).position == 0


@given(query=st.text())
def test_whatever_people_write_is_no_error(index: Search, query: str) -> None:
    assert '"""' not in match_of(query)
    index.reader.search(query, Filters(), limit=1)


def test_words_that_stand_everywhere_tell_nothing(tmp_path: Path) -> None:
    recipe = Recipe.of(BuildOptions())
    assembly = Assembly(source="test", target=tmp_path)
    with IndexWriter(tmp_path / INDEX) as writer:
        for number in range(60):
            path, text = f"{number:02}.txt", f"What is the use of part {number}?"
            file = SourceFile(path=path, bytes=len(text), sha256="0" * 64)
            placed = assembly.add(file, parse_to_bytes(path, text.encode(), recipe))
            fate = FileFate(path=path, bytes=1, sha256=None, fate="parsed", records=len(placed))
            writer.add(path, fate, placed)
    with open_index(tmp_path / INDEX) as reader:
        found = reader.search("what is the 7", Filters(), limit=10)
        assert (found.total, found.hits[0].snippet) == (1, "What is the use of part \u20397\u203a?")
        assert reader.search("what is the", Filters(), limit=10).total == 60
        assert reader.search('"use of" 7 "is the"', Filters(), limit=1).total == 60
