"""The state tables of an agreement: where each party stands to it, and whether it has force.

Rules of this file: all states are here, and all that moves an agreement from one to another; nothing here knows keys
or files. What is known of the acts may come in any order and more than once, and gives the same. The diagram in the
documentation is drawn from the tables.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import product

from msgspec import Struct
from msgspec.structs import fields, replace

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import ActKind, AgreementAct, SignedAgreement
from commonsky.domain.printable import printable
from commonsky.federation.acts import in_order


class Stance(StrEnum):
    """Where one party stands."""

    UNSIGNED = "has not signed"
    SIGNED = "signed"
    SUSPENDS = "suspends"
    WITHDREW = "withdrew"


STANCES = {
    (Stance.UNSIGNED, ActKind.SIGN): Stance.SIGNED,
    (Stance.UNSIGNED, ActKind.RESUME): Stance.UNSIGNED,
    (Stance.UNSIGNED, ActKind.SUSPEND): Stance.UNSIGNED,
    (Stance.UNSIGNED, ActKind.WITHDRAW): Stance.WITHDREW,
    (Stance.SIGNED, ActKind.SIGN): Stance.SIGNED,
    (Stance.SIGNED, ActKind.RESUME): Stance.SIGNED,
    (Stance.SIGNED, ActKind.SUSPEND): Stance.SUSPENDS,
    (Stance.SIGNED, ActKind.WITHDRAW): Stance.WITHDREW,
    (Stance.SUSPENDS, ActKind.SIGN): Stance.SUSPENDS,
    (Stance.SUSPENDS, ActKind.RESUME): Stance.SIGNED,
    (Stance.SUSPENDS, ActKind.SUSPEND): Stance.SUSPENDS,
    (Stance.SUSPENDS, ActKind.WITHDRAW): Stance.WITHDREW,
} | {(Stance.WITHDREW, kind): Stance.WITHDREW for kind in ActKind}

CLOCK_TOLERANCE_S = 60.0
"""So far a member's clock may be ahead of ours."""

_LOOSENS = frozenset({ActKind.SIGN, ActKind.RESUME})


class Signatures(StrEnum):
    """How many of the parties signed."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


class Term(StrEnum):
    """Where the time is in an agreement's term."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


class Facts(Struct, frozen=True, kw_only=True):
    """What an agreement's state follows from. ``newer`` says that a later version has come into force."""

    changed: bool = False
    withdrawn: bool = False
    newer: bool = False
    signatures: Signatures = Signatures.NONE
    suspended: bool = False
    term: Term = Term.BEFORE


class State(StrEnum):
    """What an agreement is."""

    INVALID = "invalid"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    DRAFT = "draft"
    AWAITING = "awaiting"
    SUSPENDED = "suspended"
    NOT_BEGUN = "not begun"
    EXPIRED = "expired"
    IN_FORCE = "in force"


STATES: Mapping[State, Callable[[Facts], bool]] = {
    State.INVALID: lambda facts: facts.changed,
    State.WITHDRAWN: lambda facts: facts.withdrawn,
    State.SUPERSEDED: lambda facts: facts.newer,
    State.DRAFT: lambda facts: facts.signatures is Signatures.NONE,
    State.AWAITING: lambda facts: facts.signatures is Signatures.SOME,
    State.SUSPENDED: lambda facts: facts.suspended,
    State.NOT_BEGUN: lambda facts: facts.term is Term.BEFORE,
    State.EXPIRED: lambda facts: facts.term is Term.AFTER,
    State.IN_FORCE: lambda _: True,
}
"""The state of an agreement is the first whose test holds: force is what is left when nothing stands against it."""

BINDING = frozenset({State.NOT_BEGUN, State.IN_FORCE, State.EXPIRED})
"""States in which nothing but the term decides whether the agreement has force."""

EVENTS: Mapping[str, Callable[[Facts], Facts | None]] = {
    "the first party signs": lambda f: _changed(f, "signatures", Signatures.NONE, Signatures.SOME),
    "the last party signs": lambda f: _changed(f, "signatures", Signatures.SOME, Signatures.ALL),
    "a party suspends": lambda f: _changed(f, "suspended", False, True),
    "who suspended resumes": lambda f: _changed(f, "suspended", True, False),
    "its term begins": lambda f: _changed(f, "term", Term.BEFORE, Term.WITHIN),
    "its term ends": lambda f: _changed(f, "term", Term.WITHIN, Term.AFTER),
    "a newer version comes into force": lambda f: _changed(f, "newer", False, True),
    "a party withdraws": lambda f: _changed(f, "withdrawn", False, True),
    "its text is not the one signed": lambda f: _changed(f, "changed", False, True),
}
"""What may happen to an agreement, as a change of one fact; ``None`` where it cannot happen."""


