"""Frozen records and their algebra. No input or output, no clock, no arrays."""

from commonsky.domain.agreement import (
    Agreement,
    Clause,
    Declassification,
    Effect,
    Regime,
    Region,
    SafetyOfFlight,
)
from commonsky.domain.agreement_act import ActKind, AgreementAct, ProposedText, SignedAgreement
from commonsky.domain.conjunction import ConjunctionWarning, EncounterPlane, WarnedObject
from commonsky.domain.decision import Decision, Ruling
from commonsky.domain.envelope import Envelope, EnvelopeHeader, Released
from commonsky.domain.feed import NO_HEADER_SHA256, Accepted, FeedHead, ReceivedRecord, UnfitRecord
from commonsky.domain.form import AS_IT_IS, COARSENABLE, NOT_TOLD, OBSERVATION_TIMES, WITHHOLDABLE, Form
from commonsky.domain.label import EVERYONE, Component, Label, join_all
from commonsky.domain.member import Member, MemberKind, Sensor, Site
from commonsky.domain.mode import Mode
from commonsky.domain.notice import Notice, NoticeKind, ReceivedNotice
from commonsky.domain.observation import VALUES_PER_KIND, Observation, ObservationKind, SignalPath, TimeTag
from commonsky.domain.orbit import (
    ElementSet,
    EmpiricalAcceleration,
    ForceModel,
    Frame,
    IdentityClaim,
    Track,
)
from commonsky.domain.question import Answer, Question, Verdict
from commonsky.domain.record import KIND_OF_CONTENT, Content, Record, RecordKind, derived

__all__ = [
    "AS_IT_IS",
    "COARSENABLE",
    "EVERYONE",
    "KIND_OF_CONTENT",
    "NOT_TOLD",
    "NO_HEADER_SHA256",
    "OBSERVATION_TIMES",
    "VALUES_PER_KIND",
    "WITHHOLDABLE",
    "Accepted",
    "ActKind",
    "Agreement",
    "AgreementAct",
    "Answer",
    "Clause",
    "Component",
    "ConjunctionWarning",
    "Content",
    "Decision",
    "Declassification",
    "Effect",
    "ElementSet",
    "EmpiricalAcceleration",
    "EncounterPlane",
    "Envelope",
    "EnvelopeHeader",
    "FeedHead",
    "ForceModel",
    "Form",
    "Frame",
    "IdentityClaim",
    "Label",
    "Member",
    "MemberKind",
    "Mode",
    "Notice",
    "NoticeKind",
    "Observation",
    "ObservationKind",
    "ProposedText",
    "Question",
    "ReceivedNotice",
    "ReceivedRecord",
    "Record",
    "RecordKind",
    "Regime",
    "Region",
    "Released",
    "Ruling",
    "SafetyOfFlight",
    "Sensor",
    "SignalPath",
    "SignedAgreement",
    "Site",
    "TimeTag",
    "Track",
    "UnfitRecord",
    "Verdict",
    "WarnedObject",
    "derived",
    "join_all",
]
