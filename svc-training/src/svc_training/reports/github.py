"""The few calls of GitHub's REST API (version 2022-11-28) that a comment takes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from shared_lib.contracts.pull_requests import PullRequest
from svc_training.reports.errors import GitHubRefusedError, GitHubUnavailableError
from svc_training.settings import GitHubSettings

PAGE = 100
MOST_PAGES = 300
SECONDARY_LIMIT_S = 60.0
"""What GitHub asks for when a secondary rate limit names no time of its own."""

_ADVICE = {
    401: "GitHub does not accept the token. Set FLEET_GITHUB__TOKEN to one that is valid.",
    403: "The token may not do this. Give it the permission to write pull requests and issues of "
    "the repository; where the conversation is locked, unlock it.",
    404: "GitHub knows no such pull request, or does not show it to this token. Check repository "
    "and number, and what the token may read.",
    410: "The repository has comments turned off.",
    422: "GitHub does not take what was sent.",
}


@dataclass(frozen=True)
class Comment:
    """A comment as GitHub gives it."""

    id: int
    body: str
    author: str
    by_bot: bool
    url: str


class GitHub:
    """Comments of pull requests. Use it as a context manager.

    The token is in a header of the requests alone: no error and no log line has it.

    Raises:
        GitHubUnavailableError: from every call: no answer, a failure of theirs, a rate limit.
        GitHubRefusedError: from every call: a refusal that asking again does not change.
    """

    def __init__(self, settings: GitHubSettings) -> None:
        token = settings.token.get_secret_value().strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise GitHubRefusedError("FLEET_GITHUB__TOKEN is empty or no token: set it anew.")
        self._base = settings.api_url.rstrip("/")
        self._http = httpx.Client(
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "datafleet",
            },
            timeout=httpx.Timeout(settings.timeout_s, connect=5.0),
            # To another host the token must not follow; a repository that moved is named.
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def viewer(self) -> str | None:
        """Who the token is; None for an app's installation, which may not ask."""
        try:
            return str(self._ask("GET", f"{self._base}/user").json()["login"])
        except GitHubRefusedError as refused:
            if refused.place.get("github_status") in (403, 404):
                return None
            raise

    def comments(self, at: PullRequest) -> Iterator[Comment]:
        """All comments, oldest first, page by page as the `Link` header says (RFC 8288)."""
        address: str | None = f"{self._base}/repos/{at.repository}/issues/{at.number}/comments"
        params: dict[str, int] | None = {"per_page": PAGE}
        for _ in range(MOST_PAGES):
            if address is None:
                return
            answer = self._ask("GET", address, params=params)
            for each in answer.json():
                yield _comment(each)
            address, params = self._next(answer), None

    def create(self, at: PullRequest, *, body: str) -> Comment:
        """A new comment."""
        address = f"{self._base}/repos/{at.repository}/issues/{at.number}/comments"
        return _comment(self._ask("POST", address, json={"body": body}).json())

    def edit(self, at: PullRequest, comment_id: int, *, body: str) -> Comment:
        """Another body for a comment."""
        address = f"{self._base}/repos/{at.repository}/issues/comments/{comment_id}"
        return _comment(self._ask("PATCH", address, json={"body": body}).json())

    def _next(self, answer: httpx.Response) -> str | None:
        """The next page; only where we began, so that nobody else is sent the token."""
        url = answer.links.get("next", {}).get("url")
        return url if url and url.startswith(f"{self._base}/") else None

    def _ask(
        self,
        method: str,
        address: str,
        *,
        params: dict[str, int] | None = None,
        json: dict[str, str] | None = None,
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, address, params=params, json=json)
        except httpx.HTTPError as error:
            raise GitHubUnavailableError(
                f"{self._base} does not answer ({type(error).__name__}). It is asked again; "
                "FLEET_GITHUB__API_URL says where it is."
            ) from None
        if answer.is_success:
            return answer
        raise _failure(answer, path=address.removeprefix(self._base))


def _comment(given: dict[str, Any]) -> Comment:
    user = given.get("user") or {}
    return Comment(
        id=int(given["id"]),
        body=str(given.get("body") or ""),
        author=str(user.get("login") or ""),
        by_bot=user.get("type") == "Bot",
        url=str(given.get("html_url") or ""),
    )


def _failure(answer: httpx.Response, *, path: str) -> GitHubRefusedError | GitHubUnavailableError:
    status, said = answer.status_code, _message(answer)
    wait_s = _asked_wait(answer, said)
    if wait_s is not None:
        return GitHubUnavailableError(
            f"GitHub limits how often it is asked; next try in {wait_s:.0f} s.", wait_s=wait_s
        )
    if status >= 500 or status in (408, 429):
        return GitHubUnavailableError(f"GitHub answered {status} to {path}. It is asked again.")
    if answer.is_redirect:
        advice = "The repository has moved: name it by its present name."
    else:
        advice = _ADVICE.get(status, "GitHub does not take what was sent.")
    quoted = f" It said: {said}" if said else ""
    return GitHubRefusedError(
        f"GitHub answered {status} to {path}. {advice}{quoted}", github_status=status
    )


def _asked_wait(answer: httpx.Response, said: str) -> float | None:
    """Seconds of a primary or secondary rate limit; None when it is none."""
    if answer.status_code not in (403, 429):
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    if answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "")
        return max(float(reset) - time.time(), 1.0) if reset.isdecimal() else SECONDARY_LIMIT_S
    return SECONDARY_LIMIT_S if "rate limit" in said.lower() else None


def _message(answer: httpx.Response) -> str:
    """GitHub's own words, with the first of its errors; nothing where it is no JSON."""
    try:
        given = answer.json()
    except ValueError:
        return ""
    if not isinstance(given, dict):
        return ""
    words = [str(given.get("message") or "")]
    for error in given.get("errors") or []:
        words.append(str(error.get("message") or error) if isinstance(error, dict) else str(error))
        break
    return " ".join(word for word in words if word)[:300]
