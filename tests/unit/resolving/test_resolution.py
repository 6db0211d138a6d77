"""RFC 4035 §3.2.3: what a message says with AD set."""

from unbroken.chain import Chain, Evidence, Link, LinkKind, Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.resolution import proven_message

WWW, ZONE = Name("www.example."), Name("example.")
DATA = RRset(WWW, rr.A, 60, (b"\xc0\x00\x02\x01",))
EXTRA = RRset(WWW, rr.AAAA, 60, (bytes(16),))
STRAY = RRset(ZONE, rr.NS, 60, (Name("ns.evil.").wire,))


def test_ad_covers_only_what_was_authenticated() -> None:
    link = Link(LinkKind.DATA, ZONE, Status.SECURE, evidence=(Evidence(DATA),))
    chain = Chain(Question(WWW, rr.A), Status.SECURE, ZONE, (link,), outcome=Outcome.ANSWER)
    message = proven_message(Message(0, rr.QR, (WWW, rr.A, 1), (DATA, EXTRA), (STRAY,)), chain)
    assert message.flags & rr.AD
    assert message.answer == (DATA,)
    assert message.authority == ()


def test_a_cname_that_a_proven_dname_makes_stays() -> None:
    dname = RRset(ZONE, rr.DNAME, 60, (Name("other.").wire,))
    cname = RRset(WWW, rr.CNAME, 60, (Name("www.other.").wire,))
    link = Link(LinkKind.DATA, ZONE, Status.SECURE, evidence=(Evidence(dname),))
    chain = Chain(Question(WWW, rr.A), Status.SECURE, ZONE, (link,), outcome=Outcome.REDIRECT)
    message = proven_message(Message(0, rr.QR, (WWW, rr.A, 1), (dname, cname)), chain)
    assert message.answer == (dname, cname)
