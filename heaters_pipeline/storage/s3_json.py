"""Answers in JSON from services that otherwise speak S3's protocol, whose answers are XML.

Some services and proxies answer errors in JSON. botocore reads XML alone and would see the status
without its reason: a bucket that is not there looks like an object that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

_CODE = ("Code", "code", "errorCode", "__type", "error")
_MESSAGE = ("Message", "message", "errorMessage", "error_description", "detail")


def understand_json(client: Any) -> None:
    """Has `client`, a boto3 S3 client, understand them from now on."""
    client.meta.events.register("before-parse.s3", _as_xml, unique_id="heaters-json")


def _as_xml(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    body, status = response_dict["body"], response_dict["status_code"]
    deletes = operation_model.name == "DeleteObjects"
    if not isinstance(body, bytes) or not body.lstrip().startswith(b"{"):
        return
    if status < 300 and not deletes:
        return
    try:
        told = json.loads(body)
    except ValueError:
        return
    result = told.get("DeleteResult", told)
    if deletes and isinstance(result, dict) and not result.keys().isdisjoint({"Errors", "Deleted"}):
        errors = "".join(_error(each, "InternalError") for each in result.get("Errors") or ())
        response_dict["body"] = f"<DeleteResult>{errors}</DeleteResult>".encode()
        # botocore took it for a passing failure of the server, as it is not XML.
        response_dict["status_code"] = 200
    elif status >= 300:
        response_dict["body"] = _error(told, str(status)).encode()


def _error(told: Mapping[str, Any], code: str) -> str:
    """The XML of one error; `code` where it names none."""
    inner = next(
        (told[name] for name in ("Error", "error") if isinstance(told.get(name), dict)), told
    )
    found = {
        "Code": _first(inner, _CODE) or code,
        "Message": _first(inner, _MESSAGE),
        "Key": _first(inner, ("Key", "key")),
    }
    parts = (f"<{name}>{escape(text)}</{name}>" for name, text in found.items() if text)
    return f"<Error>{''.join(parts)}</Error>"


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(told[each]) for each in names if isinstance(told.get(each), str | int)), "")
