"""The page where people decide on clips, and the pages around it."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from flask import Flask, Response
from sqlalchemy import Engine

from heaters_pipeline.db import bucket_uploads, secret_keys
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.urls import APP_DRIVER, DAGSTER_DATABASE, with_database, with_driver
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.hosts import known_names
from heaters_pipeline.domain.people import SESSION_COOKIE
from heaters_pipeline.files.home import private_home
from heaters_pipeline.files.secret_key import key_of_home
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import PartStorage, Storage, open_storage
from heaters_pipeline.work.people import refuse_unless_guarded
from heaters_pipeline.work.search import open_searcher
from review_app import access, errors, metrics, oidc, resources, telling
from review_app.downloads import Downloads
from review_app.guard import check_form, csrf, refuse_foreign_pages
from review_app.hosts import answer_to
from review_app.learnt import Learnt
from review_app.presenters import texts
from review_app.presenters.keyframes import keyframe_url
from review_app.proxies import stand_behind
from review_app.reviewer import reviewer_name, unread_comments
from review_app.senders import Senders
from review_app.services import Services
from review_app.unguarded import Unguarded
from review_app.uploads import tus
from review_app.uploads.bucket import BucketUploads
from review_app.uploads.folder import UploadFolder
from review_app.uploads.upload import Uploads
from review_app.views import BLUEPRINTS

LARGEST_FORM = 8 << 20
"""Ten thousand addresses of several hundred characters."""


def content_security_policy(storage: str = "") -> str:
    """`storage`: the origin from which browsers fetch films themselves."""
    films = f"'self' {storage}".strip()
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{kind}-src 'self'" for kind in ("script", "style", "img")),
            *(f"{kind}-src {films}" for kind in ("media", "connect")),
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def create_app(settings: Settings) -> Flask:
    """The app on the database and the storage that `settings` name. Raises InputError where they
    name no database, or let in other machines where there is no admin."""
    private_home(settings.home)
    engine = open_engine(_database_url(settings))
    with transaction(engine) as session:
        refuse_unless_guarded(session, settings)
        key = secret_keys.session_key(session, key_of_home(settings.home))
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=key,
        SESSION_COOKIE_NAME=SESSION_COOKIE,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=365 * 24 * 3600,
        # Answers that cross on the way must not bring back the session of before a change of name.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # `check_form` does, unless a program brings a token
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
    )
    storage = open_storage(
        settings.storage_url,
        settings.home,
        endpoint_url=settings.s3_endpoint_url,
        class_by_kind=settings.storage_classes,
        cache=settings.cache,
    )
    services = app.extensions["heaters"] = Services(
        settings,
        engine,
        open_engine(_dagster_url(settings)),
        storage,
        _uploads(settings, engine, storage),
        Learnt(engine),
        open_searcher(engine, storage, settings),
        Downloads(),
        Senders(
            partial(_senders_elsewhere, engine),
            is_private=settings.is_private,
            proxies=settings.trusted_proxies,
        ),
        Unguarded(engine),
    )
    if settings.on_loopback or settings.trusted_hosts:
        answer_to(app, known_names(settings.host, settings.trusted_hosts))
    telling.register(app, settings)
    metrics.register(app)
    # After the check of names, which then sees what the proxies say.
    stand_behind(app, settings.trusted_proxies)
    access.register(app)
    oidc.register(app, settings)
    app.before_request(refuse_foreign_pages)
    csrf.init_app(app)
    app.before_request(partial(check_form, unless_exempt=True))
    app.before_request(access.note)
    for blueprint in (*BLUEPRINTS, *resources.BLUEPRINTS, tus.blueprint):
        app.register_blueprint(blueprint)
    errors.register(app)
    texts.register(app)
    app.jinja_env.globals.update(
        keyframe_url=keyframe_url, undo_window_seconds=settings.undo_window_seconds
    )
    app.context_processor(_visitor)
    app.after_request(partial(_secure, content_security_policy(_films_origin(settings, storage))))
    app.after_request(tus.mark)
    services.uploads.sweep()
    return app


def _uploads(settings: Settings, engine: Engine, storage: Storage) -> Uploads:
    most_bytes = int(settings.max_source_gb * 1e9)
    if isinstance(storage, PartStorage):
        return BucketUploads(engine, storage, most_bytes)
    return UploadFolder(settings.home / "uploads", storage, most_bytes)


def _senders_elsewhere(engine: Engine) -> set[str]:
    with transaction(engine) as session:
        return bucket_uploads.senders(session)


def _visitor() -> dict[str, object]:
    """What templates know of whoever sent the request."""
    found = access.visitor()
    return {
        "visitor": found,
        "reviewer": reviewer_name() if found.is_authenticated else "",
        "unread": unread_comments,
    }


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise InputError(
            "The review app has no database: run `heaters up`, which starts one and the review "
            "app with it, or set DATABASE_URL."
        )
    return with_driver(settings.database_url, APP_DRIVER)


def _dagster_url(settings: Settings) -> str:
    if settings.dagster_database_url is not None:
        return with_driver(settings.dagster_database_url, APP_DRIVER)
    return with_database(_database_url(settings), DAGSTER_DATABASE)


def _films_origin(settings: Settings, storage: Storage) -> str:
    """Empty where all bytes pass through the app."""
    link = storage.link("any", 1) if settings.presigned_seconds else None
    return "{0.scheme}://{0.netloc}".format(urlsplit(link)) if link else ""


def _secure(policy: str, response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response
