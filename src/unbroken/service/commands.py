"""What the daemon can be told and asked while it runs: the requests of the control socket."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from unbroken import __version__
from unbroken.anchors.rfc5011 import TrackedKey, TrustPoint
from unbroken.anchors.store import NegativeTrustAnchor
from unbroken.chain import Question
from unbroken.chain.json import chain_to_json
from unbroken.chain.times import to_iso
from unbroken.dns import Name
from unbroken.dns.rdtype import rcode_text
from unbroken.errors import UsageError
from unbroken.resolving.api import to_name, to_rdtype

if TYPE_CHECKING:
    from unbroken.service.daemon import Daemon

_HOUR: Final = 3_600
Reply = dict[str, Any]


class Commands:
    """The requests, by name. Each takes the fields of its request and returns those of the reply."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._known: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[Reply]]] = {
            "status": self._status,
            "stats": self._stats,
            "flush": self._flush,
            "explain": self._explain,
            "reload": self._reload,
            "stop": self._stop,
            "nta-add": self._nta_add,
            "nta-list": self._nta_list,
            "nta-remove": self._nta_remove,
        }

    async def handle(self, request: Mapping[str, Any]) -> Reply:
        """One request: an object with `command` and what that command takes. Raises UsageError and whatever it ends in."""
        command = self._known.get(str(request.get("command")))
        if command is None:
            raise UsageError(f"there is no such command; known are {', '.join(self._known)}")
        return await command(request)

    async def _status(self, _: Mapping[str, Any]) -> Reply:
        daemon = self._daemon
        return {
            "version": __version__,
            "pid": os.getpid(),
            "since": to_iso(daemon.started_at),
            "now": to_iso(daemon.ground.clock.now()),
            "listens": [str(endpoint) for endpoint in daemon.endpoints],
            "asks": daemon.asks,
            "anchors": [str(owner) for owner in daemon.resolver.anchors],
            "trust_points": [_trust_point(point) for point in daemon.anchors.points],
            "negative_anchors": len(daemon.anchors.negatives),
            "answers": len(daemon.answers),
            "answer_octets": daemon.answers.octets,
            "messages": len(daemon.resolver.messages),
            "message_octets": daemon.resolver.messages.octets,
            "zones": len(daemon.resolver.trust),
            "in_flight": daemon.stats.in_flight,
            "connections": daemon.stats.connections,
        }

    async def _stats(self, _: Mapping[str, Any]) -> Reply:
        return {"stats": self._daemon.count().to_json()}

    async def _flush(self, request: Mapping[str, Any]) -> Reply:
        name, tree = _name(request), request.get("tree", False)
        if not isinstance(tree, bool):
            raise UsageError("tree is true or false")
        return {"forgotten": self._daemon.forget(name, tree=tree)}

    async def _explain(self, request: Mapping[str, Any]) -> Reply:
        question = Question(_name(request), to_rdtype(request.get("type", "A")))
        daemon = self._daemon
        special = daemon.responder.special_names
        if special is not None and (zone := special.zone_of(question)) is not None:
            raise UsageError(f"{question.name} is answered here, without a chain: {zone} is a special-use name")
        found = daemon.answers.get(question)
        kept = found if found is not None else await daemon.responder.resolve(question)
        now = daemon.ground.clock.monotonic()
        content = daemon.responder.checked(question, kept)
        return {
            "chain": chain_to_json(kept.resolution.chain),
            "now": daemon.ground.clock.now(),
            "was_kept": found is not None,
            "is_stale": kept.is_stale,
            "seconds_left": max(0, int(kept.made_at + kept.lifetime - now)),
            "rcode": rcode_text(content.rcode),
            "ad": content.is_secure,
            "errors": [{"code": int(error.code), "text": error.text} for error in content.errors],
        }

    async def _reload(self, _: Mapping[str, Any]) -> Reply:
        return {"restart_needed_for": list(self._daemon.reload())}

    async def _stop(self, _: Mapping[str, Any]) -> Reply:
        self._daemon.ended.set()
        return {}

    async def _nta_add(self, request: Mapping[str, Any]) -> Reply:
        seconds, reason = request.get("seconds", _HOUR), request.get("reason", "")
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not isinstance(reason, str):
            raise UsageError("seconds is a whole number, reason a string")
        return {"added": _negative(self._daemon.anchors.add(_name(request), seconds, reason))}

    async def _nta_list(self, _: Mapping[str, Any]) -> Reply:
        return {"negative_anchors": [_negative(anchor) for anchor in self._daemon.anchors.negatives]}

    async def _nta_remove(self, request: Mapping[str, Any]) -> Reply:
        self._daemon.anchors.remove(_name(request))
        return {}


def _name(request: Mapping[str, Any]) -> Name:
    name = request.get("name")
    if not isinstance(name, str):
        raise UsageError("name is missing, or no string")
    return to_name(name)


def _negative(anchor: NegativeTrustAnchor) -> Reply:
    until = to_iso(anchor.until) if anchor.until is not None else None
    return {"name": str(anchor.owner), "until": until, "reason": anchor.reason}


def _trust_point(point: TrustPoint) -> Reply:
    return {
        "zone": str(point.owner),
        "keys": [_tracked_key(key) for key in point.keys],
        "digests": [ds.key_tag for ds in point.digests],
        "next_look": to_iso(point.timers.next_query),
        "failed_looks": point.timers.failures,
    }


def _tracked_key(key: TrackedKey) -> Reply:
    trusted_from = to_iso(key.trusted_from) if key.trusted_from is not None else None
    return {
        "key_tag": key.dnskey.key_tag,
        "algorithm": key.dnskey.algorithm,
        "state": key.state.value,
        "since": to_iso(key.since),
        "trusted_from": trusted_from,
    }
