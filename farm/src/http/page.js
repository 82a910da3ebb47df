// Shows what api/status says, every two seconds. Whatever comes from there is put in as text: the errors of jobs may
// hold anything.

const POLL_MS = 2000;
// Longer than the server waits for its database.
const PATIENCE_MS = 5000;
const STATES = ["waiting", "running", "done", "failed", "cancelled"];
const MINUTES = 60;
const SVG = "http://www.w3.org/2000/svg";

const find = (id) => document.getElementById(id);

// ---- text

const count = (number) => number.toLocaleString("en");
const short = (hash) => hash.slice(0, 16);

function duration(seconds) {
  const parts = (big, one, small, other) => (small === 0 ? `${big} ${one}` : `${big} ${one} ${small} ${other}`);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return parts(Math.floor(seconds / 60), "min", seconds % 60, "s");
  if (seconds < 86400) return parts(Math.floor(seconds / 3600), "h", Math.floor((seconds % 3600) / 60), "min");
  return parts(Math.floor(seconds / 86400), "d", Math.floor((seconds % 86400) / 3600), "h");
}

// Clocks of different machines may disagree by a little.
const since = (now, then) => duration(Math.max(0, now - then));

function milliseconds(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return ms < 60000 ? `${(ms / 1000).toFixed(2)} s` : duration(Math.round(ms / 1000));
}

// "zkroll/KEY/CLASS" for people.
function queueName(queue) {
  const [, key = queue, machines = ""] = queue.split("/");
  return `${key.slice(0, 8)} ${machines}`;
}

// ---- elements that change in place, so that focus, selection and what is open outlive a poll

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

// A copy of a template, and its parts by their data-field.
function fromTemplate(id) {
  const element = find(id).content.firstElementChild.cloneNode(true);
  const fields = {};
  for (const node of element.querySelectorAll("[data-field]")) fields[node.dataset.field] = node;
  return { element, fields };
}

// The rows of a table, each for one item for as long as the item is there.
class Rows {
  constructor(table, template, key, fill) {
    this.body = find(table).tBodies[0];
    this.nothing = find(table).parentElement.querySelector(".nothing");
    Object.assign(this, { template, key, fill, rows: new Map() });
  }

  show(items) {
    const focused = document.activeElement;
    const rows = new Map();
    items.forEach((item, place) => {
      const key = this.key(item);
      const row = this.rows.get(key) ?? fromTemplate(this.template);
      rows.set(key, row);
      this.fill(row.fields, item, row.element);
      const there = this.body.children[place];
      if (there !== row.element) this.body.insertBefore(row.element, there ?? null);
    });
    for (const [key, row] of this.rows) {
      if (!rows.has(key)) row.element.remove();
    }
    this.rows = rows;
    this.nothing.hidden = items.length > 0;
    // A row that moved has lost it.
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }
}

// ---- what is shown

let status = null;

const isLost = (worker) => status.time - worker.last_seen > status.lease_seconds;

const queues = new Rows("queues", "queue", (queue) => queue.queue, (fields, queue) => {
  setText(fields.key, short(queue.verifying_key));
  fields.key.title = queue.verifying_key;
  setText(fields.class, queue.class);
  for (const state of STATES) setText(fields[state], count(queue[state]));
  const oldest = queue.oldest_waiting_seconds;
  setText(fields.oldest, oldest === null ? "–" : duration(oldest));
});

const workers = new Rows("workers", "worker", (worker) => worker.name, (fields, worker, row) => {
  const [label, process = ""] = worker.name.split("/");
  const state = isLost(worker) ? "lost" : "alive";
  setClass(row, state);
  setText(fields.label, label);
  setText(fields.process, process.slice(-6));
  fields.process.title = worker.name;
  setText(fields.state, state);
  setText(fields.prover, worker.prover);
  setText(fields.queue, queueName(worker.queue));
  fields.queue.title = worker.queue;
  setText(fields.job, worker.job === null ? "–" : short(worker.job));
  fields.job.title = worker.job ?? "";
  setText(fields.seen, `${since(status.time, worker.last_seen)} ago`);
  setText(fields.started, `${since(status.time, worker.started_at)} ago`);
});

