"""What a slash command is given, against what it asks for: Discord's client checks it before anything is sent.

https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure
"""

from typing import Any

from playground.standin.world.entities import JSON, listed
from playground.standin.world.errors import NotOffered

_SUBCOMMAND, _GROUP = 1, 2
_STRING, _INTEGER, _BOOLEAN, _NUMBER = 3, 4, 5, 10
_TYPES: dict[int, tuple[type[Any], ...]] = {
    _STRING: (str,),
    _INTEGER: (int,),
    _BOOLEAN: (bool,),
    _NUMBER: (int, float),
}
_TEXT_CHARACTERS = 6000


def nest(definitions: list[JSON], path: list[str], values: dict[str, Any]) -> list[JSON]:
    """Discord's nesting of `values` under the subcommands of `path`. Raises `NotOffered`."""
    if path:
        found = next((each for each in definitions if each["name"] == path[0] and each["type"] in (1, 2)), None)
        if found is None:
            raise NotOffered(f"there is no subcommand {path[0]}")
        inner = nest(found.get("options") or [], path[1:], values)
        return [{"type": found["type"], "name": path[0], "options": inner}]
    known = {each["name"]: each for each in definitions}
    unknown = values.keys() - known.keys()
    if unknown:
        raise NotOffered(f"there is no option {', '.join(sorted(unknown))}")
    return [{"type": known[name]["type"], "name": name, "value": _plain(value)} for name, value in values.items()]


def _plain(value: Any) -> Any:
    """Users, roles and channels are given by their id, as text."""
    snowflake = getattr(value, "id", None)
    return value if snowflake is None else str(snowflake)


def check_options(definitions: list[JSON], given: list[JSON]) -> None:
    """Raises `NotOffered` where something required is missing, unknown, or not as it must be."""
    known = {each["name"]: each for each in definitions}
    for option in given:
        definition = known.get(option["name"])
        if definition is None or definition["type"] != option["type"]:
            raise NotOffered(f"there is no option {option['name']}")
        if option["type"] in (_SUBCOMMAND, _GROUP):
            check_options(definition.get("options") or [], option.get("options") or [])
        else:
            _check_value(definition, option["value"])
    has_subcommands = any(each["type"] in (_SUBCOMMAND, _GROUP) for each in definitions)
    missing = [name for name, each in known.items() if each.get("required") and name not in [o["name"] for o in given]]
    if missing or (has_subcommands and not given):
        raise NotOffered(f"{', '.join(missing) or 'a subcommand'} is required")


def _check_value(definition: JSON, value: Any) -> None:
    name = definition["name"]
    types = _TYPES.get(definition["type"])
    if types is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
        raise NotOffered(f"{name} is of another type")
    choices = [choice["value"] for choice in listed(definition, "choices")]
    if choices and value not in choices:
        raise NotOffered(f"{name} is one of {choices}")
    if isinstance(value, str) and definition["type"] == _STRING:
        _check_range(name, len(value), definition.get("min_length"), definition.get("max_length") or _TEXT_CHARACTERS)
    elif isinstance(value, int | float):
        _check_range(name, value, definition.get("min_value"), definition.get("max_value"))


def _check_range(name: str, value: float, least: float | None, most: float | None) -> None:
    if (least is not None and value < least) or (most is not None and value > most):
        raise NotOffered(f"{name} is out of its range")
