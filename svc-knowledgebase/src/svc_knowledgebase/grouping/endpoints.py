"""Below `/v1/knowledge-bases/{base}`: clusters, categories, and what is in them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared_lib.contracts.base import Page
from shared_lib.contracts.groups import (
    CategoriesView,
    Categorise,
    CategoriseAnswer,
    ClusterMap,
    ClusterOptions,
    ClusterOptionsView,
    ClustersView,
    RecordGroups,
    Taxonomy,
    TaxonomyView,
)
from shared_lib.contracts.identity import Caller
from shared_lib.contracts.knowledge import KnowledgeRecord
from shared_lib.contracts.scopes import Scope
from shared_lib.web import Once, PageQuery, requires
from shared_lib.web.state import service_of, state_of
from svc_knowledgebase.grouping.service import Groups

router = APIRouter(prefix="/v1/knowledge-bases/{base}", tags=["knowledge bases"])

Reader = Annotated[Caller, Depends(requires(Scope.KNOWLEDGE_READ))]
Writer = Annotated[Caller, Depends(requires(Scope.KNOWLEDGE_WRITE))]
GroupId = Annotated[str | None, Query(max_length=500)]


def _groups(request: Request) -> Groups:
    groups: Groups = service_of(request, Groups)
    return groups


Service = Annotated[Groups, Depends(_groups)]


@router.get("/clusters")
def list_clusters(base: str, caller: Reader, groups: Service) -> ClustersView:
    """Records that are like one another, with what has changed since the build before."""
    return groups.clusters(base, tenant=caller.tenant)


@router.put("/clusters", response_model=ClusterOptionsView)
def set_cluster_options(
    *, base: str, body: ClusterOptions, caller: Writer, groups: Service, once: Once
) -> Response:
    """Choose how records are clustered; an embedded build is grouped anew by a job."""
    return once.run(lambda unit: groups.set_clusters(unit, base, body, tenant=caller.tenant))


@router.get("/clusters/map")
def read_cluster_map(base: str, caller: Reader, groups: Service) -> ClusterMap:
    """Where records lie, those alike near one another; 5,000 of more."""
    return groups.cluster_map(base, tenant=caller.tenant)


@router.get("/categories")
def list_categories(base: str, caller: Reader, groups: Service) -> CategoriesView:
    """What records are about, and on held-out records how far that can be believed."""
    return groups.categories(base, tenant=caller.tenant)


@router.get("/taxonomy")
def read_taxonomy(request: Request, base: str, caller: Reader, groups: Service) -> TaxonomyView:
    """Which categories there are: the folders, or a list."""
    with state_of(request).runtime.database.read() as view:
        return groups.taxonomy(view, base, tenant=caller.tenant)


@router.put("/taxonomy", response_model=TaxonomyView)
def set_taxonomy(
    *, base: str, body: Taxonomy, caller: Writer, groups: Service, once: Once
) -> Response:
    """Choose the categories; an embedded build is grouped anew by a job."""
    return once.run(lambda unit: groups.set_taxonomy(unit, base, body, tenant=caller.tenant))


@router.post("/categorise")
def categorise(base: str, body: Categorise, caller: Reader, groups: Service) -> CategoriseAnswer:
    """The categories of texts, or of a table's columns and of the table as a whole."""
    return groups.categorise(base, body, tenant=caller.tenant)


@router.get("/records")
def list_records(
    *,
    base: str,
    caller: Reader,
    groups: Service,
    page: PageQuery,
    cluster: GroupId = None,
    category: GroupId = None,
) -> Page[KnowledgeRecord]:
    """All records, or those of a cluster or category, in order; an empty id stands for none."""
    return groups.records(
        base,
        tenant=caller.tenant,
        cluster=cluster,
        category=category,
        limit=page.limit,
        cursor=page.cursor,
    )


@router.get("/records/{record_id}/groups")
def read_record_groups(base: str, record_id: str, caller: Reader, groups: Service) -> RecordGroups:
    """The cluster and the category of one record."""
    return groups.of_record(base, record_id, tenant=caller.tenant)
