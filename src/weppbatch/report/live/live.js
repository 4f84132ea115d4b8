"use strict";
/* Shows what the server tells: a snapshot of the start and the states of runs. All text goes in as text. */
const MOST_ROWS = 500;
const SIGNS = { succeeded: "✓", degraded: "△", failed: "✕", interrupted: "‖", stale: "↻", running: "▶", pending: "·", not_selected: "", held_up: "–" };
const UNFINISHED_FIRST = ["failed", "running", "interrupted", "stale", "pending", "degraded", "succeeded", "excluded", "not_selected"];
const at = (id) => document.getElementById(id);
const runs = new Map();
const rows = new Map();
let tasks = [];

function made(name, text, ...classes) {
  const element = document.createElement(name);
  element.textContent = text;
  element.classList.add(...classes);
  return element;
}
function spoken(seconds) {
  if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
function showProgress({ batch, running, progress, problem, report_at: reported }) {
  at("report").hidden = !reported;
  if (reported) at("report").textContent = `The report as of ${new Date(reported).toLocaleTimeString()}`;
  at("batch").textContent = batch;
  document.title = batch + ", live";
  at("idle").hidden = running;
  if (problem) at("pace").textContent = problem;
  if (!progress) return;
  const pace = [progress.execution, `${spoken(progress.elapsed_s)} gone`];
  if (progress.tasks_per_minute) pace.push(`${progress.tasks_per_minute} tasks a minute`);
  if (progress.left_s) pace.push(`about ${spoken(progress.left_s)} left`);
  if (!problem) at("pace").textContent = running ? pace.join(", ") : progress.execution + " has ended";
  at("tasks").tBodies[0].replaceChildren(...Object.entries(progress.tasks).map(([task, counts]) => {
    const row = document.createElement("tr"), bar = document.createElement("progress"), cell = document.createElement("td");
    bar.max = counts.total;
    bar.value = counts.done;
    bar.setAttribute("aria-label", `${task}: ${counts.done} of ${counts.total}`);
    cell.append(bar);
    const numbers = [`${counts.done} of ${counts.total}`, counts.running || "", counts.failed || "", counts.held_up || ""];
    row.append(made("th", task), cell, ...numbers.map((number) => made("td", number)));
    return row;
  }));
  at("running").replaceChildren(...progress.running.map((job) => made("li", `${job.runid}: ${job.task}, ${spoken(job.elapsed_s)}${job.host ? ", " + job.host : ""}`)));
  at("failed").replaceChildren(...progress.failures.map((failure) => {
    const item = made("li", ""), link = made("a", `${failure.runid}, ${failure.task}`);
    link.href = `logs/${encodeURIComponent(failure.runid)}/${encodeURIComponent(failure.task)}.log`;
    item.append(link, `: ${failure.message} `, made("span", failure.hint || "", "hint"));
    return item;
  }));
}
function rowOf(runid, { status, tasks: states }) {
  const row = document.createElement("tr");
  const cells = tasks.map((task) => {
    const cell = made("td", SIGNS[states[task]] ?? "", "state", states[task] || "pending");
    cell.title = `${task}: ${states[task]}`;
    return cell;
  });
  row.append(made("th", runid), made("td", status.replace("_", " "), "state", status), ...cells);
  return row;
}
function showRuns(changed) {
  for (const runid of changed) rows.set(runid, rowOf(runid, runs.get(runid)));
  const wanted = at("filter").value.trim().toLowerCase();
  const found = [...runs].filter(([runid, run]) => !wanted || runid.toLowerCase().includes(wanted) || run.status.includes(wanted));
  const rank = (run) => UNFINISHED_FIRST.indexOf(run.status);
  found.sort(([, one], [, other]) => rank(one) - rank(other));
  at("runs").tBodies[0].replaceChildren(...found.slice(0, MOST_ROWS).map(([runid]) => rows.get(runid)));
  at("more").textContent = found.length > MOST_ROWS ? `and ${found.length - MOST_ROWS} more` : "";
  const counts = {};
  for (const { status } of runs.values()) counts[status] = (counts[status] || 0) + 1;
  at("counts").textContent = Object.entries(counts).map(([status, count]) => `${count} ${status.replace("_", " ")}`).join(", ");
}
function take(change) {
  if (change.whole) { runs.clear(); rows.clear(); }
  for (const runid of change.gone || []) { runs.delete(runid); rows.delete(runid); }
  const changed = Object.keys(change.runs);
  for (const runid of changed) runs.set(runid, change.runs[runid]);
  if (!tasks.length && runs.size) {
    tasks = Object.keys(runs.values().next().value.tasks);
    at("runs").tHead.rows[0].replaceChildren(...["Run", "State", ...tasks].map((text) => made("th", text)));
  }
  showProgress(change.snapshot);
  if (change.whole || changed.length || (change.gone || []).length) showRuns(changed);
}
const events = new EventSource("events");
events.onopen = () => { at("connection").textContent = "live"; at("connection").className = ""; };
events.onerror = () => { at("connection").textContent = "the server does not answer; what you see may be old"; at("connection").className = "lost"; };
events.onmessage = ({ data }) => take(JSON.parse(data));
at("filter").addEventListener("input", () => showRuns([]));
