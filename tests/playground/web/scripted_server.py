"""The page's server as its contract describes it, with a scripted world behind: what the page is tested against."""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.playground.web import showcase
from tests.playground.web.scripted_panel import ScriptedPanel
from tests.playground.web.scripted_world import BOT, GENERAL, PLUS, USERS, WHAT, Json, ScriptedWorld

WEB = Path(__file__).parents[3] / "playground" / "web"
# What the page must live with: nothing inline, no other host.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REFUSAL = (
    f"Plus is not part of your access. These roles include it: <@&{PLUS}>. "
    "Your free access works: leave out the tier, or choose free."
)
ANSWER = (
    "To greet somebody in **Python**, write a function:\n",
    "```python\ndef greet(name: str) -> str:\n```",
    '```python\ndef greet(name: str) -> str:\n    """Say hello."""\n    return f"Hello, {name}!"\n```\n',
    'Then call it: `print(greet("Fred"))`.\n- It is *pure*: no printing inside\n- It is typed',
)
FORM: Json = {
    "custom_id": "form",
    "title": "Follow up",
    "components": [
        {
            "type": 18,
            "label": "What do you want to know next?",
            "description": "It goes on in the same thread.",
            "component": {"type": 4, "custom_id": "prompt", "style": 2, "required": True},
        },
        {
            "type": 18,
            "label": "Tier",
            "component": {
                "type": 3,
                "custom_id": "tier",
                "required": False,
                "options": [{"label": "free", "value": "free"}, {"label": "plus", "value": "plus"}],
            },
        },
    ],
}


