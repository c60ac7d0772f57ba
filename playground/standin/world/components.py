"""What components a message or a form may have. https://docs.discord.com/developers/components/reference

Discord's words for what is wrong stand in its answers, not in its documentation; those here are the ones that clients
are known to get, and nothing should depend on them but the field they stand at.
"""

from collections.abc import Iterable, Iterator

from playground.standin.world.entities import JSON, listed
from playground.standin.world.errors import InvalidForm, NotOffered

ROWS = 5
COMPONENTS_V2 = 40
LAYOUT_CHARACTERS = 4000
FORM_COMPONENTS = 5
ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL, UPLOAD = 9, 10, 11, 12, 13, 14, 17, 18, 19
SELECTS = {3: "", 5: "users", 6: "roles", 7: "mentionable", 8: "channels"}
_LINK, _PREMIUM = 5, 6
_IN_CONTAINER = {ROW, TEXT, SECTION, GALLERY, SEPARATOR, FILE}
_CHILDREN: dict[int | None, set[int]] = {
    ROW: {BUTTON, *SELECTS},
    SECTION: {TEXT},
    CONTAINER: _IN_CONTAINER,
}
_LENGTHS = {
    "custom_id": (1, 100),
    "label": (0, 80),
    "url": (1, 512),
    "placeholder": (0, 150),
    "content": (1, 4000),
    "description": (0, 1024),
}
_COUNTS = {ROW: ("components", 1, 5), SECTION: ("components", 1, 3), GALLERY: ("items", 1, 10)}


def nested_components(components: Iterable[JSON]) -> Iterator[JSON]:
    """Every component, the inner ones too."""
    for component in components:
        yield component
        inner = [*listed(component, "components"), *(component.get(name) for name in ("component", "accessory"))]
        yield from nested_components(each for each in inner if each)


def shown_text(components: Iterable[JSON]) -> str:
    """What text displays say, for what it mentions."""
    return "\n".join(each.get("content") or "" for each in nested_components(components) if each.get("type") == TEXT)


def labelled(components: Iterable[JSON], label: str) -> JSON:
    """The button on which that stands. Raises `NotOffered`."""
    for each in nested_components(components):
        if each.get("type") == BUTTON and each.get("label") == label:
            return each
    raise NotOffered(f"no button says {label}")


