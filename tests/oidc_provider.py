"""A small provider of OpenID Connect, made of Authlib's server parts, that speaks HTTP: one client,
codes that work once, PKCE, signed ID tokens. Tests bend what it says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "heaters", "a secret of two"
KEY = RSAKey.generate_key(parameters={"kid": "one"})
OTHER_KEY = RSAKey.generate_key(parameters={"kid": "one"})


class Client(ClientMixin):
    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == "http://localhost/login/oidc/return"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, *_: object) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    auth_time: int = field(default_factory=lambda: int(time.time()))

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None: ...

    def get_amr(self) -> None: ...


@dataclass
class Provider:
    """`person`: who is signed in there, as claims. The others bend the next ID token."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: KEY)
    issuer: str | None = None
    audience: str = CLIENT_ID
    nonce: str | None = None
    expires_in: int = 3600
    has_id_token: bool = True
    codes: dict[str, Code] = field(default_factory=dict)
    challenges: list[str] = field(default_factory=list)


def _app(provider: Provider) -> Flask:
    app = Flask("provider")
    server = AuthorizationServer(app, query_client=lambda _: Client(), save_token=lambda *_: None)

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            provider.challenges.append(data["code_challenge"])
            provider.codes[code] = Code(
                code,
                *(data[name] for name in ("redirect_uri", "scope", "nonce")),
                data["code_challenge"],
                data["code_challenge_method"],
            )

        def query_authorization_code(self, code: str, *_: object) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, code: Code) -> None:
            del provider.codes[code.code]

        def authenticate_user(self, *_: object) -> dict[str, Any]:
            return provider.person

    class IdTokens(OpenIDCode):
        def exists_nonce(self, *_: object) -> bool:
            return False

        def resolve_client_private_key(self, *_: object) -> RSAKey:
            return provider.key

        def get_client_claims(self, *_: object) -> dict[str, Any]:
            now = int(time.time())
            times = {"iat": now, "exp": now + provider.expires_in}
            return {"iss": provider.issuer or provider.url, "aud": [provider.audience], **times}

        def get_client_algorithm(self, *_: object) -> str:
            return "RS256"

        def get_authorization_code_claims(self, code: Code) -> dict[str, Any]:
            claims = super().get_authorization_code_claims(code)
            return claims | ({"nonce": provider.nonce} if provider.nonce is not None else {})

        def generate_user_info(self, user: dict[str, Any], *_: object) -> UserInfo:
            return UserInfo(user)

        def process_token(self, grant: Any, response: Any) -> Any:
            return super().process_token(grant, response) if provider.has_id_token else response[1]

    server.register_grant(CodeGrant, [IdTokens(require_nonce=True), CodeChallenge(required=True)])

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Any:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        return jsonify(
            issuer=provider.url,
            jwks_uri=f"{provider.url}/keys",
            id_token_signing_alg_values_supported=["RS256"],
            **{name: f"{provider.url}/{path}" for name, path in places.items()},
        )

    @app.get("/keys")
    def keys() -> Any:
        return jsonify(keys=[KEY.as_dict(private=False)])

    @app.get("/authorize")
    def authorize() -> Any:
        return server.create_authorization_response(grant_user=provider.person)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    return app


@contextmanager
def serving() -> Iterator[Provider]:
    provider = Provider()
    server = make_server("127.0.0.1", 0, _app(provider), threaded=True)
    provider.url = f"http://127.0.0.1:{server.port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
