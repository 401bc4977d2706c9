"""Put the questions of the conformance suite to a feed over HTTP, and those that only HTTP raises."""

import time
from collections.abc import Callable, Iterable

import httpx

from commonsky.federation import Outcome, PullRequest, SigningKey, sign_pull
from commonsky.federation.conformance import FailedError, Reply, Trait

PATIENCE_S = 20.0

_OUTCOMES = {
    200: Outcome.GIVEN,
    403: Outcome.REFUSED,
    409: Outcome.ELSEWHERE,
    400: Outcome.MALFORMED,
    413: Outcome.MALFORMED,
    414: Outcome.MALFORMED,
    422: Outcome.MALFORMED,
    431: Outcome.MALFORMED,
}
_NDJSON = "application/x-ndjson"
_CHANGING = {"date", "server"}
"""Headers that every answer has and that tell nothing of the feed."""


class HttpProbe:
    """A feed at a base address; the client is the caller's."""

    traits = frozenset({Trait.LIMITS, Trait.WAITS, Trait.ANSWERS_ONCE})

    def __init__(self, client: httpx.Client, url: str, issuer: str) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._issuer = issuer
        self._types: set[tuple[int, str]] = set()

    def ask(
        self, request: PullRequest, key: SigningKey, *, limit: int | None = None, wait_s: float = 0.0
    ) -> Reply:
        """Put a question, signed by a key."""
        params: dict[str, str] = {} if limit is None else {"limit": str(limit)}
        if wait_s:
            params["wait_s"] = str(wait_s)
        return self._get(f"/feed/v1/{self._issuer}", sign_pull(request, key), params)

    def own_checks(self) -> Iterable[tuple[str, Callable[[], str]]]:
        """Give the checks of what only HTTP has."""
        return (
            ("content types", self._content_types),
            ("malformed requests", self._malformed),
            ("no other methods", self._methods),
            ("nothing for the nameless", self._nameless),
        )

    def _get(self, path: str, credentials: str | None, params: dict[str, str] | None = None) -> Reply:
        headers = {"Accept-Encoding": "identity"}
        if credentials is not None:
            headers["Authorization"] = credentials
        began_s = time.monotonic()
        try:
            answer = self._client.get(self._url + path, params=params, headers=headers, timeout=PATIENCE_S)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"{self._url}: {error or type(error).__name__}") from error
        outcome = _OUTCOMES.get(answer.status_code, Outcome.FAULT)
        self._types.add((answer.status_code, answer.headers.get("content-type", "")))
        shown = {name: value for name, value in answer.headers.items() if name not in _CHANGING}
        looks = f"HTTP {answer.status_code}"
        if outcome is not Outcome.GIVEN:
            looks += f", {shown}, {answer.content[:200]!r}"
        data = answer.content if outcome is Outcome.GIVEN else b""
        return Reply(outcome=outcome, data=data, looks=looks, took_s=time.monotonic() - began_s)

    def _content_types(self) -> str:
        wrong = [f"{kind!r} with status {status}" for status, kind in sorted(self._types) if status == 200]
        wrong = [one for one in wrong if not one.startswith(f"'{_NDJSON}'")]
        if wrong:
            raise FailedError(f"envelopes come as {_NDJSON}, not as {', '.join(wrong)}")
        if not any(status == 200 for status, _ in self._types):
            raise FailedError("no question was answered with a feed")
        return f"envelopes come as {_NDJSON}"

    def _malformed(self) -> str:
        path = f"/feed/v1/{self._issuer}"
        for what, credentials in (
            ("no scheme", "abc"),
            ("another scheme", "Bearer abc"),
            ("no signature", "Commonsky-Pull e30="),
            ("no base64", "Commonsky-Pull ***.00"),
            ("20,000 characters", f"Commonsky-Pull {'A' * 20_000}.{'0' * 128}"),
        ):
            reply = self._get(path, credentials)
            if reply.outcome not in {Outcome.REFUSED, Outcome.MALFORMED}:
                raise FailedError(f"credentials with {what} must be refused: {reply.looks}")
        for name, value in (("limit", "many"), ("limit", "1e400"), ("wait_s", "nan"), ("wait_s", "1e9")):
            reply = self._get(path, "Commonsky-Pull e30=.00", {name: value})
            if reply.outcome not in {Outcome.REFUSED, Outcome.MALFORMED}:
                raise FailedError(f"a request with {name}={value} must be refused: {reply.looks}")
        return "credentials and parameters that are none are refused, and are no fault"

    def _methods(self) -> str:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            try:
                answer = self._client.request(
                    method, f"{self._url}/feed/v1/{self._issuer}", timeout=PATIENCE_S
                )
            except httpx.HTTPError as error:
                raise OSError(f"{self._url}: {error}") from error
            if not 400 <= answer.status_code < 500:
                raise FailedError(f"{method} gets HTTP {answer.status_code}: a feed is only read")
        return "a feed is only read"

    def _nameless(self) -> str:
        ours = self._get(f"/feed/v1/{self._issuer}", None)
        other = self._get("/feed/v1/SOMEBODY-ELSE", None)
        if ours.outcome is not Outcome.REFUSED or ours.looks != other.looks:
            raise FailedError(
                f"without credentials: {ours.looks}; of a member that does not exist: {other.looks}"
            )
        return "without credentials a feed that is here and one that is not look the same"
