"""The world whole: its state and everything that can happen in it, wired."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from playground.standin.world.audit_log import AuditLog
from playground.standin.world.channels import Channels
from playground.standin.world.clock import Clock
from playground.standin.world.commands import Commands
from playground.standin.world.entities import Application, User
from playground.standin.world.entitlements import Entitlements
from playground.standin.world.events import Event
from playground.standin.world.guilds import Guilds
from playground.standin.world.interaction import ANSWER_WITHIN
from playground.standin.world.invoking import Invoking
from playground.standin.world.messages import Messages
from playground.standin.world.reactions import Reactions
from playground.standin.world.responding import Responding
from playground.standin.world.roles import Roles
from playground.standin.world.shapes import Shapes, own_user
from playground.standin.world.state import State
from playground.standin.world.threads import Threads

GUILD_MEMBERS = 1 << 15
MESSAGE_CONTENT = 1 << 19
"""https://discord.com/developers/docs/resources/application#application-object-application-flags, of small ones."""


class World:
    """Each part has the rules of one subject; nothing outside of them changes the state."""

    def __init__(self, clock: Clock, cdn_url: Callable[[], str], *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self.state = State(clock)
        self.shapes = Shapes(self.state, cdn_url)
        self.messages = Messages(self.state, self.shapes)
        self.reactions = Reactions(self.state, self.messages)
        self.audit_log = AuditLog(self.state)
        self.threads = Threads(self.state, self.shapes, self.messages)
        self.channels = Channels(self.state, self.shapes, self.threads)
        self.guilds = Guilds(self.state, self.shapes, self.audit_log)
        self.roles = Roles(self.state, self.guilds, self.audit_log)
        self.commands = Commands(self.state)
        self.invoking = Invoking(self.state, self.shapes, self.commands, answer_within=answer_within)
        self.responding = Responding(self.state, self.messages)
        self.entitlements = Entitlements(self.state)

    def create_user(self, username: str, global_name: str | None = None, *, bot: bool = False) -> User:
        """Somebody new."""
        user = User(self.state.snowflakes.make(), username, global_name, bot)
        self.state.users[user.id] = user
        return user

    def tell_user(self, user: User) -> None:
        """A user changed; only they are told. https://docs.discord.com/developers/events/gateway-events#user-update"""
        self.state.bus.emit(Event("USER_UPDATE", own_user(user), None, lambda other_id: other_id == user.id))

    def create_application(
        self, name: str, owner: User, *, flags: int = GUILD_MEMBERS | MESSAGE_CONTENT
    ) -> Application:
        """A new application with its bot; `flags` say which privileged intents it has been granted."""
        application_id = self.state.snowflakes.make()
        bot = User(application_id, name, None, bot=True)
        self.state.users[bot.id] = bot
        application = Application(
            id=application_id,
            name=name,
            bot=bot,
            owner=owner,
            token=f"standin.{application_id}.{secrets.token_urlsafe(16)}",
            flags=flags,
            verify_key=secrets.token_hex(32),
        )
        self.state.applications[application.id] = application
        return application
