"""Routes that say who may use them; one that does not say cannot be added."""

from collections.abc import Awaitable, Callable, Collection
from typing import Literal

from aiohttp import web

from gateway.errors import InternalError
from gateway.wire import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Anyone = Literal["anyone"]

EVERY_ROLE: frozenset[Role] = frozenset(("admin", "client", "user"))


class Routes:
    """Adds routes to an app and remembers the roles of each. `"anyone"` needs no key."""

    def __init__(self, app: web.Application) -> None:
        self._router = app.router
        self._allowed = dict[web.AbstractRoute, frozenset[Role] | None]()

    def get(self, path: str, handler: Handler, *, roles: Collection[Role] | Anyone) -> None:
        """Add `GET path`."""
        self.add("GET", path, handler, roles=roles)

    def post(self, path: str, handler: Handler, *, roles: Collection[Role] | Anyone) -> None:
        """Add `POST path`."""
        self.add("POST", path, handler, roles=roles)

    def patch(self, path: str, handler: Handler, *, roles: Collection[Role] | Anyone) -> None:
        """Add `PATCH path`."""
        self.add("PATCH", path, handler, roles=roles)

    def delete(self, path: str, handler: Handler, *, roles: Collection[Role] | Anyone) -> None:
        """Add `DELETE path`."""
        self.add("DELETE", path, handler, roles=roles)

    def add(self, method: str, path: str, handler: Handler, *, roles: Collection[Role] | Anyone) -> None:
        """Add a route for these roles."""
        route = self._router.add_route(method, path, handler)
        self._allowed[route] = None if isinstance(roles, str) else frozenset(roles)

    def allowed(self, route: web.AbstractRoute) -> frozenset[Role] | None:
        """The roles that may use a route, None where it needs no key.

        Raises `InternalError` for a route that was added past this registry.
        """
        try:
            return self._allowed[route]
        except KeyError:
            raise InternalError("This route does not say who may use it, so nobody may.") from None

    async def check(self, app: web.Application) -> None:
        """Refuse to start where a route was added past this registry. Raises `RuntimeError`."""
        undeclared = [str(route) for route in app.router.routes() if route not in self._allowed]
        if undeclared:
            raise RuntimeError(f"routes without roles: {', '.join(undeclared)}")
