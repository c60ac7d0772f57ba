"""The pages' wiring."""

from aiohttp import web

from gateway.config import Paths
from gateway.routing import Routes
from gateway.times import Clock
from gateway.web import (
    attached_files,
    chat_page,
    conversations,
    language_choice,
    replies,
    signing_in,
    static_files,
)
from gateway.web.attempts import Attempts
from gateway.web.keys import ATTEMPTS, MARKDOWN, SITE
from gateway.web.languages import Languages
from gateway.web.markdown import Markdown
from gateway.web.site import Site


def add_pages(app: web.Application, routes: Routes, paths: Paths, *, clock: Clock) -> None:
    """Add the pages to a gateway."""
    app[SITE] = Site(Languages.read())
    app[ATTEMPTS] = Attempts(clock=clock)
    app[MARKDOWN] = Markdown()
    for part in (signing_in, language_choice, conversations, attached_files, replies, static_files):
        part.add_routes(routes)
    chat_page.add_routes(routes, paths)
