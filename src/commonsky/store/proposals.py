"""What waits for two persons: proposals about agreements, and who said yes or no to them."""

from collections import defaultdict

from msgspec import Struct
from sqlalchemy import Select, insert, select, update

from commonsky.store.people_schema import proposals, votes
from commonsky.store.session import Session, insert_missing, insert_or


class Vote(Struct, frozen=True, kw_only=True):
    """What one account said to a proposal, by which means it had proved who it is, and why if it said no."""

    account: str
    approves: bool
    means: str
    at_tai_s: float
    words: str = ""


class Proposal(Struct, frozen=True, kw_only=True):
    """An act on one text of an agreement that somebody proposes; ``spent_tai_s`` says when its approvals were used."""

    id: str
    act: str
    agreement: str
    document_sha256: str
    proposed_by: str
    proposed_tai_s: float
    ends_tai_s: float
    words: str = ""
    spent_tai_s: float | None = None
    votes: tuple[Vote, ...] = ()

    @property
    def approvals(self) -> tuple[Vote, ...]:
        """Those who said yes."""
        return tuple(vote for vote in self.votes if vote.approves)

    @property
    def rejection(self) -> Vote | None:
        """The first who said no."""
        return next((vote for vote in self.votes if not vote.approves), None)

    def is_open(self, now_tai_s: float) -> bool:
        """Whether it can still be approved or used."""
        in_time = self.proposed_tai_s <= now_tai_s < self.ends_tai_s
        return in_time and self.spent_tai_s is None and self.rejection is None


class Proposals(Session):
    """Questions about what waits for approval. Nothing here is ever deleted."""

    def add_proposal(self, proposal: Proposal) -> None:
        """Keep a new proposal."""
        row = {name: getattr(proposal, name) for name in Proposal.__struct_fields__ if name != "votes"}
        with self._writing() as connection:
            connection.execute(insert(proposals), row)

    def proposal(self, proposal_id: str) -> Proposal | None:
        """Give a proposal with its votes."""
        found = self._found(select(proposals).where(proposals.c.id == proposal_id))
        return found[0] if found else None

    def proposals_of(self, act: str, agreement: str, document_sha256: str) -> list[Proposal]:
        """Give what was ever proposed about this act on this text, the newest first."""
        which = (
            (proposals.c.act == act)
            & (proposals.c.agreement == agreement)
            & (proposals.c.document_sha256 == document_sha256)
        )
        return self._found(select(proposals).where(which))

    def newest_proposals(self, limit: int) -> list[Proposal]:
        """Give the newest proposals, open or not, the newest first."""
        return self._found(select(proposals).limit(limit))

    def vote(self, proposal_id: str, vote: Vote) -> bool:
        """Keep what an account says to a proposal; give whether it had said nothing before."""
        row = {name: getattr(vote, name) for name in Vote.__struct_fields__}
        with self._writing() as connection:
            put = insert_missing(connection, votes)
            return connection.execute(put, {"proposal": proposal_id, **row}).rowcount == 1

    def reject(self, proposal_id: str, vote: Vote) -> None:
        """Keep that an account says no, also where it had said yes."""
        fields = {name: getattr(vote, name) for name in Vote.__struct_fields__ if name != "account"}
        with self._writing() as connection:
            put = insert_or(connection, votes).values(proposal=proposal_id, account=vote.account, **fields)
            connection.execute(put.on_conflict_do_update(index_elements=["proposal", "account"], set_=fields))

    def spend(self, proposal_id: str, at_tai_s: float) -> bool:
        """Use a proposal's approvals up; give whether nobody had before."""
        unspent = (proposals.c.id == proposal_id) & proposals.c.spent_tai_s.is_(None)
        with self._writing() as connection:
            change = update(proposals).where(unspent).values(spent_tai_s=at_tai_s)
            return connection.execute(change).rowcount == 1

    def _found(self, query: Select[*tuple[object, ...]]) -> list[Proposal]:
        with self._reading() as connection:
            rows = connection.execute(query.order_by(proposals.c.proposed_tai_s.desc(), proposals.c.id)).all()
            said = defaultdict(list)
            which = votes.c.proposal.in_([row.id for row in rows])
            for row in connection.execute(select(votes).where(which).order_by(votes.c.at_tai_s)):
                said[row.proposal].append(
                    Vote(
                        account=row.account,
                        approves=row.approves,
                        means=row.means,
                        at_tai_s=row.at_tai_s,
                        words=row.words,
                    )
                )
        return [Proposal(**row._mapping, votes=tuple(said[row.id])) for row in rows]  # noqa: SLF001  # named tuple's way
