"""`/api/conversations/{id}/attachments`: the files that came with a conversation's prompts."""

from urllib.parse import quote

from aiohttp import web

from gateway.api.reading import note_reading_of
from gateway.api.scope import conversation_asked_for
from gateway.app_keys import CONVERSATIONS
from gateway.attachments import File
from gateway.routing import EVERY_ROLE, Routes, Success
from gateway.wire.file_types import IMAGE_TYPES, PLAIN_TEXT


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get(
        "/api/conversations/{id}/attachments/{hash}",
        get_attachment,
        roles=EVERY_ROLE,
        answers=[Success(str, content_type=content_type) for content_type in (*IMAGE_TYPES, PLAIN_TEXT)],
    )


async def get_attachment(request: web.Request) -> web.Response:
    """`GET /api/conversations/{id}/attachments/{hash}`: the file, as it was sent. All text comes as plain text."""
    record = await conversation_asked_for(request, guests=True)
    file = await request.app[CONVERSATIONS].file(record.id, request.match_info["hash"])
    await note_reading_of(request, "read", record)
    return file_response(file)


def file_response(file: File, *, inline: bool = False) -> web.Response:
    """A file to be downloaded, or to be shown in its place, which is for images alone."""
    shown = inline and file.is_image
    return web.Response(
        body=file.data,
        content_type=file.content_type if file.is_image else PLAIN_TEXT,
        charset=None if file.is_image else "utf-8",
        headers={
            # RFC 6266, section 4.1: the name in any script.
            "Content-Disposition": (
                f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(file.name, safe='')}"
            ),
            "X-Content-Type-Options": "nosniff",
        },
    )
