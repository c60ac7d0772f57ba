"""What the side panel shows of a gateway that is not there: keys, limits, switches, and a log of what passed."""

import time
from collections import defaultdict
from collections.abc import Callable

from tests.playground.web.scripted_world import GUILD, PLUS, USERS, WHAT, Json, ScriptedWorld

LIMITS = (("requests_per_minute", 10), ("tokens_per_day", 50_000))
EACH_ANSWER = 3  # tenths of a budget


class ScriptedPanel:
    """The frames of the panel; `send` gives one to every panel that is open."""

    def __init__(self, world: ScriptedWorld, send: Callable[[Json], None]) -> None:
        self._world = world
        self._send = send
        self._keys: dict[str, Json] = {}
        self._spent: dict[str, int] = defaultdict(int)
        self._switches: Json = {"kind": "switches", "gateway": "up", "upstream": "ok"}
        self._log: list[Json] = []

    def frames(self) -> list[Json]:
        """What a panel is told first."""
        return [*self._current(), *self._log[-50:]]

    def do(self, body: Json) -> None:
        """`POST /panel/do`."""
        if body["do"] == "gateway":
            self._switches["gateway"] = "up" if body["up"] else "down"
        elif body["do"] == "upstream":
            self._switches["upstream"] = body["mode"]
        else:
            self._spent[body["user_id"]] = 10 if body["do"] == "spend" else 0
        self._tell()

    def asked(self, who: str) -> None:
        """Somebody asked: their key exists, is used, and a part of their budget is spent."""
        name = USERS[who]["global_name"]
        key: Json = {
            "user_id": who,
            "name": name,
            "guild": "Rolekey HQ",
            "key": f"rk-…{name[:2].lower()}7Q",
            "tier": self._tier(who),
            "expires_at": _now() + 86_000_000,
            "state": "active",
        }
        self._keys.setdefault(who, key)["last_used_at"] = _now()
        self._spent[who] += EACH_ANSWER
        self.log({"kind": "request", "method": "POST", "path": "/api/chat", "status": 200, "ms": 412.0, "who": name})
        self._tell()

    def role_changed(self, who: str, *, given: bool) -> None:
        """A key's tier follows the role."""
        if who in self._keys:
            self._keys[who]["tier"] = self._tier(who)
        self._event("Role changed", f"{USERS[who]['global_name']} {'has' if given else 'has no longer'} Plus")

    def left(self, who: str) -> None:
        """A key dies with the membership."""
        if who in self._keys:
            self._keys[who]["state"] = "revoked"
        self._event("Member left", f"{USERS[who]['global_name']}'s key is revoked")

    def joined(self, who: str) -> None:
        """Who comes back begins anew."""
        self._keys.pop(who, None)
        self._event("Member joined", USERS[who]["global_name"])

    def log(self, frame: Json) -> None:
        """Something passed."""
        self._log.append({"at": _now(), **frame})
        self._send(self._log[-1])

    def _tier(self, who: str) -> str:
        return "plus" if PLUS in self._world.members[who] else "free"

    def _event(self, name: str, words: str) -> None:
        self.log({"kind": "event", "name": name, "words": words})
        self._tell()

    def _tell(self) -> None:
        for frame in self._current():
            self._send(frame)

    def _current(self) -> list[Json]:
        return [
            {"kind": "people", "people": [self._person(who) for who in WHAT]},
            {"kind": "keys", "keys": list(self._keys.values())},
            {"kind": "limits", "limits": [self._limit(who, *limit) for who in self._keys for limit in LIMITS]},
            self._switches,
        ]

    def _person(self, who: str) -> Json:
        roles = self._world.members.get(who)
        place = {
            "guild_id": GUILD,
            "name": "Rolekey HQ",
            "member": roles is not None,
            "plus": PLUS in (roles or []),
            "plus_role_id": PLUS,
        }
        return {"user_id": who, "name": USERS[who]["global_name"], "what": WHAT[who], "guilds": [place]}

    def _limit(self, who: str, limit: str, most: int) -> Json:
        return {
            "user_id": who,
            "name": USERS[who]["global_name"],
            "limit": limit,
            "used": min(most, self._spent[who] * most // 10),
            "most": most,
            "resets_at": _now() + 40_000,
        }


def _now() -> int:
    return int(time.time() * 1000)
