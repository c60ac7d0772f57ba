"""Where the tests of the REST API take place, and how they read its answers."""

from collections.abc import Awaitable, Callable
from typing import Any

from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.world.entities import Channel, Guild, Message

Request = Callable[..., Awaitable[tuple[int, Any]]]

ASK: dict[str, Any] = {
    "name": "ask",
    "description": "Ask",
    "options": [
        {"type": 3, "name": "prompt", "description": "What", "required": True, "max_length": 10},
        {"type": 3, "name": "topic", "description": "Of what", "autocomplete": True},
    ],
}


class Place:
    """A server with one channel, one member and the command /ask."""

    def __init__(self, standin: StandIn, guild: Guild, general: Channel, fred: Person) -> None:
        self.standin, self.guild, self.general, self.fred = standin, guild, general, fred
        self.commands = f"/applications/{standin.application.id}/commands"
        self.messages = f"/channels/{general.id}/messages"

    def webhook(self, token: str, message: str = "") -> str:
        return f"/webhooks/{self.standin.application.id}/{token}{message}"


def place_in(standin: StandIn) -> Place:
    control = standin.control
    guild = control.create_guild("Academy")
    general = control.create_channel(guild, "general")
    return Place(standin, guild, general, control.add_member(guild, control.create_user("fred")))


def code(answer: tuple[int, Any]) -> tuple[int, int]:
    status, body = answer
    return status, body["code"]


def field_errors(answer: tuple[int, Any]) -> dict[str, str]:
    """The fields that a form is refused for, dotted, each with Discord's code."""
    status, body = answer
    assert (status, body["code"]) == (400, 50035), answer
    found: dict[str, str] = {}

    def walk(path: str, errors: dict[str, Any]) -> None:
        for name, inner in errors.items():
            if name == "_errors":
                found[path] = inner[0]["code"]
            else:
                walk(f"{path}.{name}".lstrip("."), inner)

    walk("", body["errors"])
    return found


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def button(custom_id: str = "go", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": custom_id, **more}


async def sent(api: Request, place: Place, **body: Any) -> Message:
    """A message of the bot's."""
    status, answer = await api("POST", place.messages, body)
    assert status == 200, answer
    return place.standin.world.state.message(place.general.id, int(answer["id"]))
