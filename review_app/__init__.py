"""The page where people decide on clips, and the pages around it."""

from __future__ import annotations

from flask import Flask, Response, abort, request
from flask_wtf.csrf import CSRFProtect

from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage import open_storage
from review_app import errors, library, media, queue, sources, texts
from review_app.reviewer import reviewer_name
from review_app.secret import secret_key
from review_app.services import Services

LOOPBACK = ("127.0.0.1", "localhost", "::1")

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "media", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def create_app(settings: Settings | None = None) -> Flask:
    """The app on the database and the storage that `settings` name."""
    settings = settings or get_settings()
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret_key(settings.home),
        SESSION_COOKIE_NAME="heaters",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=365 * 24 * 3600,
        # Answers that cross on the way must not bring back the session of before a change of name.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=1 << 20,
        TRUSTED_HOSTS=_trusted_hosts(settings),
    )
    app.extensions["heaters"] = Services(
        settings,
        open_engine(_database_url(settings)),
        open_storage(settings.storage_url, settings.home, endpoint_url=settings.s3_endpoint_url),
    )
    CSRFProtect(app)
    for blueprint in (queue.blueprint, media.blueprint, sources.blueprint, library.blueprint):
        app.register_blueprint(blueprint)
    errors.register(app)
    texts.register(app)
    app.context_processor(lambda: {"reviewer": reviewer_name()})
    app.before_request(_refuse_foreign_pages)
    app.after_request(_secure)
    return app


def _database_url(settings: Settings) -> str:
    from heaters_pipeline.platform import postgres

    if settings.database_url is None:
        return postgres.ensure_database(settings).heaters
    return postgres.with_driver(settings.database_url, postgres.APP_DRIVER)


def _trusted_hosts(settings: Settings) -> list[str] | None:
    """On loopback only this machine's names: another site's name that leads here (DNS rebinding)
    would make its pages as trusted as ours."""
    if settings.trusted_hosts is not None:
        return [name.strip() for name in settings.trusted_hosts.split(",")]
    return list(LOOPBACK) if settings.host in LOOPBACK else None


def _refuse_foreign_pages() -> None:
    """The API answers our own pages: even asking for the queue leases clips."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.path.startswith("/api/") and site not in ("same-origin", "none"):
        abort(403, "This address answers the pages of Heaters only.")


def _secure(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response
