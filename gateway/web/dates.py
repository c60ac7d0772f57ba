"""Moments as people read them."""

from gateway.times import moment


def readable(milliseconds: int) -> str:
    """A moment, given in milliseconds since the epoch, in UTC."""
    return f"{moment(milliseconds):%Y-%m-%d %H:%M} UTC"
