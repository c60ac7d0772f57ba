"""Server-sent events, however the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.event_stream import EventStreamDecoder, LineTooLong

EVENTS = [b"one", b"two\nlines", "ümläut 🎉".encode(), b"", b" two spaces"]


def written(end: bytes) -> bytes:
    """The events with this line end, and what a reader has to pass over."""
    blocks = [b"".join(b"data: " + line + end for line in event.split(b"\n")) for event in EVENTS]
    return b"\xef\xbb\xbf: hello" + end + end + (b"event: x" + end + b"id: 1" + end).join(b + end for b in blocks)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, 120), max_size=8))
def test_the_same_events_are_read_wherever_the_stream_is_cut(end: bytes, cuts: list[int]) -> None:
    stream = written(end)
    decoder = EventStreamDecoder()
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:stop] for start, stop in pairwise(places)]
    assert [event for piece in pieces for event in decoder.feed(piece)] == EVENTS


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_same_events_are_read_byte_by_byte(end: bytes) -> None:
    decoder = EventStreamDecoder()
    assert [event for byte in written(end) for event in decoder.feed(bytes([byte]))] == EVENTS
    assert decoder.finish() == []


def test_the_last_event_needs_no_empty_line() -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: [DONE]") == []
    assert decoder.finish() == [b"[DONE]"]


@pytest.mark.parametrize("flood", [b"data: " + b"x" * 200, b"data: x\n" * 200])
def test_neither_a_line_nor_an_event_grows_without_end(flood: bytes) -> None:
    with pytest.raises(LineTooLong):
        EventStreamDecoder(max_line_bytes=100).feed(flood)
