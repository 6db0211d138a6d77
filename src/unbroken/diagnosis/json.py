"""A full check's evidence in a file, and back: JSON, versioned, every message as the octets that came.

The shape is described by `report/schema/inspection-1.json`. A file is evidence, never trusted: what does not fit is an
`InputError` that says where, and all of it is judged anew.
"""

from base64 import b64encode
from typing import Any, Final

from unbroken._kernel import type_to_text
from unbroken.chain import Question
from unbroken.chain.json_reader import JsonObject, question_from_json
from unbroken.chain.times import to_iso
from unbroken.diagnosis.inspection import Ask, Exchange, Inspection, NameServer, ZoneServers
from unbroken.errors import InputError
from unbroken.validation.capture import capture_from_json, capture_to_json
from unbroken.validation.protocol import Failure

FORMAT: Final = "unbroken-inspection"
VERSION: Final = 1
_MAX_MESSAGE: Final = 65535  # octets (RFC 1035 §4.2.2)
_MAX_MILLISECONDS: Final = 600_000

Json = dict[str, Any]


def inspection_to_json(inspection: Inspection) -> Json:
    """The file's content, as plain dicts, lists, strings and ints."""
    parent = inspection.parent
    return {
        "format": FORMAT,
        "version": VERSION,
        "question": _question(inspection.question),
        "time": to_iso(inspection.time),
        "zone": _servers(inspection.zone),
        "parent": None if parent is None else _servers(parent),
        "absent": str(inspection.absent),
        "exchanges": [_exchange(exchange) for exchange in inspection.exchanges],
        "walk": capture_to_json(inspection.walk),
    }


def _question(question: Question) -> Json:
    return {"name": str(question.name), "type": type_to_text(question.rdtype)}


def _servers(servers: ZoneServers) -> Json:
    return {"name": str(servers.zone), "servers": [_server(server) for server in servers.servers]}


def _server(server: NameServer) -> Json:
    return {
        "name": str(server.name),
        "address": server.address,
        "at_parent": server.at_parent,
        "at_child": server.at_child,
        "is_glue": server.is_glue,
        "is_found": server.is_found,
        "refusal": server.refusal,
    }


def _exchange(exchange: Exchange) -> Json:
    ask = exchange.ask
    return {
        "server": exchange.server,
        "name": str(ask.name),
        "type": type_to_text(ask.rdtype),
        "tcp": ask.tcp,
        "dnssec": ask.dnssec,
        "received_at": to_iso(exchange.received_at) if exchange.received_at else None,
        "milliseconds": exchange.milliseconds,
        "message": b64encode(exchange.wire).decode("ascii") if exchange.wire else None,
        "failure": None if exchange.wire or exchange.failure is None else exchange.failure.value,
        "detail": "" if exchange.wire else exchange.detail,
    }


def inspection_from_json(value: object, where: str = "inspection") -> Inspection:
    """Read an inspection back. Raises InputError for whatever is not one."""
    top = JsonObject(value, where)
    if top.text("format") != FORMAT:
        raise top.error("format", f'is not "{FORMAT}"')
    if top.number("version", 1 << 31) != VERSION:
        raise InputError(f"{where}.version", "is not 1, the only version known", "use a newer unbroken")
    time = top.moment("time")
    if time is None:
        raise top.error("time", "is missing")
    zone, absent = _servers_from(top.object("zone")), top.name("absent")
    if not absent.is_subdomain_of(zone.zone):
        raise top.error("absent", f"is {absent}, which is not below {zone.zone}")
    return Inspection(
        question_from_json(top.object("question")),
        time,
        zone,
        _parent_from(top, zone),
        absent,
        tuple(_exchange_from(item) for item in top.objects("exchanges")),
        capture_from_json(top.value("walk"), f"{where}.walk"),
    )


def _parent_from(top: JsonObject, zone: ZoneServers) -> ZoneServers | None:
    if not top.has("parent"):
        return None
    parent = _servers_from(top.object("parent"))
    if not zone.zone.is_below(parent.zone):
        raise top.error("parent", f"is {parent.zone}, which is not above {zone.zone}")
    return parent


def _servers_from(source: JsonObject) -> ZoneServers:
    return ZoneServers(source.name("name"), tuple(_server_from(item) for item in source.objects("servers")))


def _server_from(source: JsonObject) -> NameServer:
    return NameServer(
        source.name("name"),
        source.text("address"),
        source.flag("at_parent"),
        source.flag("at_child"),
        source.flag("is_glue"),
        source.flag("is_found"),
        source.text("refusal"),
    )


def _exchange_from(source: JsonObject) -> Exchange:
    ask = Ask(source.name("name"), source.rdtype("type"), source.flag("tcp"), source.flag("dnssec"))
    server, received = source.text("server"), source.moment("received_at") or 0
    milliseconds = source.number("milliseconds", _MAX_MILLISECONDS)
    if source.has("message"):
        wire = source.octets("message")
        if not 0 < len(wire) <= _MAX_MESSAGE:
            raise source.error("message", f"is of {len(wire)} octets; a message has 1 to {_MAX_MESSAGE}")
        return Exchange.replied(server, ask, wire, received, milliseconds)
    failure = source.member("failure", Failure)
    return Exchange(server, ask, b"", failure, source.text("detail"), received, milliseconds)
