"""Every page there is, by route, for tests that walk all of them; and a gateway on which each has something to show."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.app_keys import ROUTES
from gateway.client import GatewayClient
from gateway.routing import EVERY_ROLE
from gateway.wire import CreateUser
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting

STRANGER = "stranger"
"""Who is not signed in, beside the roles."""

PAGES: dict[str, dict[str, list[str]]] = {
    "/": {role: ["/"] for role in EVERY_ROLE},
    "/sign-in": {STRANGER: ["/sign-in", "/sign-in?ended=true"]},
    "/search": {
        "user": ["/search?q=bread", "/search?q=nothing+at+all"],
        "client": ["/search", "/search?q=nothing+at+all"],
        "admin": ["/search?q=bread", "/search?q=bread&user=nobody"],
    },
    "/audit": {role: ["/audit", "/audit?action=read"] for role in EVERY_ROLE},
    "/c/{id}": {
        "user": ["/c/{conversation}", "/c/{conversation}?view=json", "/c/{conversation}?view=reply", "/c/unknown"],
        "client": ["/c/{conversation}"],
        "admin": ["/c/{conversation}"],
    },
    "/users": {
        "admin": ["/users?done=revoked", "/users?search=mia&client_id=bot"],
        "client": ["/users", "/users?search=x"],
    },
    "/user": {
        "admin": ["/user?user_id=mia&client_id=bot&done=changed", "/user?user_id=bot"],
        "client": ["/user?user_id=tom"],
    },
    "/user/conversations": {"admin": ["/user/conversations?user_id=mia&client_id=bot"]},
    "/users/add": {"admin": ["/users/add", "/admin/add-user"], "client": ["/users/add"]},
    "/clients": {"admin": ["/clients"]},
    "/recall": {
        STRANGER: ["/recall"],
        "user": ["/recall", "/recall?conversation_id={conversation}"],
        "client": ["/recall", "/recall?user_id=mia"],
        "admin": ["/recall?user_id=mia&client_id=bot&conversation_id={conversation}"],
    },
    "/access-token": {STRANGER: ["/access-token"], "user": ["/access-token"], "client": ["/access-token"]},
    "/accounts": {"admin": ["/accounts"]},
    "/usage": {
        "user": ["/usage", "/usage?by=model&of=tokens&days=7"],
        "client": ["/usage?by=user", "/usage?user=mia"],
        "admin": ["/usage?of=tokens", "/usage?by=client&of=cost&days=365", "/usage?from=2026-12-01&to=2026-01-01"],
    },
}
"""A route's pages, as each role looks at them; `{conversation}` is one of Mia's. New pages go here."""

NO_PAGES = {"/static/{version}/{path:.+}", "/c/{id}/export", "/c/{id}/files/{hash}", "/usage/figures.csv", "/chat"}
"""Routes of the pages that answer with a file, or lead to another page."""

REPLY = """Warm water, and time. Here is how long to wait:

```python
def hours(celsius: float) -> float:
    # Twice as fast for each 8 degrees more
    return 4 * 2 ** ((24 - celsius) / 8)
```

| kitchen | hours |
|---------|------:|
| 16 °C   | 8     |
| 24 °C   | 4     |

1. Mix *flour* and water, see [the table](https://example.org/flour).
2. Fold it **three times**.

> Bread is patient.
"""


def routes_of_pages(room: Chatting) -> set[str]:
    """Every route that a browser may GET."""
    routes = room.server.app[ROUTES]
    contracts = [routes.contract(route) for route in room.server.app.router.routes() if route.method == "GET"]
    return {contract.path for contract in contracts if contract.page}


class Populated:
    """A gateway that has been in use: the `room`, and what the gaps in `PAGES` stand for."""

    def __init__(self, room: Chatting, places: dict[str, str]) -> None:
        self.room = room
        self.url = room.server.url
        self._places = places
        self._keys = {"admin": room.keys["root"], "client": room.keys["bot"], "user": room.keys["mia"]}

    def key_of(self, role: str) -> str | None:
        """What signs that role in; none for a stranger."""
        return self._keys.get(role)

    def paths_of(self, role: str) -> list[str]:
        """Where that role's pages are."""
        return [path.format(**self._places) for pages in PAGES.values() for path in pages.get(role, [])]


@asynccontextmanager
async def populated(folder: Path) -> AsyncGenerator[Populated]:
    """Mia, Tom and what they asked."""
    async with FakeUpstream() as upstream, chatting(folder, upstream) as room:
        yield Populated(room, await _live(room, upstream))


async def _live(room: Chatting, upstream: FakeUpstream) -> dict[str, str]:
    for name, called in (("mia", "Mia Lindgren"), ("tom", "Tom")):
        made = await room.client.create_user(CreateUser(user_id=name, username=called, plus=name == "mia"))
        room.keys[name] = made.key
    mia = room.client.acting_with(room.keys["mia"])
    upstream.title, upstream.reply = "Bread without a recipe, and what to do when the kitchen is cold", REPLY
    first = await ask(mia, "How do I bake bread?\n\n- no scale\n- no oven thermometer")
    await _again(mia, first.conversation_id, first.message_id)
    upstream.title = "Tea"
    await ask(mia, "And tea?", plus=True)
    return {"conversation": first.conversation_id}


async def _again(user: GatewayClient, conversation: str, reply: str) -> None:
    """A second version of a reply beside the first, and a follow-up to it."""
    again = await ask(user, "", conversation_id=conversation, regenerate_id=reply)
    await ask(user, "How much salt?", conversation_id=conversation, parent_id=again.message_id)
