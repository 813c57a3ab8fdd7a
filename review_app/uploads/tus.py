"""Files that browsers and scripts send, in pieces and across interruptions: the tus protocol 1.0.0
(core, creation, expiration, termination; https://tus.io/protocols/resumable-upload).

`POST /sources` with the header `Tus-Resumable` announces a file, `PATCH` on the address that is
answered sends its next bytes, `HEAD` tells how many have arrived. The request that brings the last
byte is answered when the file is in the storage and its source video in the database; if that
fails, all bytes are kept and `HEAD` or an empty `PATCH` tries again.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request, url_for
from werkzeug.http import http_date

from heaters_pipeline.db import deletions
from heaters_pipeline.work.register import add_upload
from review_app.guard import csrf
from review_app.services import services, transaction
from review_app.uploads.upload import Upload, UploadRefused, Uploads

VERSION = "1.0.0"
HEADER = "Tus-Resumable"
CONTENT_TYPE = "application/offset+octet-stream"

LONGEST_CHUNK = 256 << 20
"""Most bytes in one PATCH. Waitress hands over whole requests only: what a request that breaks off
has brought is lost."""

LONGEST_METADATA = 16 << 10
"""Characters of an Upload-Metadata header: names and titles are far shorter."""

MOST_DIGITS = 18
"""Of a number of bytes: larger ones are nobody's file, and Python refuses to read the largest."""

blueprint = Blueprint("uploads", __name__)
csrf.exempt(blueprint)


def is_meant() -> bool:
    """Whether the client of this request speaks tus."""
    return HEADER in request.headers


def mark(response: Response) -> Response:
    """Every answer to a client that speaks tus says so."""
    if is_meant():
        response.headers[HEADER] = VERSION
        if response.status_code == HTTPStatus.PRECONDITION_FAILED:
            response.headers["Tus-Version"] = VERSION
    return response


def abilities() -> Response:
    """Answers OPTIONS, with which a client begins."""
    return _answer(
        {
            HEADER: VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,expiration,termination",
            "Tus-Max-Size": _folder().most_bytes,
        }
    )


def create() -> Response:
    """Answers a POST that announces a file."""
    _check_version()
    folder = _folder()
    metadata = request.headers.get("Upload-Metadata", "")
    if len(metadata) > LONGEST_METADATA:
        raise UploadRefused(
            HTTPStatus.BAD_REQUEST,
            f"The header Upload-Metadata has more than {LONGEST_METADATA} characters: send only "
            "the name and the title of the file.",
        )
    length = _number("Upload-Length")
    upload = folder.create(length, metadata, _keep_free(), request.remote_addr or "")
    answer = _answer({"Location": url_for("uploads.send", upload_id=upload.id)}, upload)
    answer.status_code = HTTPStatus.CREATED
    return answer


@blueprint.before_request
def _check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get(HEADER) != VERSION:
        raise UploadRefused(
            HTTPStatus.PRECONDITION_FAILED,
            f"Uploads speak the tus protocol: send the header {HEADER}: {VERSION}.",
        )


@blueprint.route("/sources/uploads/<upload_id>", methods=["HEAD"])
def look(upload_id: str) -> Response:
    folder = _folder()
    upload = folder.get(upload_id)
    if upload.video_key is None and folder.offset(upload) == upload.length:
        with folder.locked(upload_id) as upload:
            upload = _taken_in(upload)
    headers = {"Upload-Length": upload.length, "Upload-Metadata": upload.metadata}
    return _answer({**headers, "Cache-Control": "no-store"}, upload)


@blueprint.patch("/sources/uploads/<upload_id>")
def send(upload_id: str) -> Response:
    if request.mimetype != CONTENT_TYPE:
        raise UploadRefused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A piece of an upload has the type {CONTENT_TYPE}."
        )
    offset = _number("Upload-Offset")
    folder = _folder()
    with folder.locked(upload_id) as upload:
        have = folder.offset(upload)
        if offset != have:
            raise UploadRefused(
                HTTPStatus.CONFLICT,
                f"{upload.name} resumes at byte {have}, not at {offset}: ask for the offset again.",
            )
        if (request.content_length or 0) > upload.length - have:
            raise UploadRefused(
                HTTPStatus.BAD_REQUEST,
                f"{upload.name} was announced with {upload.length} bytes, and more were sent: send "
                "it as a new upload.",
            )
        request.max_content_length = LONGEST_CHUNK + 1  # Werkzeug refuses what reaches it
        folder.append(upload, request.stream, _keep_free())
        return _answer({}, _taken_in(upload))


@blueprint.delete("/sources/uploads/<upload_id>")
def cancel(upload_id: str) -> Response:
    folder = _folder()
    with folder.locked(upload_id) as upload:
        folder.remove(upload)
    return _answer({})


def _taken_in(upload: Upload) -> Upload:
    """Makes a complete upload a source video, in an order that can begin again after any step: the
    object is entered first, so that it can't stay without a video; the storage replaces it, the
    video's row is there already, and only then the bytes go."""
    folder = _folder()
    if upload.video_key is not None or folder.offset(upload) < upload.length:
        return upload
    with transaction() as session:
        deletions.expect(session, upload.object_key)
    folder.deliver(upload)
    with transaction() as session:
        add_upload(
            session,
            upload_id=upload.id,
            name=upload.name,
            source_filepath=upload.object_key,
            size=upload.length,
            title=upload.title,
            needs_splicing=not upload.already_cut,
            pipeline=upload.pipeline or services().settings.pipeline,
        )
    return folder.finish(upload)


def _folder() -> Uploads:
    return services().uploads


def _keep_free() -> int:
    return services().settings.min_free_bytes


def _number(header: str) -> int:
    given = request.headers.get(header, "")
    if not (given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS):
        raise UploadRefused(
            HTTPStatus.BAD_REQUEST,
            f"The header {header} must be a number of bytes, not {given[:40]!r}.",
        )
    return int(given)


def _answer(headers: dict[str, object], upload: Upload | None = None) -> Response:
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers.update({name: str(value) for name, value in headers.items()})
    if upload is not None:
        folder = _folder()
        response.headers["Upload-Offset"] = str(folder.offset(upload))
        response.headers["Upload-Expires"] = http_date(folder.expires(upload))
    return response