class Standing(Struct, frozen=True, kw_only=True):
    """The state of an agreement at one time.

    Attributes
    ----------
    since_tai_s
        Since when it is in this state, as far as acts and dates tell.
    signed, awaited
        Parties that signed, and that have still to, sorted.
    words
        The state as a sentence that follows the agreement's reference.

    """

    state: State
    since_tai_s: float
    signed: tuple[str, ...]
    awaited: tuple[str, ...]
    words: str

    @property
    def binding(self) -> bool:
        """Whether all signed and nothing stands against it, so that only its term says whether it has force."""
        return self.state in BINDING


def standing(document: SignedAgreement, versions: Sequence[SignedAgreement], *, now_tai_s: float) -> Standing:
    """Return where an agreement stands; ``versions`` are the documents of the same id and giver.

    What restricts counts at once, whatever the clock of its member says; what loosens counts from its time on, with a
    minute's tolerance.
    """
    newer = [one for one in versions if one.agreement.version > document.agreement.version]
    state = state_of(facts_of(document, newer, now_tai_s=now_tai_s))
    stances = _stances(document, now_tai_s)
    signed = tuple(sorted(one for one, stance in stances.items() if stance is not Stance.UNSIGNED))
    return Standing(
        state=state,
        since_tai_s=_since(document, newer, state, now_tai_s),
        signed=tuple(one for one in signed if stances[one] is not Stance.WITHDREW or _signed(document, one)),
        awaited=tuple(sorted(set(stances) - set(signed))),
        words=_words(document, newer, state, now_tai_s),
    )


def state_of(facts: Facts) -> State:
    """Return the first state whose test holds."""
    return next(state for state, holds in STATES.items() if holds(facts))


def facts_of(document: SignedAgreement, newer: Sequence[SignedAgreement], *, now_tai_s: float) -> Facts:
    """Return what the state of a document follows from at a time."""
    agreement = document.agreement
    stances = list(_stances(document, now_tai_s).values())
    missing = stances.count(Stance.UNSIGNED)
    within = Term.WITHIN if now_tai_s < agreement.ends_tai_s else Term.AFTER
    return Facts(
        changed=any(act.document_sha256 != document.sha256 for act in document.acts),
        withdrawn=Stance.WITHDREW in stances,
        newer=any(took_effect(one, now_tai_s) for one in newer),
        signatures=Signatures.NONE
        if missing == len(stances)
        else (Signatures.SOME if missing else Signatures.ALL),
        suspended=Stance.SUSPENDS in stances,
        term=Term.BEFORE if now_tai_s < agreement.begins_tai_s else within,
    )


def stance_of(acts: Sequence[AgreementAct], now_tai_s: float) -> Stance:
    """Return where a party stands by its acts on a text, in whatever order they are given."""
    stance = Stance.UNSIGNED
    for act in in_order(acts):
        if act.at_tai_s <= now_tai_s + CLOCK_TOLERANCE_S or act.act not in _LOOSENS:
            stance = STANCES[stance, act.act]
    return stance


def took_effect(document: SignedAgreement, now_tai_s: float) -> bool:
    """Whether a document has put an end to its older versions, for good.

    It has from the first moment in its term at which all had signed and the giver neither suspended nor withdrew it.
    What a reader says of it later, or dates back, revives no older version: that one may give the reader more. Nor
    does a change of its text.
    """
    agreement = document.agreement
    if signers_of_another_text(document):
        return True
    counted = tuple(act for act in document.acts if act.act is ActKind.SIGN or act.member == agreement.giver)
    known = replace(document, acts=counted)
    if state_of(facts_of(known, (), now_tai_s=now_tai_s)) is State.IN_FORCE:
        return True
    passed = (one for one in moments(document) if one <= now_tai_s)
    return any(state_of(facts_of(_as_of(known, one), (), now_tai_s=one)) is State.IN_FORCE for one in passed)


def signers_of_another_text(document: SignedAgreement) -> frozenset[str]:
    """Who signed another text under this reference, where that may have had force: the giver and somebody else did."""
    signers = {
        act.member
        for act in document.acts
        if act.act is ActKind.SIGN and act.document_sha256 != document.sha256
    }
    return frozenset(signers) if document.agreement.giver in signers and len(signers) > 1 else frozenset()


def moments(document: SignedAgreement) -> Iterator[float]:
    """Give the times at which a document's state may change."""
    yield document.agreement.begins_tai_s
    yield document.agreement.ends_tai_s
    for act in document.acts:
        yield act.at_tai_s - CLOCK_TOLERANCE_S
        yield act.at_tai_s


