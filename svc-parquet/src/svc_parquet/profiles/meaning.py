"""What a column is about, told from its values, its name and its statistics. Pure.

A guess that helps people read a profile: nothing else depends on it. Each says why.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared_lib.contracts.conversions import ColumnMeaning, MeaningKind

MOST = 0.9
"""The part of the looked at values that must be of a kind."""
LOOKED_AT = 2000
_FEW = 50
_FEW_SHARE, _FEW_MOST = 0.05, 1000
_LONG = 60

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_URL = re.compile(r"(?:https?|ftp)://\S+|www\.\S+\.\S+", re.IGNORECASE)
_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([./-])\d{1,2}\2\d{1,2}")
_PHONE = re.compile(r"\+?[\d\s()./-]{7,22}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"\d{13,19}")

_PERSONAL_NAMES = re.compile(
    r"(?:^|_)(?:first_?name|last_?name|sur_?name|full_?name|maiden_?name|birth(?:day|_?date)?|dob|ssn"
    r"|social_security|passport|tax_id|street|address|zip|postcode|postal_code|iban|phone|mobile"
    r"|e_?mail|gender|salary)(?:_|$)"
)
_PHONE_NAMES = re.compile(r"phone|mobile|(?:^|_)tel(?:_|$)|fax")
_ID_NAMES = re.compile(r"(?:^|_)(?:id|uuid|guid|key|no|nr|number)$")

_PERSONAL: frozenset[MeaningKind] = frozenset({"email", "phone", "iban", "card", "ip"})


@dataclass(frozen=True)
class Seen:
    """What is known of a column.

    Attributes:
        values: texts of some of its values, at most some thousands.
        mean_length: of texts, in characters.
    """

    name: str
    type: str
    present: int
    distinct: int | None
    values: Sequence[str] = ()
    mean_length: float | None = None


def infer_meaning(seen: Seen) -> ColumnMeaning | None:
    """The column's meaning, None when nothing speaks for one."""
    if not seen.present:
        return None
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", seen.name).lower().strip("_")
    found = _by_values(seen, plain) or _by_statistics(seen, plain)
    named = _PERSONAL_NAMES.search(plain)
    if found is not None and found.kind in _PERSONAL:
        return found.model_copy(update={"personal": True})
    if named is None:
        return found
    why = f"its name says {named.group().strip('_')}"
    if found is None:
        return ColumnMeaning(kind="personal", personal=True, reason=why)
    return found.model_copy(update={"personal": True, "reason": f"{found.reason}; {why}"})


def _by_values(seen: Seen, plain: str) -> ColumnMeaning | None:
    if seen.type in ("date", "datetime"):
        return ColumnMeaning(kind="date", reason=f"it is a {seen.type}")
    if seen.type not in ("string", "int64"):
        return None
    kinds: list[tuple[MeaningKind, str, Callable[[str], bool]]] = [
        ("iban", "bank accounts (IBAN)", _is_iban),
        ("card", "numbers of payment cards", _is_card),
    ]
    if seen.type == "string":
        kinds += [
            ("email", "e-mail addresses", lambda v: _EMAIL.fullmatch(v) is not None),
            ("url", "addresses of pages", lambda v: _URL.fullmatch(v) is not None),
            ("ip", "IP addresses", _is_ip),
            ("id", "UUIDs", lambda v: _UUID.fullmatch(v) is not None),
            ("date", "dates", lambda v: _DATE.fullmatch(v) is not None),
        ]
    named = _PHONE_NAMES.search(plain) is not None
    kinds.append(("phone", "telephone numbers", lambda v: _is_phone(v, named=named)))
    values = [value.strip() for value in seen.values[:LOOKED_AT]]
    for kind, said, is_one in kinds:
        share = _share(values, is_one)
        if share >= MOST:
            part = "all" if share == 1 else f"{share:.0%} of"
            return ColumnMeaning(kind=kind, reason=f"{part} values that were looked at are {said}")
    return None


def _share(values: Sequence[str], is_one: Callable[[str], bool]) -> float:
    """The part of the values that is of a kind; 0 as soon as it cannot be most of them."""
    others, most_others = 0, len(values) - MOST * len(values)
    for value in values:
        others += not is_one(value)
        if others > most_others + 1:
            return 0.0
    return 1 - others / len(values) if values else 0.0


def _by_statistics(seen: Seen, plain: str) -> ColumnMeaning | None:
    if seen.distinct is None or seen.type not in ("string", "int64", "boolean"):
        return None
    spaced = [value for value in seen.values[:LOOKED_AT] if value.strip().count(" ") >= 2]
    wordy = seen.type == "string" and len(spaced) > len(seen.values[:LOOKED_AT]) / 2
    if seen.type == "string" and (wordy or (seen.mean_length or 0) >= _LONG):
        length = f"{seen.mean_length:.0f} letters on average" if seen.mean_length else "many words"
        return ColumnMeaning(kind="free_text", reason=f"texts of {length}")
    share = seen.distinct / seen.present
    if share >= 0.98 and seen.present > 1:
        return ColumnMeaning(kind="id", reason="every value is there once")
    if share >= 0.5 and _ID_NAMES.search(plain):
        return ColumnMeaning(kind="id", reason="its name says so, and most values are there once")
    if share <= 0.5 and (
        seen.distinct <= _FEW or (share <= _FEW_SHARE and seen.distinct <= _FEW_MOST)
    ):
        return ColumnMeaning(
            kind="category", reason=f"{seen.distinct:,} values in {seen.present:,} rows"
        )
    return None


def _is_ip(value: str) -> bool:
    if "." not in value and ":" not in value:
        return False
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_phone(value: str, *, named: bool) -> bool:
    if _PHONE.fullmatch(value) is None or _DATE.fullmatch(value):
        return False
    digits = sum(letter.isdigit() for letter in value)
    return 7 <= digits <= 15 and (value.startswith("+") or named)


def _is_iban(value: str) -> bool:
    """ISO 13616: the check digits make the number leave 1 when divided by 97."""
    plain = value.replace(" ", "").upper()
    if _IBAN.fullmatch(plain) is None:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _is_card(value: str) -> bool:
    """ISO/IEC 7812: the digits pass Luhn's check and begin as cards do."""
    plain = value.replace(" ", "").replace("-", "")
    if _CARD.fullmatch(plain) is None or plain[0] not in "23456":
        return False
    digits = [int(digit) for digit in reversed(plain)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
