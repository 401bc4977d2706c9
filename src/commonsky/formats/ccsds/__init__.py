"""CCSDS navigation messages: read, check, write and convert them, in all their versions and notations.

document = read_document(data, source="message.oem")
for message in document.messages:
    findings = check(message)
    text = write_xml(message)
"""

from commonsky.formats.ccsds.check import Finding, check, check_document
from commonsky.formats.ccsds.document import read_document, read_message
from commonsky.formats.ccsds.kvn import write_kvn
from commonsky.formats.ccsds.ndm_json import write_json
from commonsky.formats.ccsds.ndm_xml import write_xml
from commonsky.formats.ccsds.tree import Block, Document, Entry, Message, Row

__all__ = [
    "Block",
    "Document",
    "Entry",
    "Finding",
    "Message",
    "Row",
    "check",
    "check_document",
    "read_document",
    "read_message",
    "write_json",
    "write_kvn",
    "write_xml",
]
