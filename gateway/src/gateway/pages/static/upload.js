// Drop files, or choose them: each is sent as a raw PUT with real progress, then its flow opens.
const form = document.querySelector("[data-upload]");
const input = form.querySelector("input[type=file]");
const nameField = form.querySelector("input[name=dataset]");
const list = form.querySelector(".uploads");

const cleaned = (name) =>
  name.replace(/(\.(csv|tsv|txt|jsonl|ndjson|json|gz))+$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 100) || "data";

const size = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return `${bytes.toFixed(unit ? 1 : 0)} ${units[unit]}`;
};

function row(file) {
  const item = document.createElement("li");
  const title = document.createElement("strong");
  title.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = Math.max(file.size, 1);
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const text = document.createElement("span");
  text.setAttribute("role", "status");
  const line = document.createElement("div");
  line.className = "progress";
  line.append(bar, text);
  item.append(title, line);
  list.append(item);
  return { bar, text, line };
}

function send(file, dataset) {
  const shown = row(file);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/v1/uploads/${encodeURIComponent(file.name)}?dataset=${encodeURIComponent(dataset)}`);
    request.responseType = "json";
    request.setRequestHeader("Idempotency-Key", crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`);
    request.upload.onprogress = (event) => {
      shown.bar.value = event.loaded;
      shown.text.textContent = `${size(event.loaded)} of ${size(file.size)}`;
    };
    request.onload = () => {
      const answer = request.response || {};
      if (request.status === 201) {
        shown.bar.value = shown.bar.max;
        const link = document.createElement("a");
        link.href = `/flows/${answer.version.flow_id}`;
        link.textContent = "landed: follow its flow";
        shown.text.replaceChildren(link);
        resolve(answer.version.flow_id);
      } else {
        shown.line.className = "message bad";
        shown.line.textContent = answer.detail || `The server answered ${request.status}. Try again.`;
        resolve(null);
      }
    };
    request.onerror = () => {
      shown.line.className = "message bad";
      shown.line.textContent = "The connection was lost and nothing was kept. Send the file again.";
      resolve(null);
    };
    request.send(file);
  });
}

async function sendAll(files) {
  const flows = [];
  for (const file of files) {
    flows.push(await send(file, (files.length === 1 && nameField.value) || cleaned(file.name)));
  }
  if (flows.length === 1 && flows[0]) location.assign(`/flows/${flows[0]}`);
}

input.addEventListener("change", () => {
  if (input.files.length === 1) nameField.value = cleaned(input.files[0].name);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (input.files.length) sendAll([...input.files]);
});
for (const kind of ["dragenter", "dragover"]) {
  form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) {
  form.addEventListener(kind, () => form.classList.remove("over"));
}
form.addEventListener("drop", (event) => {
  event.preventDefault();
  sendAll([...event.dataTransfer.files]);
});
