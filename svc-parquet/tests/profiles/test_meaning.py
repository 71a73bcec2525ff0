"""What columns are about: found where it is plain, not claimed where it is not."""

import random
import uuid

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_parquet.profiles.meaning import Seen, infer_meaning
from svc_parquet.profiles.table_profiler import TableProfiler

chance = random.Random(1)
IBANS = ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "FR1420041010050500013M02606"]
CARDS = ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"]


@pytest.mark.parametrize(
    ("name", "values", "kind", "personal"),
    [
        ("contact", [f"a{n}.b@mail.example.org" for n in range(50)], "email", True),
        ("link", [f"https://example.org/{n}" for n in range(50)], "url", False),
        ("account", IBANS * 10, "iban", True),
        ("paid_with", CARDS * 10, "card", True),
        ("host", [f"10.0.{n}.7" for n in range(50)], "ip", True),
        ("ref", [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(50)], "id", False),
        ("call", [f"+49 (0)30 12345{n}" for n in range(50)], "phone", True),
        ("phone_number", [f"030-12345{n:02}" for n in range(50)], "phone", True),
        ("seen", [f"{n % 28 + 1:02}.01.2026" for n in range(50)], "date", False),
        ("note", [f"this is the note number {n} of them" for n in range(50)], "free_text", False),
        ("colour", ["red", "green", "blue"] * 20, "category", False),
        ("sku", [f"AB{n}" for n in range(50)], "id", False),
        ("firstName", ["Ada", "Grace", "Alan"] * 20, "category", True),
        ("last name", [f"Lovelace{n % 40}" for n in range(45)], "personal", True),
    ],
)
def test_texts_are_known(name: str, values: list[str], kind: str, personal: bool) -> None:
    frame = pl.DataFrame({name: values})
    profiler = TableProfiler(dict(frame.schema), type_names=["string"])
    profiler.add(frame)
    meaning = profiler.finish().columns[0].meaning

    assert meaning is not None
    assert (meaning.kind, meaning.personal) == (kind, personal)
    assert meaning.reason


def test_numbers_and_dates_are_known_too() -> None:
    frame = pl.DataFrame({"n": range(100), "few": [1, 2] * 50, "x": [0.5 * n for n in range(100)]})
    profiler = TableProfiler(dict(frame.schema), type_names=["int64", "int64", "float64"])
    profiler.add(frame)
    meanings = [column.meaning for column in profiler.finish().columns]
    assert [m.kind if m else None for m in meanings] == ["id", "category", None]


@pytest.mark.parametrize("value", ["DE89370400440532013001", "GB29NWBK60161331926818"])
def test_a_wrong_check_digit_is_no_account(value: str) -> None:
    assert (found := infer_meaning(seen([value] * 9))) is None or found.kind != "iban"


def seen(values: list[str]) -> Seen:
    return Seen(
        name="x", type="string", present=len(values), distinct=len(set(values)), values=values
    )


@given(values=st.lists(st.text(max_size=40), max_size=30), name=st.text(max_size=10))
def test_any_column_has_a_meaning_or_none(values: list[str], name: str) -> None:
    found = infer_meaning(
        Seen(
            name=name,
            type="string",
            present=len(values),
            distinct=len(set(values)),
            values=values,
        )
    )
    assert found is None or found.reason
