"""``commonsky node roll-key``: a new signing key, told to partners under the old one."""

import os
from pathlib import Path

from commonsky.cli.render import CommandError, Exit, Report, show
from commonsky.federation.keys import ENTROPY_BYTES
from commonsky.node.locks import FolderBusyError
from commonsky.node.start import roll_key


def roll(folder: Path, /, *, json: bool = False) -> int:
    """Give the node a new signing key. Partners follow it on the word of the old one, in the order of their feeds.

    Stop the node first. If the old key may be in other hands, do not roll it: give partners the new one by another way
    than this network, and have them pin it by hand.

    Parameters
    ----------
    folder
        Folder of the node.
    json
        Print one JSON document.
    """
    try:
        old, new = roll_key(folder, os.urandom(ENTROPY_BYTES))
    except FolderBusyError as error:
        raise CommandError(f"{error}: stop it first", Exit.FAILED) from error
    facts = {"old public key": old, "new public key": new}
    return show(
        Report("The signing key was rolled; partners are told with their next pull", facts), as_json=json
    )
