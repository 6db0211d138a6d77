"""Messages recorded in the text form of dig and dnsjava: sections of records under headings, one after another."""

import re
from dataclasses import dataclass, field

from rpl_scenario import Record, merge, parse_record, rdtype_from_text

from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr

_STATUS = re.compile(r"status: (\w+)")
_FLAGS = re.compile(r";; flags: ([a-z ]*);")
_QUESTION = re.compile(r";;\s*(\S+), type = (\S+), class = IN")
_BITS = {"qr": rr.QR, "aa": rr.AA, "tc": rr.TC, "rd": rr.RD, "ra": rr.RA, "ad": rr.AD, "cd": rr.CD}
_RCODES = {text: number for number, text in rr.RCODE_NAMES.items()}
_SECTIONS = {";; ANSWERS:": 0, ";; AUTHORITY RECORDS:": 1, ";; ADDITIONAL RECORDS:": 2}


@dataclass(slots=True)
class _Draft:
    rcode: int = 0
    flags: int = 0
    question: tuple[Name, int, int] | None = None
    sections: tuple[list[Record], list[Record], list[Record]] = field(default_factory=lambda: ([], [], []))


def parse_messages(text: str) -> list[Message]:
    """Every message of a recording that has a question."""
    drafts: list[_Draft] = []
    section: int | None = None
    for line in text.splitlines():
        line = line.strip()
        if line.startswith(";; ->>HEADER<<-"):
            found = _STATUS.search(line)
            drafts.append(_Draft(_RCODES.get(found[1], rr.SERVFAIL) if found else rr.SERVFAIL))
            section = None
        elif line.startswith(";") and drafts:
            section = _read_heading(line, drafts[-1], section)
        elif line and not line.startswith("#") and drafts and section is not None and "OPT" not in line.split()[:4]:
            drafts[-1].sections[section].append(parse_record(line))
    return [_finish(draft) for draft in drafts if draft.question is not None]


def _read_heading(line: str, draft: _Draft, section: int | None) -> int | None:
    if line in _SECTIONS:
        return _SECTIONS[line]
    if flags := _FLAGS.match(line):
        draft.flags = sum(_BITS.get(word, 0) for word in flags[1].split())
    elif (question := _QUESTION.match(line)) and draft.question is None:
        draft.question = (Name(question[1]), rdtype_from_text(question[2]), rr.CLASS_IN)
    return section


def _finish(draft: _Draft) -> Message:
    answer, authority, additional = (merge(records) for records in draft.sections)
    return Message(0, draft.flags, draft.question, answer, authority, additional, rcode=draft.rcode)
