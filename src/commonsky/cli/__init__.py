"""Commands: parse, call, render. One file per command; `render` prints what each one returns."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from commonsky import __version__
from commonsky.cli.render import CommandError, Exit, complain
from commonsky.formats.errors import FormatError

app = App(
    name="commonsky",
    help="Combined space operations made of sovereign nodes.",
    version=__version__,
    result_action="return_value",
    help_on_error=False,
)

# Commands are named by import path, so that a quick one does not wait for the imports of a slow one.
app.command("commonsky.cli.catalogue:catalogue", name="catalogue")
app.command("commonsky.cli.fit:fit", name="fit")
app.command("commonsky.cli.node:app", name="node")
app.command("commonsky.cli.explain:explain", name="explain")
app.command("commonsky.cli.link:app", name="link")
app.command("commonsky.cli.demo:demo", name="demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a known fault is one line on stderr, never a traceback."""
    try:
        outcome = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(error)
        return Exit.UNUSABLE
    except CommandError as error:
        complain(error)
        return error.exit_code
    except FormatError as error:
        complain(error)
        return Exit.UNUSABLE
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.OK
    except KeyboardInterrupt:
        complain("stopped")
        return Exit.FAILED
    return outcome if isinstance(outcome, int) else Exit.OK
