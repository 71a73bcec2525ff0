// Keeps [data-live] as the server would render it now: an event says that something changed, and
// the page's own address says what. Closed while the tab is hidden, so that a browser's few
// connections are left to the tabs that are looked at.
const live = document.querySelector("[data-live]");
const status = document.querySelector("[data-live-status]");
let source = null;
let seen = Date.now();
let ended = false;

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  if (fresh) live.replaceChildren(...fresh.childNodes);
  seen = Date.now();
}

function open() {
  if (source || ended || document.hidden) return;
  source = new EventSource(live.dataset.live);
  const changed = () => refresh();
  for (const name of ["flow", "state", "progress", "log"]) source.addEventListener(name, changed);
  source.addEventListener("end", () => { ended = true; close(); refresh(); });
  source.onerror = () => { status.textContent = "reconnecting…"; };
}

function close() {
  if (source) source.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
setInterval(() => {
  if (ended) status.textContent = "";
  else if (source && source.readyState === EventSource.OPEN) {
    status.textContent = `live, updated ${Math.round((Date.now() - seen) / 1000)} s ago`;
  }
}, 1000);
open();
