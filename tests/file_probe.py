"""The file link as the conformance suite asks it: a question is a carried file, and so is the answer."""

import io

from commonsky.domain import FeedHead, Mode
from commonsky.federation import CarriageError, CarriageHeader, Outcome, sign_carriage
from commonsky.federation.conformance import Reply
from commonsky.node.carriage import take_carried, write_carried
from commonsky.node.link import CutError, ElsewhereError


class FileProbe:
    """A giver that is handed a file which says what its reader holds, and writes the next one for it.

    A file has no limit and no wait, and may be taken in again and again.
    """

    traits = frozenset()

    def __init__(self, giver):
        self._giver = giver

    def own_checks(self):
        return ()

    def ask(self, request, key, *, limit=None, wait_s=0.0):
        head = FeedHead(gen=request.gen, seq=request.seq, header_sha256=request.header_sha256)
        question = CarriageHeader(
            iss=request.reader,
            aud=request.issuer,
            mode=Mode.REAL,
            after=FeedHead(),
            through=FeedHead(),
            holds=head,
            iat_tai_s=request.at_tai_s,
        )
        try:
            take_carried(self._giver, io.BytesIO(sign_carriage(question, key)))
        except (CarriageError, CutError):
            return Reply(outcome=Outcome.REFUSED)
        out = io.BytesIO()
        try:
            write_carried(self._giver, request.reader, out, after=head)
        except ElsewhereError:
            return Reply(outcome=Outcome.ELSEWHERE)
        return Reply(outcome=Outcome.GIVEN, data=out.getvalue().split(b"\n", 1)[1])