const jobs = new Rows("jobs", "job", (job) => `${job.queue} ${job.job}`, (fields, job, row) => {
  setClass(row, job.state);
  setText(fields.batch, String(job.batch_number));
  setText(fields.job, short(job.job));
  fields.job.title = job.job;
  setText(fields.state, job.state);
  setText(fields.attempts, attempts(job));
  const submitted = new Date(job.submitted_at * 1000);
  fields.submitted.dateTime = submitted.toISOString();
  setText(fields.submitted, submitted.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" }));
  const begun = job.started_at ?? job.finished_at ?? status.time;
  setText(fields.waited, since(begun, job.submitted_at));
  setText(fields.took, took(job));
  setText(fields.worker, job.worker?.split("/")[0] ?? "–");
  fields.worker.title = job.worker ?? "";
  showProof(fields, job.report);
  fields.failure.hidden = job.error === null;
  setText(fields["error-line"], firstLine(job.error ?? ""));
  setText(fields.error, job.error ?? "");
});

// Among a job's attempts is no start that went well or may yet.
function attempts(job) {
  const started = job.attempts + (job.state === "running" || job.state === "done" ? 1 : 0);
  return `${started} of ${job.max_attempts}`;
}

function took(job) {
  if (job.started_at === null || job.state === "waiting") return "–";
  return since(job.finished_at ?? status.time, job.started_at);
}

function firstLine(text) {
  const [line] = text.split("\n", 1);
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}

function showProof(fields, report) {
  fields.proof.hidden = report === null;
  if (report === null) return;
  const threads = report.threads === 1 ? "1 thread" : `${report.threads} threads`;
  const text = `${milliseconds(report.witness_ms + report.prove_ms)} on ${report.backend}, ${threads}`;
  const shown = JSON.stringify(report);
  setText(fields["proof-text"], text);
  if (fields.stages.shown === shown) return;
  fields.stages.shown = shown;
  const stages = [{ stage: "witness", ms: report.witness_ms }, ...report.stages];
  const longest = Math.max(...stages.map((stage) => stage.ms), Number.MIN_VALUE);
  const items = stages.map(({ stage, ms }) => {
    const { element, fields: { name, bar, time } } = fromTemplate("stage");
    name.textContent = stage;
    bar.style.width = `${(100 * ms) / longest}%`;
    time.textContent = milliseconds(ms);
    return element;
  });
  fields.stages.replaceChildren(...items);
}

function showTotals() {
  for (const state of STATES) {
    const total = status.queues.reduce((sum, queue) => sum + queue[state], 0);
    setText(document.querySelector(`[data-total="${state}"]`), count(total));
  }
  const lost = status.workers.filter(isLost).length;
  const alive = count(status.workers.length - lost);
  setText(document.querySelector("[data-total=alive]"), lost === 0 ? alive : `${alive} + ${count(lost)} lost`);
}

function drawThroughput() {
  const chart = find("throughput");
  const { width, height } = chart.viewBox.baseVal;
  // Above the bars is room for the scale's upper number, beside them for both.
  const [left, top] = [34, 12];
  const step = (width - left) / MINUTES;
  const last = Math.floor(status.time / 60) * 60;
  const minutes = status.throughput.filter(({ minute }) => minute > last - 60 * MINUTES && minute <= last);
  const most = Math.max(1, ...minutes.map(({ done, failed }) => done + failed));
  const shown = JSON.stringify([last, minutes]);
  if (chart.shown === shown) return;
  chart.shown = shown;
  const scale = (height - top - 1) / most;
  const parts = [];
  for (const number of [0, most]) {
    const y = height - 1 - number * scale;
    parts.push(shape("line", { x1: left, x2: width, y1: y, y2: y }));
    const label = shape("text", { x: left - 8, y: y + 4 - (number === 0 ? 4 : 0), "text-anchor": "end" });
    label.textContent = count(number);
    parts.push(label);
  }
  for (const { minute, done, failed } of minutes) {
    const x = left + (MINUTES - 1 - (last - minute) / 60) * step + step * 0.15;
    let y = height - 1;
    for (const [state, number] of [["done", done], ["failed", failed]]) {
      if (number === 0) continue;
      y -= number * scale;
      const bar = shape("rect", { class: state, x, y, width: step * 0.7, height: number * scale });
      const title = shape("title", {});
      title.textContent = `${count(number)} ${state} at ${clock(minute).slice(0, 5)}`;
      bar.append(title);
      parts.push(bar);
    }
  }
  chart.replaceChildren(...parts);
  const [done, failed] = ["done", "failed"].map((state) => minutes.reduce((sum, minute) => sum + minute[state], 0));
  setText(find("throughput-text"), `${count(done)} proved and ${count(failed)} given up within the last hour`);
}

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// ---- which jobs

function wanted() {
  const state = location.hash.slice(1);
  return STATES.includes(state) ? state : "all";
}

function showJobs() {
  const state = wanted();
  for (const button of find("filters").children) {
    button.setAttribute("aria-pressed", String(button.dataset.state === state));
  }
  if (status === null) return;
  setText(jobs.nothing, state === "all" ? "No job was begun yet." : `None of the latest jobs is ${state}.`);
  jobs.show(status.jobs.filter((job) => state === "all" || job.state === state));
}

find("filters").addEventListener("click", ({ target }) => {
  if (target.dataset.state) location.hash = target.dataset.state;
});
addEventListener("hashchange", showJobs);

// ---- when

const clock = (time) => new Date(time * 1000).toLocaleTimeString("en-GB");

function show() {
  showTotals();
  drawThroughput();
  queues.show(status.queues);
  workers.show(status.workers);
  showJobs();
}

async function fetchStatus() {
  const response = await fetch("api/status", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  // What stands in between may answer with anything.
  const body = await response.json().catch(() => null);
  if (!response.ok || body === null) throw new Error(body?.error ?? `HTTP status ${response.status}`);
  return body;
}

async function poll() {
  try {
    status = await fetchStatus();
    show();
    setText(find("freshness"), `as of ${clock(status.time)}, every ${POLL_MS / 1000} s`);
    find("unreachable").hidden = true;
    document.body.classList.remove("stale");
  } catch (error) {
    const shown = status === null ? "" : ` What is below is of ${clock(status.time)}.`;
    setText(find("unreachable"), `The farm cannot be reached: ${error.message}.${shown}`);
    setText(find("freshness"), "not connected");
    find("unreachable").hidden = false;
    document.body.classList.add("stale");
  }
}

// Nobody looks at a hidden page.
function visible() {
  return new Promise((resolve) => {
    const check = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", check);
      resolve();
    };
    document.addEventListener("visibilitychange", check);
    check();
  });
}

showJobs();
for (;;) {
  await visible();
  await poll();
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
