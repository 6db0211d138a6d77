"""Authoritative answers from zones in memory, signed or not. No sockets: a listener brings the octets."""

from unbroken.authority.index import Authority, ZoneIndex
from unbroken.authority.response import UDP_SIZE, answer, respond

__all__ = ["UDP_SIZE", "Authority", "ZoneIndex", "answer", "respond"]
