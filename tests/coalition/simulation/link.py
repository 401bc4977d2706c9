"""Between two nodes: a signed request, the giver's own answer, and what becomes of it on its way."""

from commonsky.domain import FeedHead
from commonsky.federation import PullRefused, PullRequest, encode_wire, sign_pull
from commonsky.node.link import LinkError, following
from simulation.disk import Crash
from simulation.invariants import may_all_go

FAULTS = (
    "request lost",
    "answer lost",
    "broken off",
    "bit flipped",
    "doubled",
    "reordered",
    "an older answer",
    "somebody else's answer",
    "one at a time",
)
REMEMBERED = 6
AT_ONCE = 8


def transport(world, reader, giver, fault, chance, coverage):
    """A transport for the jobs of ``reader``: what it gets when it asks ``giver`` while the link has a fault.

    The fault strikes once; what is asked after that arrives.
    """
    faults = [fault] if fault else []

    def ask(head):
        strikes = faults.pop() if faults else None
        if strikes:
            coverage.count("fault", f"link: {strikes}")
        if strikes == "request lost" or giver.node is None:
            raise LinkError(f"{giver.member} cannot be reached")
        try:
            answer = answered(world, reader, giver, head, 1 if strikes == "one at a time" else AT_ONCE)
        except Crash as stop:
            giver.crashed()
            coverage.count("fault", "disk: crash while it answers")
            raise LinkError(f"{giver.member} broke off") from stop
        may_all_go(giver, answer, coverage)
        before = world.answers.setdefault((giver.member, reader.member), [])
        others = [
            one
            for (who, aud), many in world.answers.items()
            if (who, aud) != (giver.member, reader.member)
            for one in many
        ]
        if answer:
            before.append(answer)
            del before[:-REMEMBERED]
        return _on_its_way(answer, strikes, before, others, chance)

    return ask


def answered(world, reader, giver, head, limit):
    """What the giver's node says to a request that the reader's key signs."""
    request = PullRequest(
        reader=reader.member,
        issuer=giver.member,
        gen=head.gen,
        seq=head.seq,
        header_sha256=head.header_sha256,
        at_tai_s=reader.now(),
        nonce=str(world.number()),
    )
    judged = giver.guard.judge(sign_pull(request, reader.key, reader.node.bridges()), now_tai_s=giver.now())
    if isinstance(judged, PullRefused):
        raise LinkError(f"refused: {judged.reason}")
    return encode_wire(following(giver.node, judged.reader, judged.head, limit))


def carried(giver, reader_member):
    """A file with the whole feed, as it is carried by hand: nobody asks where its reader stands."""
    head = FeedHead()
    return encode_wire(giver.store.feed_after(reader_member, head.seq, 1_000, gen=head.gen))


def _on_its_way(answer, fault, before, others, chance):  # noqa: PLR0911  # one line for each thing that can happen
    lines = answer.splitlines(keepends=True)
    match fault:
        case "answer lost":
            raise LinkError("no answer in time")
        case "broken off" if answer:
            return answer[: chance.randrange(len(answer))]
        case "bit flipped" if answer:
            place = chance.randrange(len(answer))
            return answer[:place] + bytes([answer[place] ^ 1 << chance.randrange(8)]) + answer[place + 1 :]
        case "doubled":
            return b"".join(line for line in lines for _ in range(2))
        case "reordered":
            chance.shuffle(lines)
            return b"".join(lines)
        case "an older answer" if before:
            return chance.choice(before)
        case "somebody else's answer" if others:
            return chance.choice(others)
    return answer
