"""Commands: parse, call, render. One file per command; `render` prints what each one returns."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter

from commonsky import __version__
from commonsky.cli.render import CommandError, Exit, complain
from commonsky.formats.errors import FormatError

SHOW_FAULTS = "COMMONSKY_TRACEBACK"

app = App(
    name="commonsky",
    help="Combined space operations made of sovereign nodes.",
    version=__version__,
    default_parameter=Parameter(negative=""),
    result_action="return_value",
    help_on_error=False,
)

# Commands are named by import path, so that a quick one does not wait for the imports of a slow one.
# Its line in the list of commands stands here for the same reason.
COMMANDS = {
    "catalogue": "Say what is in a catalogue file and what is wrong with it.",
    "screen": "Find every close approach between the objects of a catalogue.",
    "fit": "Fit an orbit to the observations of one object and report it with covariance.",
    "identify": "Say which objects of a catalogue were seen: ranked candidates for each tracklet.",
    "message": "Check, convert and show CCSDS messages: CDM, OEM, OMM, OPM, OCM, TDM and their kin.",
    "pc": "Probability of collision of a conjunction message: every method, which one to trust, and why.",
    "task": "Sensor tasking: the best plan on everybody's terms, with its proof, its check and its reasons.",
    "node": "One member's node: found it, know partners, take files in, serve.",
    "account": "People who may log in at a node's console: add, list, roles, passwords, passkeys.",
    "agreement": "Agreements: write, check, compare, sign, suspend, resume, withdraw and list them.",
    "explain": "Say whether a record may go to a member, by which clause; or ask a partner why we do not have one.",
    "audit": "What a node decided and sent, as a tree that cannot be rewritten unseen: verify, prove, export.",
    "holdings": "What partners gave us, what of it is locked, what they owe us, and what is left without one.",
    "ask": "Ask an owner whether objects that it does not show come near one of ours, and read its answers.",
    "link": "Cut, restore and show links between nodes; carry feeds in files.",
    "conformance": "Check from outside whether a partner's feed keeps the protocol.",
    "demo": "Bring up a coalition of sovereign nodes and let it observe, track and share for a day.",
}
GROUPS = {"account", "agreement", "audit", "link", "message", "node", "task"}
for _name, _line in COMMANDS.items():
    _module = f"commonsky.cli.{_name}"
    app.command(
        f"{_module}:{'app' if _name in GROUPS else _name}",
        name=_name,
        help=_line,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a fault is one line on stderr, never a traceback."""
    try:
        outcome = app(arguments, exit_on_error=False, print_error=False)
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.OK
    except KeyboardInterrupt:
        complain("stopped")
        return Exit.FAILED
    except Exception as error:
        if os.environ.get(SHOW_FAULTS):
            raise
        message, code = _said(error)
        complain(message)
        return code
    return outcome if isinstance(outcome, int) else Exit.OK


def _said(error: Exception) -> tuple[str, Exit]:
    """Words and exit code for what went wrong."""
    from commonsky.store import StoreError  # noqa: PLC0415  # slow to import, and wanted only when something failed

    match error:
        case CommandError():
            return str(error), error.exit_code
        case CycloptsError() | FormatError():
            return str(error), Exit.UNUSABLE
        case StoreError():
            return str(error), Exit.FAILED
        case OSError(filename=str() | Path() as file):
            return f"{file}: {(error.strerror or str(error)).lower()}", Exit.FAILED
        case OSError():
            return str(error), Exit.FAILED
    fault = f"{type(error).__name__}: {error}"
    return f"a fault of commonsky itself: {fault} (set {SHOW_FAULTS}=1 to see where)", Exit.FAILED
