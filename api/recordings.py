"""Playing recordings: by a signed link that runs out, in byte ranges, so that a player can jump."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from api.security import AnyService
from api.services import Services
from config.keys import Keyring
from storage import call_recordings
from storage.call_recordings import RecordingState
from storage.recordings import RecordingMissing
from storage.tables import RecordingRow

router = APIRouter(include_in_schema=False)

LINK_LIFETIME = timedelta(minutes=15)
_CONTENT_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def recording_link(keyring: Keyring, recording_id: str, now: datetime) -> str:
    """An address on this host that plays the recording, for whoever has it, for a quarter of an hour."""
    expires = int((now + LINK_LIFETIME).timestamp())
    return f"/recordings/{recording_id}?expires={expires}&signature={keyring.sign(_signed(recording_id, expires))}"


def _signed(recording_id: str, expires: int) -> str:
    return f"recording|{recording_id}|{expires}"


@router.api_route("/recordings/{recording_id}", methods=["GET", "HEAD"])
async def play(
    recording_id: str,
    services: AnyService,
    request: Request,
    expires: Annotated[str, Query(max_length=20)] = "",
    signature: Annotated[str, Query(max_length=200)] = "",
    wanted: Annotated[str | None, Header(alias="range")] = None,
) -> Response:
    if not _is_good_link(services, recording_id, expires, signature):
        return PlainTextResponse("This link has run out. Open the call again to get a new one.\n", 403)
    async with services.database.read() as session:
        row = await call_recordings.recording(session, recording_id)
    if row is None or row.state != RecordingState.STORED or row.object_key is None or row.length is None:
        return PlainTextResponse("This recording is not there any more.\n", 404)
    headers = _headers(row, row.object_key)
    span = _span(wanted, row.length)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{row.length}", "Accept-Ranges": "bytes"})
    start, end = span
    headers["Content-Length"] = str(end - start)
    status = 200
    if wanted is not None and _RANGE.fullmatch(wanted.strip()):
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{row.length}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    try:
        chunks = await _chunks(services, row.object_key, start, end)
    except RecordingMissing:
        return PlainTextResponse("This recording is not there any more.\n", 404)
    return StreamingResponse(chunks, status, headers)


def _is_good_link(services: Services, recording_id: str, expires: str, signature: str) -> bool:
    if not (expires.isascii() and expires.isdigit()):
        return False
    moment = int(expires)
    return services.links.verify(_signed(recording_id, moment), signature) and services.clock().timestamp() < moment


def _headers(row: RecordingRow, object_key: str) -> dict[str, str]:
    extension = object_key.rpartition(".")[2]
    return {
        "Content-Type": _CONTENT_TYPES.get(extension, "application/octet-stream"),
        "Content-Disposition": f'inline; filename="{row.id}.{extension}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _span(wanted: str | None, length: int) -> tuple[int, int] | None:
    """The bytes to send as a half-open range; everything when none, or more than one, is asked for. ``None`` when the
    file does not have them."""
    found = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if found is None:
        return 0, length
    first, last = found.groups()
    if not first:
        start, end = max(length - int(last or 0), 0), length
    else:
        start, end = int(first), min(int(last) + 1 if last else length, length)
    return (start, end) if start < end else None


async def _chunks(services: Services, object_key: str, start: int, end: int) -> AsyncIterator[bytes]:
    return await services.recordings.get(object_key, start, end)
