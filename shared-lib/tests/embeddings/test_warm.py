"""Questions are embedded by what starts with the first one, and rests when nobody asks."""

from pathlib import Path

from shared_lib.embeddings.opening import model_of
from shared_lib.embeddings.warm import QueryEmbedder
from shared_lib.testing.embeddings import embedding_endpoint
from shared_lib.testing.waiting import wait_until


def test_it_starts_with_a_question_and_rests(tmp_path: Path) -> None:
    with embedding_endpoint() as endpoint:
        settings = endpoint.settings.model_copy(update={"idle_s": 0.3})
        questions, model = (
            QueryEmbedder(settings, environments=tmp_path, cache=tmp_path),
            model_of(settings),
        )
        assert not questions.awake
        try:
            vectors, _ = questions.embed(["reset a valve"], model=model)
            assert vectors is not None
            wait_until(lambda: not questions.awake, what="rest")
            # What was asked lately is known; nothing starts for it.
            assert questions.embed(["reset a valve"], model=model)[0] is not None
            assert not questions.awake
            assert endpoint.texts == ["reset a valve"]
            # Vectors of another model are never compared with ours.
            assert questions.embed(["a fan"], model="another")[0] is None
        finally:
            questions.close()
        assert not questions.awake
        assert questions.embed(["a pump"], model=model)[0] is None
