"""One comment a model on a pull request: found by a hidden marker, and updated in place."""

from urllib.parse import quote

from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.faults import crash_point
from svc_training.reports.errors import GitHubRefusedError
from svc_training.reports.github import Comment, GitHub


def marker_of(at: PullRequest, *, model: str) -> str:
    """The first line of the comment, which nobody sees.

    GitHub takes repositories in any case, and a model's name may hold anything.
    """
    name = quote(model, safe="._", errors="replace")
    return f"<!-- datafleet:report={at.repository.lower()}#{at.number}:{name} -->"


def upsert(
    github: GitHub, at: PullRequest, *, marker: str, body: str, known: int | None
) -> Comment:
    """Make the comment say `body`, which begins with its marker.

    Whatever happened before, there is one comment afterwards: one that was posted by a try that
    was then cut off is found by its marker. Only a comment of our own counts: what somebody else
    writes below our marker is left to them.

    Args:
        github: where.
        at: the pull request.
        marker: see `marker_of`.
        body: what it is to say.
        known: the comment's id, when it is known from before.
    """
    if known is not None:
        try:
            return github.edit(at, known, body=body)
        except GitHubRefusedError as refused:
            # Somebody deleted it.
            if refused.place.get("github_status") not in (404, 410):
                raise
    ours = _find(github, at, marker=marker)
    if ours is not None:
        return github.edit(at, ours.id, body=body)
    made = github.create(at, body=body)
    crash_point("training.report.posted")
    return made


def _find(github: GitHub, at: PullRequest, *, marker: str) -> Comment | None:
    marked = [each for each in github.comments(at) if each.body.startswith(marker)]
    if not marked:
        return None
    viewer = github.viewer()
    ours = [each for each in marked if (each.author == viewer if viewer else each.by_bot)]
    return ours[0] if ours else None
