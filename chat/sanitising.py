"""Text of others, made safe to write to a terminal."""

# Everything below a space but tab and line end, DEL, and the C1 controls: what terminals take for commands ("escape
# sequences"), which could move the cursor, rename the window or write the clipboard. The last two ranges turn the
# direction of text around, so that it reads as something else than it is (https://trojansource.codes).
_COMMANDS = (
    range(0x09),
    range(0x0B, 0x20),
    range(0x7F, 0xA0),
    range(0x202A, 0x202F),
    range(0x2066, 0x206A),
)
_REMOVED = {code: None for codes in _COMMANDS for code in codes}


def printable(text: str) -> str:
    """The text without characters that a terminal takes for commands. Letters after an escape stay, as letters."""
    return text.translate(_REMOVED)


def one_line(text: str) -> str:
    """The same, on one line."""
    return " ".join(printable(text).split())
