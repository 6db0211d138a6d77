"""Anchor files as Unbound, BIND, Knot Resolver and PowerDNS Recursor write or take them, in each state of the root's key roll.

Written for these tests after what the programs themselves write (Unbound 1.17 and BIND 9.18 beneath a lab) and their
documentation. The keys are those that IANA publishes.
"""

from textwrap import fill
from typing import Final

KEY_2017: Final = (
    "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5"
    "xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUD"
    "K/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM"
    "8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU="
)
KEY_2024: Final = (
    "AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQWOmOElZs"
    "jICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siFUiRAAxm9qyJNg/wOZqqzL/dL/q8Pkc"
    "RU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzGOHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyv"
    "aBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayffKC73PYc="
)
DIGEST_2017: Final = "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"
DIGEST_2024: Final = "683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16"
ROLLED: Final = 1_795_600_000  # 2026-11-25, after the roll
BEFORE: Final = 1_740_000_000  # 2025-02-19, before it
SINCE: Final = 1_739_000_000  # 2025-02-08


def unbound(*keys: tuple[str, int, str, int]) -> str:
    """`(key, state number, state word, flags)`."""
    lines = [
        "; autotrust trust anchor file",
        ";;id: . 1",
        f";;last_queried: {SINCE} ;;Sat Feb  8 07:33:20 2025",
        f";;last_success: {SINCE} ;;Sat Feb  8 07:33:20 2025",
        f";;next_probe_time: {SINCE + 43200} ;;Sat Feb  8 19:33:20 2025",
        ";;query_failed: 0",
        ";;query_interval: 43200",
        ";;retry_time: 8640",
    ]
    for key, number, word, flags in keys:
        lines.append(
            f".\t172800\tIN\tDNSKEY\t{flags} 3 8 {key} ;{{id = 0 (ksk), size = 2048b}} ;;state={number} [ {word:^7} ] "
            f";;count=0 ;;lastchange={SINCE} ;;Sat Feb  8 07:33:20 2025"
        )
    return "\n".join(lines) + "\n"


def keydata(key: str, trusted_from: str, removed_from: str = "19700101000000", flags: int = 257) -> str:
    """One record of named's managed-keys zone."""
    text = fill(key, 44, initial_indent="\t\t\t\t", subsequent_indent="\t\t\t\t")
    return (
        f"\t\t\tKEYDATA\t20250209073320 {trusted_from} {removed_from} {flags} 3 8 (\n{text}\n"
        "\t\t\t\t) ; KSK; alg = RSASHA256; key id = 20326\n\t\t\t\t; next refresh: Sun, 09 Feb 2025 07:33:20 GMT\n"
    )


def managed_keys(*records: str) -> str:
    """named's managed-keys.bind."""
    soa = "@\t\t\tIN SOA\t. . (\n\t\t\t\t42         ; serial\n" + "\t\t\t\t0          ; 0 seconds\n" * 4 + "\t\t\t\t)\n"
    return "$ORIGIN .\n$TTL 0\t; 0 seconds\n" + soa + "".join(records)


def knot(*keys: tuple[str, str]) -> str:
    """Knot Resolver's root.keys: `(key, state and timer)`. Keys that are not trusted are behind a comment sign."""
    lines = []
    for key, state in keys:
        line = f".                   \t172800\tDNSKEY\t257 3 8 {key} ; {state} ; KeyTag:0"
        lines.append(line if state.startswith(("Valid", "Missing")) else f"; {line}")
    return "\n".join(lines) + "\n"
