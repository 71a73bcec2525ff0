"""UTF-16, UTF-32 and multi-byte encodings are recoded to UTF-8 before anything else sees them."""

import codecs

from svc_parquet.conversions.errors import EncodingUndecidedError


class Recoder:
    """Turns a stream of one encoding into UTF-8, block by block; None leaves bytes as they are."""

    def __init__(self, encoding: str | None) -> None:
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict") if encoding else None

    def recode(self, raw: bytes, *, line: int, final: bool) -> bytes:
        """The next block as UTF-8; `line` is where the block begins, for the error.

        Raises:
            EncodingUndecidedError: the bytes are not what the encoding says.
        """
        if self._decoder is None:
            return raw
        try:
            return self._decoder.decode(raw, final).encode("utf-8")
        except UnicodeError as error:
            raise EncodingUndecidedError(
                f"The file is not valid {self._encoding} after line {line:,} ({error}). Convert "
                "again with its true encoding.",
                line=line,
            ) from error
