"""Object keys: each names its writer, is written once, and never moves."""

from shared_lib.storage.errors import InvalidObjectKeyError

MAX_KEY_BYTES = 900
"""S3 allows 1,024; the rest is left for a server's own prefix."""


def raw_key(tenant: str, upload_id: str) -> str:
    """The bytes of one upload."""
    return check_key(f"raw/{tenant}/{upload_id}")


def table_key(tenant: str, table_id: str, writer: str, name: str) -> str:
    """A result of one try of one conversion; `writer` is `<job>-<fence>`."""
    return check_key(f"tables/{tenant}/{table_id}/{writer}/{name}")


def report_key(tenant: str, judgement_id: str, writer: str, name: str) -> str:
    """A report of one try of one judgement."""
    return check_key(f"reports/{tenant}/{judgement_id}/{writer}/{name}")


def artifact_key(tenant: str, training_job_id: str, writer: str, name: str) -> str:
    """A result of one try of one training job."""
    return check_key(f"models/{tenant}/{training_job_id}/{writer}/{name}")


def training_report_key(tenant: str, report_id: str, writer: str, name: str) -> str:
    """A report of one try of the job that tells of a training."""
    return check_key(f"training-reports/{tenant}/{report_id}/{writer}/{name}")


def knowledge_key(tenant: str, base_id: str, writer: str, name: str) -> str:
    """A result of one try of one build of a knowledge base."""
    return check_key(f"knowledge/{tenant}/{base_id}/{writer}/{name}")


def check_key(key: str) -> str:
    """The key itself.

    Raises:
        InvalidObjectKeyError: empty, absolute, too long, with `..`, `\\` or control characters.
    """
    segments = key.split("/")
    bad = (
        len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES
        or any(segment in ("", ".", "..") for segment in segments)
        or segments[0] == PARTIAL_FOLDER
        or "\\" in key
        or not key.isprintable()
    )
    if bad:
        raise InvalidObjectKeyError(f"{key[:100]!r} cannot be the key of an object.")
    return key


PARTIAL_FOLDER = ".partial"
"""Where a `FileStore` keeps what is not complete yet; no key may begin with it."""
