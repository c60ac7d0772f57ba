"""The files that came with a conversation's prompts, for the page that shows it."""

from aiohttp import web

from gateway.api.attachments import file_response
from gateway.api.reading import note_reading_of
from gateway.api.scope import conversation_asked_for
from gateway.app_keys import CONVERSATIONS
from gateway.routing import EVERY_ROLE, Routes


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/c/{id}/files/{hash}", show_file, roles=EVERY_ROLE, page=True)


async def show_file(request: web.Request) -> web.Response:
    """`GET /c/{id}/files/{hash}`: an image to be shown, or a text to be kept: no page is made of what users send."""
    record = await conversation_asked_for(request, guests=True)
    file = await request.app[CONVERSATIONS].file(record.id, request.match_info["hash"])
    await note_reading_of(request, "read", record)
    response = file_response(file, inline=file.is_image)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
