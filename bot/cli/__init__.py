"""The command line: `rolekey`, and the same as `python -m bot`.

Each module holds a few commands that belong together.
"""

from importlib.metadata import version

import click

from bot.cli import chatting, keys, lending, preparing, programs
from bot.cli.group import Rolekey


@click.group(
    cls=Rolekey,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command shows examples of its use: rolekey keys create --help",
)
@click.version_option(version("rolekey"), prog_name="rolekey")
def main() -> None:
    """Turn Discord roles into LLM access.

    \b
    Examples:
      rolekey playground        try everything out, without Discord and without a provider
      rolekey check             see whether the settings will work, and what to do if not
      rolekey invite            the link that adds the bot to your server
      rolekey run               start
    """


for command in (
    programs.run,
    programs.playground,
    programs.gateway,
    chatting.chat,
    lending.agent,
    keys.keys,
    preparing.check,
    preparing.invite,
):
    main.add_command(command)
