"""Let a coverage-guided fuzzer look for input that the readers do not bear; run by the proofs."""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["commonsky.formats"]):
    from messages import MESSAGES, read_in_every_way


def seeds(folder):
    """Write the samples where the fuzzer begins."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(MESSAGES):
        (folder / f"{number}").write_bytes(message)


if __name__ == "__main__":
    place = (
        Path(next(one for one in sys.argv if one.startswith("-artifact_prefix=")).partition("=")[2]) / "seeds"
    )
    seeds(place)
    atheris.Setup([*sys.argv, str(place)], read_in_every_way)
    atheris.Fuzz()
