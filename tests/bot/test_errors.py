import logging

import pytest
from discord import app_commands

from bot.errors import UserError, explain, wait_in_words
from gateway.client import GatewayUnreachable
from gateway.errors import InvalidRequest, RateLimited, UpstreamFailed
from storage import StorageReadOnly


def test_what_a_member_can_mend_is_said_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    assert explain(UserError("Do this.")) == "Do this."
    assert explain(InvalidRequest("Make it shorter.", code="prompt_too_long")) == "Make it shorter."
    assert not caplog.records


def test_a_wait_is_said() -> None:
    assert explain(RateLimited("Too fast.", retry_after=30)) == "Too fast. You can try again in 30 s."
    assert [wait_in_words(seconds) for seconds in (0.2, 90, 7200, 864_000)] == ["1 s", "2 min", "2 h", "10 days"]


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
        words = explain(error)
    reference = words.partition("reference `")[2].partition("`")[0]
    assert len(reference) == 8
    assert reference in caplog.text
    assert "secret detail" not in words


def test_a_missing_permission_is_named() -> None:
    assert "Manage Server" in explain(app_commands.MissingPermissions(["manage_guild"]))
