"""``commonsky node``: found a node, know partners, take files in, look at records, serve."""

import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cyclopts import App
from msgspec.structs import replace

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.egress import egress
from commonsky.cli.key_roll import roll
from commonsky.cli.node_warnings import screen, warnings
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, complain, show
from commonsky.domain import Member, MemberKind, Mode, RecordKind
from commonsky.exercise.clock import FollowedClock
from commonsky.federation.keys import ENTROPY_BYTES, public_hex, signing_key, verify_key
from commonsky.formats.errors import FormatError
from commonsky.node.config import NodeConfig, NodeFolder, Peer, read_config, write_config
from commonsky.node.incoming import printable
from commonsky.node.jobs import declare_sensors, ingest, share
from commonsky.node.locks import FolderBusyError
from commonsky.node.start import found_node
from commonsky.store import StoredRecord
from commonsky.web.running import PortInUseError, Running

SHOWN = 20

app = App(name="node", help="One member's node: found it, know partners, take files in, serve.")
app.command(screen)
app.command(warnings)
app.command(roll, name="roll-key")
app.command(egress)


@app.command
def init(  # noqa: PLR0913  # a node is this much
    folder: Path,
    /,
    *,
    member: str,
    name: str,
    kind: MemberKind = MemberKind.NATION,
    operation: str = "Common Sky",
    mode: Mode = Mode.REAL,
    port: int = 8701,
) -> int:
    """Found a node in a folder: configuration, a new signing key, an empty database.

    Parameters
    ----------
    folder
        Where the node will live.
    member
        Short id of the member that runs it.
    name
        The member's name.
    kind
        What sort of body the member is.
    operation
        The operation that the node takes part in.
    mode
        Whether its data is real.
    port
        Where it will serve on this machine.
    """
    key = signing_key(os.urandom(ENTROPY_BYTES))
    try:
        config = NodeConfig(
            operation=operation,
            mode=mode,
            member=Member(id=member, name=name, kind=kind, public_key=public_hex(key)),
            url=f"http://127.0.0.1:{port}",
        )
    except ValueError as error:
        raise CommandError(f"no node can be like this: {error}", Exit.UNUSABLE) from error
    home = found_node(folder, config, key)
    facts = {
        "member": member,
        "public key": config.member.public_key,
        "configuration": home.config,
        "agreements": home.agreements,
        "sensor files go to": home.incoming,
        "next": f"add [[sensors]] to {home.config}, partners by `commonsky node partner`, then `commonsky node serve`",
    }
    return show(Report(f"A node of {name} in {folder}", facts))


@app.command
def partner(  # noqa: PLR0913  # a partner is this much
    folder: Path,
    member: str,
    /,
    *,
    name: str,
    key: str,
    url: str,
    kind: MemberKind = MemberKind.NATION,
    proxied: bool = False,
) -> int:
    """Know a partner: its key is pinned, and changed only by hand.

    Parameters
    ----------
    folder
        Folder of the node.
    member
        Short id of the partner.
    name
        The partner's name.
    kind
        What sort of body the partner is.
    key
        Its Ed25519 public key, 64 hexadecimal digits, as it told you by another way than this network.
    url
        Where its node serves: an address, `nats:` for our broker, or `file:` for files that are carried.
    proxied
        Its https is that of a proxy with a certificate of a public authority, not of its own key.
    """
    try:
        verify_key(key)
    except ValueError as error:
        raise CommandError(f"--key: {error}", Exit.UNUSABLE) from error
    home = NodeFolder(folder)
    config = read_config(home.config)
    if config.peer(member) is not None or member == config.member.id:
        raise CommandError(f"{home.config} names {member} already; edit it there", Exit.UNUSABLE)
    try:
        peer = Peer(member=Member(id=member, name=name, kind=kind, public_key=key), url=url, proxied=proxied)
        config = replace(config, peers=(*config.peers, peer))
    except ValueError as error:
        raise CommandError(f"{member}: {error}", Exit.UNUSABLE) from error
    write_config(config, home.config)
    return show(Report(f"{config.member.id} knows {member} now", {"key": key, "url": url}))


@app.command(name="ingest")
def ingest_files(folder: Path, /, *files: Path, json: bool = False) -> int:
    """Take sensor files (TDM) or catalogues in: keep, estimate tracks, share under the agreements.

    Exit code 0: all is well; 3: done, but a file or parts of one were rejected, with the reason; 2: no file at all
    could be taken in.

    Parameters
    ----------
    folder
        Folder of the node.
    files
        Files to take in.
    json
        Print one JSON document.
    """
    if not files:
        raise CommandError("name the files to take in", Exit.UNUSABLE)
    rows: list[tuple[str, int, int, int, str]] = []
    rejected: list[tuple[str, str]] = []
    unusable: list[tuple[str, str]] = []
    with opened(folder) as node:
        declare_sensors(node)
        for file in files:
            name = printable(str(file))
            try:
                intake = ingest(node, file.read_bytes(), name)
            except OSError as error:
                unusable.append((name, f"cannot be read: {(error.strerror or str(error)).lower()}"))
                continue
            except FormatError as error:
                unusable.append((name, str(error).removeprefix(f"{name}: ")))
                continue
            rows.append(
                (name, intake.records, intake.duplicates, len(intake.rejected), ", ".join(intake.tracks))
            )
            rejected += [(name, str(one)) for one in intake.rejected]
    if not rows:
        raise CommandError("; ".join(f"{name}: {reason}" for name, reason in unusable), Exit.UNUSABLE)
    rejected += unusable
    columns = ("file", "new records", "known before", "rejected", "tracks")
    report = Report(
        f"Taken in: {len(rows)} file{'s' if len(rows) > 1 else ''}",
        tables=(
            Table("", columns, rows),
            *([_rejected_table(rejected)] if rejected else []),
        ),
        document={
            "files": [dict(zip(columns, row, strict=True)) for row in rows],
            "rejected": [{"file": file, "reason": reason} for file, reason in rejected],
        },
        exit_code=Exit.SOME_REJECTED if rejected else Exit.OK,
    )
    return show(report, as_json=json)


