"""Rules between the fields of attitude messages (504.0-B-1 and -B-2) that the tables cannot say."""

import re
from collections.abc import Iterator

from commonsky.formats.ccsds.adm_tables import ATTITUDE_TYPES
from commonsky.formats.ccsds.check import Finding, MessageRule, error, warning
from commonsky.formats.ccsds.notation import number_text
from commonsky.formats.ccsds.tables import Field
from commonsky.formats.ccsds.tree import Block, Entry, Message
from commonsky.formats.ccsds.values import Situation, fault_of_value

# SANA registry "Spacecraft Body Reference Frames", with what numbers or letters follow each.
_BODY_FRAME = re.compile(
    r"(ACC|ACTUATOR|AST|CSS|DSS|ESA|GYRO(?:_FRAME)?|IMU(?:_FRAME)?|INSTRUMENT|MTA|RW|SA|SC_BODY|SENSOR|STARTRACKER|TAM)"
    r"(_[A-Z0-9]+)?"
)
_SEQUENCE = re.compile(r"(?:([123])(?!\1)([123])(?!\2)[123]|([XYZ])(?!\3)([XYZ])(?!\4)[XYZ])")
_TIME = Field("EPOCH", mandatory=True, repeated=False, kind="time")
_STATES = {"QUATERNION": 4, "EULER ANGLES": 3, "DCM": 9}
_RATES = {"ANGVEL": 3, "Q DOT": 4, "EULER RATE": 3, "GYRO BIAS": 3, "NONE": 0, "": 0}
_VARIANCES = {
    "ANGLE": 3,
    "ANGLE GYROBIAS": 6,
    "ANGLE ANGVEL": 6,
    "QUATERNION": 4,
    "QUATERNION GYROBIAS": 7,
    "QUATERNION ANGVEL": 7,
}


def rotation_sequences(message: Message) -> Iterator[Finding]:
    """Say where a rotation sequence is not three axes with no two equal neighbours, by number or by letter."""
    for block in message.root.walk():
        entry = block.entry("EULER_ROT_SEQ")
        if entry and not _SEQUENCE.fullmatch(entry.value.upper()):
            yield error(
                entry.line, "EULER_ROT_SEQ", f"{entry.value} is no sequence of rotations", "504.0-B-2 annex"
            )
        if message.kind == "APM" and entry and message.version == "1.0":
            yield from _some_elements(block, entry)


def _some_elements(block: Block, entry: Entry) -> Iterator[Finding]:
    if not block.block("rotationAngles") and not block.block("rotationRates"):
        yield error(
            entry.line, "X_ANGLE", "is missing: a sequence without angles or rates", "504.0-B-1 3.2.4"
        )


def one_frame_of_the_body(message: Message) -> Iterator[Finding]:
    """Say where not exactly one of two frames is a spacecraft body frame: an attitude is between body and outside."""
    for block in message.root.walk():
        first, second = (_frame_entry(block, end) for end in "AB")
        if not first or not second:
            continue
        bodies = [one for one in (first, second) if _BODY_FRAME.fullmatch(_plain(one.value))]
        if len(bodies) == 2:
            yield error(second.line, second.keyword, f"{second.value} and {first.value} are both body frames")
        elif not bodies:
            yield error(
                second.line, second.keyword, f"neither {first.value} nor {second.value} is a body frame"
            )


def _frame_entry(block: Block, end: str) -> Entry | None:
    names = (f"{prefix}_FRAME_{end}" for prefix in ("REF", "Q", "EULER", "SPIN"))
    return next((entry for name in names if (entry := block.entry(name))), None)


def _plain(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().upper())


def quaternion_with_frames(message: Message) -> Iterator[Finding]:
    """Say where the frames of a quaternion stand without it, or it without them (version 1.0)."""
    for block in message.root.walk("quaternionState"):
        if message.version != "1.0":
            return
        framed, there = block.entry("Q_FRAME_A"), block.block("quaternion")
        if (framed is None) != (there is None):
            keyword = "Q_FRAME_A" if framed is None else "QC"
            yield error(block.line, keyword, "is missing", "504.0-B-1 3.2.4")


def something_is_said(message: Message) -> Iterator[Finding]:
    """Say when an APM has none of quaternion, Euler angles, angular velocity, spin or inertia."""
    data = message.block("data")
    said = list(data.blocks()) if data else []
    empty = [one for one in said if one.name == "quaternionState" and not one.block("quaternion")]
    if len(said) == len(empty):
        yield error(message.line, "", "has no logical block: no attitude, spin, inertia or manoeuvre")