class ScriptedServer:
    """Serves the page while entered. `pace`: seconds between the pieces of an answer. `done`: what was asked for."""

    def __init__(self, pace: float = 0.05) -> None:
        self._pace = pace
        self._token = secrets.token_urlsafe(8)
        self._clients: dict[web.WebSocketResponse, str] = {}
        self._panels: set[web.WebSocketResponse] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.world = ScriptedWorld(self._notify)
        self._panel = ScriptedPanel(self.world, lambda frame: self._send(self._panels, frame))
        self.done: list[Json] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard], client_max_size=32 * 1024**2)
        app.router.add_get("/", self._index)
        app.router.add_get("/control/state", self._state)
        app.router.add_get("/control/channels/{id}/messages", self._messages)
        app.router.add_get("/control/live", self._live)
        app.router.add_post("/control/act", self._act)
        app.router.add_get("/panel/live", self._panel_live)
        app.router.add_post("/panel/do", self._panel_do)
        app.router.add_get("/files/gradient.png", self._file)
        app.router.add_static("/", WEB)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.url = f"{origin}/?t={self._token}"
        self.world.post(
            GENERAL, BOT, "Welcome to a **simulation**. Type `/ask` to begin: nothing here reaches Discord."
        )
        showcase.fill(self.world, f"{origin}/files/gradient.png")
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        for socket in [*self._clients, *self._panels]:
            await socket.close()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        token = request.headers.get("X-Playground-Token") or request.query.get("t")
        if request.path.startswith(("/control", "/panel", "/files")) and token != self._token:
            raise web.HTTPForbidden
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY
        return response

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(WEB / "index.html")

    async def _file(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=base64.b64decode(showcase.PICTURE), content_type="image/png")

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.world.state(request.query.get("as", next(iter(WHAT)))))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        before = int(request.query.get("before", 1 << 63))
        visible = self.world.visible(request.match_info["id"], request.query["as"])
        return web.json_response([each for each in visible if int(each["id"]) < before][-int(request.query["limit"]) :])

    async def _live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._clients[socket] = request.query["as"]
        await socket.send_json({"t": "READY", "d": {}})
        async for message in socket:
            assert message.type is WSMsgType.TEXT
        del self._clients[socket]
        return socket

    async def drop_connections(self) -> None:
        """Cut every page's line once."""
        for socket in list(self._clients):
            await socket.close()

    async def _act(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.done.append(body)
        act = getattr(self, f"_act_{body['do']}", None)
        if act is None:
            return web.json_response({"error": "Nobody knows how to do that."}, status=400)
        return web.json_response(act(body, body["as"]) or {"id": self.world.snowflake()})

    def _act_send(self, body: Json, me: str) -> None:
        more: dict[str, Any] = {}
        if reply_to := body.get("reply_to"):
            more = {
                "type": 19,
                "message_reference": {"message_id": reply_to},
                "referenced_message": self.world.find(reply_to),
            }
        files = [
            {"id": "1", "filename": one["filename"], "size": len(one["data_base64"]), "url": ""}
            for one in body.get("attachments", [])
        ]
        self.world.post(body["channel_id"], me, body["content"], attachments=files, **more)
        if body["channel_id"] in self.world.threads:
            self._notify(None, "TYPING_START", {"channel_id": body["channel_id"], "user_id": BOT})
            self._spawn(self._answer(body["channel_id"], me))

    def _act_slash(self, body: Json, me: str) -> Json:
        interaction = {"id": self.world.snowflake(), "nonce": body["nonce"]}
        self._notify({me}, "INTERACTION_CREATE", interaction)
        self._spawn(self._respond(body, me, interaction))
        return interaction

    async def _respond(self, body: Json, me: str, interaction: Json) -> None:
        await asyncio.sleep(self._pace)
        channel, given = body["channel_id"], {one["name"]: one.get("value") for one in body["options"]}
        if body["command_id"].endswith("4"):
            self._notify({me}, "INTERACTION_FAILURE", {**interaction, "reason": "The application did not respond"})
            return
        self._notify({me}, "INTERACTION_SUCCESS", interaction)
        invoked: dict[str, Any] = {
            "type": 20,
            "interaction_metadata": {"id": interaction["id"], "type": 2, "user": USERS[me], "name": "ask"},
        }
        if given.get("tier") == "plus" and PLUS not in self.world.members[me]:
            thinking = self.world.post(channel, BOT, only=me, **invoked)
            self.world.edit(thinking, flags=64 | 128)
            await asyncio.sleep(self._pace * 4)
            self.world.edit(thinking, content=REFUSAL, flags=64)
            return
        prompt = str(given.get("prompt", "?"))
        card = {
            "description": prompt,
            "color": 0x4F6BED,
            "author": {"name": f"{USERS[me]['global_name']} asks"},
            "footer": {"text": given.get("tier") or "free"},
        }
        thread = self.world.start_thread(self.world.post(channel, BOT, embeds=[card], **invoked), prompt[:60])
        await self._answer(thread, me)

    async def _answer(self, channel: str, me: str) -> None:
        self._panel.asked(me)
        message, text = None, ""
        for piece in ANSWER:
            text = piece if text.endswith("```") else text + piece
            if message is None:
                message = self.world.post(channel, BOT, text)
            else:
                self.world.edit(message, content=text)
                path = f"/channels/{channel}/messages/{message['id']}"
                self._panel.log({"kind": "discord", "method": "PATCH", "path": path, "status": 200})
            await asyncio.sleep(self._pace)
        button = {"type": 2, "style": 2, "label": "Follow up", "custom_id": "form", "emoji": {"name": "💬"}}
        assert message is not None
        self.world.edit(message, components=[{"type": 1, "components": [button]}])

    def _act_autocomplete(self, body: Json, _me: str) -> Json:
        typed = next(one["value"] for one in body["options"] if one.get("focused"))
        titles = ["Greeting in Python", "Greeting in French", "Limits"]
        return {
            "choices": [{"name": title, "value": f"id-{title}"} for title in titles if typed.lower() in title.lower()]
        }

    def _act_press(self, body: Json, me: str) -> Json:
        interaction = {"id": self.world.snowflake(), "nonce": body["nonce"]}
        if body["custom_id"] == "form":
            self._notify({me}, "INTERACTION_MODAL_CREATE", {**interaction, **FORM})
        elif body["custom_id"] == "fails":
            self._notify({me}, "INTERACTION_FAILURE", interaction)
        else:
            self._notify({me}, "INTERACTION_SUCCESS", interaction)
        return interaction

    def _act_select(self, body: Json, me: str) -> Json:
        self._notify({me}, "INTERACTION_SUCCESS", {"nonce": body["nonce"], "id": "1"})
        self.world.post(
            self.world.find(body["message_id"])["channel_id"], BOT, f"Chosen: {', '.join(body['values'])}", only=me
        )
        return {"id": "1"}

    def _act_submit(self, body: Json, me: str) -> Json:
        self._notify({me}, "INTERACTION_SUCCESS", {"nonce": body["nonce"], "id": "1"})
        return {"id": "1"}

    def _act_context(self, body: Json, me: str) -> Json:
        self._notify({me}, "INTERACTION_SUCCESS", {"nonce": body["nonce"], "id": "1"})
        self.world.post(body["channel_id"], BOT, "About that message: it is short.", only=me)
        return {"id": "1"}

    def _act_typing(self, _body: Json, _me: str) -> None: ...

    def _act_delete(self, body: Json, _me: str) -> None:
        self.world.delete(body["message_id"])

    def _act_react(self, body: Json, me: str) -> None:
        message = self.world.find(body["message_id"])
        self._notify(
            None,
            "MESSAGE_REACTION_ADD",
            {
                "channel_id": message["channel_id"],
                "message_id": message["id"],
                "user_id": me,
                "emoji": {"name": body["emoji"]},
            },
        )

    def _act_role(self, body: Json, _me: str) -> None:
        self.world.give_role(body["user_id"], body["role_id"], give=body["give"])
        self._panel.role_changed(body["user_id"], given=body["give"])

    def _act_leave(self, _body: Json, me: str) -> None:
        self.world.leave(me)
        self._panel.left(me)

    def _act_join(self, _body: Json, me: str) -> None:
        self.world.join(me)
        self._panel.joined(me)

    async def _panel_live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._panels.add(socket)
        for frame in self._panel.frames():
            await socket.send_json(frame)
        async for message in socket:
            assert message.type is WSMsgType.TEXT
        self._panels.discard(socket)
        return socket

    async def _panel_do(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.done.append(body)
        self._panel.do(body)
        return web.json_response({})

    def _notify(self, viewers: set[str] | None, event: str, data: Json) -> None:
        sockets = {socket for socket, who in self._clients.items() if viewers is None or who in viewers}
        self._send(sockets, {"t": event, "d": data})

    def _send(self, sockets: set[web.WebSocketResponse], frame: Any) -> None:
        text = web.json_response(frame).text or ""
        for socket in sockets:
            if not socket.closed:
                self._spawn(socket.send_str(text))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