def _rejected_table(rejected: list[tuple[str, str]]) -> Table:
    title = "Rejected"
    if len(rejected) > SHOWN:
        title += f" (the first {SHOWN} of {len(rejected)}; all with --json)"
    return Table(title, ("file", "reason"), rejected[:SHOWN])


@app.command
def records(folder: Path, /, *, kind: RecordKind = RecordKind.TRACK, json: bool = False) -> int:
    """List the newest tracks, element sets or sensors that a node holds, its own and its partners'.

    Parameters
    ----------
    folder
        Folder of the node.
    kind
        Kind of record.
    json
        Print one JSON document.
    """
    with opened(folder) as node:
        questions: dict[RecordKind, Callable[[], Sequence[StoredRecord]]] = {
            RecordKind.TRACK: node.store.current_tracks,
            RecordKind.ELEMENT_SET: node.store.element_sets,
            RecordKind.SENSOR: node.store.sensors,
            RecordKind.IDENTITY_CLAIM: node.store.claims,
            RecordKind.OBSERVATION: node.store.observations,
            RecordKind.CONJUNCTION_WARNING: partial(node.store.warnings, -math.inf),
        }
        rows = [
            (
                one.id,
                one.object,
                one.originator,
                one.source or "own",
                one.agreement,
                None if one.epoch_tai_s is None else utc_from_tai_s(one.epoch_tai_s),
            )
            for one in questions[kind]()
        ]
    columns = ("record", "object", "originator", "from", "agreement", "epoch")
    document = [dict(zip(columns, row, strict=True)) for row in rows]
    title = f"{len(rows) or 'No'} record{'' if len(rows) == 1 else 's'} of kind {kind}"
    tables = (Table("", columns, rows),) if rows else ()
    return show(Report(title, tables=tables, document=document), as_json=json)


@app.command
def serve(folder: Path, /, *, clock: Path | None = None) -> int:
    """Serve a node: its console and feeds on its port; pull from partners; take in what lands in ``incoming``.

    Parameters
    ----------
    folder
        Folder of the node.
    clock
        Follow the pace of an exercise that this file says, instead of the machine's clock.
    """
    followed = None if clock is None else FollowedClock(clock, monotonic_s=time.monotonic)
    with opened(folder, None if followed is None else followed.now_tai_s) as node:
        rate = (lambda: 1.0) if followed is None else followed.rate
        running = Running(node, monotonic_s=time.monotonic, rate=rate)
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: running.ask_to_stop())
        try:
            running.start()
        except FolderBusyError as error:
            raise CommandError(str(error)) from error
        except PortInUseError as error:
            raise CommandError(f"{error}; change `url` in {node.folder.config}") from error
        complain(f"{node.config.member.name} serves at {node.config.url} (Ctrl-C ends it)")
        running.wait()
        running.stop()
    return Exit.OK


@app.command(name="share")
def share_now(folder: Path, /) -> int:
    """Decide what is new or due for every partner and put it on their feeds.

    Parameters
    ----------
    folder
        Folder of the node.
    """
    with opened(folder) as node:
        faults = node.agreements().faults
        if faults:
            raise CommandError(
                f"nothing is released until this is mended: {'; '.join(faults)}", Exit.UNUSABLE
            )
        return show(Report(f"{share(node)} records released"))


@app.command
def resume(folder: Path, member: str, /) -> int:
    """Go on with the feed of a partner that was stopped because two histories of it were seen.

    Look at the evidence first (the watch log tells of it) and ask the partner which history is true: one that was
    restored from a backup raises its generation, and its feed begins anew.

    Parameters
    ----------
    folder
        Folder of the node.
    member
        The partner.
    """
    with opened(folder) as node:
        if node.config.peer(member) is None:
            known = ", ".join(peer.member.id for peer in node.config.peers) or "nobody"
            raise CommandError(f"{member} is no partner of {node.id}; it knows {known}", Exit.UNUSABLE)
        head = node.store.cursor(member)
        if not head.stopped:
            return show(Report(f"The feed of {member} is not stopped"))
        node.store.resume_feed(member)
        node.store.write_log(node.now_tai_s(), "feed", f"a person resumed the feed of {member}")
        return show(Report(f"The feed of {member} goes on after envelope {head.gen}.{head.seq}"))
