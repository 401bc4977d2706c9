"""How far each reader says it holds our feed. Told by the reader alone, and never a condition of what is released."""

from sqlalchemy import Connection, select

from commonsky.domain import FeedHead
from commonsky.store.schema import acknowledged
from commonsky.store.session import Session, insert_or


class Acknowledgements(Session):
    """Questions about what readers have told."""

    def acknowledge(self, aud: str, head: FeedHead, *, at_tai_s: float) -> bool:
        """Keep how far a reader holds our feed; False, and nothing kept, when it told of as much before."""
        place = {"gen": head.gen, "seq": head.seq, "header_sha256": head.header_sha256}
        with self._writing() as connection:
            known = _acknowledged(connection, aud)
            if (head.gen, head.seq) <= (known.gen, known.seq):
                return False
            put = insert_or(connection, acknowledged).values(aud=aud, **place, told_tai_s=at_tai_s)
            fields = {**place, "told_tai_s": at_tai_s}
            connection.execute(put.on_conflict_do_update(index_elements=["aud"], set_=fields))
        return True

    def acknowledged(self, aud: str) -> FeedHead:
        """Give how far a reader has told us, by a file, that it holds our feed."""
        with self._reading() as connection:
            return _acknowledged(connection, aud)


def _acknowledged(connection: Connection, aud: str) -> FeedHead:
    row = connection.execute(select(acknowledged).where(acknowledged.c.aud == aud)).first()
    return FeedHead() if row is None else FeedHead(gen=row.gen, seq=row.seq, header_sha256=row.header_sha256)
