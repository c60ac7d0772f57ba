"""Routes that fail or dawdle because somebody wants to see what the bot makes of it."""

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatchcase

from playground.standin.rest import errors
from playground.standin.rest.routing import Answer, Asked
from playground.standin.world.errors import Code, Refused


@dataclass
class Fault:
    """What is wrong with a route; `left` is how many more times, None for until it is taken back."""

    method: str
    pattern: str
    left: int | None
    seconds: float = 0.0
    answer: Answer | None = None
    drop: bool = False

    def concerns(self, method: str, path: str) -> bool:
        """Whether a request is one of those; the path is without the version's prefix."""
        return self.left != 0 and self.method in ("*", method) and fnmatchcase(path, self.pattern)


class Faults:
    """The faults that are in force. As a gate it stands before every route."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def fail(
        self, method: str, pattern: str, *, status: int = 500, code: Code | None = None, times: int | None = 1
    ) -> Fault:
        """Answer with a status, or with one of Discord's errors. `pattern` is a path such as `/channels/*/messages`."""
        if code is not None:
            refused = Refused(code)
            answer = Answer(refused.status, errors.error_body(refused))
        elif status == 429:
            answer = Answer(status, {"message": "You are being rate limited.", "retry_after": 0.1, "global": False})
        else:
            answer = Answer(status, {"message": f"{status}: the stand-in was told to fail", "code": 0})
        return self._add(Fault(method, pattern, times, answer=answer))

    def delay(self, method: str, pattern: str, seconds: float, *, times: int | None = 1) -> Fault:
        """Keep requests waiting before they are done."""
        return self._add(Fault(method, pattern, times, seconds=seconds))

    def drop(self, method: str, pattern: str, *, times: int | None = 1) -> Fault:
        """Cut the connection instead of answering; what was asked for is not done."""
        return self._add(Fault(method, pattern, times, drop=True))

    @property
    def used(self) -> bool:
        """Whether anything was ever asked for."""
        return bool(self._faults)

    def clear(self, fault: Fault | None = None) -> None:
        """Let everything work again, or what one fault is about."""
        for each in self._faults if fault is None else [fault]:
            each.left = 0

    def _add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    async def gate(self, asked: Asked) -> Answer | None:
        """Do to a request what is to be done to it."""
        request = asked.request
        path = request.path.partition("/api")[2]
        path = path[path.index("/", 1) :] if path.startswith(("/v9/", "/v10/")) else path
        fault = next((each for each in self._faults if each.concerns(request.method, path)), None)
        if fault is None:
            return None
        if fault.left is not None:
            fault.left -= 1
        await asyncio.sleep(fault.seconds)
        if fault.drop and request.transport is not None:
            request.transport.abort()
        return fault.answer or (Answer(500) if fault.drop else None)
