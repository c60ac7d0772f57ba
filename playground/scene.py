"""The scene: two servers with channels, roles, people, and what they have said before the curtain rises."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from playground.standin.control import Control
from playground.standin.person import Person
from playground.standin.world.clock import SystemClock
from playground.standin.world.entities import Channel, ChannelType, Guild, Message, Role, User
from playground.standin.world.permissions import Permission

ADMINISTRATION = int(Permission.MANAGE_GUILD | Permission.MANAGE_ROLES | Permission.MANAGE_MESSAGES)
_RED, _GOLD, _TEAL = 0xF1605C, 0xE0A526, 0x3BA5A0
_DISCORDS_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_COLOURS = 6
_EARLIEST = timedelta(days=60)

_WELCOME = """### Welcome to a simulation
Nothing here reaches Discord. The bot is the real one, {model} answers, and everything is forgotten when it stops.
- Type `/ask` and a question: the answer comes in a thread of your own. Go on by just writing there.
- Be **Fred**, and ask with the tier **plus**: he hears which role is missing. Give it to him in the panel on the right.
- Be **Ada**, who may do more: try `/setup` and `/access`."""


class SceneClock(SystemClock):
    """The time of day, but for while the scene is set: then it is whatever moment is being told of.

    It begins long before the first of them, since ids only grow.
    """

    def __init__(self) -> None:
        self.moment: datetime | None = datetime.now(UTC) - _EARLIEST

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.moment or super().now()


@dataclass(frozen=True)
class Character:
    """Somebody one can be, and the servers they are at home in."""

    user: User
    what: str
    home: tuple[Guild, ...]


@dataclass(frozen=True)
class Scene:
    """Who is there; `plus_roles` by server."""

    people: tuple[Character, ...]
    plus_roles: dict[int, Role]
    model: str

    def character(self, user_id: int) -> Character | None:
        """The one with that id."""
        return next((each for each in self.people if each.user.id == user_id), None)


async def set_scene(control: Control, clock: SceneClock, model: str) -> Scene:
    """Make it all, as if it had grown over the last weeks. `model` is what is said of who answers."""
    setting = _Setting(control, clock)
    grace, ada, paula, fred = (
        setting.person(name, colour) for name, colour in (("Grace", 2), ("Ada", 4), ("Paula", 3), ("Fred", 1))
    )
    hq, hq_plus = await setting.headquarters(grace, ada, paula, fred)
    owls, owls_plus = await setting.night_owls(paula, ada)
    await setting.welcome(ada, hq, model)
    for user in (ada, paula, fred):
        control.direct_messages(user)
    clock.moment = None
    return Scene(
        people=(
            Character(ada, "admin", (hq, owls)),
            Character(paula, "plus member", (hq, owls)),
            Character(fred, "free member", (hq,)),
        ),
        plus_roles={hq.id: hq_plus, owls.id: owls_plus},
        model=model,
    )


class _Setting:
    """The hands that set the scene. Ids tell when they were made, so all is told in the order in which it happened."""

    def __init__(self, control: Control, clock: SceneClock) -> None:
        self._control = control
        self._clock = clock
        self._now = datetime.now(UTC)
        self._it_was(days=40)

    def person(self, name: str, colour: int) -> User:
        """Somebody whose picture has one of Discord's colours: which one their id says."""
        moment = self._clock.now()
        since = (moment - _DISCORDS_EPOCH) // timedelta(milliseconds=1)
        self._clock.moment = moment + timedelta(milliseconds=_COLOURS + (colour - since) % _COLOURS)
        return self._control.create_user(name.lower(), name)

    async def headquarters(self, grace: User, ada: User, paula: User, fred: User) -> tuple[Guild, Role]:
        """The first server, and what gives plus on it."""
        self._it_was(days=30)
        guild, roles = self._guild("Rolekey HQ", grace)
        channels = self._rooms(guild, roles)
        owner = self._control.member(guild, grace)
        self._it_was(days=9)
        admin = self._control.add_member(guild, ada, [roles["Admin"]])
        plus = self._control.add_member(guild, paula, [roles["Plus"], roles["Regular"]])
        free = self._control.add_member(guild, fred)
        plus_role = f"<@&{roles['Plus'].id}>"

        news, homework, general = channels["announcements"], channels["homework-help"], channels["general"]
        say = self._say
        await say(51, admin, news, "Rolekey moved in! `/ask` works for everybody, in every channel.")
        await say(50.9, admin, news, f"Supporters have {plus_role}, and with it the better models ⭐")
        await say(30, admin, channels["mods"], "Limits are on their defaults. `/admin status` shows how it goes.")
        question = await say(
            26, free, homework, "How do *list comprehensions* nest again? I always get the order wrong"
        )
        nested = "Left to right, like the loops:\n```python\n[cell for row in table for cell in row]\n```"
        await free.react(await say(25.9, plus, homework, nested, question), "❤️")
        await say(25, owner, homework, "Or `/ask` it, and compare 👍")
        await say(4, owner, general, "Morning! There is a bot here now that answers questions. Who has a hard one?")
        hard = await say(3.8, plus, general, "It explained **monads** to me. Twice. I think I've got it now ⭐")
        await owner.react(hard, "👍")
        await free.react(hard, "👍")
        await say(3.7, free, general, "Only twice?", hard)
        return guild, roles["Plus"]

    async def night_owls(self, paula: User, ada: User) -> tuple[Guild, Role]:
        """The second one: a key is for one server."""
        self._it_was(hours=3)
        guild, roles = self._guild("Night Owls", paula)
        lounge = self._control.create_channel(guild, "lounge", topic="For those who are up late")
        self._control.create_channel(guild, "study-hall", topic="Two hours, no phones")
        owner = self._control.member(guild, paula)
        self._control.give_role(owner, roles["Plus"])
        guest = self._control.add_member(guild, ada)
        await self._say(2, owner, lounge, "Keys are for one server: mine here is not the one I have at HQ.")
        await self._say(1.9, guest, lounge, "True. Over there I am an admin, here I am just up late")
        return guild, roles["Plus"]

    async def welcome(self, ada: User, guild: Guild, model: str) -> None:
        """What one reads first."""
        [general] = [each for each in self._control.world.state.guild_channels(guild) if each.name == "general"]
        await self._say(0.05, self._control.member(guild, ada), general, _WELCOME.format(model=model))

    def _guild(self, name: str, owner: User) -> tuple[Guild, dict[str, Role]]:
        """A server with the bot and three roles, the highest first."""
        guild = self._control.create_guild(name, owner)
        traits = (("Regular", 0, _TEAL), ("Plus", 0, _GOLD), ("Admin", ADMINISTRATION, _RED))
        made = [self._control.create_role(guild, role, may, color=colour) for role, may, colour in reversed(traits)]
        return guild, {role.name: role for role in made}

    def _rooms(self, guild: Guild, roles: dict[str, Role]) -> dict[str, Channel]:
        rooms = {
            "Start here": {"general": "A simulation: nothing here reaches Discord", "announcements": "What is new"},
            "Community": {"homework-help": "Ask anything; nobody laughs", "ask-away": "For long talks with Rolekey"},
            "Staff": {"mods": "Admins only"},
        }
        made = dict[str, Channel]()
        for category, channels in rooms.items():
            parent = self._control.create_channel(guild, category, type=int(ChannelType.CATEGORY))
            for name, topic in channels.items():
                made[name] = self._control.create_channel(guild, name, topic=topic, parent_id=str(parent.id))
        self._control.overwrite(made["mods"], guild, deny=int(Permission.VIEW_CHANNEL))
        for role in guild.roles.values():
            if role is roles["Admin"] or role.bot_id is not None:
                self._control.overwrite(made["mods"], role, allow=int(Permission.VIEW_CHANNEL))
        return made

    def _it_was(self, **since: float) -> None:
        """Tell of a moment that was so long ago."""
        self._clock.moment = self._now - timedelta(**since)

    async def _say(
        self, hours: float, who: Person, where: Channel, words: str, answering: Message | None = None
    ) -> Message:
        self._it_was(hours=hours)
        return await who.send(where, words, reply_to=answering)
