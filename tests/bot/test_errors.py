import logging

import pytest
from discord import app_commands

from bot.errors import UserError, explain
from gateway.client import GatewayUnreachable
from gateway.errors import InvalidRequest, RateLimited, UpstreamFailed
from storage import StorageReadOnly


def test_what_a_member_can_mend_is_said_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    assert str(explain(UserError("Do {this}.", this="that"))) == "Do that."
    assert str(explain(InvalidRequest("Words of a newer gateway.", code="news"))) == "Words of a newer gateway."
    assert not caplog.records


def test_a_wait_is_said_once() -> None:
    assert str(explain(RateLimited("Too fast.", code="x", retry_after=30))) == (
        "Too fast. You can try again in 30 seconds."
    )
    assert str(explain(RateLimited("Ask again in 30 s.", code="x", retry_after=30))) == "Ask again in 30 s."


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("secret detail"),
        UpstreamFailed("The provider failed."),
        GatewayUnreachable("x"),
        StorageReadOnly("secret detail"),
    ],
)
def test_a_fault_is_logged_under_the_reference_the_member_is_given(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        words = str(explain(error))
    reference = words.partition("reference `")[2].partition("`")[0]
    assert len(reference) == 8
    assert reference in caplog.text
    assert "secret detail" not in words


def test_a_missing_permission_is_named() -> None:
    assert "Manage Server" in str(explain(app_commands.MissingPermissions(["manage_guild"])))
