"""The application itself. https://discord.com/developers/docs/resources/application"""

from playground.standin.rest.routing import Call, Routes
from playground.standin.world.entities import JSON


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", "/applications/@me", _get)
    routes.add("GET", "/oauth2/applications/@me", _get)


def _get(call: Call) -> JSON:
    return call.world.shapes.application(call.caller)
