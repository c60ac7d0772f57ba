"""`python -m bot` is `rolekey`; with no argument it is `rolekey run`."""

import sys

from bot.cli import main

main(sys.argv[1:] or ["run"], prog_name="rolekey")
