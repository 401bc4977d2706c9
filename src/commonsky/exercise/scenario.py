"""A coalition as one file says it: who takes part, with what sensors, when, and under which agreements."""

from importlib import resources
from pathlib import Path

import msgspec
from msgspec import Struct

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import MemberKind, Mode
from commonsky.exercise.close_approach import CloseApproach
from commonsky.formats.errors import FormatError
from commonsky.node.config import Asset, OwnSensor, Screening

COALITION = Path(str(resources.files("commonsky.exercise") / "scenarios" / "coalition"))
"""The scenario that is shown when none is named."""


class ScenarioMember(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member, its sensors, and the objects that it screens for."""

    id: str
    name: str
    kind: MemberKind
    sensors: tuple[OwnSensor, ...] = ()
    assets: tuple[Asset, ...] = ()


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole exercise.

    ``catalogue_objects`` is the size of the public catalogue that every member has; ``observed_objects`` of them
    are really flown and seen by sensors, one measurement every ``observation_step_s`` of a pass. If the satellite of
    ``close_approach`` is among them, a piece of debris is flown too that will pass near it.
    """

    operation: str
    mode: Mode
    begins_utc: str
    hours: float
    seed: int
    catalogue_objects: int
    observed_objects: int
    observation_step_s: float
    first_port: int
    members: tuple[ScenarioMember, ...]
    close_approach: CloseApproach | None = None
    screening: Screening = Screening()

    @property
    def begins_tai_s(self) -> float:
        """Start of the exercise."""
        return tai_s_from_utc(self.begins_utc)


def read_scenario(folder: Path) -> Scenario:
    """Read ``scenario.toml`` of a folder; raises FormatError naming the file and what is wrong."""
    file = folder / "scenario.toml"
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Scenario)
    except OSError as error:
        raise FormatError(str(file), f"cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise FormatError(str(file), f"is not a scenario: {error}") from error
