"""What machines share that are not the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import READ_BACK, optional_text, text, touched


class SecretKey(SQLModel, table=True):
    """A key that all machines use and nobody else knows."""

    __tablename__: ClassVar[str] = "secret_keys"

    name: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    value: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False))


class BucketUpload(SQLModel, table=True):
    """A file that a browser or a script sends, on its way into a bucket: what has arrived are the
    parts of an upload in parts of S3's, and a rest that is too small for one."""

    __tablename__: ClassVar[str] = "bucket_uploads"
    __table_args__ = (sa.Index(None, "changed_at"),)
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    length: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    """Bytes announced."""
    told: str = Field(sa_column=sa.Column("metadata", sa.Text, nullable=False))
    """The header Upload-Metadata as it came."""
    sender: str = text()
    """The address from which it was announced: that of a proxy where there is one."""
    video_key: str | None = optional_text()
    """Of the source video that it has become."""
    multipart_id: str | None = optional_text()
    """S3's UploadId; None before the first part."""
    etags: list[str] = Field(
        default_factory=list,
        sa_column=sa.Column(ARRAY(sa.Text), server_default="{}", nullable=False),
    )
    """Of the parts, in their order."""
    in_parts: int = Field(
        default=0, sa_column=sa.Column(sa.BigInteger, server_default="0", nullable=False)
    )
    """Bytes in the parts."""
    rest: bytes = Field(
        default=b"", sa_column=sa.Column(sa.LargeBinary, server_default="", nullable=False)
    )
    """Bytes after the last part."""
    changed_at: datetime = touched()

    @property
    def offset(self) -> int:
        """How many bytes have arrived."""
        return self.length if self.video_key is not None else self.in_parts + len(self.rest)