def state_diagram() -> str:
    """Draw what events do to an agreement as a Mermaid state diagram; what ends any open state is drawn once."""
    names = {state: state.name.lower() for state in State}
    ends = (State.SUPERSEDED, State.WITHDRAWN, State.INVALID)
    edges = sorted(_edges(), key=lambda edge: [list(State).index(edge[0]), *map(str, edge)])
    lines = [
        "stateDiagram-v2",
        f"    [*] --> {names[State.DRAFT]}",
        "    state open {",
        *(f"        {names[a]} --> {names[b]}: {event}" for a, event, b in edges if b not in ends),
        "    }",
    ]
    from_open = dict.fromkeys((event, b) for a, event, b in edges if a not in ends and b in ends)
    lines += [f"    open --> {names[b]}: {event}" for event, b in from_open]
    lines += [f"    {names[a]} --> {names[b]}: {event}" for a, event, b in edges if a in ends]
    return "\n".join(lines) + "\n"


def _edges() -> set[tuple[State, str, State]]:
    """All changes of state that one event can bring about, from all facts that there can be."""
    values = [list(one.type) if issubclass(one.type, StrEnum) else [False, True] for one in fields(Facts)]
    found = set()
    for combination in product(*values):
        before = Facts(**dict(zip(Facts.__struct_fields__, combination, strict=True)))
        for event, happens in EVENTS.items():
            after = happens(before)
            if after is not None and state_of(after) is not state_of(before):
                found.add((state_of(before), event, state_of(after)))
    return found


def _changed(facts: Facts, name: str, before: object, after: object) -> Facts | None:
    return replace(facts, **{name: after}) if getattr(facts, name) == before else None


def _stances(document: SignedAgreement, now_tai_s: float) -> dict[str, Stance]:
    return {
        party: stance_of(document.acts_of(party), now_tai_s) for party in sorted(document.agreement.parties)
    }


def _signed(document: SignedAgreement, party: str) -> bool:
    return any(act.act is ActKind.SIGN for act in document.acts_of(party))


def _since(
    document: SignedAgreement, newer: Sequence[SignedAgreement], state: State, now_tai_s: float
) -> float:
    every = {moment for one in (document, *newer) for moment in moments(one)}
    since = now_tai_s
    for moment in sorted((one for one in every if one <= now_tai_s), reverse=True):
        known = [_as_of(one, moment) for one in newer]
        if state_of(facts_of(_as_of(document, moment), known, now_tai_s=moment)) is not state:
            break
        since = moment
    return since


def _as_of(document: SignedAgreement, moment_tai_s: float) -> SignedAgreement:
    return replace(document, acts=tuple(act for act in document.acts if act.at_tai_s <= moment_tai_s))


def _words(
    document: SignedAgreement, newer: Sequence[SignedAgreement], state: State, now_tai_s: float
) -> str:
    agreement, stances = document.agreement, _stances(document, now_tai_s)
    missing = {party for party, stance in stances.items() if stance is Stance.UNSIGNED}
    match state:
        case State.INVALID:
            others = {act.member for act in document.acts if act.document_sha256 != document.sha256}
            words = f"has another text here than the one that {_names(others)} signed: it has no force"
        case State.WITHDRAWN:
            words = f"was withdrawn by {_by(document, stances, Stance.WITHDREW, ActKind.WITHDRAW)}"
        case State.SUPERSEDED:
            latest = max(one.agreement.version for one in newer if took_effect(one, now_tai_s))
            words = f"is superseded by version {latest}"
        case State.DRAFT | State.AWAITING:
            words = f"awaits the signature{'s' if len(missing) > 1 else ''} of {_names(missing)}"
        case State.SUSPENDED:
            words = f"is suspended by {_by(document, stances, Stance.SUSPENDS, ActKind.SUSPEND)}"
        case State.NOT_BEGUN:
            words = f"begins only at {utc_from_tai_s(agreement.begins_tai_s, digits=0)}"
        case State.EXPIRED:
            words = f"ended at {utc_from_tai_s(agreement.ends_tai_s, digits=0)}"
        case State.IN_FORCE:
            words = f"is in force until {utc_from_tai_s(agreement.ends_tai_s, digits=0)}"
    return words


def _by(document: SignedAgreement, stances: Mapping[str, Stance], stance: Stance, kind: ActKind) -> str:
    """Say which parties, since when and why: by the last act of each of the kind, the first for what is final."""
    said = []
    for party in (one for one, its in stances.items() if its is stance):
        acts = [act for act in in_order(document.acts_of(party)) if act.act is kind]
        act = acts[0 if kind is ActKind.WITHDRAW else -1]
        reason = f" ({printable(act.reason)})" if act.reason else ""
        said.append(f"{party} at {utc_from_tai_s(act.at_tai_s, digits=0)}{reason}")
    return ", ".join(said)


def _names(members: Iterable[str]) -> str:
    return ", ".join(sorted(members))
