"""The simulated server: one channel, two roles, three people."""

from io import BytesIO
from typing import Self

import discord
import msgspec
from PIL import Image
from simcord import ChannelHandle, Env, MemberActor
from simcord.backend.access import can_access_channel

_WELCOME = """**Try this** ({model}; everything here is forgotten when it stops):
1. Type `/ask` and a question, such as *write some code*. Then open the thread on the left, and follow up in it.
2. Be **Fred** and ask with the tier **plus**: he is told which role is missing. **Paula** has it.
3. Be **Ada**, who may also use `/access`: change who has which tier, or ask why somebody has theirs."""


class Person(msgspec.Struct, frozen=True):
    """Somebody one can be."""

    name: str
    what: str
    actor: MemberActor


class World:
    """The server and who is in it."""

    def __init__(self, env: Env, general: ChannelHandle, people: list[Person]) -> None:
        self.env = env
        self.general = general
        self.people = people
        self.avatars = {
            f"https://cdn.discordapp.com/embed/avatars/{index}.png": (f"{index}.png", _square(colour))
            for index, colour in enumerate(("#5865f2", "#757e8a", "#3ba55c", "#faa61a", "#ed4245", "#eb459f"))
        }

    @classmethod
    async def create(cls, env: Env, model: str) -> Self:
        """Set the server up; `model` is what the welcome says of who answers."""
        env.backend.edit_bot_profile("Rolekey")
        guild = env.create_guild("Rolekey playground")
        admin = guild.create_role("Admin", permissions=discord.Permissions(manage_guild=True), color=0xE74C3C)
        plus = guild.create_role("Plus", color=0xE0A526)
        people = [
            Person(name, what, guild.add_member(env.create_user(name.lower(), global_name=name), roles=roles))
            for name, what, roles in (
                ("Ada", "admin", [admin]),
                ("Paula", "plus member", [plus]),
                ("Fred", "free member", []),
            )
        ]
        general = guild.create_text_channel("general", topic="A simulation: nothing here reaches Discord")
        await guild.create_webhook(general, "Playground").send(_WELCOME.format(model=model))
        return cls(env, general, people)

    def person(self, name: str) -> Person | None:
        """The person of that name."""
        return next((person for person in self.people if person.name == name), None)

    def rooms(self, person: Person) -> list[ChannelHandle]:
        """The channel and the threads that the person can see, newest thread first."""
        threads = sorted(self.general.threads, key=lambda thread: thread.id, reverse=True)
        return [
            room
            for room in (self.general, *threads)
            if can_access_channel(self.env, room.id, person.actor, history=True)
        ]


def _square(colour: str) -> bytes:
    """A picture for people without one: Discord has one in each of these colours."""
    picture = BytesIO()
    Image.new("RGB", (64, 64), colour).save(picture, "PNG")
    return picture.getvalue()
