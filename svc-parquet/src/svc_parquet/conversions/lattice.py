"""Which type a column takes when the one it has does not keep every text.

int64 → decimal(38,0) → string       integers that outgrow 64 bits
int64, decimal(p,s) → float64        when every number survives a double
→ decimal(38,s) of mixed scale       when one does not, and 38 digits are enough
anything → string                    always keeps everything
"""

from svc_parquet.conversions.column_types import (
    NARROW_DIGITS,
    TEXT,
    WIDE_DIGITS,
    ColumnType,
    DecimalType,
    FloatType,
    IntegerType,
    TextType,
)


def widen(present: ColumnType, found: ColumnType) -> ColumnType:
    """The type for a column that was `present` so far and met rows that need `found`.

    The answer always differs from `present`; it may still prove too narrow for rows that came
    before, which the next pass finds out.
    """
    joined = _join(present, found)
    if joined != present:
        return joined
    if isinstance(present, FloatType) and isinstance(found, DecimalType):
        return DecimalType(WIDE_DIGITS, found.scale, mixed=True)
    return TEXT


def _join(present: ColumnType, found: ColumnType) -> ColumnType:
    if isinstance(present, TextType) or isinstance(found, TextType):
        return TEXT
    if present == found:
        return present
    numeric = (IntegerType, DecimalType, FloatType)
    if not (isinstance(present, numeric) and isinstance(found, numeric)):
        return TEXT
    pair = (present, found)
    scales = {part.scale if isinstance(part, DecimalType) else 0 for part in pair}
    no_float = not any(isinstance(part, FloatType) for part in pair)
    uniform = not any(isinstance(part, DecimalType) and part.mixed for part in pair)
    if no_float and uniform and len(scales) == 1:
        return DecimalType(WIDE_DIGITS, scales.pop())
    if any(_beyond_double(part) for part in pair):
        return DecimalType(WIDE_DIGITS, max(scales), mixed=True)
    json = any(isinstance(part, FloatType) and part.json for part in pair)
    return FloatType(json=json)


def _beyond_double(part: ColumnType) -> bool:
    return isinstance(part, DecimalType) and part.precision > NARROW_DIGITS
