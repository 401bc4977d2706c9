"""The agreement documents of a node, as they stand in its folder now, with the acts of their parties beside them.

::

    agreements/ID.vN.toml         a document, by any name
    agreements/ID.vN.acts.toml    what its parties declared on it, each act signed
    agreements/proposed/          the same for what partners propose: not ours until we sign it

INVARIANT: a document that cannot be read stops all release. It may hold a clause that withholds, and nobody can
tell from whom, so guessing that it holds none would release by mistake. So do acts that cannot be read or whose
signature is false, and acts whose document is gone.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path

import msgspec
from msgspec.structs import replace

from commonsky.domain import Agreement, AgreementAct, SignedAgreement
from commonsky.federation.acts import act_verifies, in_order
from commonsky.federation.bearing import bearing
from commonsky.federation.keys import VerifyKey
from commonsky.federation.standing import Standing, State, moments, standing
from commonsky.formats.acts_toml import read_acts
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.canonical_agreement import agreement_sha256
from commonsky.formats.errors import FormatError
from commonsky.node.agreement_files import ACTS

_LATER = f"proposed/*/*{ACTS}"
_WAITING = frozenset({State.DRAFT, State.AWAITING, State.SUSPENDED, State.INVALID})

_KEPT = 1_024
"""Documents that are remembered as they were read."""

_CANONICAL = msgspec.json.Encoder(order="sorted")

Stamp = tuple[tuple[str, int, int], ...]
Keys = Mapping[str, Collection[VerifyKey]]
"""The pinned keys of members, our own too."""


@dataclass(frozen=True)
class Shelved:
    """A document in the folder, its acts, where it stands, and what of it bears on its giver's releases."""

    file: Path
    document: SignedAgreement
    standing: Standing
    bearing: Agreement | None

    @property
    def agreement(self) -> Agreement:
        """The agreement as its document states it."""
        return self.document.agreement

    @property
    def words(self) -> str:
        """Where it stands, in a sentence."""
        return f"{self.agreement.reference} {self.standing.words}"


@dataclass(frozen=True)
class Shelf:
    """What was read; ``faults`` says in words what is wrong with what could not be.

    By time alone nothing here changes before ``changes_tai_s``.
    """

    own: str
    stamp: Stamp
    documents: tuple[Shelved, ...]
    faults: tuple[str, ...]
    changes_tai_s: float

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """Every agreement of which a document is here, whatever its standing."""
        return tuple(one.agreement for one in self.documents)

    @cached_property
    def bearing(self) -> tuple[Agreement, ...]:
        """What is decided by now: see `commonsky.federation.bearing`. The term is for the decision to judge."""
        return tuple(one.bearing for one in self.documents if one.bearing is not None)

    @cached_property
    def binding(self) -> frozenset[str]:
        """The references of the agreements that are in force."""
        return frozenset(one.agreement.reference for one in self.documents if one.standing.binding)

    @cached_property
    def waiting(self) -> tuple[Shelved, ...]:
        """Documents that have no force until somebody signs, resumes or mends them."""
        return tuple(one for one in self.documents if one.standing.state in _WAITING)

    def given_by(self, member: str) -> list[Agreement]:
        """What the member gives by: agreements that bind, and of those suspended or left by readers what withholds."""
        return [agreement for agreement in self.bearing if agreement.giver == member]

    def held_by(self, member: str) -> list[Agreement]:
        """Agreements that bind, under which the member reads what others give."""
        return [
            one.agreement
            for one in self.documents
            if one.standing.binding and member in one.agreement.readers
        ]

    def by_reference(self) -> dict[str, Agreement]:
        """Every document that we signed, by its reference: what came or went under one keeps its name when it ends.

        What others still have to sign is their affair: a giver's word may come with the first records under it.
        """
        return {
            one.agreement.reference: one.agreement
            for one in self.documents
            if self.own in one.standing.signed
        }

    def shelved(self, reference: str) -> Shelved | None:
        """The document of this reference."""
        return next((one for one in self.documents if one.agreement.reference == reference), None)

    def uncovered(self, giver: str, reader: str) -> str:
        """Say that no agreement covers a reader, and what keeps those that would from it."""
        return "; ".join((f"no agreement covers {reader}", *self.idle(giver, reader)))

    def idle(self, giver: str, reader: str) -> list[str]:
        """Say of each document between the two members that does not bind why it does not."""
        return [
            one.words
            for one in self.documents
            if one.agreement.giver == giver and reader in one.agreement.readers and not one.standing.binding
        ]


def policy_of(agreements: Iterable[Agreement]) -> bytes:
    """Return what is decided under as one canonical JSON text, the same whatever order the agreements come in."""
    return _CANONICAL.encode(sorted(agreements, key=_name))


def read_shelf(folder: Path, keys: Keys, *, own: str, now_tai_s: float) -> Shelf:
    """Read every ``*.toml`` of the folder; two different documents with one reference are a fault of the second."""
    stamp = stamp_of(folder)
    faults: list[str] = []
    read = dict(_documents(folder, faults))
    acts = _acts(folder, {reference: bare for reference, (_, bare) in read.items()}, keys, faults)
    signed = {reference: replace(bare, acts=acts.get(reference, ())) for reference, (_, bare) in read.items()}
    documents = []
    for reference, (file, bare) in read.items():
        versions = [one for one in signed.values() if _line(one.agreement) == _line(bare.agreement)]
        stands = standing(signed[reference], versions, now_tai_s=now_tai_s)
        bears = bearing(signed[reference], stands, now_tai_s=now_tai_s)
        documents.append(Shelved(file, signed[reference], stands, bears))
    times = (moment for one in signed.values() for moment in moments(one) if moment > now_tai_s)
    return Shelf(own, stamp, tuple(documents), tuple(faults), min(times, default=float("inf")))


