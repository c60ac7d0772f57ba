"""The gateway's settings. Plain data, validated once when it is loaded; secrets are kept apart and never shown."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gateway.proxies import TrustedProxies
from gateway.wire import Dollars, Figure, Name, Tier
from storage.location import place_of, without_password

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Price = Dollars | Literal["auto"]
RoutePath = Annotated[str, msgspec.Meta(pattern=r"^(/[A-Za-z0-9._~-]+)+$")]
AccountName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of settings; a name it does not know is an error."""


class Account(Section, frozen=True, kw_only=True):
    """One upstream credential: `[[gateway.accounts]]`."""

    name: AccountName
    tier: Tier
    model: str
    kind: Literal["openai", "offline", "agent"] = "openai"
    agents: list[Name] = []
    keyless_agents: bool = False
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str = ""
    title_model: str = ""
    proxy: str = ""
    embedding_model: str = ""
    responses: bool = False
    moderation_model: str = ""
    moderation_required: bool = False
    input_usd_per_mtok: Price = "auto"
    output_usd_per_mtok: Price = "auto"
    context_tokens: Count = 128_000
    max_output_tokens: Count = 8_192
    max_in_flight: Figure = 0
    images: bool = False
    image_tokens: Count = 1_500
    connect_timeout_seconds: Positive = 10.0
    first_byte_timeout_seconds: Positive = 120.0
    idle_timeout_seconds: Positive = 60.0

    def __post_init__(self) -> None:
        if (self.input_usd_per_mtok == "auto") != (self.output_usd_per_mtok == "auto"):
            raise ValueError("input_usd_per_mtok and output_usd_per_mtok go together; give both, or neither")
        if self.kind != "agent" and (self.agents or self.keyless_agents):
            raise ValueError('agents and keyless_agents belong to accounts with kind = "agent"')
        if self.kind == "offline" and (self.embedding_model or self.responses):
            raise ValueError('accounts with kind = "offline" have neither embedding_model nor responses')


class DefaultModels(Section, frozen=True, kw_only=True):
    """The models asked for when no account is configured and `OPENAI_API_KEY` is set: `[gateway.default_models]`."""

    free: str = "gpt-6-luna"
    plus: str = "gpt-6.1-terra"


class TierLimits(Section, frozen=True, kw_only=True):
    """What one user may use of a tier; 0 is no limit: `[gateway.limits.free]`."""

    requests_per_minute: Figure = 10
    tokens_per_day: Figure = 50_000
    cost_per_month_usd: Dollars = 0.0
    concurrent: Figure = 2


class PlusLimits(TierLimits, frozen=True, kw_only=True):
    """The same of the tier plus: `[gateway.limits.plus]`."""

    requests_per_minute: Figure = 30
    tokens_per_day: Figure = 500_000
    concurrent: Figure = 5


class Limits(Section, frozen=True, kw_only=True):
    """`[gateway.limits]`."""

    free: TierLimits = TierLimits()
    plus: PlusLimits = PlusLimits()


class Recovery(Section, frozen=True, kw_only=True):
    """When an account that fails is not asked for a while, and how it comes back: `[gateway.recovery]`."""

    failures: Count = 5
    open_seconds: Positive = 30.0
    cool_down_seconds: Positive = 20.0
    probe_seconds: Positive = 30.0


# Where the gateway's own routes are, whatever the settings say.
OWN_PATHS = re.compile(
    r"/(api/(chat|access-token|users|conversations|accounts|usage|search|audit|policy|whoami)|v1|health|metrics|docs|openapi.json"
    r"|c|reply|search|language|user|users|clients|usage|accounts|audit|sign-(in|out)[a-z-]*|signed-in-with-discord|static)"
    r"(/|$)"
)


class Paths(Section, frozen=True, kw_only=True):
    """Where the routes of chatgpt-api-server, then those of ChatGPT-API-server are: `[gateway.paths]`."""

    chat_page: RoutePath = "/chat"
    recall_page: RoutePath = "/recall"
    access_token_page: RoutePath = "/access-token"  # noqa: S105 - a path
    chat: RoutePath = "/api/chat"
    recall: RoutePath = "/api/recall"
    access_token: RoutePath = "/api/access-token"  # noqa: S105 - a path
    add_user: RoutePath = "/api/client/add-user"
    admin_add_user: RoutePath = "/admin/add-user"
    remove_user: RoutePath = "/api/remove-user"
    remove_conversation: RoutePath = "/api/remove-conversation"
    ask: RoutePath = "/api/ask"
    connections: RoutePath = "/api/connections"
    admin_users: RoutePath = "/admin/users"
    admin_users_add: RoutePath = "/admin/users/add"
    admin_users_delete: RoutePath = "/admin/users/delete"
    agents: RoutePath = "/client/register"

    def __post_init__(self) -> None:
        places = msgspec.structs.asdict(self)
        for name, path in places.items():
            if list(places.values()).count(path) > 1:
                raise ValueError(f"two routes cannot both be at {path}")
            if OWN_PATHS.match(path) and path != Paths.__struct_defaults__[Paths.__struct_fields__.index(name)]:
                raise ValueError(f"{path} is where another route of the gateway's is")


