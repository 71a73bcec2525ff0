"""Records get the category they are about; more margin means fewer, and surer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import SUBJECTS, Planted, embed, planted

from shared_lib.contracts.groups import Category, Taxonomy
from svc_knowledgebase.categories.assign import Categorised, assign
from svc_knowledgebase.categories.prototypes import (
    Examples,
    leads,
    probabilities,
    prototypes,
)
from svc_knowledgebase.clusters.space import unit

SIZES = {"pumps": 80, "taxes": 60, "birds": 40}
NAMES = list(SUBJECTS)


def folders_of(records: Planted) -> list[list[str]]:
    return [["all", NAMES[subject]] if subject >= 0 else [] for subject in records.subjects]


def assigned(
    records: Planted, taxonomy: Taxonomy, folders: list[list[str]] | None = None
) -> Categorised:
    found = assign(
        records.vectors,
        taxonomy,
        embed,
        folders=folders if folders is not None else folders_of(records),
        texts=records.texts,
        documents=[f"kd_{n // 3}" for n in range(len(records.ids))],
    )
    assert found is not None
    return found


def chosen(found: Categorised) -> list[str | None]:
    return [found.categories[n].id if n >= 0 else None for n in found.assignment]


def test_the_folders_are_the_categories() -> None:
    records = planted(SIZES, noise=0.8, strays=6)
    found = assigned(records, Taxonomy())
    assert [each.id for each in found.categories] == ["all/birds", "all/pumps", "all/taxes"]
    assert [each.label for each in found.categories] == ["birds", "pumps", "taxes"]
    assert set(found.categories[1].description.replace(",", "").split()) <= set(SUBJECTS["pumps"])
    want = [f"all/{NAMES[n]}" if n >= 0 else None for n in records.subjects]
    right = sum(a == b for a, b in zip(chosen(found), want, strict=True))
    assert right >= len(want) - 4
    assert found.report is not None
    assert found.report.precision > 0.95
    assert found.report.accuracy >= found.report.accuracy_of_names - 0.05
    assert sum(each.size for each in found.categories) == int((found.assignment >= 0).sum())
    assert assigned(records, Taxonomy()).to_json() == found.to_json()


def test_a_record_in_the_wrong_folder_is_told() -> None:
    records = planted(SIZES, noise=0.5)
    folders = folders_of(records)
    folders[0] = ["all", "taxes"]
    assert chosen(assigned(records, Taxonomy(), folders))[0] == "all/pumps"


def test_a_list_needs_no_labelled_record() -> None:
    records = planted(SIZES, noise=0.8)
    listed = [Category(id=name, label=name, description=" ".join(SUBJECTS[name])) for name in SIZES]
    found = assigned(records, Taxonomy(kind="list", categories=listed))
    assert found.report is None
    right = [a == NAMES[b] for a, b in zip(chosen(found), records.subjects, strict=True)]
    assert np.mean(right) > 0.95


def test_examples_of_a_list_are_judged() -> None:
    records = planted(SIZES, noise=0.8)
    listed = [
        Category(
            id=name,
            label="of no known word",
            examples=[" ".join(SUBJECTS[name][n : n + 3]) for n in range(4)] * 3,
        )
        for name in SIZES
    ]
    found = assigned(records, Taxonomy(kind="list", categories=listed))
    assert found.report is not None
    assert found.report.accuracy == 1
    assert found.report.accuracy_of_names < 0.7
    assert (
        np.mean([a == NAMES[b] for a, b in zip(chosen(found), records.subjects, strict=True)]) > 0.9
    )


def test_one_folder_tells_nothing_apart() -> None:
    records = planted({"pumps": 9})
    nothing = assign(
        records.vectors, Taxonomy(), embed, folders=folders_of(records), texts=records.texts,
        documents=records.ids,
    )  # fmt: skip
    assert nothing is None


def test_shares_come_true() -> None:
    """On planted records that overlap, of those with a score of 0.7 some 70 in 100 are right."""
    records = planted({"pumps": 600, "taxes": 500, "birds": 400}, noise=6.0, seed=3)
    found = assigned(records, Taxonomy())
    assert found.report is not None
    assert 0.5 < found.report.accuracy < 0.95
    assert found.report.calibration_error < 0.08


@given(margins=st.tuples(st.floats(0, 1), st.floats(0, 1)), noise=st.floats(1, 4))
@settings(max_examples=15, deadline=None)
def test_more_margin_never_gives_more(margins: tuple[float, float], noise: float) -> None:
    records = planted({"pumps": 30, "taxes": 20}, noise=noise)
    less, more = (assigned(records, Taxonomy(margin=each)) for each in sorted(margins))
    given_less, given_more = less.assignment >= 0, more.assignment >= 0
    assert not np.any(given_more & ~given_less)
    assert np.array_equal(less.assignment[given_more], more.assignment[given_more])
    assert less.report is not None
    coverages = [point.coverage for point in less.report.curve]
    assert coverages == sorted(coverages, reverse=True)


@given(
    rows=st.lists(
        st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3), min_size=1, max_size=20
    ),
    sharpness=st.floats(1, 200),
)
@settings(max_examples=50)
def test_shares_add_up_and_the_best_leads(rows: Any, sharpness: float) -> None:
    shares = probabilities(np.array(rows, dtype=np.float32), sharpness=sharpness)
    best, top, lead = leads(shares)
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.all(lead >= 0)
    assert np.array_equal(top, shares.max(axis=1))
    values = np.array(rows, dtype=np.float64)
    assert np.allclose(values[np.arange(len(rows)), best], values.max(axis=1))


def test_a_long_document_counts_once() -> None:
    names = np.eye(2, 3, dtype=np.float32)
    rows = np.array([[1, 0, 0]] * 99 + [[0, 0, 1]], dtype=np.float32)
    documents = np.array([0] * 99 + [1])
    found = prototypes(names, Examples(rows, np.zeros(100, dtype=np.int64), documents))
    share = 2 / 5
    wanted = unit(np.array([[share * 2**-0.5 + 1 - share, 0, share * 2**-0.5]], dtype=np.float32))
    assert np.allclose(found[0], wanted[0], atol=1e-6)
    assert np.array_equal(found[1], names[1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "list"},
        {"kind": "list", "categories": [{"id": "a", "label": "a"}, {"id": "a", "label": "b"}]},
        {"categories": [{"id": "a", "label": "a"}]},
    ],
)
def test_a_wrong_taxonomy(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="categor"):
        Taxonomy.model_validate(wrong)
