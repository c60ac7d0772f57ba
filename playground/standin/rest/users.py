"""Users and direct messages. https://discord.com/developers/docs/resources/user#endpoints"""

import hashlib

from playground.standin.rest.routing import Call, Routes
from playground.standin.world import permissions, shapes
from playground.standin.world.components import check_length
from playground.standin.world.entities import JSON
from playground.standin.world.errors import Code, InvalidForm, Refused


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", "/users/@me", _me)
    routes.add("PATCH", "/users/@me", _edit_me)
    routes.add("GET", "/users/@me/guilds", _guilds)
    routes.add("DELETE", "/users/@me/guilds/{guild_id}", _leave)
    routes.add("POST", "/users/@me/channels", _open_direct_messages)
    routes.add("GET", "/users/{user_id}", _get)


def _me(call: Call) -> JSON:
    return shapes.own_user(call.caller.bot)


def _edit_me(call: Call) -> JSON:
    """https://docs.discord.com/developers/resources/user#modify-current-user"""
    body, me = call.body, call.caller.bot
    if "username" in body:
        check_length("username", body["username"] or "", 2, 32)
        me.username = body["username"]
    if "avatar" in body:
        me.avatar = None if body["avatar"] is None else hashlib.md5(body["avatar"].encode()).hexdigest()  # noqa: S324
    call.world.tell_user(me)
    return shapes.own_user(me)


def _get(call: Call) -> JSON:
    return shapes.user(call.world.state.user(call.id("user_id")))


def _guilds(call: Call) -> list[JSON]:
    mine = [guild for guild in call.world.state.guilds.values() if call.me in guild.members]
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": guild.icon,
            "banner": None,
            "owner": guild.owner_id == call.me,
            "permissions": str(permissions.in_guild(guild, guild.members[call.me])),
            "features": [],
        }
        for guild in mine
    ]


def _leave(call: Call) -> None:
    call.world.guilds.leave(call.world.guilds.get(call.me, call.id("guild_id")), call.me)


def _open_direct_messages(call: Call) -> JSON:
    """https://discord.com/developers/docs/resources/user#create-dm"""
    recipient = str(call.body.get("recipient_id") or "")
    if not recipient.isdecimal():
        raise InvalidForm("recipient_id", "NUMBER_TYPE_COERCE", f'Value "{recipient}" is not snowflake.')
    other = call.world.state.user(int(recipient))
    if other.bot:
        raise Refused(Code.CANNOT_MESSAGE_USER)
    return call.world.shapes.channel(call.world.channels.direct(call.caller.bot, other))