WebAddress = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#]+(/[^?#]*)?$")]


class DiscordSignIn(Section, frozen=True, kw_only=True):
    """Signing in to the pages with Discord: `[gateway.discord_sign_in]`. Without `client_id` there is none.

    `clients` are those whose users are named by Discord's ids, `"SERVER:MEMBER"`.
    """

    client_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]*$")] = ""
    client_secret_env: str = "DISCORD_CLIENT_SECRET"  # noqa: S105 - a variable's name
    clients: list[Name] = []
    authorize_url: WebAddress = "https://discord.com/oauth2/authorize"
    token_url: WebAddress = "https://discord.com/api/oauth2/token"  # noqa: S105 - an address
    user_url: WebAddress = "https://discord.com/api/v10/users/@me"
    issuer: str = "https://discord.com"
    timeout_seconds: Positive = 10.0


class Retention(Section, frozen=True, kw_only=True):
    """How long conversations are kept: `[gateway.retention]`. `days` count from their last use, 0 keeps them."""

    days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0


class Gateway(Section, frozen=True, kw_only=True):
    """`[gateway]`."""

    url: str = ""
    public_url: str = ""
    host: str = "127.0.0.1"
    port: Port = 8080
    trusted_proxies: list[str] = []
    storage: str = ""
    affinity: Literal["strict", "prefer"] = "strict"
    system_prompt: str = ""
    title_wait_seconds: Annotated[float, msgspec.Meta(ge=0)] = 3.0
    max_prompt_characters: Count = 32_000
    max_body_bytes: Count = 1_048_576
    max_attachment_bytes: Count = 5_242_880
    max_attachments: Figure = 4
    max_connections: Count = 1000
    request_timeout_seconds: Positive = 30.0
    shutdown_grace_seconds: Annotated[float, msgspec.Meta(ge=0)] = 20.0
    access_token_hours: Positive = 12.0
    user_hash: bool = True
    record_v1: bool = False
    metrics: Literal["off", "open", "admin"] = "admin"
    web: bool = True
    session_days: Positive = 7.0
    slow_request_seconds: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    retention: Retention = Retention()
    discord_sign_in: DiscordSignIn = DiscordSignIn()
    default_models: DefaultModels = DefaultModels()
    limits: Limits = Limits()
    recovery: Recovery = Recovery()
    paths: Paths = Paths()
    accounts: list[Account] = []

    def __post_init__(self) -> None:
        try:
            TrustedProxies(self.trusted_proxies)
        except ValueError as error:
            raise ValueError(f'trusted_proxies takes addresses and networks, such as "10.0.0.0/8": {error}') from error
        if self.discord_sign_in.client_id and not self.public_url.startswith(("https://", "http://")):
            raise ValueError(
                "discord_sign_in needs public_url, the address under which browsers reach the pages, such as "
                '"https://llm.example.org": Discord sends members back to it'
            )

    @property
    def max_attached_bytes(self) -> int:
        """What all files of a prompt may come to."""
        return self.max_attachments * self.max_attachment_bytes

    @property
    def max_chat_body_bytes(self) -> int:
        """How large a prompt's body may be: its files are in base64, which takes four bytes for three."""
        return self.max_body_bytes + self.max_attachments * (self.max_attachment_bytes * 4 // 3 + 4)

    def __repr__(self) -> str:
        return f"Gateway(storage={without_password(self.storage)!r}, …)"


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What comes from the environment or `.env` only. `accounts` maps an `api_key_env` to its value."""

    discord_token: str = ""
    client_key: str = ""
    discord_client_secret: str = ""
    secret: str = ""
    accounts: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Secrets(hidden)"


class Config(Section, frozen=True, kw_only=True):
    """All that the gateway needs to know."""

    data_dir: Path = Path("data")
    gateway: Gateway = Gateway()
    secrets: Secrets = Secrets()

    def storage_place(self) -> Path | str:
        """Where the gateway's database is: an SQLite file, or the address of a PostgreSQL database.

        The address may hold a password: show `storage.without_password` of it. Raises `ValueError` where `storage`
        names neither.
        """
        return named_place(self.gateway.storage, "[gateway] storage", self.data_dir / "gateway.db")


def named_place(url: str, setting: str, default: Path) -> Path | str:
    """Where the database is that a setting names; nothing means the default.

    Raises `ValueError` where it names none.
    """
    place = place_of(url) if url else default
    if place is None:
        # Not repeated here: what is mistyped may hold a password all the same.
        raise ValueError(
            f"{setting} is no address of a database; write sqlite:///PATH, for example sqlite:///{default}, "
            "or postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    return place
