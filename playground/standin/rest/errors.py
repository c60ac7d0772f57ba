"""Discord's error JSON. https://discord.com/developers/docs/reference#error-messages"""

from playground.standin.world.entities import JSON
from playground.standin.world.errors import Refused


def error_body(refused: Refused) -> JSON:
    """`{message, code}`, and with a form's errors `errors`."""
    body: JSON = {"message": refused.message, "code": int(refused.code)}
    if refused.retry_after is not None:
        body |= {"retry_after": refused.retry_after, "global": False}
    return body | {"errors": refused.errors} if refused.errors is not None else body


UNAUTHORISED: JSON = {"message": "401: Unauthorized", "code": 0}
NO_ROUTE: JSON = {"message": "404: Not Found", "code": 0}
NOT_JSON: JSON = {"message": "The request body contains invalid JSON.", "code": 50109}
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
BROKEN: JSON = {"message": "500: Internal Server Error", "code": 0}
