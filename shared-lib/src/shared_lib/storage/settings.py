"""Where the object store is."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr


class StorageSettings(BaseModel):
    """A folder, or a bucket of any S3."""

    kind: Literal["file", "s3"] = Field(default="file", description="file: a folder; s3: a bucket.")
    root: Path | None = Field(default=None, description="Folder of the objects (kind file).")
    endpoint: str = Field(default="", description="Host and port of the S3 server.")
    access_key: SecretStr = Field(default=SecretStr(""), description="S3 access key.")
    secret_key: SecretStr = Field(default=SecretStr(""), description="S3 secret key.")
    bucket: str = Field(default="fleet", description="S3 bucket; made when it is missing.")
    secure: bool = Field(default=True, description="Speak TLS to the S3 server.")
    region: str = Field(default="us-east-1", description="S3 region.")
