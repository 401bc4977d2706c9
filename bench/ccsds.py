"""CCSDS messages: what each reader accepts and rejects beside Orekit's verdicts, and how fast it reads and writes.

Usage: ``python bench/ccsds.py``. The corpus and the ephemeris are those of the reference data. Each reader runs in a
process of its own; peers come from ``.peers/<name>`` (``make peers``).
"""

# ruff: noqa: PLC0415, ANN401  # each reader is imported in a process of its own, and peers have no types

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
VERDICTS = REPOSITORY / "tests" / "golden" / "orekit" / "ccsds" / "verdicts.json"
DATA = Path(os.environ.get("COMMONSKY_REFERENCE_DATA", REPOSITORY / "../shared/data"))
PEERS = ("ccsds-ndm", "ccsds-ndm-py", "orbit-formats", "brahe")
RUNS = 3
CDM_RUNS = 30

Read = Callable[[str, str], Any]
"""From a path and the kind of message to whatever the reader makes of it; raises when it refuses."""
Write = Callable[[Any, str], Any]


def ours() -> tuple[Read, Write]:
    """Our reader with its check."""
    from commonsky.formats.ccsds.check import check_document
    from commonsky.formats.ccsds.document import read_document
    from commonsky.formats.ccsds.kvn import write_kvn

    def read(path: str, _: str) -> Any:
        document = read_document(Path(path).read_bytes(), source=path)
        if any(one.severity == "error" for one in check_document(document)):
            raise ValueError(path)
        return document

    return read, lambda document, _: write_kvn(document.messages[0])


def ccsds_ndm() -> tuple[Read, Write]:
    """GPL: only ever run here, in a process of its own."""
    from ccsds_ndm.ndm_io import NDMFileFormats, NdmIo

    return lambda path, _: NdmIo().from_path(Path(path)), lambda made, _: NdmIo().to_string(
        made, NDMFileFormats.KVN
    )


def ccsds_ndm_py() -> tuple[Read, Write]:
    import ccsds_ndm

    return lambda path, _: ccsds_ndm.from_file(path), lambda made, _: made.to_str("kvn")


def orbit_formats() -> tuple[Read, Write]:
    import orbit_formats as peer

    def read(path: str, _: str) -> Any:
        return peer.read(path)

    def write(made: Any, kind: str) -> Any:
        return peer.write(made, "/dev/null", format=kind)

    return read, write


def brahe() -> tuple[Read, Write]:
    import brahe.ccsds as peer

    return lambda path, kind: getattr(peer, kind.upper()).from_file(path), lambda made, _: made.to_string(
        "KVN"
    )


READERS: dict[str, Callable[[], tuple[Read, Write]]] = {
    "commonsky": ours,
    "ccsds-ndm": ccsds_ndm,
    "ccsds-ndm-py": ccsds_ndm_py,
    "orbit-formats": orbit_formats,
    "brahe": brahe,
}


def best_s(job: Callable[[], Any], runs: int) -> float:
    """Best wall-clock time of a job, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(name: str, corpus: str, oem: str, cdm: str) -> dict[str, Any]:
    """What one reader does, in this process."""
    warnings.simplefilter("ignore")
    read, write = READERS[name]()
    verdicts = json.loads(VERDICTS.read_text())["verdicts"]
    counts: Counter[str] = Counter()
    for path, verdict in verdicts.items():
        try:
            read(f"{corpus}/{path}", verdict["kind"])
            accepted = True
        except BaseException:  # noqa: BLE001  # peers written in Rust panic with an exception of their own
            accepted = False
        said = "accepted" if accepted else "rejected"
        counts[f"{verdict['kind']} {verdict['accepted']} {said}"] += 1
    found: dict[str, Any] = {"counts": counts}
    for job, path, kind, runs in (("oem", oem, "oem", RUNS), ("cdm", cdm, "cdm", CDM_RUNS)):
        with contextlib.suppress(BaseException):
            made = read(path, kind)
            found[f"{job} read"] = best_s(lambda: read(path, kind), runs)  # noqa: B023  # called at once
            found[f"{job} write"] = best_s(lambda: write(made, kind), runs)  # noqa: B023  # called at once
    return found


def in_process(name: str, *places: str) -> dict[str, Any] | None:
    """Run one reader in a process of its own; None where it is not installed or falls over."""
    folder = REPOSITORY / ".peers" / name
    environment = dict(os.environ)
    if name in PEERS:
        if not folder.is_dir():
            return None
        environment["PYTHONPATH"] = str(folder)
    run = subprocess.run(
        [sys.executable, __file__, "--measure", name, *places],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=REPOSITORY,
    )
    return json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 else None


def rate(found: dict[str, Any], job: str, units: int) -> str:
    """How many a second, as text."""
    seconds = found.get(job)
    return f"{units / seconds:>12,.0f}" if seconds else f"{'-':>12}"


def main() -> None:
    """Print both tables."""
    corpus = DATA / "ccsds"
    if not corpus.is_dir():
        print(f"The reference data are absent: {corpus}")
        return
    from commonsky.formats.ccsds.document import read_document
    from commonsky.formats.ccsds.kvn import write_kvn

    text = gzip.decompress((DATA / "oem" / "ISS.OEM_J2K_EPH_2022-03.xml.gz").read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        oem = Path(folder) / "iss.oem"
        oem.write_text(write_kvn(read_document(text, source="ISS").messages[0]))
        places = (str(corpus), str(oem), str(corpus / "cdm" / "CDMExample5.txt"))
        results = {name: in_process(name, *places) for name in READERS}
    states = 5524
    print(f"{'':<15}{'accepted of':>14}{'rejected of':>14}{'OEM states/s':>25}{'CDM/s':>25}")
    print(f"{'':<15}{'172 valid':>14}{'84 invalid':>14}{'read':>13}{'write':>12}{'read':>13}{'write':>12}")
    for name, found in results.items():
        if found is None:
            print(f"{name:<15} is not installed (make peers)")
            continue
        counts = Counter(found["counts"])
        good = sum(n for key, n in counts.items() if key.endswith("True accepted"))
        bad = sum(n for key, n in counts.items() if key.endswith("False rejected"))
        rates = [rate(found, "oem read", states), rate(found, "oem write", states)]
        rates += [rate(found, "cdm read", 1), rate(found, "cdm write", 1)]
        print(f"{name:<15}{good:>14}{bad:>14} " + "".join(rates))
    print("\nAccepted of those that Orekit accepts, by kind:")
    kinds = sorted({key.split()[0] for found in results.values() if found for key in found["counts"]})
    print(f"{'':<15}" + "".join(f"{kind:>10}" for kind in kinds))
    for name, found in results.items():
        counts = Counter(found["counts"] if found else {})
        cells = [
            f"{counts[f'{k} True accepted']}/{counts[f'{k} True accepted'] + counts[f'{k} True rejected']}"
            for k in kinds
        ]
        print(f"{name:<15}" + "".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        with contextlib.redirect_stdout(io.StringIO()):
            measured = measure(*sys.argv[2:6])
        print(json.dumps(measured))
    else:
        main()
