"""The page for prompts at chatgpt-api-server's path, which leads to ours."""

from urllib.parse import quote

from aiohttp import web

from gateway.config import Paths
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Query, Routes
from gateway.web.keys import SITE


class Chatting(Query, frozen=True, kw_only=True):
    """Which conversation to go on with. Keys, which that page took in its address, are refused."""

    conversation_id: str | None = None


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the route of this module."""
    routes.get(paths.chat_page, show_chat, roles=EVERY_ROLE, page=True, query=Chatting)


async def show_chat(request: web.Request) -> web.Response:
    """`GET /chat?conversation_id=…`: to that conversation, else to a new one."""
    conversation = query_of(request, Chatting).conversation_id
    return request.app[SITE].redirect(request, f"c/{quote(conversation, safe='')}" if conversation else "")
