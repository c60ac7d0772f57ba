"""A gateway that a community has used for a month: who they are, what they asked and had read, and its accounts."""

import math
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import msgspec

from gateway.app import create_app
from gateway.bootstrap import create_key
from gateway.client import ApiError, GatewayClient
from gateway.config import Account, Config, Gateway, Limits, PlusLimits, Secrets, TierLimits
from gateway.server import GatewayServer
from gateway.wire import ChatRequest, CreateUser, UpdateUser
from playground.offline_provider import OfflineProvider
from playground.script import CLIENT, COMMUNITY, CONVERSATIONS, MEMBERS, Asked, Scripted

# An afternoon that never passes, so that pictures taken anew differ by what changed on the pages.
_NOW = datetime(2026, 11, 20, 15, 24, tzinfo=UTC).timestamp()
_DAY, _HOUR = 86_400.0, 3_600.0
_DAYS = 44
_BUSY_SECONDS = 220
_KEY, _NO_KEY = "OPENAI_API_KEY", "GROQ_API_KEY"


class Clock:
    """Stands still at whatever moment is being lived through."""

    def __init__(self) -> None:
        self.now = _NOW - _DAYS * _DAY

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


class Community:
    """The gateway at `url`, and the keys of its admin (`root`), its bot and its members."""

    def __init__(self, url: str, clock: Clock, admin: GatewayClient, bot: GatewayClient, keys: dict[str, str]) -> None:
        self.url = url
        self.keys = keys
        self._clock = clock
        self._admin = admin
        self._bot = bot
        self.newest = ""
        """The newest conversation, which is Mia's."""

    async def live(self) -> None:
        """Let the month pass."""
        await self._join()
        for asked in CONVERSATIONS:
            self._clock.now = _NOW - asked.hours_ago * _HOUR
            await self._converse(asked)
        await self._work()
        self._clock.now = _NOW - 20 * _HOUR
        await self._watch()
        self._clock.now = _NOW

    async def _join(self) -> None:
        for number, member in enumerate(MEMBERS):
            self._clock.now = _NOW - (_DAYS - number) * _DAY
            made = await self._bot.create_user(
                CreateUser(
                    user_id=member.user_id,
                    username=member.username,
                    community=COMMUNITY,
                    plus=member.plus,
                    expires_in=None
                    if member.lease_days is None
                    else round((_DAYS - number + member.lease_days) * _DAY),
                )
            )
            self.keys[member.user_id] = made.key
        await self._bot.update_user("noah", UpdateUser(disabled=True))

    async def _converse(self, asked: Asked) -> None:
        member = self._bot.acting_with(self.keys[asked.who])
        answer = await member.ask(ChatRequest(prompt=asked.prompt, plus=asked.plus))
        for prompt in asked.follow_ups:
            self._clock.now += 4 * 60
            await member.ask(ChatRequest(prompt=prompt, plus=asked.plus, conversation_id=answer.conversation_id))
        if asked.who == "mia":
            self.newest = answer.conversation_id

    async def _work(self) -> None:
        """What members use from their editors, more on weekdays; of that nothing but figures is kept."""
        chance = random.Random(11)  # noqa: S311  the same month every time, not a secret
        async with aiohttp.ClientSession() as session:
            for day in range(_DAYS - len(MEMBERS), -1, -1):
                weekend = datetime.fromtimestamp(_NOW - day * _DAY, UTC).weekday() > 4
                for member in MEMBERS:
                    times = member.busy * chance.uniform(0.3, 1.3) * (0.4 if weekend else 1.0) / (3 if day == 0 else 1)
                    for _ in range(math.floor(times)):
                        self._clock.now = _NOW - day * _DAY - chance.uniform(0, 6 * _HOUR)
                        model = "plus" if member.plus and chance.random() < 0.6 else "free"
                        await self._prompt(session, member.user_id, model)

    async def _prompt(self, session: aiohttp.ClientSession, who: str, model: str) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": "Complete this function"}]}
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        async with session.post(f"{self.url}/v1/chat/completions", json=body, headers=headers) as response:
            response.raise_for_status()

    async def _watch(self) -> None:
        """An admin looks into a report, and Tom's access is looked after."""
        for words in ("tyres", "bread"):
            await self._admin.search(words)
            self._clock.now += 90
        for conversation in (await self._bot.list_conversations(user_id="tom")).conversations:
            await self._admin.get_conversation(conversation.id)
            self._clock.now += 40
        self._clock.now += 7 * _HOUR
        for conversation in (await self._bot.list_conversations(user_id="mia")).conversations[3:6]:
            await self._bot.get_conversation(conversation.id)
            self._clock.now += 25

    async def meet_the_rate_limit(self) -> None:
        """Prompt until an account has been told to cool down."""
        member = self._bot.acting_with(self.keys["aiko"])
        while all(account.state != "cooling" for account in (await self._admin.accounts()).accounts):
            try:
                await member.ask(ChatRequest(prompt="Is it proven?", plus=True))
            except ApiError:
                continue


@asynccontextmanager
async def community() -> AsyncGenerator[Community]:
    """The community's gateway while it is looked at; all of it is gone afterwards."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="rolekey-community-")))
        provider = await stack.enter_async_context(OfflineProvider(Scripted()))
        second = await stack.enter_async_context(OfflineProvider(Scripted()))
        config = _settings(folder, provider.base_url, second.base_url)
        clock = Clock()
        root = await create_key(config, "admin", "root", clock=clock)
        key = await create_key(config, "client", CLIENT, clock=clock)
        server = await stack.enter_async_context(GatewayServer(config, create_app(config, clock=clock)))
        admin = await stack.enter_async_context(GatewayClient(server.url, root))
        lived = Community(server.url, clock, admin, admin.acting_with(key), {"root": root, CLIENT: key})
        await lived.live()
        second.busy_seconds = _BUSY_SECONDS
        await lived.meet_the_rate_limit()
        yield lived


def _settings(folder: Path, provider: str, second: str) -> Config:
    plus = Account(
        name="openai-plus",
        tier="plus",
        model="gpt-6.1-terra",
        base_url=provider,
        api_key_env=_KEY,
        input_usd_per_mtok=2.5,
        output_usd_per_mtok=10.0,
        max_in_flight=16,
    )
    free = msgspec.structs.replace(
        plus, name="openai-free", tier="free", model="gpt-6-luna", input_usd_per_mtok=0.15, output_usd_per_mtok=0.6
    )
    return Config(
        data_dir=folder,
        gateway=Gateway(
            port=0,
            shutdown_grace_seconds=0.0,
            limits=Limits(
                free=TierLimits(requests_per_minute=1000, concurrent=50, tokens_per_day=100_000),
                plus=PlusLimits(requests_per_minute=1000, concurrent=50, cost_per_month_usd=5.0),
            ),
            accounts=[
                plus,
                msgspec.structs.replace(plus, name="openai-plus-2", base_url=second),
                free,
                msgspec.structs.replace(free, name="groq-free", model="llama-4-scout", api_key_env=_NO_KEY),
                Account(name="lab", kind="agent", tier="free", model="llama3.3"),
            ],
        ),
        secrets=Secrets(accounts={_KEY: "sk-loopback"}),
    )
