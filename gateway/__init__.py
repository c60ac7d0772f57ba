"""The gateway: owns upstream accounts, issues keys, stores conversations. Runs alone or inside the bot."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    # Whoever imports `gateway.client` shall not load the server with it.
    if name == "create_app":
        from gateway.app import create_app

        return create_app
    raise AttributeError(name)
