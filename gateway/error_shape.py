"""One shape for every error, whoever raised it."""

import logging
import math

import msgspec
from aiohttp import web

from gateway.app_keys import REQUEST_ID, ROUTES
from gateway.errors import (
    BY_STATUS,
    ApiError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    TimedOut,
    TooLarge,
    Unavailable,
)
from gateway.openai_shape import is_below_v1, openai_error, openai_headers
from gateway.routing import Failure, Handler
from gateway.wire import ErrorAnswer, ErrorBody
from storage import StorageBusy, StorageError, StorageReadOnly, StorageUnreachable

log = logging.getLogger(__name__)


class BodyTooSlow(TimeoutError):
    """A request's body did not arrive in time: whoever reads it gets this, and the caller a 408."""


TOO_LARGE = "The body is larger than this gateway takes. Send less."

_BUSY_RETRY_SECONDS = 2.0
_READ_ONLY_RETRY_SECONDS = 60.0


@web.middleware
async def shape_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what goes wrong below as `wire.ErrorAnswer` with a true status.

    Below `/v1` it has OpenAI's shape, and on routes that say `failure` that one.
    """
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return from_aiohttp(error, request)
    except ApiError as error:
        return error_response(error, request)
    except web.RequestPayloadError:
        broken = InvalidRequest("The body broke off, or is not what its headers say.", code="broken_body")
        return _closing(broken, request)
    except BodyTooSlow:
        return _closing(TimedOut("The body did not arrive in time. Send it again, faster."), request)
    except ConnectionResetError:
        raise  # the caller is gone: nobody is left to answer
    except Exception as error:
        if request.writer.output_size:
            log.exception("%s broke off an answer", request[REQUEST_ID])
            raise
        return error_response(api_error(error, request), request)


def api_error(error: Exception, request: web.Request) -> ApiError:
    """What to tell of an error that is no `ApiError`; what cannot be mended by the caller is logged.

    Routes that stream use it once it is too late for another status.
    """
    if isinstance(error, ApiError):
        return error
    reference = request[REQUEST_ID]
    if isinstance(error, StorageBusy):
        log.warning("%s: %s", reference, error)
        return Unavailable(
            "The gateway's database is busy. Try again in a moment.", code=error.code, retry_after=_BUSY_RETRY_SECONDS
        )
    if isinstance(error, StorageUnreachable):
        log.error("%s: %s", reference, error)
        return Unavailable(
            "The gateway cannot reach its database. Try again in a moment.",
            code=error.code,
            retry_after=_BUSY_RETRY_SECONDS,
        )
    if isinstance(error, StorageReadOnly):
        log.error("%s: %s", reference, error)
        return Unavailable(
            f"The gateway cannot write to its database. Tell its operator: reference {reference}.",
            code=error.code,
            retry_after=_READ_ONLY_RETRY_SECONDS,
        )
    if isinstance(error, StorageError):
        log.error("%s: %s", reference, error)
        return Unavailable(f"The gateway's database failed. Tell its operator: reference {reference}.", code=error.code)
    log.error("%s failed", reference, exc_info=error)
    return InternalError(f"Something went wrong inside the gateway. Tell its operator: reference {reference}.")


def error_answer(error: ApiError) -> ErrorAnswer:
    """The body that tells an error, also in a stream."""
    return ErrorAnswer(
        error=ErrorBody(code=error.code, message=error.message),
        message=error.message,
        retry_after=error.retry_after,
        conversation_id=error.conversation_id,
        message_id=error.message_id,
    )


def error_response(error: ApiError, request: web.Request | None = None, *, status: int | None = None) -> web.Response:
    """The response that tells an error; `status` where the error's kind is broader than that.

    The `request` decides on the shape; there is none where what came was no HTTP.
    """
    below_v1 = request is not None and is_below_v1(request.path)
    failure = None if request is None else _failure(request)
    response = web.Response(
        body=msgspec.json.encode(
            openai_error(error) if below_v1 else error_answer(error) if failure is None else failure.of(error)
        ),
        status=status or error.status,
        content_type="application/json",
    )
    response.headers.update(error.headers)
    if below_v1:
        response.headers.update(openai_headers(error))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def from_aiohttp(error: web.HTTPException, request: web.Request | None = None) -> web.Response:
    """The response that tells one of aiohttp's own errors."""
    response = error_response(_in_our_words(error), request, status=error.status)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _failure(request: web.Request) -> type[Failure] | None:
    return request.app[ROUTES].failure(request.match_info.route)


def _closing(error: ApiError, request: web.Request) -> web.Response:
    """The answer to a request whose rest is not to be had, so that nothing can follow it."""
    response = error_response(error, request)
    response.force_close()
    return response


def _in_our_words(error: web.HTTPException) -> ApiError:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return MethodNotAllowed(
            f"This route does not take {error.method}; it takes {', '.join(sorted(error.allowed_methods))}."
        )
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return TooLarge(TOO_LARGE)
    if isinstance(error, web.HTTPNotFound):
        return NotFound("There is no such route. Check the address.", code="unknown_route")
    kind = BY_STATUS.get(error.status, BY_STATUS[400])
    return kind(f"{error.reason}.")
