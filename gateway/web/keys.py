"""Where the app keeps what its pages alone need."""

from aiohttp import web

from gateway.web.attempts import Attempts
from gateway.web.markdown import Markdown
from gateway.web.site import Site

SITE = web.AppKey("SITE", Site)
ATTEMPTS = web.AppKey("ATTEMPTS", Attempts)
MARKDOWN = web.AppKey("MARKDOWN", Markdown)
