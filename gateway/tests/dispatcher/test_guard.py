"""The guard alone: what it lets through has one reading, whatever surrounds it."""

from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.dispatcher.errors import AddressNotFoundError
from gateway.dispatcher.guard import Admitted, admit
from gateway.dispatcher.paths import check_path
from shared_lib.contracts.errors import FleetError

PLAIN = st.text("abcXYZ019-_~!$&'()*+,=:@", min_size=1, max_size=12)
SEGMENTS = st.lists(PLAIN, min_size=1, max_size=5)
FORBIDDEN = [
    "..",
    ".",
    "%2e%2e",
    "%2E.",
    "..;a=b",
    "a%2fb",
    "a%2Fb",
    "a%5cb",
    "a\\b",
    "a%00b",
    "a%0ab",
    "a%1Fb",
    "a%7fb",
    "a%252eb",
    "a%255cb",
    "a%b",
    "a%",
    "a b",
    'a"b',
    "a<b",
    "ä",
    "a\x00b",
    "a\nb",
    "a\x7fb",
    "a{b}",
    "a?b",
    "a#b",
]


def admitted(*headers: tuple[bytes, bytes], method: str = "POST") -> Admitted:
    return admit(
        method, raw_path=b"/v1/datasets", query_string=b"", headers=[(b"host", b"a"), *headers]
    )


@given(SEGMENTS)
def test_ordinary_paths_pass(segments: list[str]) -> None:
    assume(segments[0].lower() != "internal")

    check_path(("/" + "/".join(segments)).encode())


@given(st.lists(st.text("aäöü€ .%21", min_size=1, max_size=6), min_size=1, max_size=4))
def test_whatever_passes_reads_the_same_after_decoding_once_or_twice(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    try:
        check_path(path.encode())
    except FleetError:
        return

    once = unquote(path)
    assert once.count("/") == path.count("/")
    assert unquote(once).count("/") == path.count("/")
    assert not {".", ".."} & set(unquote(once).split("/"))


@given(SEGMENTS, st.sampled_from(FORBIDDEN), st.integers(min_value=0, max_value=5))
def test_a_forbidden_form_anywhere_is_refused(segments: list[str], form: str, place: int) -> None:
    segments.insert(min(place, len(segments)), form)

    with pytest.raises(FleetError) as caught:
        check_path(("/" + "/".join(segments)).encode("latin-1"))

    assert caught.value.status in {400, 404}


@given(st.data())
def test_internal_is_hidden_in_every_spelling(data: st.DataObject) -> None:
    word = "".join(
        data.draw(st.sampled_from([letter, letter.upper(), f"%{ord(letter):02x}"]))
        for letter in "internal"
    )
    slashes = data.draw(st.sampled_from(["/", "//", "///", "/;/", "/;x/"]))
    rest = data.draw(st.sampled_from(["", "/", "/v1/events", ";a/v1/events"]))

    with pytest.raises(AddressNotFoundError):
        check_path((slashes + word + rest).encode())


@pytest.mark.parametrize(
    "path", [b"", b"v1", b"*", b"http://a/v1", b"//", b"/" + b"a" * 9000, b"/\xff"]
)
def test_what_is_no_path_is_refused_or_harmless(path: bytes) -> None:
    if path == b"//":
        check_path(path)
        return
    with pytest.raises(FleetError):
        check_path(path)


@pytest.mark.parametrize(
    "header",
    [
        (b"x_a", b"1"),
        (b"x-fleet_identity", b"1"),
        (b"x a", b"1"),
        (b"", b"1"),
        (b"x:a", b"1"),
        (b"upgrade", b"h2c"),
        (b"host", b"b"),
        (b"content-length", b"-1"),
        (b"content-length", b"1e3"),
        (b"content-length", b""),
        (b"content-length", b"9" * 20),
        (b"transfer-encoding", b"chunked, chunked"),
        (b"transfer-encoding", b"identity"),
        (b"transfer-encoding", b"\x0bchunked"),
    ],
)
def test_a_header_with_two_readings_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(FleetError) as caught:
        admitted(header)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "name", [b"authorization", b"cookie", b"content-type", b"origin", b"x-request-id"]
)
def test_a_header_that_decides_something_comes_once(name: bytes) -> None:
    with pytest.raises(FleetError):
        admitted((name, b"a"), (name, b"a"))


@given(
    st.lists(st.tuples(st.sampled_from([b"x-a", b"accept", b"x-fleet-a"]), st.binary(max_size=9)))
)
def test_only_what_may_go_on_goes_on(headers: list[tuple[bytes, bytes]]) -> None:
    result = admitted(*headers)

    assert result.headers == [each for each in headers if each[0] != b"x-fleet-a"]


def test_what_connection_names_is_taken_off_and_the_body_stays_framed() -> None:
    result = admitted(
        (b"connection", b"close, X-Hop, content-length"),
        (b"x-hop", b"1"),
        (b"content-length", b"5"),
        (b"content-type", b"text/csv"),
    )

    assert result.headers == [(b"content-type", b"text/csv")]
    assert result.content_length == 5
    assert not result.chunked


@pytest.mark.parametrize("host", [b"a", b"a.b:80", b"127.0.0.1:8080", b"[::1]:80", b"a."])
def test_a_host_passes(host: bytes) -> None:
    admit("GET", raw_path=b"/", query_string=b"a=b%20c", headers=[(b"host", host)])


@pytest.mark.parametrize(
    "host", [b"", b"a/b", b"a?b", b"a@b", b"a b", b"a:b", b"-a", b"[::1", b"a\x00", b"a,b", b"%41"]
)
def test_a_strange_host_is_refused(host: bytes) -> None:
    with pytest.raises(FleetError):
        admit("GET", raw_path=b"/", query_string=b"", headers=[(b"host", host)])


def test_names_that_clients_make_up_are_not_remembered_without_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: dict[bytes, int] = {b"host": 3}
    monkeypatch.setattr("gateway.dispatcher.guard._known", known)
    monkeypatch.setattr("gateway.dispatcher.guard._MAX_KNOWN", 10)

    for number in range(50):
        admitted((f"x-{number}".encode(), b"1"))

    assert len(known) <= 10
