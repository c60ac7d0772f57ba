"""A session that ends while an answer is under way ends the answer too."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.app_keys import SESSIONS
from gateway.errors import ApiError
from gateway.session_cookies import SESSION, session_over
from storage import StorageError

log = logging.getLogger(__name__)

# In the database, since it may be another process that revokes the key.
_LOOK_SECONDS = 1.0


@asynccontextmanager
async def while_signed_in(request: web.Request) -> AsyncGenerator[None]:
    """Cancel the block where the session that it is for ends, or its key: by being revoked, replaced or switched off.

    Raises what `Sessions.holder` raised then.
    """
    limit = asyncio.timeout(None)
    watching = asyncio.create_task(_ended(request, limit))
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise await watching from None
    finally:
        watching.cancel()


async def _ended(request: web.Request, limit: asyncio.Timeout) -> ApiError:
    """Why the session counts no more, once that is so."""
    name = request[SESSION].name
    while name is not None:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            await request.app[SESSIONS].holder(name)
        except ApiError as error:
            limit.reschedule(asyncio.get_running_loop().time())
            return error
        except StorageError as error:
            log.warning("whether a session still counts is asked again: %s", error)
    return session_over()
