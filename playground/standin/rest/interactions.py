"""Answering interactions. https://discord.com/developers/docs/interactions/receiving-and-responding#endpoints

The token in the path is the authentication.
"""

from typing import Any

from playground.standin.rest.routing import Answer, Call, Routes
from playground.standin.world.drafts import Draft
from playground.standin.world.entities import JSON, Message, MessageFlag
from playground.standin.world.interaction import Callback, Interaction

_WEBHOOK = "/webhooks/{application_id}/{token}"
_MESSAGE = _WEBHOOK + "/messages/{message_id}"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("POST", "/interactions/{interaction_id}/{token}/callback", _respond, authenticate=False)
    routes.add("POST", _WEBHOOK, _follow_up, authenticate=False)
    routes.add("GET", _MESSAGE, _get, authenticate=False)
    routes.add("PATCH", _MESSAGE, _edit, authenticate=False)
    routes.add("DELETE", _MESSAGE, _delete, authenticate=False)


def _respond(call: Call) -> Any:
    responding = call.world.responding
    interaction = responding.find(call.id("interaction_id"), call.path["token"])
    responding.respond(interaction, int(call.body.get("type") or 0), Draft(call.body.get("data") or {}, call.uploads))
    if call.query.get("with_response", "").lower() not in ("true", "1"):
        return None
    return _callback_response(call, interaction)


def _callback_response(call: Call, interaction: Interaction) -> JSON:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object"""
    inner: JSON = {"id": str(interaction.id), "type": int(interaction.type)}
    response: JSON = {"interaction": inner}
    callback, message = interaction.callback, interaction.original
    if message is not None and callback not in (Callback.DEFERRED_UPDATE, Callback.UPDATE):
        inner |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & MessageFlag.LOADING),
            "response_message_ephemeral": message.ephemeral_to is not None,
        }
    inner["channel_id"] = str(interaction.channel.id)
    if interaction.guild is not None:
        inner["guild_id"] = str(interaction.guild.id)
    if callback is not None and callback in (Callback.MESSAGE, Callback.UPDATE) and message is not None:
        shown = call.world.shapes.message(message)
        response["resource"] = {"type": int(callback), "message": shown}
    return response


def _interaction(call: Call) -> Interaction:
    return call.world.responding.by_token(call.id("application_id"), call.path["token"])


def _message_id(call: Call) -> int | None:
    return None if call.path["message_id"] == "@original" else call.id("message_id")


def _shape(call: Call, message: Message) -> JSON:
    return call.world.shapes.message(message)


def _follow_up(call: Call) -> Answer:
    """`wait` does not matter: the follow-up of an interaction is always answered with its message."""
    return Answer(200, _shape(call, call.world.responding.follow_up(_interaction(call), call.draft)))


def _get(call: Call) -> JSON:
    return _shape(call, call.world.responding.message(_interaction(call), _message_id(call)))


def _edit(call: Call) -> JSON:
    return _shape(call, call.world.responding.edit(_interaction(call), _message_id(call), call.draft))


def _delete(call: Call) -> None:
    call.world.responding.delete(_interaction(call), _message_id(call))
