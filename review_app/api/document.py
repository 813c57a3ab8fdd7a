"""The OpenAPI document: what the routes of the app and the types of their views say of themselves.

OpenAPI 3.1 speaks JSON Schema 2020-12, as pydantic does, so that nothing is translated.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from flask import Flask
from pydantic import BaseModel, TypeAdapter, with_config
from pydantic.json_schema import JsonSchemaMode
from werkzeug.exceptions import (
    PreconditionFailed,
    RequestEntityTooLarge,
    ServiceUnavailable,
    Unauthorized,
)
from werkzeug.routing import Rule

from heaters_pipeline.domain.errors import Conflict, Forbidden, InputError, NotFound
from heaters_pipeline.domain.roles import LEAST
from heaters_pipeline.domain.selection import LARGEST_ID
from review_app.api import idempotency, problems
from review_app.api.operation import DESCRIBED, Operation
from review_app.reviewer import PAGE_HEADER, PAGE_PATTERN

PREFIX = "/api/v1/"
ADDRESS = f"{PREFIX}openapi.json"
SCHEMAS = "#/components/schemas/{model}"

_PART = re.compile(r"<(?:(?P<type>\w+)(?:\((?P<choices>[^)]*)\))?:)?(?P<name>\w+)>")
_HEAD = {
    "openapi": "3.1.0",
    "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
    "info": {
        "title": "Heaters",
        "version": version("heaters"),
        "license": {"name": "MIT", "identifier": "MIT"},
        "description": "Everything that the pages of Heaters do, for programs. Each operation says "
        "in `x-role` which role it asks for at least.",
    },
    "servers": [{"url": "/"}],
    "security": [{"token": []}, {"session": []}],
}
_SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `heaters tokens add`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "heaters",
        "description": "The cookie of the pages. Whatever changes something needs the header "
        "X-CSRFToken besides.",
    },
}


def operations(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    """All operations, with their routes and methods, by address. Raises TypeError for a view below
    the API's addresses that is none."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not rule.rule.startswith(PREFIX) or rule.rule == ADDRESS:
            continue
        view: object = app.view_functions[rule.endpoint]
        if not isinstance(view, Operation):
            raise TypeError(f"{rule.endpoint} is below {PREFIX} and not described.")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method.lower(), view


def document(app: Flask) -> dict[str, Any]:
    found = list(operations(app))
    schemas, definitions = _schemas([view for _, _, view in found])
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view in found:
        path = _PART.sub(r"{\g<name>}", rule.rule)
        paths.setdefault(path, {})[method] = _operation(rule, method, view, schemas)
    return {
        **_HEAD,
        "tags": [{"name": name} for name in dict.fromkeys(_tag(rule) for rule, _, _ in found)],
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": _SECURITY},
    }


Schemas = Mapping[tuple[Any, JsonSchemaMode], Any]
"""By type and by whether it is read or written."""


def _schemas(views: Sequence[Operation]) -> tuple[Schemas, Mapping[str, Any]]:
    """What refers to each type, and what it refers to."""
    adapters: dict[tuple[Any, JsonSchemaMode], TypeAdapter[Any]] = {
        (problems.Problem, "serialization"): TypeAdapter(problems.Problem)
    }
    for view in views:
        if view.body is not None:
            adapters[view.body_type, "validation"] = view.body
        if view.media is None:
            adapters[view.answer, "serialization"] = view.answers
    schemas, definitions = TypeAdapter.json_schemas(
        [(key, key[1], adapter) for key, adapter in adapters.items()], ref_template=SCHEMAS
    )
    return {key: schemas[key, key[1]] for key in adapters}, definitions.get("$defs", {})


def _operation(rule: Rule, method: str, view: Operation, schemas: Schemas) -> dict[str, Any]:
    summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition(". ")
    told: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [_tag(rule)],
        "summary": " ".join(summary.rstrip(".").split()),
        "description": rest,
        "x-role": LEAST[rule.endpoint],
        "parameters": [*_path(rule), *_query(view), *_headers(method, view)],
        "responses": _responses(rule, method, view, schemas),
    }
    if view.body is not None:
        schema = schemas[view.body_type, "validation"]
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    elif view.takes:
        told["requestBody"] = {
            "required": True,
            "content": {each: {"schema": {}} for each in view.takes},
        }
    return told


def _tag(rule: Rule) -> str:
    return str(rule.endpoint).partition(".")[0].removeprefix("api_").replace("_", " ")


def _path(rule: Rule) -> Iterator[dict[str, Any]]:
    for part in _PART.finditer(rule.rule):
        schema: dict[str, Any] = {"type": "string"}
        if part["type"] == "int":
            schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}
        elif part["choices"]:
            schema = {"enum": [each.strip() for each in part["choices"].split(",")]}
        yield {"name": part["name"], "in": "path", "required": True, "schema": schema}


def _query(view: Operation) -> Iterator[dict[str, Any]]:
    for hint in view.arguments.values():
        if not issubclass(hint, BaseModel):
            with_config(DESCRIBED)(hint)
        found = TypeAdapter(hint).json_schema()
        for name, schema in found["properties"].items():
            inlined = _inlined(schema, found.get("$defs", {}))
            told = {
                "name": name,
                "in": "query",
                "required": name in found.get("required", []),
                "description": inlined.pop("description", ""),
                "schema": inlined,
            }
            yield told | ({"explode": False} if inlined.get("type") == "array" else {})


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Without references and titles: arguments of addresses are small."""
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**definitions[name], **rest}, definitions)
    choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(choices) == 1:  # an address leaves out what is null
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return _inlined({**choices[0], **rest}, definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items() if key != "title"}


def _headers(method: str, view: Operation) -> Iterator[dict[str, Any]]:
    if view.names_page:
        yield _header(PAGE_HEADER, "The page, or the program, that leases clips.", PAGE_PATTERN)
    if method == "get" and view.media is None:
        yield _header("If-None-Match", "The ETag of an answer that is here already.")
    if method != "get":
        yield _header(
            idempotency.HEADER,
            "Sent again with the same key within a day, the request counts once.",
            idempotency.PATTERN,
        )
    if PreconditionFailed in view.raises:
        yield _header("If-Match", "The ETag of what is to be changed, as it was read.")


def _header(name: str, description: str, pattern: str = "") -> dict[str, Any]:
    schema = {"type": "string"} | ({"pattern": f"^{pattern}$"} if pattern else {})
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _responses(rule: Rule, method: str, view: Operation, schemas: Schemas) -> dict[str, Any]:
    told = {"200": _answer(method, view, schemas)}
    if method == "get":
        told["304"] = {"description": "As before"}
    for status in sorted({problems.status_of(each) for each in _refusals(rule, method, view)}):
        schema = schemas[problems.Problem, "serialization"]
        content = {problems.MIMETYPE: {"schema": schema}}
        told[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    return told


def _answer(method: str, view: Operation, schemas: Schemas) -> dict[str, Any]:
    if view.media is not None:
        files: dict[str, Any] = {each: {} for each in view.media.types}
        return {"description": "The file", "content": files}
    content = {"application/json": {"schema": schemas[view.answer, "serialization"]}}
    told: dict[str, Any] = {"description": "Done", "content": content}
    if method == "get":
        told["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return told


def _refusals(rule: Rule, method: str, view: Operation) -> Iterator[type[Exception]]:
    yield InputError
    yield Forbidden
    yield Unauthorized
    yield from view.raises
    if rule.arguments or view.arguments or view.body:
        yield NotFound
    if method != "get":
        yield Conflict  # of an idempotency key, as is the next one
        yield ServiceUnavailable
        yield RequestEntityTooLarge
