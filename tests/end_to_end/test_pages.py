"""The pages in a real Chromium: usable, accessible, quiet, and working without JavaScript."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from shared_lib.testing.browser import assert_accessible
from shared_lib.testing.fleet import FleetUnderTest
from shared_lib.testing.waiting import wait_until

Land = Callable[..., dict[str, object]]
THEMES = ("light", "dark")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
MAX_HTML, MAX_NODES = 150_000, 6_000


@pytest.fixture
def addresses(fleet: FleetUnderTest, land: Land) -> list[str]:
    """Every page, with something on it."""
    content = b"code,amount,day\n" + b"".join(
        b"0%03d,%d.5,2026-01-01\n" % (i, i) for i in range(99)
    )
    flow = land("orders.csv", content + b'001,"broken\n', dataset="orders")
    failed = land("p.csv", b"\x89PNG\r\n\x1a\n0000", dataset="picture")
    with fleet.client() as client:
        base = _knowledge_base(client)
        table = client.get("/v1/tables", params={"dataset": "orders"}).json()["items"][0]["id"]
        job = client.get("/v1/jobs", params={"flow": str(failed["id"])}).json()["items"][0]["id"]
        recipe = {"name": "codes", "table_id": table, "text": "code", "label": "amount"}
        learned = client.post("/v1/task-datasets", json=recipe).json()
        client.get(f"/v1/jobs/{learned['job_id']}", headers={"Prefer": "wait=60"})
    return [
        *("/", "/patterns", "/docs", "/flows", "/datasets", "/tables", "/jobs", "/datasets/orders"),
        *(f"/flows/{flow['id']}", f"/flows/{failed['id']}", f"/tables/{table}", f"/jobs/{job}"),
        *("/datasets/codes", f"/tables/{learned['table_id']}", f"/flows/{learned['flow_id']}"),
        *("/savings", "/savings?dataset=orders"),
        f"/tables/{table}/profile",
        f"/tables/{table}/diff?before=1&after=1&key=code",
        f"/tables/{table}/rows?sort=-amount&column=amount&operation=gt&value=10",
        f"/tables/{table}/query?sql=SELECT+day,+count(*)+FROM+data+GROUP+BY+ALL",
        *base,
    ]


def _knowledge_base(client: httpx.Client) -> list[str]:
    """The pages of a base that is built, and the flow that built it."""
    path = "/v1/knowledge-bases"
    client.post(path, json={"name": "book", "dataset": "book"})
    text = b"# Pump\n\nTo reset the valve, turn the wheel.\n\n# Fan\n\nNothing to reset."
    files = {"a/b/pump.md": text, "photo.png": b"\x89PNG\r\n\x1a\n\0"}
    uploads = [
        client.put(f"/v1/uploads/{name}", content=data).json() for name, data in files.items()
    ]
    body = {"uploads": [{"upload_id": each["id"]} for each in uploads], "purpose": "documents"}
    version = client.post("/v1/datasets/book/versions", json=body).json()

    def built() -> bool:
        flow = client.get(f"/v1/flows/{version['flow_id']}").json()
        return bool(flow["state"] == "succeeded")

    wait_until(built, what="the knowledge base")
    (hit, *_) = client.get(f"{path}/book/search", params={"q": "valve"}).json()["hits"]
    record = hit["record"]["id"]
    return [
        *(
            "/knowledge",
            "/knowledge/book",
            "/knowledge/book?q=reset&folder=a",
            "/knowledge/book/tree",
            "/knowledge/book/clusters",
            "/knowledge/book/categories",
            "/knowledge/book/graph?cypher=MATCH+(d:Document)+RETURN+d.path,+d&focus=Folder:book/",
        ),
        *(f"/knowledge/book/records/{record}", f"/flows/{version['flow_id']}"),
    ]


def _sign_in(page: Page, fleet: FleetUnderTest) -> None:
    page.goto(f"{fleet.address}/login")
    page.get_by_label("Key").fill(fleet.key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name="Drop a file").wait_for()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_is_accessible_and_fits(
    page: Page, fleet: FleetUnderTest, addresses: list[str], theme: str
) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # both are schemes
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    _sign_in(page, fleet)
    for address in addresses:
        answer = page.goto(fleet.address + address)
        assert answer is not None
        assert answer.ok
        assert len(answer.body()) <= MAX_HTML, address
        assert page.evaluate("document.querySelectorAll('*').length") <= MAX_NODES, address
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{address} is {overflow} px too wide at {width}"
            # What differs in the dark are colours, and they are the same at every width.
            if (theme, size) != ("dark", "phone"):
                assert_accessible(page)
    assert all(url.startswith(fleet.address) for url in requests), "a third party was asked"


def test_a_table_grows_and_shrinks_by_forms_without_javascript(
    plain_page: Page, fleet: FleetUnderTest, land: Land
) -> None:
    land("grows.csv", b"id\n1\n", dataset="grows")
    land("more.csv", b"id,x\n2,a\n", dataset="more")
    with fleet.client() as client:
        (table,) = client.get("/v1/tables", params={"dataset": "grows"}).json()["items"]
    address = f"{fleet.address}/tables/{table['id']}"
    _sign_in(plain_page, fleet)
    for button, version in (("Append", 2), ("Compact", 3)):
        plain_page.goto(address)
        plain_page.get_by_text("Make the next version").click()
        if button == "Append":
            plain_page.get_by_label("Append the rows of").select_option("more/more")
        plain_page.get_by_role("button", name=button).click()
        assert "/jobs/" in plain_page.url
        job = plain_page.url.rpartition("/")[2]
        with fleet.client() as client:
            client.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=60"})
        plain_page.goto(address)
        plain_page.get_by_role("rowheader", name=f"v{version}").wait_for()
    assert plain_page.get_by_role("button", name="Compact").count() == 0


def test_a_planted_violation_is_found(page: Page, fleet: FleetUnderTest) -> None:
    page.goto(f"{fleet.address}/patterns")
    page.evaluate("document.querySelector('label[for=sample]').remove()")
    with pytest.raises(AssertionError, match="label"):
        assert_accessible(page)


def test_drop_a_file_and_follow_it(page: Page, fleet: FleetUnderTest, tmp_path: Path) -> None:
    source = tmp_path / "prices.csv"
    source.write_text("id,price\n" + "".join(f"{i},{i}.50\n" for i in range(2000)))
    _sign_in(page, fleet)
    page.get_by_label("Files").set_input_files(source)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/flows/fl_*")
    # The page follows the flow by itself: nobody reloads it.
    page.get_by_role("cell", name="2,000 rows × 2 columns").wait_for(timeout=60_000)
    page.get_by_role("link", name="table", exact=True).click()
    page.get_by_role("heading", level=1, name="prices").wait_for()
    assert page.get_by_role("link", name="Download Parquet").is_visible()


def test_rows_are_filtered_sorted_and_asked(
    plain_page: Page, fleet: FleetUnderTest, land: Land
) -> None:
    rows = "".join(f"{n},{'ab'[n % 2]}\n" for n in range(150))
    land("many.csv", f"n,kind\n{rows}".encode(), dataset="many")
    with fleet.client() as client:
        table = client.get("/v1/tables", params={"dataset": "many"}).json()["items"][0]["id"]
    _sign_in(plain_page, fleet)
    plain_page.goto(f"{fleet.address}/tables/{table}/rows")
    plain_page.get_by_role("link", name="After").click()
    assert plain_page.get_by_text("Rows 51 to 100 of 150.").is_visible()
    plain_page.get_by_label("Column").select_option("kind")
    plain_page.get_by_label("Value").fill("b")
    plain_page.get_by_role("button", name="Show").click()
    plain_page.get_by_role("link", name="n", exact=True).click()
    plain_page.get_by_role("link", name="n", exact=True).click()
    assert plain_page.get_by_text("of 75.").is_visible()
    assert plain_page.get_by_role("row").nth(1).inner_text() == "149\tb"

    plain_page.goto(f"{fleet.address}/tables/{table}/query")
    plain_page.get_by_label("One SELECT").fill(
        "SELECT kind, sum(n) FROM data GROUP BY ALL ORDER BY 1"
    )
    plain_page.get_by_role("button", name="Ask").click()
    assert plain_page.get_by_role("row", name="a 5550").is_visible()
    plain_page.get_by_label("One SELECT").fill("SELECT * FROM read_csv('/etc/passwd')")
    plain_page.get_by_role("button", name="Ask").click()
    assert plain_page.get_by_text("The query is not allowed").is_visible()


def test_savings_follow_the_prices(plain_page: Page, fleet: FleetUnderTest, land: Land) -> None:
    land("s.csv", b"a,b\n" + b"1,same\n" * 5000, dataset="saved")
    _sign_in(plain_page, fleet)
    plain_page.goto(f"{fleet.address}/savings")
    assert plain_page.get_by_role("row", name="saved").is_visible()
    plain_page.get_by_text("Other prices").click()
    plain_page.get_by_label("Currency").fill("eur")
    plain_page.get_by_label("A TB read by queries").fill("7.5")
    plain_page.get_by_role("button", name="Set the prices").click()
    assert plain_page.get_by_text("a TB read costs 7.5").is_visible()
    assert plain_page.get_by_text("EUR").first.is_visible()


def test_a_table_is_made_ready_for_learning(
    plain_page: Page, fleet: FleetUnderTest, land: Land
) -> None:
    rows = "".join(f"was it {n} or what,{('yes', 'no')[n % 2]}\n" for n in range(50))
    flow = land("asked.csv", f"said,meant\n{rows},no\n".encode(), dataset="asked")
    with fleet.client() as client:
        table = client.get("/v1/tables", params={"dataset": "asked"}).json()["items"][0]["id"]
    _sign_in(plain_page, fleet)
    plain_page.goto(f"{fleet.address}/tables/{table}")
    plain_page.get_by_text("Make it ready for learning").click()
    plain_page.get_by_label("Name").fill("meant")
    plain_page.get_by_label("Class").select_option("meant")
    plain_page.get_by_role("button", name="Make it").click()
    plain_page.wait_for_url("**/jobs/job_pq_*")
    with fleet.client() as client:
        job = plain_page.url.rsplit("/", 1)[-1]
        client.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=60"})
        made = client.get("/v1/tables", params={"dataset": "meant"}).json()["items"][0]["id"]
    plain_page.goto(f"{fleet.address}/tables/{made}")
    assert plain_page.get_by_role("heading", name="Ready for learning").is_visible()
    assert plain_page.get_by_text("1 row left out: no text").is_visible()
    assert plain_page.get_by_role("row", name="train 40").is_visible()
    assert flow["state"] == "succeeded"


def test_everything_works_without_javascript(
    plain_page: Page, fleet: FleetUnderTest, addresses: list[str], tmp_path: Path
) -> None:
    source = tmp_path / "plain.csv"
    source.write_text("id,name\n1,x\n")
    _sign_in(plain_page, fleet)
    plain_page.get_by_label("Files").set_input_files(source)
    plain_page.get_by_role("button", name="Upload").click()
    plain_page.get_by_role("heading", level=1, name="plain v1").wait_for()
    for address in addresses:
        answer = plain_page.goto(fleet.address + address)
        assert answer is not None
        assert answer.ok
        assert plain_page.get_by_role("heading", level=1).count() == 1


def test_tick_folders_build_and_find(
    plain_page: Page, fleet: FleetUnderTest, addresses: list[str]
) -> None:
    assert "/knowledge/book" in addresses
    _sign_in(plain_page, fleet)
    plain_page.goto(f"{fleet.address}/knowledge/book/tree")
    plain_page.get_by_label("everything").uncheck()
    plain_page.get_by_text("1 folder in everything").click()
    plain_page.get_by_label("a", exact=True).check()
    plain_page.get_by_role("button", name="Build").click()
    plain_page.get_by_role("heading", level=1, name="build").wait_for()

    def narrowed() -> bool:
        with fleet.client() as client:
            build = client.get("/v1/knowledge-bases/book").json()["current_build"]
        return bool(build["selection"]["include"] == ["/a/"])

    wait_until(narrowed, what="the new build")
    plain_page.goto(f"{fleet.address}/knowledge/book")
    plain_page.get_by_label("Search").fill("valve")
    plain_page.get_by_role("button", name="Search").click()
    plain_page.locator("mark", has_text="valve").wait_for()
    plain_page.get_by_role("link", name="Pump").click()
    plain_page.get_by_text("This record").wait_for()


def test_a_base_is_deleted_when_its_name_is_typed(plain_page: Page, fleet: FleetUnderTest) -> None:
    with fleet.client() as client:
        client.post("/v1/knowledge-bases", json={"name": "spare", "dataset": "book"})
    _sign_in(plain_page, fleet)
    for typed, left in (("book", 1), ("spare", 0)):
        plain_page.goto(f"{fleet.address}/knowledge/spare")
        plain_page.get_by_text("Delete this base").click()
        plain_page.get_by_label("Type spare to delete it").fill(typed)
        plain_page.get_by_role("button", name="Delete spare").click()
        plain_page.goto(f"{fleet.address}/knowledge")
        assert plain_page.get_by_role("link", name="spare").count() == left


def test_who_is_not_signed_in_is_led_to_the_form(page: Page, fleet: FleetUnderTest) -> None:
    page.goto(f"{fleet.address}/flows")
    assert page.url.endswith("/login?next=/flows")


def test_style_and_scripts_are_small() -> None:
    static = Path(__file__).parents[2] / "gateway/src/gateway/pages/static"
    assert sum(path.stat().st_size for path in static.glob("*.css")) <= 20_000
    assert sum(path.stat().st_size for path in static.glob("*.js")) <= 30_000
