"""``commonsky node egress``: the wall behind the feed in a PostgreSQL database."""

from pathlib import Path

from commonsky.cli.nodes import opened
from commonsky.cli.render import Report, Table, show
from commonsky.store.egress import SCHEMA, egress_role


def egress(folder: Path, /, *, json: bool = False) -> int:
    """Make a role for each partner in the node's PostgreSQL database, which reads that partner's feed and nothing else.

    To be run again when partners come or go: roles of those that are gone lose what they had. Roles cannot log in
    until an administrator says ALTER ROLE ... LOGIN.

    Parameters
    ----------
    folder
        Folder of the node.
    json
        Print one JSON document.
    """
    with opened(folder) as node:
        readers = [peer.member.id for peer in node.config.peers]
        done = node.store.set_up_egress(node.id, readers)
        roles = [(reader, egress_role(node.id, reader)) for reader in readers]
        node.store.write_log(
            node.now_tai_s(), "egress", f"{len(roles)} partners may read {SCHEMA}.feed, each its own"
        )
    report = Report(
        f"{SCHEMA}.feed gives each partner its own feed",
        tables=(
            Table("Roles", ("partner", "role"), roles),
            Table("What was done", ("SQL",), [(one,) for one in done]),
        ),
        document={"roles": dict(roles), "sql": done},
    )
    return show(report, as_json=json)
