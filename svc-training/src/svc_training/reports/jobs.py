"""The job that reports. Runs in a child process: it loads a renderer and calls another party."""

from shared_lib.contracts.pull_requests import PullRequest
from shared_lib.contracts.reports import ReportFacts
from shared_lib.faults import crash_point
from shared_lib.jobs import JobContext
from shared_lib.storage import StoredObject
from shared_lib.storage.keys import training_report_key
from svc_training.reports.comments import marker_of, upsert
from svc_training.reports.gathering import gather
from svc_training.reports.github import Comment, GitHub
from svc_training.reports.markdown import Links, render
from svc_training.reports.picture import draw, to_png
from svc_training.reports.repository import ReportRepository
from svc_training.reports.service import Reports, check_pull_request
from svc_training.settings import TrainingSettings


def run(context: JobContext) -> None:
    """Keep the report in all its forms, then tell the pull request, then the flow.

    What was kept by an earlier try stays: a report is written once, and what it says does not
    change while somebody is told of it.
    """
    report_id = context.job.params["report_id"]
    facts = _read_kept(context, report_id) or _write(context, report_id)
    if facts is None:
        return
    context.log(facts.headline)
    comment = None
    if facts.pull_request is not None:
        comment = _tell(context, facts, at=facts.pull_request)
    with context.publish({"report_id": report_id}) as unit:
        Reports(context.runtime).publish(unit, report_id, facts=facts, comment=comment)


def _read_kept(context: JobContext, report_id: str) -> ReportFacts | None:
    """The facts that an earlier try kept."""
    with context.runtime.database.read() as view:
        kept = ReportRepository(view).file(report_id, form="json")
    if kept is None:
        return None
    content = b"".join(context.runtime.store.open(kept.object_key))
    return ReportFacts.model_validate_json(content)


def _write(context: JobContext, report_id: str) -> ReportFacts | None:
    with context.runtime.database.read() as view:
        row = ReportRepository(view).get(report_id)
        facts = gather(view, row) if row else None
    if facts is None:
        return None
    svg = draw(facts)
    forms = {
        "json": facts.model_dump_json().encode(),
        "markdown": render(facts, links=_links(context)).encode(),
        "svg": svg.encode(),
        "png": to_png(svg),
    }
    objects = _store(context, forms, report_id=report_id)
    with context.runtime.database.write() as unit:
        Reports(context.runtime).keep(unit, report_id, objects=objects)
    crash_point("training.report.kept")
    return facts


def _store(
    context: JobContext, forms: dict[str, bytes], *, report_id: str
) -> dict[str, StoredObject]:
    """Each form under a key of this try; nobody sees them before they are named."""
    stored = {}
    for form, content in forms.items():
        key = training_report_key(context.job.tenant, report_id, context.job.writer, form)
        stored[form] = context.runtime.store.put(key, [content])
        crash_point("training.report.object_put")
    return stored


def _links(context: JobContext) -> Links:
    settings = context.runtime.settings
    assert isinstance(settings, TrainingSettings)  # noqa: S101 - whose job it is
    return Links(base=settings.public_url)


def _tell(context: JobContext, facts: ReportFacts, *, at: PullRequest) -> Comment | None:
    """Write the comment; None when a newer report has been told of there."""
    settings = context.runtime.settings
    assert isinstance(settings, TrainingSettings)  # noqa: S101 - whose job it is
    # Again: a flow's plan comes from a service that knows nothing of these settings.
    check_pull_request(at, settings=settings.github)
    marker = marker_of(at, model=facts.model)
    with context.runtime.database.write() as unit:
        to_write, known = Reports(context.runtime).take_turn(
            unit, facts.id, marker=marker, holder=context.job.writer
        )
    if not to_write:
        context.log(f"A newer report is on {at.repository}#{at.number} already.")
        return None
    body = render(facts, marker=marker, links=_links(context))
    context.start_publishing()
    with GitHub(settings.github) as github:
        comment = upsert(github, at, marker=marker, body=body, known=known)
    context.log(f"Told in {comment.url}")
    return comment
