"""The log: one event a line, whatever is in it, and not more than a disk can bear."""

import io
import json

from unbroken.dns import Name
from unbroken.resolving.clock import SettableClock
from unbroken.service.log import Log

NOW = 1_760_000_000


def test_a_line_has_time_event_and_facts() -> None:
    stream = io.StringIO()
    Log(SettableClock(NOW), stream).write("bogus", name=Name("www.example."), tag=None, sentence='it "broke" here')
    assert stream.getvalue() == (
        'time=2025-10-09T08:53:20Z event=bogus name=www.example. sentence="it \\"broke\\" here"\n'
    )


def test_as_json_it_is_one_object_a_line() -> None:
    stream = io.StringIO()
    Log(SettableClock(NOW), stream, as_json=True).write("bogus", name=Name("\\233.example."), ede=6)
    assert json.loads(stream.getvalue())["ede"] == 6
    assert stream.getvalue().count("\n") == 1


def test_hostile_text_stays_on_its_line() -> None:
    for as_json in (False, True):
        stream = io.StringIO()
        Log(SettableClock(NOW), stream, as_json=as_json).write("x", text="a\nevent=y \x1b[31m\u202e")
        text = stream.getvalue()
        assert text.count("\n") == 1 and text.isascii() and "\x1b" not in text


def test_a_flood_of_lines_is_rationed_and_told() -> None:
    stream, clock = io.StringIO(), SettableClock(NOW)
    log = Log(clock, stream)
    for _ in range(1000):
        log.write("bogus")
    assert stream.getvalue().count("\n") == 200
    clock.advance(1)
    log.write("bogus")
    assert stream.getvalue().splitlines()[-1].endswith("lines_left_out_before=800")


def test_a_stream_that_is_gone_is_no_reason_to_stop() -> None:
    stream = io.StringIO()
    stream.close()
    Log(SettableClock(NOW), stream).write("bogus")
