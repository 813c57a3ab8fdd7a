"""Every setting of Heaters, read from the environment. Names begin with `HEATERS_`, except
`DATABASE_URL` and `STORAGE_URL`, which hosting platforms set under these names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.film_limits import FilmLimits
from heaters_pipeline.domain.hosts import HostAndPort, host_and_port, is_loopback
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.networks import Network
from heaters_pipeline.domain.repeats import LEAST_SCORE
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.single_sign_on import RoleByValue
from heaters_pipeline.domain.vectors import Strategy
from heaters_pipeline.files.network import own_address
from heaters_pipeline.storage.cache import NO_CACHE, CacheLimits
from heaters_pipeline.storage.handover_places import HandoverPlaces


def default_home() -> Path:
    """For root, a folder outside any home folder: the embedded Postgres then runs as a user of its
    own, and every folder above its data must be open to that user."""
    if os.geteuid() == 0:
        return Path("/var/lib/heaters")
    return Path.home() / ".local" / "share" / "heaters"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _absolute_unless_url(place: str) -> str:
    return place if "://" in place else str(_absolute(Path(place)))


def _absolute_folder(place: str) -> str:
    """`place` as it stands, unless it is the path of a folder: that must not depend on the folder
    in which a process happens to run."""
    return str(_absolute(Path(place))) if Path(place).expanduser().is_dir() else place


def _parts(given: str | Iterable[str]) -> tuple[str, ...]:
    """The parts of a setting that holds several, separated by commas."""
    parts = given.split(",") if isinstance(given, str) else given
    return tuple(part.strip() for part in parts if part.strip())


def _folders(given: str | Iterable[str]) -> tuple[Path, ...]:
    return tuple(_absolute(Path(part)) for part in _parts(given))


def _networks(given: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, _parts(given)))


def _owners(given: tuple[str, ...]) -> tuple[str, ...]:
    for owner in given:
        if not re.fullmatch(r"team:\w+|[^@\s]+@[^@\s]+\.[^@\s]+", owner):
            raise ValueError(f"{owner!r} is neither an address nor team:NAME")
    return given


def _class_by_kind(given: str | Mapping[Kind, str]) -> Mapping[Kind, str]:
    if not isinstance(given, str):
        return given
    kinds = {kind.value for kind in Kind}
    found = {}
    for each in _parts(given):
        kind, _, name = each.partition("=")
        if kind not in kinds or not name:
            raise ValueError(
                f"{each!r} is not KIND=CLASS with a kind of {', '.join(sorted(kinds))}"
            )
        found[Kind(kind)] = name
    return found


def _role_by_value(given: str | RoleByValue) -> RoleByValue:
    if not isinstance(given, str):
        return given
    found = {}
    for each in _parts(given):
        value, _, role = each.rpartition("=")
        if role not in list(Role) or not value:
            raise ValueError(f"{each!r} is not VALUE=ROLE with a role of {', '.join(Role)}")
        found[value] = Role(role)
    return found


def _secure_address(given: str) -> str:
    parts = urlsplit(given)
    is_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not (parts.scheme == "https" and parts.hostname) and not is_here:
        raise ValueError("it must be an https address")
    return given


def _usual_classes(before: Mapping[str, object]) -> dict[Kind, str]:
    """Few services other than AWS know its storage classes; MinIO refuses them."""
    return {} if before["s3_endpoint_url"] else {Kind.GOLD_MASTER: "STANDARD_IA"}


def _host_and_port(given: str | HostAndPort) -> HostAndPort:
    return host_and_port(given) if isinstance(given, str) else given


def _from_here(host: str) -> str:
    """Where this machine finds a server that listens on an address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _of_redis(given: SecretStr) -> SecretStr:
    if urlsplit(given.get_secret_value()).scheme not in ("redis", "rediss"):
        raise ValueError("it must be the address of a Redis, as in redis://host:6379/0")
    return given


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Folders = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)]
ClassByKind = Annotated[Mapping[Kind, str], NoDecode, BeforeValidator(_class_by_kind)]
CodeServer = Annotated[HostAndPort, NoDecode, BeforeValidator(_host_and_port)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts)]
Owners = Annotated[Names, AfterValidator(_owners)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Roles = Annotated[RoleByValue, NoDecode, BeforeValidator(_role_by_value)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="HEATERS_",
        env_ignore_empty=True,
        extra="ignore",
        validate_by_name=True,
        validate_by_alias=True,
    )

    home: AbsolutePath = Field(
        default_factory=default_home, description="Folder of everything that Heaters keeps."
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="A Postgres 15 or later with pgvector; unset: the embedded one.",
    )
    dagster_database_url: str | None = Field(
        default=None,
        description="Dagster's own database; unset: `dagster` on the same server.",
    )
    storage_url: Annotated[str, AfterValidator(_absolute_unless_url)] | None = Field(
        default=None,
        validation_alias="STORAGE_URL",
        description="s3://bucket/prefix; unset: the folder `storage` in the home.",
    )
    s3_endpoint_url: str | None = Field(
        default=None, description="Address of an S3-compatible service other than AWS."
    )

    storage_classes: ClassByKind = Field(
        default_factory=_usual_classes,
        description="S3 storage class by kind of object, as in "
        "`gold_master=STANDARD_IA,source=GLACIER_IR`; unset: `gold_master=STANDARD_IA` on AWS, the "
        "bucket's own elsewhere.",
    )

    archive_class: str = Field(
        default="GLACIER_IR",
        description="S3 storage class of the source and the gold master of an archived video.",
    )

    webhook_days: float = Field(
        default=30,
        ge=0,
        description="How long a webhook's delivery stays listed after it was taken or given up.",
    )

    run_days: float = Field(
        default=60,
        ge=1,
        description="How long Dagster keeps runs that have ended; of the last run of each video "
        "the log alone goes.",
    )
    partitions_kept: int = Field(
        default=3000,
        ge=0,
        description="So many partitions stay in Dagster's list: of more, those of videos at rest "
        "are retired, finished ones first; they come back when there is something to do.",
    )
    partition_days: float = Field(
        default=30,
        ge=0,
        description="How long nothing of a video may have changed before its partition is retired.",
    )
    handover_days: float = Field(
        default=365,
        ge=1,
        description="How long it is known who took files that somebody has taken again since.",
    )

    host: str = Field(default="127.0.0.1", description="Address the review app listens on.")
    trusted_hosts: Names = Field(
        default=(),
        description="Names, separated by commas, under which browsers may reach the review app and "
        "Dagster besides this machine's own and `HEATERS_HOST`; one that begins with a dot stands "
        "for all below it, too. Others come by such a name, so that people then have to sign in. "
        "Unset: no others while the review app listens on loopback only, else any for the review "
        "app.",
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        description="How many reverse proxies stand in front of the review app; it believes the "
        "X-Forwarded-For, -Proto, -Host and -Prefix headers of that many.",
    )
    session_days: float = Field(
        default=30,
        gt=0,
        description="How long somebody stays signed in in a browser that they don't use.",
    )
    tls_cert: AbsolutePath | None = Field(
        default=None,
        description="File (PEM) with the certificate, and those that it leads to, with which the "
        "review app answers by https; unset: it answers by http.",
    )
    tls_key: AbsolutePath | None = Field(
        default=None,
        validate_default=True,
        description="File (PEM) with the key of `HEATERS_TLS_CERT`.",
    )
    login_header: str | None = Field(
        default=None,
        description="Header in which a proxy that has people sign in says who sends a request, as "
        "in `X-Forwarded-User`; unset: none is believed.",
    )
    login_networks: Networks = Field(
        default=(),
        validate_default=True,
        description="Networks, separated by commas, from which `HEATERS_LOGIN_HEADER` is believed; "
        "from any other address it is ignored.",
    )
    login_role: Role | None = Field(
        default=None,
        description="Role of people who come for the first time by `HEATERS_LOGIN_HEADER` or OIDC; "
        "unset: only those come in who are people already, or to whom the provider gives a role.",
    )
    oidc_issuer: Annotated[str, AfterValidator(_secure_address)] | None = Field(
        default=None,
        description="Address of an OpenID Connect provider at which people may sign in; unset: "
        "they have passwords only.",
    )
    oidc_client_id: str | None = Field(
        default=None, validate_default=True, description="Our name at the provider."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Our secret at the provider; unset: PKCE alone, without one."
    )
    oidc_domains: Names = Field(
        default=(),
        description="Domains, separated by commas, one of which the confirmed mail address of "
        "people from the provider must have; unset: any.",
    )
    oidc_claim: str = Field(
        default="groups", description="The claim of the provider that gives roles."
    )
    oidc_roles: Roles = Field(
        default_factory=dict,
        description="Role by value of that claim, as in `editors=operator,heads=admin`; the "
        "highest counts, at each sign-in. Unset: roles are given here.",
    )
    presigned_seconds: int = Field(
        default=0,
        ge=0,
        le=7 * 24 * 3600,
        description="For so long an address of S3 is good that browsers are sent to for exports "
        "and proxies; 0: the bytes pass through the review app.",
    )
    review_port: int = Field(default=8765, description="Port of the review app.")
    dagster_host: str = Field(
        default="127.0.0.1", description="Address that Dagster's web server listens on."
    )
    dagster_port: int = Field(default=3000, description="Port of Dagster's web server.")
    code_server: CodeServer | None = Field(
        default=None,
        description="`host:port` at which Dagster finds its code server on another machine "
        "(docs/many-machines.md); nobody else may reach it. Unset: a Unix socket in the home.",
    )
    broker_url: Annotated[SecretStr, AfterValidator(_of_redis)] | None = Field(
        default=None,
        description="The Redis, as in `redis://:password@host:6379/0`, from which workers on any "
        "machine take runs. Unset: runs begin beside the code server.",
    )
    queues: Names = Field(
        default=("dagster",),
        description="Queues, separated by commas, from which this machine's worker takes runs; a "
        "run is in `dagster` unless its tag `dagster-celery/queue` names another.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        description="How many machines share the runs: so many times four run at once.",
    )
    runs_elsewhere: bool = Field(
        default=False,
        description="Whether a launcher of Dagster's own, as on Kubernetes or ECS, begins runs on "
        "other machines, of whose disks and files this one knows nothing. With "
        "`HEATERS_BROKER_URL`, or more than one of `HEATERS_WORKERS`, it is so anyway.",
    )
    dagster_config: AbsolutePath | None = Field(
        default=None,
        description="File (YAML) whose keys take the place of those of `dagster.yaml`, as in "
        "`run_launcher`.",
    )

    asset_owners: Owners = Field(
        default=("team:heaters",),
        description="Whom Dagster names as owners of the assets: addresses, or `team:NAME`, "
        "separated by commas.",
    )

    dagster_url: str | None = Field(
        default=None,
        description="Address at which operators' browsers find Dagster, for links to it; unset: "
        "this machine's own while only it reaches the review app, else there are none.",
    )
    run_tags: AbsolutePath | None = Field(
        default=None,
        description="File (YAML) with tags of Dagster's runs by job, as in `vectors: "
        "{dagster-celery/queue: models}`: they choose machines (docs/deploy.md).",
    )
    extra_definitions: Names = Field(
        default=(),
        description="Python modules, separated by commas, whose `defs` Dagster loads beside those "
        "of Heaters (docs/own-assets.md).",
    )
    alert_webhook: SecretStr | None = Field(
        default=None,
        description="Address that takes Slack's incoming webhooks, and is told what waits for a "
        "person.",
    )
    alert_mail: Names = Field(
        default=(),
        description="Mail addresses, separated by commas, that are told the same.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for `HEATERS_ALERT_MAIL`, as in "
        "`smtps://user:password@mail.example.org`; `smtp://` goes on by STARTTLS where the server "
        "has it.",
    )
    alert_minutes: float = Field(
        default=60,
        gt=0,
        description="How long approved clips may be due, or something outside may not answer, "
        "before somebody is told.",
    )

    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Of the lines of logs: `text` for people, `json` for programs, with a line for "
        "each request.",
    )
    traces_endpoint: str | None = Field(
        default=None,
        description="Collector of OpenTelemetry's traces (OTLP over HTTP), as in "
        "`http://collector:4318/v1/traces`, which takes the extra traces; unset: what its own "
        "variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`), or none.",
    )

    undo_window_seconds: float = Field(
        default=60, ge=0, description="How long a decision rests before the pipeline acts on it."
    )
    lease_seconds: float = Field(
        default=90,
        gt=0,
        description="How long a clip leased to one reviewer is kept from others; the open page "
        "renews the lease.",
    )
    repeat_score: float = Field(
        default=0.6,
        ge=LEAST_SCORE,
        le=1,
        description="How alike the pictures of two clips must be for them to be called the same: "
        f"{LEAST_SCORE} to 1 (docs/duplicates.md).",
    )
    sensor_interval_seconds: int = Field(
        default=10, ge=1, description="How often the sensors look for due work."
    )

    watch_folder: Annotated[str, AfterValidator(_absolute_unless_url)] | None = Field(
        default=None,
        description="Heaters adds the videos that appear in this folder of the machine with the "
        "code server, or below this `s3://bucket/prefix`.",
    )
    source_folders: Folders | None = Field(
        default=None,
        description="Folders of the server, separated by commas, from which the sources page may "
        "add files and below which the page *Hand over* may copy some; unset: any, while only this "
        "machine reaches the review app, else none. `heaters add` takes any file.",
    )
    gold_master: Literal["ffv1", "copy"] = Field(
        default="ffv1",
        description="`ffv1`: lossless, each frame encoded on its own; `copy`: the source as it is, "
        "which costs no further bytes but makes exports slower.",
    )
    max_source_gb: float = Field(
        default=100, gt=0, description="Larger videos (10⁹ bytes) are refused, uploads too."
    )
    max_source_hours: float = Field(default=24, gt=0, description="Longer videos are refused.")
    max_source_frames: int = Field(
        default=6_000_000, gt=0, description="Videos of more frames are refused."
    )
    max_frame_megapixels: float = Field(
        default=40,
        gt=0,
        description="Videos of larger frames (10⁶ pixels) are refused; 8K has 33.",
    )
    max_growth: float = Field(
        default=10_000,
        gt=0,
        description="A video is refused whose gold master, proxy and thumbnails take more than "
        "this many times its own bytes, and more than a GB (10⁹ bytes).",
    )
    min_free_gb: float = Field(
        default=5,
        ge=0,
        description="With less free space (10⁹ bytes) on the disk of the home, no further video is "
        "started.",
    )
    cache_gb: float = Field(
        default=50,
        ge=0,
        description="Copies of S3's objects in the home (10⁹ bytes): the least recently used go "
        "first, and so many that `HEATERS_MIN_FREE_GB` stay free; 0: none.",
    )
    download_limit_hours: float = Field(
        default=12, gt=0, description="Longer downloads are stopped."
    )
    download_rate_mb: float | None = Field(
        default=None, gt=0, description="The highest rate of a download, in 10⁶ bytes a second."
    )
    download_retries: int = Field(
        default=3, ge=0, description="How often a download retries a failed request."
    )
    cookies_file: AbsolutePath | None = Field(
        default=None, description="Cookies (Netscape format) for sites that want a login."
    )
    proxy: str | None = Field(
        default=None,
        description="Proxy for downloads, as in `http://proxy:3128`; it, not Heaters, then decides "
        "which addresses may be reached.",
    )
    allowed_networks: Networks = Field(
        default=(),
        description="Private networks, separated by commas, that downloads may reach, as in "
        "`10.1.0.0/16`; unset: none.",
    )

    pipeline: ClipPipeline = Field(
        default=ClipPipeline.VIRTUAL,
        description="What clips of videos are that are added from now on, unless somebody says "
        "otherwise of one: `virtual`, a range of frames until it is approved; `physical`, a file "
        "that is cut before the review.",
    )
    detector: Literal[
        "auto", "transition", "transnet", "adaptive", "content", "hash", "histogram"
    ] = Field(
        default="auto",
        description="Cut detector: `transition` is our own; `transnet` is TransNetV2, from the "
        "extra models; `auto` is both together, or our own where the extra is not installed; "
        "`adaptive`, `content`, `hash` and `histogram` are PySceneDetect's.",
    )
    detector_threshold: float | None = Field(
        default=None,
        gt=0,
        description="In the detector's own unit; higher finds less; unset: its best known one.",
    )
    min_clip_seconds: float = Field(
        default=0.2, ge=0, description="A shorter clip is merged into a neighbour."
    )
    max_clip_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Longer clips are divided into equal parts; unset: they stay whole.",
    )
    review_segment_minutes: float = Field(
        default=3,
        gt=0,
        description="Of a longer film, each part of this length can be reviewed as soon as it is "
        "transcoded, while the rest still is.",
    )
    stall_seconds: float = Field(
        default=120,
        gt=0,
        description="An ffmpeg run or a server that makes no progress for this long is stopped.",
    )
    stuck_seconds: float = Field(
        default=1800,
        gt=0,
        description="A run that makes no progress for this long is taken for dead, and its work is "
        "tried again; never sooner than after three times `HEATERS_STALL_SECONDS`.",
    )
    embedding_model: Annotated[str, AfterValidator(_absolute_folder)] = Field(
        default="clip-ViT-B-32",
        description="The model that makes vectors of clips: a sentence-transformers model by name "
        "or folder, which takes the extra models, or `layout-v1`, the built-in descriptor, which "
        "knows no words. Nothing takes the place of a model that can't be had.",
    )
    embedding_strategy: Strategy = Field(
        default=Strategy.MEAN,
        description="Which of a clip's keyframes become vectors: `single` (the middle one), `mean` "
        "(the mean of all), `frames` (each by itself, so that what is found names its frame).",
    )
    embedding_precision: Literal["full", "half"] = Field(
        default="full",
        description="Of the numbers in the index over vectors; `half` takes half the memory, and "
        "is used for models of more than 2,000 numbers in any case.",
    )

    @property
    def film_limits(self) -> FilmLimits:
        return FilmLimits(
            pixels=self.max_frame_megapixels * 10**6,
            frames=self.max_source_frames,
            growth=self.max_growth,
        )

    @property
    def min_free_bytes(self) -> int:
        return int(self.min_free_gb * 10**9)

    @property
    def cache(self) -> CacheLimits:
        """Of copies of S3's objects; a folder needs none."""
        if not self.is_on_s3:
            return NO_CACHE
        return CacheLimits(int(self.cache_gb * 10**9), self.min_free_bytes)

    @property
    def handover_places(self) -> HandoverPlaces:
        """Where a page may have files copied to."""
        folders = self.source_folders
        if folders is None and not self.is_private:
            folders = ()
        own = (str(self.home), self.storage_url, self.watch_folder)
        return HandoverPlaces(folders, [each for each in own if each])

    @property
    def is_on_s3(self) -> bool:
        """Whether the storage is a bucket, which all machines reach."""
        return (self.storage_url or "").startswith("s3://")

    @property
    def is_spread(self) -> bool:
        """Whether runs may begin on another machine than this one."""
        return self.runs_elsewhere or self.broker_url is not None or self.workers > 1

    @property
    def on_loopback(self) -> bool:
        """Whether the review app listens to this machine alone."""
        return is_loopback(self.host)

    @property
    def opened_by(self) -> str | None:
        """The setting by which others than this machine's users reach its pages; None where
        none says so. A name that is not this machine's own is one by which others come."""
        signs = {
            "HEATERS_HOST": not self.on_loopback,
            "HEATERS_DAGSTER_HOST": not is_loopback(self.dagster_host),
            "HEATERS_TRUSTED_PROXIES": self.trusted_proxies,
            "HEATERS_TRUSTED_HOSTS": not all(map(is_loopback, self.trusted_hosts)),
            "HEATERS_LOGIN_HEADER": self.login_header,
            "HEATERS_OIDC_ISSUER": self.oidc_issuer,
        }
        return next((name for name, is_sign in signs.items() if is_sign), None)

    @property
    def is_private(self) -> bool:
        """Whether the review app is for this machine alone."""
        return self.opened_by is None

    @property
    def signs_in_elsewhere(self) -> bool:
        """Whether people can sign in whom this machine has never heard of."""
        return bool(self.login_header or self.oidc_issuer)

    @property
    def local_address(self) -> str:
        """Where this machine's programs find the review app. No `/` at its end."""
        return self._address_of(_from_here(self.host))

    @property
    def local_dagster_address(self) -> str:
        """The same of Dagster's web server."""
        return f"http://{HostAndPort(_from_here(self.dagster_host), self.dagster_port)}"

    @property
    def public_address(self) -> str:
        """Where people's browsers find the review app, as far as settings and this machine's
        network tell. No `/` at its end."""
        name = next((each for each in self.trusted_hosts if not is_loopback(each)), None)
        if self.trusted_proxies and name:
            return f"https://{name.lstrip('.')}"
        is_any = self.host in ("0.0.0.0", "::")  # noqa: S104
        return self._address_of(name or own_address()) if is_any else self.local_address

    @property
    def dagster_address(self) -> str | None:
        """Where operators' browsers find Dagster; None where nobody has said. No `/` at its end."""
        if self.dagster_url is not None:
            return self.dagster_url.rstrip("/")
        return f"http://127.0.0.1:{self.dagster_port}" if self.is_private else None

    def _address_of(self, host: str) -> str:
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://{HostAndPort(host, self.review_port)}"

    @field_validator("tls_key")
    @classmethod
    def _key_with_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("tls_cert") is None):
            raise ValueError("the certificate and its key go together")
        return value

    @field_validator("login_networks")
    @classmethod
    def _networks_of_the_header(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("login_header") and not value:
            raise ValueError("it must name the networks from which the login header comes")
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _client_of_the_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("oidc_issuer") and not value:
            raise ValueError("it must be our name at the provider")
        return value


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
