"""The link that adds the bot to a server, with the least permissions it works with."""

import base64
import binascii
from typing import NamedTuple
from urllib.parse import urlencode

import discord

AUTHORIZE = "https://discord.com/oauth2/authorize"
SCOPES = ("bot", "applications.commands")


class Permission(NamedTuple):
    """One permission the bot asks for; `flag` is discord.py's name for it."""

    flag: str
    label: str
    why: str


# https://discord.com/developers/docs/topics/permissions. Manage Threads is not among them: the bot renames only
# threads it made, which a thread's creator may (https://discord.com/developers/docs/topics/threads).
PERMISSIONS = (
    Permission("view_channel", "View Channels", "to see the channels where members ask"),
    Permission("send_messages", "Send Messages", "to answer a mention, and to answer where no thread can be opened"),
    Permission("create_public_threads", "Create Public Threads", "to open a thread for each conversation"),
    Permission("create_private_threads", "Create Private Threads", "to open one only the asker sees: /ask private"),
    Permission("send_messages_in_threads", "Send Messages in Threads", "to answer and take follow-ups there"),
    Permission("embed_links", "Embed Links", "to show the card a conversation starts from"),
    Permission("attach_files", "Attach Files", "to attach an answer too long for messages"),
    Permission("read_message_history", "Read Message History", "to reply to a member's message and edit its own"),
)


def permission_bits() -> int:
    """The permissions as Discord's bit set."""
    return discord.Permissions(**{permission.flag: True for permission in PERMISSIONS}).value


def application_id(token: str) -> int:
    """The application a bot token belongs to: the token's first part is the id in base64.

    Raises `ValueError` where it is no bot token.
    """
    first, dot, _ = token.partition(".")
    try:
        digits = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        digits = ""
    if not dot or not digits.isdecimal():
        raise ValueError("DISCORD_TOKEN is not a bot token; copy it again from the application's Bot page")
    return int(digits)


def invite_url(application: int) -> str:
    """The page where an administrator adds the bot (https://discord.com/developers/docs/topics/oauth2#bots)."""
    query = {"client_id": application, "scope": " ".join(SCOPES), "permissions": permission_bits()}
    return f"{AUTHORIZE}?{urlencode(query)}"
