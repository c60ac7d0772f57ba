"""Where the app keeps what its pages alone need."""

from aiohttp import web

from gateway.discord_members import DiscordMembers
from gateway.tickets import Tickets
from gateway.web.attempts import Attempts
from gateway.web.discord_oauth import DiscordOAuth
from gateway.web.markdown import Markdown
from gateway.web.site import Site

SITE = web.AppKey("SITE", Site)
ATTEMPTS = web.AppKey("ATTEMPTS", Attempts)
MARKDOWN = web.AppKey("MARKDOWN", Markdown)
TICKETS = web.AppKey("TICKETS", Tickets)
DISCORD_OAUTH = web.AppKey("DISCORD_OAUTH", DiscordOAuth)
DISCORD_MEMBERS = web.AppKey("DISCORD_MEMBERS", DiscordMembers)
