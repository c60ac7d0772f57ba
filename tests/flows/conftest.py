"""Each flow happens twice: on SimCord, which is strict, and on the stand-in, which is real."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cogs.conftest import make_world as make_world
from tests.cogs.conftest import upstream as upstream
from tests.flows.on_simcord import on_simcord
from tests.flows.on_standin import on_standin
from tests.flows.stage import MakeStage
from tests.playground.conftest import discord_addresses as discord_addresses
from tests.playground.standin.conftest import make_standin as make_standin
from tests.playground.standin.conftest import make_town as make_town

_KINDS: dict[str, tuple[str, Callable[[Any], MakeStage]]] = {
    "simcord": ("make_world", on_simcord),
    "standin": ("make_town", on_standin),
}


@pytest.fixture(params=_KINDS)
def make_stage(request: pytest.FixtureRequest) -> MakeStage:
    """Stages on one Discord and on the other; `changes` replace sections of the bot's settings."""
    fixture, kind = _KINDS[request.param]
    return kind(request.getfixturevalue(fixture))
