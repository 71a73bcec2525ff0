"""Paths inside a version, and announced digests: pure, so tried with everything."""

import base64
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_ingest.uploads.errors import InvalidDigestError, InvalidUploadPathError
from svc_ingest.uploads.paths import MAX_PATH, announced_sha256, clean_path

SEGMENT = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/\\"), min_size=1
).filter(lambda text: text.strip() not in ("", ".", ".."))


@given(st.lists(SEGMENT, min_size=1, max_size=5).map("/".join))
def test_an_ordinary_path_is_kept_but_for_its_form(path: str) -> None:
    composed = unicodedata.normalize("NFC", path)
    if len(composed) > MAX_PATH or ".." in composed.split("/"):
        return

    assert clean_path(path) == composed
    assert clean_path(composed) == composed


@given(st.text())
def test_whatever_is_accepted_stays_inside_its_version(path: str) -> None:
    try:
        cleaned = clean_path(path)
    except InvalidUploadPathError:
        return

    assert 0 < len(cleaned) <= MAX_PATH
    assert not cleaned.startswith("/")
    assert not {"", ".", ".."} & set(cleaned.split("/"))
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned)
    assert unicodedata.is_normalized("NFC", cleaned)
    cleaned.encode()


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/ .. /b", "a\\b", "a\x00", "a\x7f", "\ud800"],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidUploadPathError):
        clean_path(path)


@given(st.binary(min_size=32, max_size=32))
def test_an_announced_digest_is_read(digest: bytes) -> None:
    text = base64.b64encode(digest).decode()

    assert announced_sha256(f"sha-256=:{text}:") == digest.hex()
    assert announced_sha256(f"sha-512=:AAAA:, sha-256=:{text}:") == digest.hex()


@given(st.text())
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidDigestError):
        announced_sha256(text)
