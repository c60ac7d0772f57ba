"""/setup: the way through a server's settings, one page a step."""

from cogs.setup.cog import SetupCog

__all__ = ["SetupCog"]
