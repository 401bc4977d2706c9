"""The state of the node itself: links, the watch log, files taken in, the latest time seen."""

from sqlalchemy import bindparam, insert, select

from commonsky.domain.printable import printable
from commonsky.store.rows import IngestedFile, LinkState, WatchLine
from commonsky.store.schema import decisions, ingested, links, meta, watch_log
from commonsky.store.session import Session, insert_missing, insert_or

_LATEST_TIME = "latest_tai_s"

_NOTED = select(meta.c.value).where(meta.c.key == _LATEST_TIME)
_STATE = select(links.c.state).where(links.c.peer == bindparam("of"))


class Watch(Session):
    """Questions about the node's own running."""

    def link_state(self, peer: str) -> LinkState:
        """Give whether we exchange with the peer; we do until the link is cut."""
        with self._reading() as connection:
            state = connection.scalar(_STATE, {"of": peer})
        return LinkState.UP if state is None else LinkState(state)

    def cut(self, peer: str, *, at_tai_s: float) -> None:
        """Exchange nothing with the peer until the link is restored."""
        self._set_link(peer, LinkState.CUT, at_tai_s)

    def restore(self, peer: str, *, at_tai_s: float) -> None:
        """Exchange with the peer again."""
        self._set_link(peer, LinkState.UP, at_tai_s)

    def _set_link(self, peer: str, state: LinkState, at_tai_s: float) -> None:
        fields = {"state": state.value, "since_tai_s": at_tai_s}
        with self._writing() as connection:
            put = insert_or(connection, links).values(peer=peer, **fields)
            changed = links.c.state != state.value
            connection.execute(put.on_conflict_do_update(index_elements=["peer"], set_=fields, where=changed))

    def write_log(self, tai_s: float, kind: str, text: str) -> None:
        """Append a line to the watch log; it stays one line, whatever a partner's name holds."""
        with self._writing() as connection:
            connection.execute(insert(watch_log), {"tai_s": tai_s, "kind": kind, "text": printable(text)})

    def log(self, limit: int, *, after: int = 0) -> list[WatchLine]:
        """Give the newest lines of the watch log with a sequence above ``after``, oldest first."""
        query = (
            select(watch_log)
            .where(watch_log.c.sequence > after)
            .order_by(watch_log.c.sequence.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            WatchLine(sequence=r.sequence, tai_s=r.tai_s, kind=r.kind, text=r.text) for r in reversed(rows)
        ]

    def ingested(self, sha256: str) -> IngestedFile | None:
        """Give when a file of this digest was taken in, if it was."""
        with self._reading() as connection:
            row = connection.execute(select(ingested).where(ingested.c.sha256 == sha256)).first()
        if row is None:
            return None
        return IngestedFile(sha256=row.sha256, name=row.name, at_tai_s=row.at_tai_s, records=row.records)

    def note_ingested(self, file: IngestedFile) -> None:
        """Keep that a file was taken in; the first time stands."""
        row = {"sha256": file.sha256, "name": file.name, "at_tai_s": file.at_tai_s, "records": file.records}
        with self._writing() as connection:
            connection.execute(insert_missing(connection, ingested), row)

    def latest_time(self) -> float | None:
        """Give the latest time that was noted, or by which something was decided or told to the watch."""
        newest = (
            select(decisions.c.decided_tai_s).order_by(decisions.c.n.desc()).limit(1),
            select(watch_log.c.tai_s).order_by(watch_log.c.sequence.desc()).limit(1),
        )
        with self._reading() as connection:
            noted = connection.scalar(_NOTED)
            times = [None if noted is None else float(noted), *(connection.scalar(one) for one in newest)]
        return max((time for time in times if time is not None), default=None)

    def note_time(self, now_tai_s: float) -> float:
        """Keep the latest time that this node has seen and give it: a clock set back revives no expired label."""
        with self._writing() as connection:
            known = connection.scalar(_NOTED)
            latest = now_tai_s if known is None else max(float(known), now_tai_s)
            if known == repr(latest):
                return latest
            put = insert_or(connection, meta).values(key=_LATEST_TIME, value=repr(latest))
            connection.execute(
                put.on_conflict_do_update(index_elements=["key"], set_={"value": repr(latest)})
            )
        return latest
