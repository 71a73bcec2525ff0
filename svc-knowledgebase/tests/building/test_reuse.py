"""What a build takes over of the one before is, byte for byte, what it would have written."""

import hashlib
import shutil
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared_lib.contracts.knowledge import BuildOptions, Manifest, Selection
from svc_knowledgebase.building import reuse
from svc_knowledgebase.building.assembly import MANIFEST, RECORDS, Assembly, SourceFile, assemble
from svc_knowledgebase.building.parsed import Recipe, parse_to_bytes
from svc_knowledgebase.building.reuse import ASSEMBLY, Before
from svc_knowledgebase.searching.index import INDEX, Filters, IndexWriter, open_index
from svc_knowledgebase.searching.meanings import MeaningReader
from svc_knowledgebase.searching.patching import IndexPatcher

RECIPE = Recipe.of(BuildOptions(record_characters=600))
WORDS = [f"word{number}" for number in range(40)]

WORDS_ASKED = ("new1", "word3", '"word3 word4"')

Texts = dict[str, str]


def passage(start: int, changed: int) -> str:
    """Nearly the same as those with a few words more or fewer changed, not as those with many."""
    words = [WORDS[(start * 13 + place) % 40] for place in range(60)]
    return " ".join([*(f"new{place}" for place in range(changed)), *words[changed:]])


CHAIN = {f"{number:02}.txt": passage(0, 2 * number) for number in range(24)}
"""Chains of near repeats: without the first, another one is the first of its own."""

passages = st.builds(passage, st.integers(0, 1), st.integers(0, 12))
texts = st.lists(passages, min_size=0, max_size=3).map("\n\n".join)
paths = st.sampled_from([f"{a}/{b}.txt" for a in "xyz" for b in "pqr"])
folders = st.dictionaries(paths, texts, min_size=3)
edits = st.lists(
    st.dictionaries(paths, st.none() | texts, min_size=1, max_size=2), min_size=1, max_size=3
)
"""What each version changes; None deletes."""


def built(at: Path, folder: Texts, *, after: Path | None) -> None:
    """A base of these texts in a new folder; `after` has the build before."""
    at.mkdir()
    given = {path: parse_to_bytes(path, text.encode(), RECIPE) for path, text in folder.items()}
    files = [
        SourceFile(path=path, bytes=len(text), sha256=hashlib.sha256(text.encode()).hexdigest())
        for path, text in sorted(folder.items())
    ]
    before = None
    if after is not None:
        manifest = Manifest.model_validate_json((after / MANIFEST).read_bytes())
        before = Before.load(after / ASSEMBLY, records=after / RECORDS, manifest=manifest)
        assert before is not None
        shutil.copyfile(after / INDEX, at / INDEX)
    assembly = Assembly(source="texts", target=at)
    keys = {each.path: RECIPE.key(each.path, each.sha256 or "") for each in files}
    by_key = {keys[path]: given[path] for path in folder}
    with (IndexPatcher if after else IndexWriter)(at / INDEX) as index:
        read = by_key.__getitem__
        assemble(assembly, files, keys=keys, given=read, before=before, listener=index)
    assembly.close(
        selection=Selection(), options=RECIPE.options, engines=RECIPE.engines, excluded=0
    )


def contents(at: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in at.iterdir() if path.name != INDEX}


def answers(at: Path) -> list[object]:
    """Everything that an index answers."""
    with open_index(at / INDEX) as index:
        meanings, numbers = MeaningReader(index.connection), range(1, len(ids(at)) + 1)
        documents = index.documents(folder=None, fate=None, after="", limit=99)
        return [
            documents,
            [index.document(each["id"]) for each in documents],
            [index.search(word, Filters(), limit=99) for word in WORDS_ASKED],
            [index.similar(name, Filters(), limit=9) for name in ids(at)],
            [index.number(name) for name in ids(at)],
            meanings.hits(numbers),
            meanings.unmatched("new1", numbers),
            meanings.allowed('"word3 word4"', Filters(folder="x")),
        ]


def ids(at: Path) -> list[str]:
    return [orjson.loads(line)["id"] for line in (at / RECORDS).read_bytes().splitlines()]


@settings(max_examples=40, deadline=None)
@given(folder=folders, changes=edits)
@example(folder=CHAIN, changes=[{"00.txt": None}])
def test_what_is_taken_over_is_what_would_be_written(
    folder: Texts, changes: list[dict[str, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("bases")
    built(root / "0", folder, after=None)
    for number, change in enumerate(changes):
        new = {**folder, **change}
        folder = {path: text for path, text in new.items() if text is not None}
        built(root / str(number + 1), folder, after=root / str(number))
    built(root / "whole", folder, after=None)
    last = root / str(len(changes))
    assert contents(last) == contents(root / "whole")
    assert answers(last) == answers(root / "whole")


def test_what_is_not_as_it_was_left_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(tmp_path / "base", CHAIN, after=None)
    manifest = Manifest.model_validate_json((tmp_path / "base" / MANIFEST).read_bytes())

    def load() -> Before | None:
        base = tmp_path / "base"
        return Before.load(base / ASSEMBLY, records=base / RECORDS, manifest=manifest)

    assert load() is not None
    with monkeypatch.context() as other:
        other.setattr(reuse, "LAYOUT", 0)
        assert load() is None
    left = (tmp_path / "base" / ASSEMBLY).read_bytes()
    for damaged in (b"", left[:-1], b"{}\n" + left.partition(b"\n")[2]):
        (tmp_path / "base" / ASSEMBLY).write_bytes(damaged)
        assert load() is None
    (tmp_path / "base" / ASSEMBLY).write_bytes(left)
    with (tmp_path / "base" / RECORDS).open("ab") as records:
        records.write(b"\n")
    assert load() is None
