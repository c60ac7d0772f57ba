"""What goes wrong with agents, in words for whoever asked."""

from gateway.config import Account
from gateway.errors import ApiError, Unavailable, UpstreamFailed

# An agent that lost its connection is mostly back within seconds.
_BACK_SECONDS = 5.0


class ProtocolBroken(Exception):
    """An agent said what no agent says; the message says what, and nothing that the agent sent."""


def no_agent(account: Account) -> Unavailable:
    """Nobody lends a model to the account now."""
    return Unavailable(
        f"No agent lends the account {account.name} its model now. Try again when it is back; "
        "whoever runs it must start rolekey agent.",
        code="no_agent",
        retry_after=_BACK_SECONDS,
    )


def not_offered(account: Account, model: str) -> ApiError:
    """Agents are there, but none has the model."""
    return UpstreamFailed(f"No agent of the account {account.name} offers the model {model}.", code="upstream_model")


def all_occupied(account: Account) -> Unavailable:
    """Every agent of the account has as many requests as it takes."""
    return Unavailable(
        f"The agents of the account {account.name} are busy with as many prompts as they take at once. "
        "Try again in a moment.",
        code="accounts_busy",
        retry_after=1.0,
    )


def agent_gone(account: Account, *, begun: bool) -> UpstreamFailed:
    """The connection to the agent broke while it was asked."""
    then = "Ask it to go on from what has arrived, or ask again." if begun else "Ask again in a moment."
    return UpstreamFailed(
        f"The agent that lends the account {account.name} its model went away before the answer was finished. {then}",
        code="upstream_agent_gone",
    )


def server_unreachable(account: Account) -> UpstreamFailed:
    """The agent is there, its own server is not."""
    return UpstreamFailed(
        f"The agent of the account {account.name} cannot reach its own server. "
        "Try again in a moment; if it stays so, whoever runs the agent must look at its --upstream.",
        code="upstream_unreachable",
    )


def refused(account: Account) -> UpstreamFailed:
    """The agent will not ask its server this."""
    return UpstreamFailed(
        f"The agent of the account {account.name} does not lend what was asked of it. "
        "An admin must compare the account's models with the agent's --model.",
        code="upstream_model",
    )


def reported(account: Account) -> UpstreamFailed:
    """The agent said that it failed, in words that are not ours to pass on."""
    return UpstreamFailed(f"The agent of the account {account.name} reported an error. Ask again in a moment.")


def in_agents_words(account: Account, error: ApiError) -> ApiError:
    """An error that an account of the gateway's own would have, where its server is behind an agent."""
    whose = f"The agent of the account {account.name}"
    words = {
        "upstream_authentication": f"{whose} is refused by its own server: whoever runs it must check "
        "ROLEKEY_AGENT_UPSTREAM_KEY.",
        "upstream_protocol": f"{whose} has a server that does not speak OpenAI's protocol: whoever runs it must check "
        "its --upstream, which usually ends in /v1.",
    }.get(error.code)
    return error if words is None else UpstreamFailed(words, code=error.code)


def too_much(account: Account) -> UpstreamFailed:
    """The agent sends more than anybody reads."""
    return UpstreamFailed(
        f"The agent of the account {account.name} sent more than an answer can be, and was stopped.",
        code="upstream_flood",
    )
