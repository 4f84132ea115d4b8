/* The report while it is served: what runs now, failures as they come, states as they change, and newer reports.

   The server pushes changes (server-sent events): a snapshot of the start, and the states of runs that changed. All
   text goes in as text. In a file this does nothing. */
if (served) (() => {
  const at = (id) => document.getElementById(id), PLACE = "weppbatch-place";
  const tasks = Object.keys(data.tasks), statuses = Object.keys(data.states), words = (status) => status.replaceAll("_", " ");
  const statusAt = data.columns.findIndex(({ key }) => key === "status");
  const places = new Map(data.rows.map(([id], place) => [id, place]));
  const mine = Date.parse(document.lastModified) / 1000; // when this report was made, to the second
  const known = new Map();

  function spoken(seconds) {
    if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  const label = (task) => data.tasks[task] || task;
  function link(text, href) { return Object.assign(make("a", text), { href }); }

  /* --- the start --- */
  function bar(done, total, name) {
    const made = make("progress");
    Object.assign(made, { max: Math.max(total, 1), value: done });
    made.setAttribute("aria-label", name);
    return made;
  }
  function showStart({ running, progress, problem }) {
    const pace = [];
    if (problem) pace.push(problem);
    else if (running && progress) {
      pace.push(`${progress.execution} runs for ${spoken(progress.elapsed_s)}`);
      if (progress.tasks_per_minute) pace.push(`${progress.tasks_per_minute} tasks a minute`);
      if (progress.left_s) pace.push(`about ${spoken(progress.left_s)} left`);
    } else pace.push(progress ? `nothing runs; ${progress.execution} has ended` : "nothing runs");
    at("live-pace").textContent = pace.join(" · ");
    at("live-start").hidden = !progress;
    if (!progress) return;
    const all = Object.values(progress.tasks), sum = (name) => all.reduce((total, counts) => total + counts[name], 0);
    at("live-all").max = Math.max(sum("total"), 1);
    at("live-all").value = sum("done");
    const { total, done, failed } = progress.runs;
    at("live-count").textContent = `${sum("done")} of ${sum("total")} tasks, ${done} of ${total} runs done${failed ? `, ${failed} failed` : ""}`;
    at("live-tasks").querySelector("tbody").replaceChildren(...Object.entries(progress.tasks).map(([task, counts]) => {
      const row = make("tr"), head = make("th", label(task)), cell = make("td");
      head.scope = "row";
      cell.append(bar(counts.done, counts.total, `${label(task)}: ${counts.done} of ${counts.total}`));
      const numbers = [`${counts.done} of ${counts.total}`, counts.running || "", counts.failed || "", counts.held_up || ""];
      row.append(head, cell, ...numbers.map((number) => make("td", String(number))));
      return row;
    }));
    const now = progress.running.map((job) => `${job.runid}: ${label(job.task)} for ${spoken(job.elapsed_s)}${job.host ? ` on ${job.host}` : ""}`);
    at("live-running").textContent = now.length ? `Running: ${now.slice(0, 12).join(", ")}${now.length > 12 ? ` and ${now.length - 12} more` : ""}` : "";
    showFailures(progress.failures);
  }
  /* Those that are new go in front; the others stay, so that a screen reader says only the new ones. */
  function showFailures(failures) {
    const list = at("live-failed"), there = new Map([...list.children].map((item) => [item.dataset.failure, item])), wanted = new Set();
    for (const failure of failures) {
      const key = JSON.stringify([failure.runid, failure.task, failure.message]);
      wanted.add(key);
      if (there.has(key)) continue;
      const item = make("li"), log = `../logs/${encodeURIComponent(failure.runid)}/${encodeURIComponent(failure.task)}.log`;
      item.dataset.failure = key;
      item.append(link(`${label(failure.task)} of ${failure.runid}`, log), ` failed: ${failure.message} `, make("span", failure.hint || ""));
      list.prepend(item);
    }
    for (const [key, item] of there) if (!wanted.has(key)) item.remove();
  }

  /* --- states of runs and tasks --- */
  function showStates(changed) {
    const touched = new Set();
    for (const [id, { status, tasks: states }] of Object.entries(changed)) {
      const place = places.get(id);
      if (place === undefined) continue; // a watershed that this report does not know; a newer one will
      known.set(id, status);
      if (statusAt >= 0 && data.rows[place][statusAt] !== status) {
        data.rows[place][statusAt] = status;
        touched.add(id);
      }
      const records = data.records.runs[place];
      for (const [task, state] of Object.entries(states)) {
        const number = tasks.indexOf(task), now = statuses.indexOf(state);
        if (number < 0 || now < 0) continue;
        const before = records[number], was = Array.isArray(before) ? before[0] : before;
        if (was === now || was === undefined || was === null) continue;
        records[number] = now; // times and messages of the old state are not those of the new one
        touched.add(id);
      }
    }
    if (!touched.size) return;
    for (const state of statuses) {
      const count = [...known.values()].filter((one) => one === state).length;
      for (const shown of document.querySelectorAll(`[data-state="${state}"] b`)) {
        shown.textContent = count.toLocaleString("en");
        const button = shown.parentElement;
        (button.closest(".tiles > li") || button).hidden = !count && button.getAttribute("aria-pressed") !== "true";
      }
    }
    const complete = [...known.values()].filter((one) => DONE.includes(one)).length;
    at("complete").textContent = complete.toLocaleString("en");
    document.dispatchEvent(new CustomEvent("states", { detail: touched }));
  }

  /* --- a newer report --- */
  function showNewer(reported) {
    const newer = reported && Date.parse(reported) / 1000 > mine;
    at("live-newer").hidden = !newer;
    if (newer) at("live-newer").firstElementChild.textContent = `A newer report was made at ${new Date(reported).toLocaleTimeString()}.`;
  }
  const fields = () => [...document.querySelectorAll("input[id], select[id]")];
  function reload() {
    const values = fields().map((field) => [field.id, field.type === "checkbox" ? field.checked : field.value]);
    const open = [...document.querySelectorAll("details[id]")].filter((details) => details.open).map(({ id }) => id);
    try { sessionStorage.setItem(PLACE, JSON.stringify({ values, open, top: scrollY })); } catch { /* then from the top */ }
    location.reload();
  }
  /* What was filtered and opened before the reload, and where the page stood. */
  function restore() {
    let place = null;
    try {
      place = JSON.parse(sessionStorage.getItem(PLACE));
      sessionStorage.removeItem(PLACE);
    } catch { /* none */ }
    if (!place) return;
    const values = new Map(place.values);
    for (const field of fields()) {
      const value = values.get(field.id), name = field.type === "checkbox" ? "checked" : "value";
      if (value === undefined || field[name] === value) continue;
      field[name] = value;
      for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, { bubbles: true }));
    }
    for (const id of place.open) if (at(id)) at(id).open = true;
    requestAnimationFrame(() => scrollTo(0, place.top));
  }
  at("live-newer").querySelector("button").addEventListener("click", reload);

  /* --- the connection --- */
  const events = new EventSource("../events");
  const tell = (text, state) => {
    at("live-link").textContent = text;
    at("live-link").className = state;
  };
  events.onopen = () => tell("live", "");
  events.onerror = () => tell("The server does not answer: what you see may be old.", "lost");
  events.onmessage = ({ data: text }) => {
    const change = JSON.parse(text);
    if (change.whole) known.clear();
    showStart(change.snapshot);
    showNewer(change.snapshot.report_at);
    showStates(change.runs);
  };
  at("live").hidden = false;
  addEventListener("load", () => setTimeout(restore, 200)); // once the tables listen to their filters
})();
