"""What a solver found, in words: the plainest record that will do, and what of it matters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import z3

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Agreement, RecordKind, Regime
from commonsky.sharing.smt import KINDS, REGIMES, Formula, Part, SymbolicRecord

_KIND_WORDS = {
    RecordKind.SENSOR: "the description of a sensor",
    RecordKind.OBSERVATION: "an observation",
    RecordKind.ELEMENT_SET: "an element set",
    RecordKind.TRACK: "a track",
    RecordKind.IDENTITY_CLAIM: "a claim of identity",
    RecordKind.CONJUNCTION_WARNING: "a warning of a close approach",
}
_PLAINEST_KINDS = (RecordKind.TRACK, RecordKind.OBSERVATION, RecordKind.ELEMENT_SET)
_YARDSTICK_M = 100
_DAY_S = 86_400


@dataclass(frozen=True)
class Spoken:
    """Which sides of a record some agreements speak of: the others do not matter."""

    regimes: bool
    region: bool
    sensors: bool
    precision: bool
    delay: bool

    @classmethod
    def by(cls, agreements: Iterable[Agreement]) -> "Spoken":
        """Collect what the clauses of agreements restrict."""
        clauses = [clause for one in agreements for clause in one.clauses]
        return cls(
            regimes=any(one.regimes is not None for one in clauses),
            region=any(one.region is not None for one in clauses),
            sensors=any(one.sensors is not None for one in clauses),
            precision=any(one.precision_floor_m > 0.0 for one in clauses),
            delay=any(one.delay_s > 0.0 for one in clauses),
        )


def plainest(solver: z3.Solver, wishes: Sequence[Formula]) -> z3.ModelRef:
    """Give an answer of a solver that has one, with as many of the wishes as can be, the first before the others."""
    return _with_wishes(solver, wishes, solver.model())


def _with_wishes(solver: z3.Solver, wishes: Sequence[Formula], model: z3.ModelRef) -> z3.ModelRef:
    """``model`` is an answer to all that the solver was told so far: it stands where no wish can be."""
    if solver.check(*wishes) == z3.sat:
        model = solver.model()
        solver.add(*wishes)
    elif len(wishes) > 1:
        half = len(wishes) // 2
        for some in (wishes[:half], wishes[half:]):
            model = _with_wishes(solver, some, model)
    return model


def plain(record: SymbolicRecord, giver: str, now_tai_s: Formula) -> list[Formula]:
    """Wish for a record without anything special: an answer keeps what is special only where it matters."""
    wishes = [record.kind == KINDS.index(kind) for kind in _PLAINEST_KINDS]
    wishes += [record.made_by(giver), z3.Not(record.shares_known)]
    wishes += [z3.Not(part.present) for name, part in record.parts.items() if name != giver]
    wishes += [wish for part in record.parts.values() for wish in _plain_part(part)]
    wishes += [z3.Not(one) for one in (*record.objects.values(), *record.sensors.values())]
    wishes += [record.objects[name] == record.alleged[name] for name in record.objects]
    wishes += [record.other_alleged == record.other_object, z3.Not(record.other_sensor), record.other_object]
    wishes += [record.regime == REGIMES.index(Regime.LEO), record.regime >= 0]
    wishes += [record.latitude_deg == 0, record.longitude_deg == 0, record.sigma_known]
    wishes += [record.sigma_m == _YARDSTICK_M, record.epoch_tai_s == now_tai_s - _DAY_S]
    wishes += [record.epoch_tai_s == now_tai_s]
    return wishes


def _plain_part(part: Part) -> Iterator[Formula]:
    yield z3.Not(part.expires)
    yield from (part.any_reader, part.any_purpose, part.onward, part.classification == 0, part.floor_m == 0)
    yield from part.reads.values()
    yield from part.purposes.values()


def described(record: SymbolicRecord, model: z3.ModelRef, now_tai_s: float, spoken: Spoken) -> str:
    """Say in words which record an answer is about, as far as agreements speak of it."""
    kind = KINDS[_whole(model, record.kind)]
    words = [_KIND_WORDS[kind] + _of_what(record, model, kind)]
    words.append(f"made by {record.vocabulary.members[_whole(model, record.maker)]}")
    words += _where_and_how(record, model, spoken)
    if spoken.delay and holds(model, record.epoch_known):
        words.append(_age(now_tai_s - number(model, record.epoch_tai_s)))
    if holds(model, record.shares_known):
        share = number(model, record.largest_share)
        words.append(f"to which {_whole(model, record.share_count)} contributed, none more than {share:.0%}")
    parts = [(name, part) for name, part in record.parts.items() if holds(model, part.present)]
    words += [f"{name}'s label{_part_words(part, model)}" for name, part in parts]
    return ", ".join(words)


def _of_what(record: SymbolicRecord, model: z3.ModelRef, kind: RecordKind) -> str:
    names = [name for name, variable in record.objects.items() if holds(model, variable)]
    if names:
        return f" of {' and '.join(names)}"
    if kind in {RecordKind.SENSOR, RecordKind.OBSERVATION} and not holds(model, record.other_object):
        return " of no named object" if kind is RecordKind.OBSERVATION else ""
    return " of an object that no clause names" if record.objects else ""


def _where_and_how(record: SymbolicRecord, model: z3.ModelRef, spoken: Spoken) -> Iterator[str]:
    regime = _whole(model, record.regime)
    if spoken.regimes:
        yield f"in {REGIMES[regime]}" if regime >= 0 else "in no known regime"
    if spoken.region:
        latitude, longitude = number(model, record.latitude_deg), number(model, record.longitude_deg)
        place = f"over latitude {latitude:.2f}, longitude {longitude:.2f}"
        yield place if holds(model, record.place_known) else "over no known place"
    if spoken.sensors:
        sensors = [name for name, variable in record.sensors.items() if holds(model, variable)]
        if holds(model, record.other_sensor):
            sensors.append("a sensor that no clause names")
        known = holds(model, record.sensors_known)
        yield f"seen by {' and '.join(sensors)}" if known else "of sensors that are not known"
    if spoken.precision and not holds(model, record.sigma_infinite):
        known = holds(model, record.sigma_known)
        yield f"known to {number(model, record.sigma_m):.4g} m" if known else "of unknown precision"


def _age(age_s: float) -> str:
    return f"{age_s / 3600.0:.4g} h old" if age_s >= 0.0 else f"for {-age_s / 3600.0:.4g} h ahead"


def _part_words(part: Part, model: z3.ModelRef) -> str:
    words = []
    if not holds(model, part.any_reader):
        readers = [name for name, variable in part.reads.items() if holds(model, variable)]
        words.append(f"readers {', '.join(readers) or 'none'}")
    if not holds(model, part.any_purpose):
        purposes = [name for name, variable in part.purposes.items() if holds(model, variable)]
        words.append(f"purposes {', '.join(purposes) or 'none'}")
    if level := _whole(model, part.classification):
        words.append(f"classification {level}")
    if (floor_m := number(model, part.floor_m)) > 0.0:
        words.append(f"floor {floor_m:.4g} m")
    if holds(model, part.expires):
        words.append(f"until {utc_from_tai_s(number(model, part.expires_tai_s))}")
    if not holds(model, part.onward):
        words.append("not onward")
    return f" ({'; '.join(words)})" if words else ""


def holds(model: z3.ModelRef, variable: Formula) -> bool:
    """Whether something holds in an answer."""
    return bool(z3.is_true(model.eval(variable, model_completion=True)))


def _whole(model: z3.ModelRef, variable: Formula) -> int:
    return int(model.eval(variable, model_completion=True).as_long())


def number(model: z3.ModelRef, variable: Formula) -> float:
    """Give the value of a number in an answer."""
    value = model.eval(variable, model_completion=True)
    fraction = (value.approx(20) if z3.is_algebraic_value(value) else value).as_fraction()
    return float(fraction)
