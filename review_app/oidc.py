"""Signing in at a provider of OpenID Connect, by Authlib: the browser leaves for the provider, and
comes back with a code for which the app itself fetches who it is. State, nonce and the verifier of
the code (PKCE) wait in the browser's session meanwhile."""

from __future__ import annotations

import logging
from typing import Any, cast

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, current_app, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from heaters_pipeline.domain.errors import HeatersError, NotFound, Refused
from heaters_pipeline.domain.single_sign_on import Arrival, arrival
from heaters_pipeline.settings import Settings
from review_app.services import services

ANSWER_SECONDS = 5
PENDING = 3
"""Ways out that wait for their way back; each takes room in the cookie."""
ONWARD = "oidc_onward"

log = logging.getLogger("heaters.review")


def register(app: Flask, settings: Settings) -> None:
    if settings.oidc_issuer is None:
        return
    secret = settings.oidc_client_secret
    oauth = OAuth(app)
    oauth.register(
        "oidc",
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": ANSWER_SECONDS,
            **({} if secret else {"token_endpoint_auth_method": "none"}),
        },
    )


def leave_for(onward: str) -> ResponseReturnValue:
    """To the provider; `onward` is the path to go on to afterwards. Raises HeatersError where it
    does not answer."""
    try:
        answer = _client().authorize_redirect(url_for("login.oidc_return", _external=True))
    except (RequestException, AuthlibBaseError, RuntimeError, ValueError) as error:
        raise _unusable(error) from error
    session[ONWARD] = onward
    pending = [name for name in session if name.startswith("_state_oidc_")]
    for name in pending[:-PENDING]:
        session.pop(name)
    return cast(ResponseReturnValue, answer)


def come_back() -> tuple[Arrival, str]:
    """Who has come back, and the path to go on to. Raises HeatersError where they have not signed
    in there, or what the provider says is not for us, not now, or not its own."""
    onward = str(session.pop(ONWARD, ""))
    client, settings = _client(), services().settings
    try:
        expected = {"iss": settings.oidc_issuer, "aud": settings.oidc_client_id}
        checks = {name: {"essential": True, "value": value} for name, value in expected.items()}
        claims = client.authorize_access_token(claims_options=checks).get("userinfo")
    except (AuthlibBaseError, JoseError) as error:
        log.warning("Nobody signed in at %s: %s", settings.oidc_issuer, error)
        raise Refused(f"{settings.oidc_issuer} did not sign you in: try again.") from error
    except (RequestException, RuntimeError, ValueError) as error:
        raise _unusable(error) from error
    if not claims:
        raise Refused(f"{settings.oidc_issuer} does not say who you are: it sends no ID token.")
    found = arrival(
        claims,
        domains=settings.oidc_domains,
        claim=settings.oidc_claim,
        role_by_value=settings.oidc_roles,
    )
    return found, onward


def _client() -> Any:
    oauth = current_app.extensions.get("authlib.integrations.flask_client")
    if oauth is None:
        raise NotFound("There is no such page.")
    return oauth.oidc


def _unusable(error: Exception) -> HeatersError:
    log.warning("The sign-in at %s failed: %s", services().settings.oidc_issuer, error)
    return Refused(f"{services().settings.oidc_issuer} can't be used to sign in now: try again.")
