"""An operation of the API: a view whose annotations say what it takes and what it answers.

They are the only place where that is said: requests are checked by them, answers are written by
them, and the document describes them (`document`). A parameter `body` is the JSON of the request;
others whose type is a model, or a dataclass that parses an address's arguments, are the arguments
of the address; the rest are parts of its path.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property, update_wrapper
from hashlib import sha256
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from flask import Response, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict, is_typeddict
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.domain.errors import InputError
from review_app.api import idempotency
from review_app.fields import arguments
from review_app.guard import SAFE
from review_app.streams import REVALIDATE

LONGEST_SHOWN = 60
"""Characters of a wrong value that an error repeats."""


class Media(NamedTuple):
    """The content types of an answer that is no JSON."""

    types: tuple[str, ...]


DESCRIBED = ConfigDict(use_attribute_docstrings=True)
"""Texts after fields are their descriptions."""

Jpeg = Annotated[Response, Media(("image/jpeg",))]


class Body(BaseModel):
    """The JSON object of a request. An unknown field is refused: it is a misspelled one."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class ClipIds(Body):
    clips: list[int]


class Named(Body):
    name: str


class Query(BaseModel):
    """Arguments of an address. Others are ignored."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Answer(BaseModel):
    """The JSON object of an answer, made of anything that has its fields: `model_validate(row)`."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Nothing(TypedDict):
    """There is nothing to tell."""


class Operation:
    """A view function with its types."""

    def __init__(
        self,
        view: Callable[..., Any],
        raises: tuple[type[Exception], ...],
        *,
        names_page: bool,
        takes: tuple[str, ...],
        is_secret: bool,
        knows_repeats: bool,
        largest: int | None,
    ) -> None:
        update_wrapper(self, view)
        self._view = view
        self.raises = raises
        self.names_page = names_page
        """Whether the header X-Heaters-Page says for which page it is."""
        self.takes = takes
        """The content types of a body that is no JSON."""
        self._is_secret = is_secret
        self._knows_repeats = knows_repeats
        self._largest = largest
        hints = get_type_hints(view, include_extras=True)
        _describe(hints.values())
        self.answer: Any = hints.pop("return")
        self.media = _media(self.answer)
        """None where the answer is JSON."""
        self.body_type: Any = hints.pop("body", None)
        self._tags = _tags(self.body_type)
        self.arguments: Mapping[str, Any] = {
            name: hint for name, hint in hints.items() if hint not in (int, str)
        }

    # A hundred of them would take a second of each start.

    @cached_property
    def answers(self) -> TypeAdapter[Any]:
        return TypeAdapter(None if self.media else self.answer)

    @cached_property
    def body(self) -> TypeAdapter[Any] | None:
        return TypeAdapter(self.body_type) if self.body_type else None

    def __call__(self, **path: Any) -> Response:
        if self._largest is not None:
            request.max_content_length = self._largest
        given = {name: _parsed(hint) for name, hint in self.arguments.items()}
        if self.body is not None:
            given["body"] = _read(self.body, self._tags)
        if request.method in SAFE:
            return self._tagged(self._answered(path, given))
        return idempotency.once(
            lambda: self._answered(path, given),
            is_secret=self._is_secret,
            knows_repeats=self._knows_repeats,
        )

    def _answered(self, path: Mapping[str, Any], given: Mapping[str, Any]) -> Response:
        found = self._view(**path, **given)
        if isinstance(found, Response):
            return found
        return Response(self.answers.dump_json(found), mimetype="application/json")

    def _tagged(self, response: Response) -> Response:
        """A program that has the answer already need not read it again."""
        if self.media is None and response.status_code == 200:
            response.set_etag(_tag(response.get_data()))
            response.headers["Cache-Control"] = REVALIDATE
            response.make_conditional(request)
        return response


def described(
    *raises: type[Exception],
    names_page: bool = False,
    takes: tuple[str, ...] = (),
    is_secret: bool = False,
    knows_repeats: bool = False,
    largest: int | None = None,
) -> Callable[[Callable[..., Any]], Operation]:
    """Makes a view an operation. `raises`: what it refuses besides malformed requests (400), and
    addresses of nothing (404). `is_secret`: its answer is told once and never kept.
    `knows_repeats`: it finds out by itself what of it was done, and does the rest. `largest`: bytes
    of its body, where other than a form's."""
    return lambda view: Operation(
        view,
        raises,
        names_page=names_page,
        takes=takes,
        is_secret=is_secret,
        knows_repeats=knows_repeats,
        largest=largest,
    )


def refuse_if_changed(answer: Any, now: object) -> None:
    """Raises PreconditionFailed where If-Match names another state than `now`, which is what the
    operation that answers with `answer` would tell."""
    if request.if_match and not request.if_match.contains(_tag(TypeAdapter(answer).dump_json(now))):
        raise PreconditionFailed("It has changed since it was read: read it again.")


def _describe(types: Iterable[Any]) -> None:
    """Has TypedDicts, and those within them, say in the document what the code says of them."""
    for each in types:
        if is_typeddict(each) and not hasattr(each, "__pydantic_config__"):
            with_config(DESCRIBED)(each)
            _describe(get_type_hints(each).values())
        _describe(get_args(each))


def _tags(body: Any) -> frozenset[str]:
    """The names of the kinds of a body that has several: pydantic puts them before the fields."""
    kinds = [kind for union in get_args(body) for kind in get_args(union)]
    marked = [kind.model_fields["action"].annotation for kind in kinds]
    return frozenset(name for each in marked for name in get_args(each))


def _tag(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]


def _media(answer: Any) -> Media | None:
    if get_origin(answer) is not Annotated:
        return None
    return next((each for each in get_args(answer) if isinstance(each, Media)), None)


def _parsed(hint: Any) -> Any:
    given = {name: value for name, value in arguments().items() if value.strip()}
    if not issubclass(hint, BaseModel):
        return hint.parse(given)
    try:
        return hint.model_validate(given)
    except ValidationError as error:
        raise InputError(_sentence(error)) from None


def _read(model: TypeAdapter[Any], tags: Collection[str]) -> Any:
    if not request.is_json:
        raise InputError("The request must carry a JSON object.")
    try:
        return model.validate_json(request.get_data())
    except ValidationError as error:
        raise InputError(_sentence(error, tags)) from None


def _sentence(error: ValidationError, tags: Collection[str] = ()) -> str:
    """Of the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    named = str(context.get("discriminator", "")).strip("'")
    if first["type"] == "union_tag_invalid":
        return f"{named} is {context['tag']!r}; it must be one of {context['expected_tags']}."
    if first["type"] == "union_tag_not_found":
        return f"The request needs {named}."
    place = ".".join(str(each) for each in first["loc"] if each not in tags)
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "missing":
        return f"The request needs {place}."
    if not place:
        return f"The request must carry a JSON object: {said}."
    if first["type"] == "extra_forbidden":
        return f"The request has {place}, which nobody asks for: check how it is spelled."
    shown = repr(first["input"])
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[:LONGEST_SHOWN]}…"
    return f"{place} is {shown}; {_must(said)}."


def _must(said: str) -> str:
    if said.startswith("Input should "):
        return f"it must {said.removeprefix('Input should ')}"
    return f"{said[0].lower()}{said[1:]}"