def _documents(folder: Path, faults: list[str]) -> Iterable[tuple[str, tuple[Path, SignedAgreement]]]:
    """Give every document, by its reference, without its acts."""
    read: dict[str, SignedAgreement] = {}
    for file in sorted(folder.glob("*.toml")):
        if file.name.endswith(ACTS):
            continue
        try:
            bare = _document(file.read_bytes(), str(file))
        except OSError as error:
            faults.append(f"{file}: cannot be read: {error.strerror}")
        except FormatError as error:
            faults.append(str(error))
        else:
            reference = bare.agreement.reference
            known = read.setdefault(reference, bare)
            if known is bare:
                yield reference, (file, bare)
            elif known.agreement != bare.agreement:
                faults.append(f"{file}: another document also calls itself {reference}")


@lru_cache(maxsize=_KEPT)
def _document(data: bytes, source: str) -> SignedAgreement:
    """Read a document without its acts; the many that did not change are not read anew when one did."""
    agreement = read_agreement(data, source=source)
    return SignedAgreement(agreement=agreement, sha256=agreement_sha256(agreement))


@lru_cache(maxsize=_KEPT)
def _acts_in(data: bytes, source: str) -> tuple[AgreementAct, ...]:
    return read_acts(data, source=source)


def _acts(
    folder: Path, documents: Mapping[str, SignedAgreement], keys: Keys, faults: list[str]
) -> dict[str, tuple[AgreementAct, ...]]:
    """Give what was declared on each document and is proven; what no key is pinned for is left out."""
    found: list[AgreementAct] = []
    for file in sorted(folder.glob(f"*{ACTS}")):
        try:
            acts = _acts_in(file.read_bytes(), str(file))
        except OSError as error:
            faults.append(f"{file}: cannot be read: {error.strerror}")
        except FormatError as error:
            faults.append(str(error))
        else:
            wrong = {act: fault for act in acts if (fault := _fault(act, documents, keys))}
            faults += [f"{file}: {fault}" for fault in dict.fromkeys(wrong.values())]
            found += [act for act in acts if act not in wrong and act.member in keys]
    for file in sorted(folder.glob(_LATER)):
        # What came before the document, or could not be put beside it; not proven to be about it before now.
        with suppress(OSError, FormatError):
            acts = _acts_in(file.read_bytes(), str(file))
            proven = [act for act in acts if act.member in keys and not _fault(act, documents, keys)]
            found += [act for act in proven if _is_about(act, documents)]
    found.sort(key=_reference)
    return {reference: in_order(group) for reference, group in groupby(found, key=_reference)}


def _fault(act: AgreementAct, documents: Mapping[str, SignedAgreement], keys: Keys) -> str | None:
    """Say what is wrong with an act that stands beside the documents."""
    document = documents.get(act.agreement)
    if document is None:
        return f"its document, {act.agreement}, is not here: put it back, or withdraw it and take both away"
    if act.member not in document.agreement.parties:
        return f"{act.member} is no party to {act.agreement} and cannot {act.act} it"
    if act.member in keys and not act_verifies(act, keys[act.member]):
        return f"the signature of {act.member} ({act.act}) is not that of its pinned key"
    return None


def _is_about(act: AgreementAct, documents: Mapping[str, SignedAgreement]) -> bool:
    document = documents.get(act.agreement)
    return document is not None and act.document_sha256 == document.sha256


def _line(agreement: Agreement) -> tuple[str, str]:
    """What the versions of an agreement have in common."""
    return agreement.giver, agreement.id


def _reference(act: AgreementAct) -> str:
    return act.agreement


def stamp_of(folder: Path) -> Stamp:
    """Tell whether the folder changed: name, time of change and size of every document.

    The time is that of the inode, which no program sets: a document put back with its old date counts as new.
    """
    return tuple(sorted((*_files_in(folder), *_later_files(folder / "proposed"))))


def _files_in(folder: Path) -> Iterable[tuple[str, int, int]]:
    # Asked before every batch and every single decision: one pass over the folder, no more.
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        for file in found:
            if file.name.endswith(".toml"):
                yield (file.path, *_change_of(file))


def _later_files(folder: Path) -> Iterable[tuple[str, int, int]]:
    with suppress(FileNotFoundError), os.scandir(folder) as partners:
        for partner in partners:
            yield from (file for file in _files_in(Path(partner.path)) if file[0].endswith(ACTS))


def _change_of(file: os.DirEntry[str]) -> tuple[int, int]:
    try:
        status = file.stat()
    except (
        OSError
    ):  # as while an editor puts another in its place; reading it says what is wrong, if anything
        return -1, -1
    return status.st_ctime_ns, status.st_size


def _name(agreement: Agreement) -> tuple[str, str]:
    return agreement.giver, agreement.reference
