"""Agreements in force at once: written to a node's folder and signed for all parties, as no member could alone."""

from commonsky.exercise.coalition import signatures
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node.agreement_files import acts_file, add_acts, document_file

LONG_AGO_TAI_S = 0.0


def sign_for_all(folder, text, keys, *, name=None, at_tai_s=LONG_AGO_TAI_S):
    """Put a document and the signatures of all whose keys are given into a folder; give the document's file."""
    agreement = read_agreement(text.encode(), source="agreement.toml")
    file = folder / name if name else document_file(folder, agreement)
    file.write_text(text)
    acts_file(folder, agreement.reference).unlink(missing_ok=True)
    add_acts(folder, agreement.reference, signatures(agreement, keys, at_tai_s))
    return file
