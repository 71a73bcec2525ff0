"""A faithful small replica of GitHub's REST API: comments of pull requests, and who asks.

After the reference of version 2022-11-28: pages with a `Link` header, the shapes of 401, 403, 404
and 422, rate limits. A test plants what goes wrong; a demo starts it as a program:

    python -m shared_lib.testing.github --port 8090 --pull-request owner/name#7
"""

import argparse
import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared_lib.contracts.base import format_utc, utc_now

TOKEN = "replica-token"
LOGIN = "datafleet-bot"
MOST_CHARACTERS = 65_536
_DOCS = "https://docs.github.com/rest"
_LIST = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments$")
_ONE = re.compile(r"/repos/([^/]+/[^/]+)/issues/comments/(\d+)$")
_PULL = re.compile(r"/repos/([^/]+/[^/]+)/pulls/(\d+)$")


@dataclass(frozen=True)
class Answer:
    """What is answered: a status, a body, headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def secondary_limit(*, retry_after: str | None = None) -> Answer:
    """GitHub's answer to who asks too much at once."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    said = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    )
    return Answer(403, {"message": said, "documentation_url": _DOCS, "status": "403"}, headers)


class GitHubReplica:
    """The state behind the API; all of it in memory, safe for threads.

    Args:
        pull_requests: those that there are, as `owner/name#7`.
        token: whoever sends another is not let in.
        login: who the token is; None: an app's installation, which may not ask.

    Attributes:
        url: where it answers, once it is served.
        requests: method and path of all that was asked, in order.
        planted: answers that are given next, instead of the true ones.
    """

    def __init__(
        self, pull_requests: Sequence[str], *, token: str = TOKEN, login: str | None = LOGIN
    ) -> None:
        self.url = ""
        self.requests: list[tuple[str, str]] = []
        self.planted: list[Answer] = []
        self._known = {each.lower() for each in pull_requests}
        self._token = token
        self._login = login
        self._comments: list[dict[str, Any]] = []
        self._lock = threading.RLock()

    def comments(self, pull_request: str) -> list[dict[str, Any]]:
        """The comments of one pull request, oldest first."""
        with self._lock:
            return [
                dict(each["shown"]) for each in self._comments if each["at"] == pull_request.lower()
            ]

    def write(self, pull_request: str, body: str, *, login: str, kind: str = "User") -> int:
        """A comment of anybody; its id."""
        with self._lock:
            number, now = len(self._comments) + 1, format_utc(utc_now())
            repository, _, issue = pull_request.partition("#")
            shown = {
                "id": number,
                "url": f"{self.url}/repos/{repository}/issues/comments/{number}",
                "html_url": f"https://github.com/{repository}/pull/{issue}#issuecomment-{number}",
                "body": body,
                "user": {"login": login, "type": kind},
                "created_at": now,
                "updated_at": now,
            }
            self._comments.append({"at": pull_request.lower(), "shown": shown})
            return number

    def delete(self, comment_id: int) -> None:
        """As somebody does on the page."""
        with self._lock:
            self._comments = [e for e in self._comments if e["shown"]["id"] != comment_id]

    def answer(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """What GitHub would answer."""
        with self._lock:
            self.requests.append((method, target))
            if self.planted:
                return self.planted.pop(0)
            if headers.get("Authorization") not in (
                f"Bearer {self._token}",
                f"token {self._token}",
            ):
                return _refusal(401, "Bad credentials")
            return self._route(method, target, body)

    def _route(self, method: str, target: str, body: bytes) -> Answer:
        parts = urlsplit(target)
        if (method, parts.path) == ("GET", "/user"):
            return self._viewer()
        listed, one, pull = (found.match(parts.path) for found in (_LIST, _ONE, _PULL))
        if listed and f"{listed[1]}#{listed[2]}".lower() in self._known:
            at = f"{listed[1]}#{listed[2]}"
            if method == "GET":
                return self._page(at, parts.path, parse_qs(parts.query))
            if method == "POST":
                return self._create(at, body)
        if one and method == "PATCH":
            return self._edit(int(one[2]), body, repository=one[1])
        if pull and method == "GET" and f"{pull[1]}#{pull[2]}".lower() in self._known:
            head = {"sha": "0" * 40, "ref": "topic"}
            return Answer(200, {"number": int(pull[2]), "state": "open", "head": head})
        return _refusal(404, "Not Found")

    def _viewer(self) -> Answer:
        if self._login is None:
            return _refusal(403, "Resource not accessible by integration")
        return Answer(200, {"login": self._login, "type": "User"})

    def _page(self, at: str, path: str, query: Mapping[str, list[str]]) -> Answer:
        size = min(int(query.get("per_page", ["30"])[0]), 100)
        page = int(query.get("page", ["1"])[0])
        found = self.comments(at)
        last = max(-(-len(found) // size), 1)
        pages = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        ahead, behind = page < last, page > 1
        shown = {"prev": behind, "next": ahead, "last": ahead, "first": behind}
        links = ", ".join(
            f'<{self.url}{path}?per_page={size}&page={number}>; rel="{name}"'
            for name, number in pages.items()
            if shown[name]
        )
        chosen = found[(page - 1) * size : page * size]
        return Answer(200, chosen, {"Link": links} if links else {})

    def _create(self, at: str, body: bytes) -> Answer:
        text = _body_of(body)
        if isinstance(text, Answer):
            return text
        kind = "User" if self._login else "Bot"
        number = self.write(at, text, login=self._login or "datafleet[bot]", kind=kind)
        return Answer(201, self._shown(number))

    def _edit(self, number: int, body: bytes, *, repository: str) -> Answer:
        text, found = _body_of(body), self._shown(number)
        if found is None or f"/repos/{repository}/".lower() not in found["url"].lower():
            return _refusal(404, "Not Found")
        if isinstance(text, Answer):
            return text
        found |= {"body": text, "updated_at": format_utc(utc_now())}
        return Answer(200, found)

    def _shown(self, number: int) -> dict[str, Any] | None:
        found = (e["shown"] for e in self._comments if e["shown"]["id"] == number)
        return next(found, None)


def _body_of(content: bytes) -> str | Answer:
    """The comment's text, or what is wrong with it."""
    try:
        text = json.loads(content)["body"]
    except (ValueError, KeyError, TypeError):
        return _refusal(400, "Problems parsing JSON")
    if not isinstance(text, str) or not text.strip():
        return _invalid("Body can't be blank")
    if len(text) > MOST_CHARACTERS:
        return _invalid(f"Body is too long (maximum is {MOST_CHARACTERS} characters)")
    return text


def _invalid(message: str) -> Answer:
    error = {
        "resource": "IssueComment",
        "code": "unprocessable",
        "field": "data",
        "message": message,
    }
    shape = {"message": "Validation Failed", "errors": [error], "documentation_url": _DOCS}
    return Answer(422, {**shape, "status": "422"})


def _refusal(status: int, message: str) -> Answer:
    return Answer(status, {"message": message, "documentation_url": _DOCS, "status": str(status)})


def _handler_of(replica: GitHubReplica) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = {name.title(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            answer = replica.answer(self.command, self.path, headers=sent, body=body)
            content = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving_github(replica: GitHubReplica, *, port: int = 0) -> Iterator[GitHubReplica]:
    """The replica on 127.0.0.1, on a free port when none is given, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(replica))
    server.daemon_threads = True
    replica.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield replica
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Serve until it is ended."""
    parser = argparse.ArgumentParser(description="A replica of GitHub's comments.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pull-request", action="append", required=True, metavar="OWNER/NAME#N")
    parser.add_argument("--token", default=TOKEN)
    given = parser.parse_args()
    replica = GitHubReplica(given.pull_request, token=given.token)
    with serving_github(replica, port=given.port), contextlib.suppress(KeyboardInterrupt):
        print(f"replica of GitHub at {replica.url}", flush=True)  # noqa: T201 - its one line
        threading.Event().wait()


if __name__ == "__main__":
    main()
