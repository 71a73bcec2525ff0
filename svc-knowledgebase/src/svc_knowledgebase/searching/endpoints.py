"""Below `/v1/knowledge-bases/{base}`: documents, records, search, downloads."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.knowledge import (
    DocumentView,
    Fate,
    KnowledgeRecord,
    SearchAnswer,
    SearchMode,
)
from shared_lib.contracts.scopes import Scope
from shared_lib.web import PageQuery, requires
from shared_lib.web.downloads import send_object
from shared_lib.web.state import service_of, state_of
from svc_knowledgebase.building.assembly import MANIFEST, PARQUET, RECORDS
from svc_knowledgebase.searching.documents import Documents
from svc_knowledgebase.searching.index import Filters
from svc_knowledgebase.searching.opening import OpenBuilds
from svc_knowledgebase.searching.service import Searches

router = APIRouter(prefix="/v1/knowledge-bases/{base}", tags=["knowledge bases"])

Reader = Annotated[Caller, Depends(requires(Scope.KNOWLEDGE_READ))]
Limit = Annotated[int, Query(ge=1, le=100, description="Records at most.")]
Form = Literal["jsonl", "parquet", "manifest"]

_FORMS = {
    "jsonl": (RECORDS, "application/x-ndjson"),
    "parquet": (PARQUET, "application/vnd.apache.parquet"),
    "manifest": (MANIFEST, "application/json"),
}


def _searches(request: Request) -> Searches:
    searches: Searches = service_of(request, Searches)
    return searches


def _documents(request: Request) -> Documents:
    documents: Documents = service_of(request, Documents)
    return documents


def _builds(request: Request) -> OpenBuilds:
    builds: OpenBuilds = service_of(request, OpenBuilds)
    return builds


def _filters(
    *,
    folder: Annotated[str | None, Query(description="And all below it.")] = None,
    mime: Annotated[str | None, Query(description="Media type of the document.")] = None,
    language: Annotated[str | None, Query(description="ISO 639, such as `en`.")] = None,
    element_type: Annotated[str | None, Query(description="Such as `table`.")] = None,
    cluster: Annotated[str | None, Query(description="Id of a cluster.")] = None,
    category: Annotated[str | None, Query(description="Id of a category.")] = None,
) -> Filters:
    return Filters(
        folder=folder,
        mime=mime,
        language=language,
        element_type=element_type,
        cluster=cluster,
        category=category,
    )


Service = Annotated[Searches, Depends(_searches)]
DocumentService = Annotated[Documents, Depends(_documents)]
OpenService = Annotated[OpenBuilds, Depends(_builds)]
Filtered = Annotated[Filters, Depends(_filters)]


@router.get("/search")
def search(
    *,
    base: str,
    caller: Reader,
    searches: Service,
    filters: Filtered,
    q: Annotated[str, Query(max_length=1000, description='Words; "a phrase" must be there.')],
    limit: Limit = 10,
    mode: Annotated[
        SearchMode | None,
        Query(description="Left out: by both where the base is embedded, else by words."),
    ] = None,
) -> SearchAnswer:
    """Find records, the best first, with counts by folder, type and language."""
    return searches.search(
        base, tenant=caller.tenant, query=q, filters=filters, limit=limit, mode=mode
    )


@router.get("/records/{record_id}")
def read_record(base: str, record_id: str, caller: Reader, searches: Service) -> KnowledgeRecord:
    """One record."""
    return searches.record(base, record_id, tenant=caller.tenant)


@router.get("/records/{record_id}/similar")
def similar(
    *,
    base: str,
    record_id: str,
    caller: Reader,
    searches: Service,
    filters: Filtered,
    limit: Limit = 10,
) -> SearchAnswer:
    """Records that are like this one."""
    return searches.similar(base, record_id, tenant=caller.tenant, filters=filters, limit=limit)


@router.get("/documents")
def list_documents(
    *,
    base: str,
    caller: Reader,
    documents: DocumentService,
    page: PageQuery,
    folder: Annotated[str | None, Query(description="And all below it.")] = None,
    fate: Annotated[Fate | None, Query(description="What became of it.")] = None,
) -> Page[DocumentView]:
    """The documents of the current build by path, with the reason of those that were not read."""
    return documents.page(
        base,
        tenant=caller.tenant,
        folder=folder,
        fate=fate,
        limit=page.limit,
        cursor=page.cursor,
    )


@router.get("/documents/{document_id}/records")
def list_document_records(
    *, base: str, document_id: str, caller: Reader, documents: DocumentService, page: PageQuery
) -> Page[KnowledgeRecord]:
    """The records of a document, in order."""
    return documents.records(
        base, document_id, tenant=caller.tenant, limit=page.limit, cursor=page.cursor
    )


@router.get("/download", response_class=Response)
def download(
    request: Request,
    *,
    base: str,
    caller: Reader,
    builds: OpenService,
    form: Annotated[Form, Query(alias="as")] = "jsonl",
) -> Response:
    """The current build: records as JSON lines or Parquet, or the manifest of every file's fate."""
    name, media_type = _FORMS[form]
    found = builds.object_of(base, name, tenant=caller.tenant)
    return send_object(
        request,
        store=state_of(request).runtime.store,
        key=found.object_key,
        size=found.bytes,
        sha256=found.sha256,
        filename=f"{base}.{name}",
        media_type=media_type,
    )
