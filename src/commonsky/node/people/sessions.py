"""What a token is good for: it begins a session, is found again until its time is over, is renewed, and ends."""

import hmac

from commonsky.node.people.desk import Desk, digest_of
from commonsky.node.people.person import Means, Person, owner_of_the_machine, person_of
from commonsky.store import HeldSession

ACTIVE_EVERY_S = 30.0
"""That a person is active is written down so often: not with each request."""

_CSRF = b"commonsky-csrf-v1\n"


def begin(desk: Desk, account: str, means: Means, *, proved_tai_s: float | None = None) -> str:
    """Begin a session of somebody who has proved who it is, now or then; give its token, which is kept nowhere here."""
    now_tai_s = desk.now_tai_s()
    token = desk.new_token()
    session = HeldSession(
        account=account,
        means=means,
        began_tai_s=now_tai_s,
        active_tai_s=now_tai_s,
        proved_tai_s=now_tai_s if proved_tai_s is None else proved_tai_s,
    )
    with desk.store.transaction() as tx:
        tx.sweep(began_before_tai_s=now_tai_s - desk.settings.longest_s, now_tai_s=now_tai_s)
        tx.begin_session(digest_of(token), session)
        tx.write_log(desk.node.now_tai_s(), "people", f"{account} logged in ({means})")
    return token


def who(desk: Desk, token: str | None, *, active: bool = False) -> Person | None:
    """Say who acts: the person of the token's session; without any account the owner of the machine; or nobody.

    ``active`` says that the person did something, not only the page. An idle session, one that has lasted too long, and
    one of an account that was disabled are nobody's.
    """
    if not login_required(desk):
        return owner_of_the_machine(desk.settings)
    if not token:
        return None
    digest = digest_of(token)
    session = desk.store.session(digest)
    now_tai_s = desk.now_tai_s()
    if session is None or not _lives(session, desk, now_tai_s):
        return None
    account = desk.store.account(session.account)
    if account is None or account.disabled:
        return None
    if active and now_tai_s - session.active_tai_s >= ACTIVE_EVERY_S:
        desk.store.note_active(digest, now_tai_s)
    return person_of(account, session, desk.settings)


def login_required(desk: Desk) -> bool:
    """Whether there is an account, even a disabled one, or a provider: then nobody comes in without a login."""
    return desk.settings.openid is not None or desk.store.has_accounts()


def renew(desk: Desk, token: str, means: Means) -> str | None:
    """Go on under a new token after a new proof by the session's own person; ``None`` when there is no session."""
    fresh = desk.new_token()
    there = desk.store.renew_session(
        digest_of(token), digest_of(fresh), means=means, proved_tai_s=desk.now_tai_s()
    )
    return fresh if there else None


def end(desk: Desk, token: str) -> None:
    """End a session."""
    session = desk.store.session(digest_of(token))
    if session is not None and desk.store.end_session(digest_of(token)):
        desk.say(f"{session.account} logged out")


def csrf_token(token: str) -> str:
    """Give what a page must send with every change, to show that it may read the answers of this session."""
    return hmac.digest(token.encode(errors="replace"), _CSRF, "sha256").hex()


def csrf_matches(token: str, said: str) -> bool:
    """Whether what a page sent is the session's own; the time it takes tells nothing."""
    return hmac.compare_digest(csrf_token(token).encode(), said.encode(errors="replace"))


def _lives(session: HeldSession, desk: Desk, now_tai_s: float) -> bool:
    settings = desk.settings
    return (
        0.0 <= now_tai_s - session.began_tai_s < settings.longest_s
        and now_tai_s - session.active_tai_s < settings.idle_s
    )
