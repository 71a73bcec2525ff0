"""One comment, found again whatever was cut off; a refusal is told from an outage."""

import logging

import pytest
from pydantic import SecretStr

from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.testing.github import (
    LOGIN,
    TOKEN,
    Answer,
    GitHubReplica,
    secondary_limit,
    serving_github,
)
from shared_lib.testing.processes import free_port
from svc_training.reports.comments import marker_of, upsert
from svc_training.reports.errors import GitHubRefusedError, GitHubUnavailableError
from svc_training.reports.github import GitHub
from svc_training.settings import GitHubSettings

AT = PullRequest(repository="Owner/name", number=7)
HERE = "owner/name#7"
MARKER = marker_of(AT, model="homes-small")


def settings(replica: GitHubReplica, *, token: str = TOKEN) -> GitHubSettings:
    return GitHubSettings(api_url=replica.url, token=SecretStr(token), timeout_s=5)


def tell(replica: GitHubReplica, text: str, *, known: int | None = None) -> int:
    with GitHub(settings(replica)) as github:
        body = f"{MARKER}\n{text}"
        return upsert(github, AT, marker=MARKER, body=body, known=known).id


def ours(replica: GitHubReplica) -> list[str]:
    found = [each for each in replica.comments(HERE) if each["user"]["login"] == LOGIN]
    return [each["body"].partition("\n")[2] for each in found]


def test_a_comment_is_made_once_and_then_updated_in_place(replica: GitHubReplica) -> None:
    first = tell(replica, "one")
    for number in range(230):
        replica.write(HERE, f"talk {number}", login="somebody")
    assert tell(replica, "two") == first  # as after a kill: its id was not kept
    assert tell(replica, "three", known=first) == first
    assert ours(replica) == ["three"]
    replica.delete(first)
    again = tell(replica, "four", known=first)
    assert ours(replica) == ["four"]
    # It lies on the third page now; nothing is posted until all of them were looked at.
    assert tell(replica, "five") == again
    pages = [target for method, target in replica.requests if "page=3" in target]
    assert len(pages) >= 2
    assert [method for method, _ in replica.requests].count("POST") == 2


def test_what_others_write_below_our_marker_is_left_to_them(replica: GitHubReplica) -> None:
    replica.write(HERE, f"{MARKER}\nstolen", login="mallory")
    replica.write(HERE, f"as they said:\n{MARKER}", login=LOGIN)
    tell(replica, "mine")
    tell(replica, "mine again")
    bodies = [each["body"] for each in replica.comments(HERE)]
    assert bodies[0] == f"{MARKER}\nstolen"
    assert bodies[2:] == [f"{MARKER}\nmine again"]


def test_the_token_of_an_app_finds_its_comment_too() -> None:
    replica = GitHubReplica(["owner/name#7"], login=None)
    with serving_github(replica):
        replica.write(HERE, f"{MARKER}\nstolen", login="mallory")
        assert tell(replica, "one") == tell(replica, "two") == 2


def test_models_and_pull_requests_have_comments_of_their_own() -> None:
    other = PullRequest(repository="owner/name", number=8)
    markers = {
        marker_of(AT, model="a"),
        marker_of(AT, model="b -->"),
        marker_of(other, model="a"),
    }
    assert len(markers) == 3
    assert marker_of(AT, model="a") == marker_of(
        PullRequest(repository="owner/NAME", number=7), model="a"
    )


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (Answer(401, {"message": "Bad credentials"}), "FLEET_GITHUB__TOKEN"),
        (Answer(403, {"message": "Resource not accessible"}), "permission"),
        (Answer(404, {"message": "Not Found"}), "no such pull request"),
        (Answer(301, {"message": "Moved"}, {"Location": "http://elsewhere"}), "has moved"),
        (Answer(422, {"message": "Validation Failed", "errors": ["odd"]}), "odd"),
    ],
)
def test_a_refusal_says_what_to_do(replica: GitHubReplica, planted: Answer, said: str) -> None:
    replica.planted = [planted]
    with pytest.raises(GitHubRefusedError, match=said):
        tell(replica, "one")


@pytest.mark.parametrize(
    ("planted", "least_s"),
    [
        (secondary_limit(retry_after="17"), 17),
        (secondary_limit(), 60),
        (Answer(429, {}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"}), 3600),
        (Answer(502, {"message": "Server Error"}), 0),
    ],
)
def test_an_outage_and_a_limit_are_waited_for(
    replica: GitHubReplica, planted: Answer, least_s: float
) -> None:
    replica.planted = [planted]
    with pytest.raises(GitHubUnavailableError) as caught:
        tell(replica, "one")
    assert caught.value.failure == "infrastructure"
    assert caught.value.wait_s >= least_s


def test_nobody_is_shown_the_token(
    replica: GitHubReplica, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given, shown = settings(replica, token="ghp_secret-thing"), []
    shown += [repr(given), str(given), given.model_dump_json()]
    nowhere = GitHubSettings(api_url=f"http://127.0.0.1:{free_port()}", token=given.token)
    broken = given.model_copy(update={"token": SecretStr("ghp_secret-thing\r\nX: y")})
    for each in (given, nowhere, broken):
        with (
            pytest.raises((GitHubRefusedError, GitHubUnavailableError)) as caught,
            GitHub(each) as github,
        ):
            upsert(github, AT, marker=MARKER, body="x", known=None)
        shown += [str(caught.value), repr(caught.value.problem())]
        assert caught.value.__cause__ is None
    assert "ghp_secret-thing" not in "".join(shown) + caplog.text