def check_components(components: list[JSON], *, layout: bool) -> None:
    """Raises `InvalidForm` where a message cannot have these; with `layout` it has the flag IS_COMPONENTS_V2."""
    top = _IN_CONTAINER | {CONTAINER} if layout else {ROW}
    if not layout:
        check_length("components", components, 0, ROWS)
    elif sum(1 for _ in nested_components(components)) > COMPONENTS_V2:
        raise InvalidForm("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"Must be {COMPONENTS_V2} or fewer")
    for path, component in _numbered("components", components):
        _check(path, component, top)
    check_custom_ids(components)
    if len(shown_text(components).replace("\n", "")) > LAYOUT_CHARACTERS:
        raise InvalidForm(
            "components",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"Displayable text size exceeds maximum size of {LAYOUT_CHARACTERS}",
        )


def check_custom_ids(components: list[JSON]) -> None:
    """Raises `InvalidForm` where two are named alike."""
    ids = [each["custom_id"] for each in nested_components(components) if each.get("custom_id")]
    if len(set(ids)) < len(ids):
        raise InvalidForm("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")


def check_form(body: JSON) -> None:
    """Raises `InvalidForm` where a form cannot be so.

    https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
    """
    for name, most in (("title", 45), ("custom_id", 100)):
        check_length(f"data.{name}", body.get(name) or "", 1, most)
    components = listed(body, "components")
    check_length("data.components", components, 1, FORM_COMPONENTS)
    for path, component in _numbered("data.components", components):
        if component.get("type") not in (ROW, TEXT, LABEL):
            raise _wrong_type(path, {ROW, TEXT, LABEL})
        if component["type"] == LABEL:
            check_length(f"{path}.label", component.get("label") or "", 1, 45)
            check_length(f"{path}.description", component.get("description") or "", 0, 100)
        inner = [*listed(component, "components"), component.get("component")]
        for field in (each for each in inner if each):
            check_length(f"{path}.component.custom_id", field.get("custom_id") or "", 1, 100)
            most = 100 if field.get("type") == TEXT_INPUT else 150
            check_length(f"{path}.component.placeholder", field.get("placeholder") or "", 0, most)
            check_length(f"{path}.component.value", field.get("value") or "", 0, 4000)
    check_custom_ids(components)


def check_length(path: str, of: str | list[JSON], least: int, most: int) -> None:
    """Raises `InvalidForm` where a text or a list is too short or too long."""
    if not least <= len(of) <= most:
        if least == 0:
            raise InvalidForm(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        raise InvalidForm(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def _numbered(path: str, components: list[JSON]) -> Iterator[tuple[str, JSON]]:
    return ((f"{path}.{index}", component) for index, component in enumerate(components))


def _wrong_type(path: str, allowed: set[int]) -> InvalidForm:
    return InvalidForm(f"{path}.type", "UNION_TYPE_CHOICES", f"Value of field must be one of {sorted(allowed)}.")


def _check(path: str, component: JSON, allowed: set[int]) -> None:
    kind = component.get("type")
    if kind not in allowed:
        raise _wrong_type(path, allowed)
    for name, (least, most) in _LENGTHS.items():
        if component.get(name) is not None:
            check_length(f"{path}.{name}", component[name], least, most)
    if kind in _COUNTS:
        name, least, most = _COUNTS[kind]
        check_length(f"{path}.{name}", listed(component, name), least, most)
    if kind == BUTTON:
        _check_button(path, component)
    elif kind in SELECTS:
        _check_select(path, component)
    elif kind == SECTION:
        _check(f"{path}.accessory", component.get("accessory") or {}, {BUTTON, THUMBNAIL})
    children = listed(component, "components")
    for inner_path, inner in _numbered(f"{path}.components", children):
        _check(inner_path, inner, _CHILDREN.get(kind, set[int]()))
    if kind == ROW and len(children) > 1 and any(each["type"] in SELECTS for each in children):
        raise InvalidForm(f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills a row")


def _check_button(path: str, button: JSON) -> None:
    """https://docs.discord.com/developers/components/reference#button"""
    needed = {_LINK: "url", _PREMIUM: "sku_id"}.get(button.get("style") or 0, "custom_id")
    if not button.get(needed):
        raise InvalidForm(f"{path}.{needed}", "BASE_TYPE_REQUIRED", "This field is required")
    excluded = {"url", "sku_id", "custom_id"} - {needed}
    if button.get("style") == _PREMIUM:
        excluded |= {"label", "emoji"}
    for name in sorted(excluded):
        if button.get(name):
            raise InvalidForm(f"{path}.{name}", "BUTTON_COMPONENT_FIELD_NOT_ALLOWED", f"{name} cannot be used here")


def _check_select(path: str, select: JSON) -> None:
    """https://docs.discord.com/developers/components/reference#string-select"""
    check_length(f"{path}.custom_id", select.get("custom_id") or "", 1, 100)
    least, most = select_range(select)
    if not (0 <= least <= 25 and 1 <= most <= 25 and least <= most):
        raise InvalidForm(f"{path}.min_values", "NUMBER_TYPE_RANGE", "Values must be between 0 and 25.")
    if select["type"] != STRING_SELECT:
        return
    options = listed(select, "options")
    check_length(f"{path}.options", options, 1, 25)
    for option_path, option in _numbered(f"{path}.options", options):
        for name in ("label", "value", "description"):
            least = 0 if name == "description" else 1
            check_length(f"{option_path}.{name}", option.get(name) or "", least, 100)
    values = [option["value"] for option in options]
    if len(set(values)) < len(values):
        raise InvalidForm(f"{path}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Values must be unique")


def select_range(select: JSON) -> tuple[int, int]:
    """How many values one must and may choose; one where nothing is said."""
    least, most = select.get("min_values"), select.get("max_values")
    return 1 if least is None else least, 1 if most is None else most
