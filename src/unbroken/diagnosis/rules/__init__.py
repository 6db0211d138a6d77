"""All rules of a full check, by group, in the order in which findings of one severity are told."""

from typing import Final

from unbroken.diagnosis.rules.book import Rule
from unbroken.diagnosis.rules.cds import CDS_RULES
from unbroken.diagnosis.rules.delegation import DELEGATION_RULES
from unbroken.diagnosis.rules.denial import DENIAL_RULES
from unbroken.diagnosis.rules.ds import DS_RULES
from unbroken.diagnosis.rules.keys import KEY_RULES
from unbroken.diagnosis.rules.servers import SERVER_RULES
from unbroken.diagnosis.rules.signatures import SIGNATURE_RULES

GROUPS: Final = {
    "DS at the parent": tuple(DS_RULES.rules),
    "Keys": tuple(KEY_RULES.rules),
    "Signatures": tuple(SIGNATURE_RULES.rules),
    "Denial": tuple(DENIAL_RULES.rules),
    "Servers": tuple(SERVER_RULES.rules),
    "Delegation": tuple(DELEGATION_RULES.rules),
    "What the child asks for": tuple(CDS_RULES.rules),
}
"""The rules under a heading for people."""

RULES: Final[dict[str, Rule]] = {rule.code: rule for rules in GROUPS.values() for rule in rules}
