"""Ask Orekit whether it reads each message of a folder, and record its verdicts; see README.md."""

import json
import sys
from pathlib import Path

import jpype

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from oracle import OREKIT_DATA, VERSIONS, java, use_data

KINDS = ("cdm", "opm", "oem", "omm", "ocm", "tdm", "apm", "aem", "acm", "ndm")


def kind_of(path):
    """The kind of message is the folder's name (``odm/opm``, ``tdm/kvn``)."""
    return next(part for part in reversed(path.parts[:-1]) if part in KINDS)


def parser_of(kind):
    builder = java("orekit.files.ccsds.ndm.ParserBuilder")().withDataContext(
        java("orekit.data.DataContext").getDefault()
    )
    builder = (
        builder.withMu(3.986004415e14)
        .withDefaultMass(1000.0)
        .withRangeUnitsConverter(java("orekit.files.ccsds.ndm.tdm.IdentityConverter")())
        .withMissionReferenceDate(java("orekit.time.AbsoluteDate").J2000_EPOCH)
    )
    return getattr(builder, f"build{kind.capitalize()}Parser")()


def reason_of(error):
    cause = error
    while cause.getCause() is not None:
        cause = cause.getCause()
    return f"{cause.getClass().getSimpleName()}: {cause.getMessage()}"


def verdict_on(path):
    source = java("orekit.data.DataSource")(jpype.JClass("java.io.File")(str(path)))
    try:
        parser_of(kind_of(path)).parseMessage(source)
    except jpype.JException as error:
        return {
            "kind": kind_of(path),
            "accepted": False,
            "reason": reason_of(error).replace(str(path), path.name),
        }
    return {"kind": kind_of(path), "accepted": True}


def main(folder):
    use_data(OREKIT_DATA)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "LICENSE.txt")
    verdicts = {path.relative_to(folder).as_posix(): verdict_on(path) for path in files}
    text = json.dumps({"versions": VERSIONS, "verdicts": verdicts}, indent=1, ensure_ascii=False)
    Path(__file__).with_name("verdicts.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
