"""Pull a partner's feed over HTTP."""

import ssl

import httpx

from commonsky.domain import FeedHead
from commonsky.federation import PullRequest, SigningKey, sign_pull
from commonsky.node.config import Peer
from commonsky.node.link import LinkError
from commonsky.web.pinned_tls import Shower, client_context

MAX_ANSWER_BYTES = 256 * 1024 * 1024
PATIENCE_S = 10.0

_MEANING = {
    403: "refused us: it does not know our key, or our clocks differ by minutes",
    409: "does not know our cursor: it may have been restored from a backup and must raise its generation",
    503: "has cut the link to us, or is not available now",
}


class PullError(LinkError):
    """A partner could not be asked over HTTP, or did not answer with its feed."""


def pull(  # noqa: PLR0913  # where, what, and the six things that a request is signed with
    client: httpx.Client,
    url: str,
    head: FeedHead,
    *,
    reader: str,
    issuer: str,
    key: SigningKey,
    now_tai_s: float,
    nonce: str,
    bridges: bytes = b"",
    wait_s: float = 0.0,
) -> bytes:
    """Return what follows ``head`` on the feed of ``issuer`` for ``reader``, as it came.

    ``url`` is the partner's base address, ``nonce`` a number used once, ``bridges`` what leads from older
    keys of ours to this one; the partner may wait up to ``wait_s`` for something to give. An answer that breaks off is
    returned as far as it came: each envelope in it stands for itself. Raises PullError with what went wrong.
    """
    request = PullRequest(
        reader=reader,
        issuer=issuer,
        gen=head.gen,
        seq=head.seq,
        header_sha256=head.header_sha256,
        at_tai_s=now_tai_s,
        nonce=nonce,
    )
    headers = {"Authorization": sign_pull(request, key, bridges), "Accept-Encoding": "identity"}
    asked = f"{url.rstrip('/')}/feed/v1/{issuer}"
    patience_s = PATIENCE_S + wait_s
    try:
        with client.stream(
            "GET", asked, params={"wait_s": wait_s}, headers=headers, timeout=patience_s
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                meaning = _MEANING.get(answer.status_code, "did not answer with its feed")
                raise PullError(f"{issuer} at {url} {meaning} (HTTP {answer.status_code})")
            return _body(answer)
    except httpx.TimeoutException as error:
        raise PullError(f"{issuer} at {url} did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PullError(f"{issuer} at {url} cannot be reached: {_reason(error, url)}") from error


def client_for(peer: Peer, who: Shower, *, now_tai_s: float) -> tuple[httpx.Client, ssl.SSLContext | None]:
    """Return a client for a partner, and its context if each side must show a certificate of its pinned key."""
    if peer.proxied or not peer.url.startswith("https:"):
        return httpx.Client(trust_env=False), None
    context = client_context(who, peer.member, now_tai_s=now_tai_s)
    return httpx.Client(verify=context, trust_env=False), context


def _reason(error: Exception, url: str) -> str:
    """Say what went wrong; with TLS, who did not like whose certificate."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"it shows no certificate of the key that is pinned for it, or an expired one ({error})"
    if url.startswith("https:") and isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return f"it hangs up, perhaps because it has not pinned our key, or our clock is wrong ({error})"
    return str(error) or type(error).__name__


def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    try:
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                break
    except httpx.TransportError:
        # What came before the break is as good as it ever is: it is verified envelope by envelope.
        pass
    return bytes(body)
