"""The tables. What must always hold is a constraint here, not a hope in the code.

The migrations in `sql/` make the same tables; a test compares the two.
"""

from heaters_pipeline.db.models.clips import (
    ArtifactKind,
    Clip,
    ClipArtifact,
    ClipCount,
    ClipEmbedding,
    ClipFile,
    KeyframeRuleRow,
    VectorFailure,
)
from heaters_pipeline.db.models.exports import (
    ClipExport,
    ExportCost,
    ExportFailure,
    ExportProfile,
    GroupExport,
    ProfileLack,
    ProfileUse,
)
from heaters_pipeline.db.models.handovers import (
    Collection,
    CollectionClip,
    Handover,
    HandoverClip,
    HandoverCopy,
)
from heaters_pipeline.db.models.imported import ImportedClip
from heaters_pipeline.db.models.outages import Outage
from heaters_pipeline.db.models.people import AuditEntry, Invite, Person, SignIn, SignInDelay, Token
from heaters_pipeline.db.models.repeats import ApartRow, FrameSignature, RepeatRow
from heaters_pipeline.db.models.requests import IdempotentRequest
from heaters_pipeline.db.models.reviews import Label, OpinionRuleRow, ReviewEvent, SavedView
from heaters_pipeline.db.models.searches import SearchPicture, SearchWord
from heaters_pipeline.db.models.shared import BucketUpload, SecretKey
from heaters_pipeline.db.models.sources import (
    PRODUCT_PATHS,
    ObjectToDelete,
    Origin,
    PendingSource,
    ProductPath,
    RetiredPartition,
    SourceFacts,
    SourceMove,
    SourceTimecode,
    SourceVideo,
    StorageCheck,
    StoredObject,
)
from heaters_pipeline.db.models.teams import Assignment, Comment, Mention
from heaters_pipeline.db.models.themes import ClipTheme, Theme, ThemeSurvey
from heaters_pipeline.db.models.webhooks import DeliveryState, Webhook, WebhookDelivery

__all__ = [
    "PRODUCT_PATHS",
    "ApartRow",
    "ArtifactKind",
    "Assignment",
    "AuditEntry",
    "BucketUpload",
    "Clip",
    "ClipArtifact",
    "ClipCount",
    "ClipEmbedding",
    "ClipExport",
    "ClipFile",
    "ClipTheme",
    "Collection",
    "CollectionClip",
    "Comment",
    "DeliveryState",
    "ExportCost",
    "ExportFailure",
    "ExportProfile",
    "FrameSignature",
    "GroupExport",
    "Handover",
    "HandoverClip",
    "HandoverCopy",
    "IdempotentRequest",
    "ImportedClip",
    "Invite",
    "KeyframeRuleRow",
    "Label",
    "Mention",
    "ObjectToDelete",
    "OpinionRuleRow",
    "Origin",
    "Outage",
    "PendingSource",
    "Person",
    "ProductPath",
    "ProfileLack",
    "ProfileUse",
    "RepeatRow",
    "RetiredPartition",
    "ReviewEvent",
    "SavedView",
    "SearchPicture",
    "SearchWord",
    "SecretKey",
    "SignIn",
    "SignInDelay",
    "SourceFacts",
    "SourceMove",
    "SourceTimecode",
    "SourceVideo",
    "StorageCheck",
    "StoredObject",
    "Theme",
    "ThemeSurvey",
    "Token",
    "VectorFailure",
    "Webhook",
    "WebhookDelivery",
]