def attitude_type(message: Message) -> Iterator[Finding]:
    """Say where an AEM's type of attitude is none of its version, or lacks what goes with it."""
    for metadata in message.root.walk("metadata"):
        entry = metadata.entry("ATTITUDE_TYPE")
        if entry is None:
            continue
        kind = _plain(entry.value)
        own = ATTITUDE_TYPES[message.version != "1.0"]
        if kind not in own:
            known = any(kind in types for types in ATTITUDE_TYPES)
            make, text = (warning, "is of another version") if known else (error, "is no type of attitude")
            yield make(entry.line, "ATTITUDE_TYPE", f"{entry.value} {text}", "504.0-B-2 4.2.5")
        needed = []
        if message.version == "1.0" and kind.startswith("QUATERNION"):
            needed.append("QUATERNION_TYPE")
        if kind.startswith("EULER_ANGLE"):
            needed.append("EULER_ROT_SEQ")
        if kind.endswith("ANGVEL"):
            needed.append("ANGVEL_FRAME")
        if message.version == "1.0" and kind.endswith("/RATE"):
            needed.append("RATE_FRAME")
        for keyword in needed:
            if not metadata.value(keyword):
                yield error(entry.line, keyword, f"is missing for {entry.value}", "504.0-B-2 4.2.5")


def rows_of_states(message: Message) -> Iterator[Finding]:
    """Say where a line of attitude or covariance has not the numbers that its type has."""
    for block in message.root.walk():
        if block.name == "att":
            states = _STATES.get(_type(block, "ATT_TYPE"))
            rates = _RATES.get(_type(block, "RATE_TYPE"))
            count = None if states is None or rates is None else states + rates
        elif block.name == "cov":
            count = _VARIANCES.get(_type(block, "COV_TYPE"))
        else:
            continue
        for row in block.rows():
            cells = row.text.split()
            numbers = len(cells) - 1
            situation = Situation(time_system=_system_of(message), relative=True)
            if fault := fault_of_value(cells[0], _TIME, situation):
                yield error(row.line, "", fault, "504.0-B-2 5.2")
            if bad := next((cell for cell in cells[1:] if number_text(cell) is None), None):
                yield error(row.line, "", f"{bad[:40]!r} is not a number", "504.0-B-2 5.2")
            if count is not None and numbers not in {count, count - 1 if block.name == "att" else count}:
                yield error(row.line, "", f"has {numbers} numbers, not {count}", "504.0-B-2 5.2")


def _system_of(message: Message) -> str:
    """Return the time system that the message names, UTC where it names none."""
    metadata = message.block("metadata")
    return (metadata.value("TIME_SYSTEM").upper() if metadata else "") or "UTC"


def _type(block: Block, keyword: str) -> str:
    return block.value(keyword).upper().replace("_", " ").strip()


def sensors(message: Message) -> Iterator[Finding]:
    """Say where sensors are not numbered from 1 on without gap, or have not the noises that they announce."""
    for ad in message.root.walk("ad"):
        seen: set[int] = set()
        for sensor in ad.blocks("sensor"):
            entry = sensor.entry("SENSOR_NUMBER")
            if entry is None or not re.fullmatch(r"\d{1,9}", entry.value, re.ASCII):
                continue
            if int(entry.value) in seen:
                yield error(entry.line, "SENSOR_NUMBER", f"{entry.value} is already used", "504.0-B-2 5.2.9")
            seen.add(int(entry.value))
            yield from _noises(sensor)
        missing = sorted(set(range(1, len(seen) + 1)) - seen)
        if missing:
            yield error(ad.line, "SENSOR_NUMBER", f"{missing[0]} is missing", "504.0-B-2 5.2.9")


def _noises(sensor: Block) -> Iterator[Finding]:
    count, noise = sensor.value("NUMBER_SENSOR_NOISE_COVARIANCE"), sensor.entry("SENSOR_NOISE_STDDEV")
    if noise and count.isascii() and count.isdigit() and len(noise.value.split()) != int(count[:9]):
        text = f"has {len(noise.value.split())} numbers, not {count}"
        yield error(noise.line, "SENSOR_NOISE_STDDEV", text, "504.0-B-2 5.2.9")


RULES: dict[str, tuple[MessageRule, ...]] = {
    "APM": (rotation_sequences, one_frame_of_the_body, quaternion_with_frames, something_is_said),
    "AEM": (rotation_sequences, one_frame_of_the_body, attitude_type),
    "ACM": (rotation_sequences, rows_of_states, sensors),
}
