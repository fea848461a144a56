// Everything here is a convenience: the pages work without it.
"use strict";

// Instants in the reader's own time, with its zone: beside it stand times of the people who are called.
for (const element of document.querySelectorAll("time[datetime]")) {
  const at = new Date(element.dateTime);
  if (!Number.isNaN(at.valueOf())) {
    element.title = element.textContent;
    const parts = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
    element.textContent = at.toLocaleString([], parts);
  }
}

// Buttons that cannot be undone ask once more; a form is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sure && !window.confirm(form.dataset.sure)) {
      event.preventDefault();
      return;
    }
    window.setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    });
  });
}

// Big files go up in parts, because a request may have 32 MiB; a part that fails is sent again. Then the form is sent
// with the upload's name in place of the file.
for (const upload of document.querySelectorAll("form[data-upload]")) {
  const PART = 8 * 1024 * 1024;
  const said = upload.querySelector("[data-upload-said]");
  const share = upload.querySelector("[data-upload-share]");
  const asked = async (method, path, body, headers) => {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await fetch(path, { method, body, headers });
        if (answer.status < 500) return answer;
      } catch (error) {
        if (tries >= 4) throw error;
      }
      if (tries >= 4) throw new Error("The server does not answer.");
      await new Promise((resume) => window.setTimeout(resume, 500 * 2 ** tries));
    }
  };
  const json = async (answer) => {
    const body = await answer.json();
    if (!answer.ok) throw new Error([body.title, body.detail].filter(Boolean).join(". "));
    return body;
  };
  upload.addEventListener("submit", async (event) => {
    const file = upload.elements.file.files[0];
    if (!file || file.size <= PART) return;
    event.preventDefault();
    try {
      share.hidden = false;
      const begun = await json(
        await asked("POST", "/api/uploads", JSON.stringify({ filename: file.name }), { "content-type": "application/json" }),
      );
      const parts = Math.ceil(file.size / PART);
      for (let part = 1; part <= parts; part += 1) {
        said.textContent = `Uploading ${file.name}: part ${part} of ${parts}`;
        share.value = (part - 1) / parts;
        const slice = file.slice((part - 1) * PART, part * PART);
        await json(await asked("PUT", `/api/uploads/${begun.upload_id}/parts/${part}`, slice, { "content-type": "application/octet-stream" }));
      }
      share.value = 1;
      const sent = document.createElement("input");
      sent.type = "hidden";
      sent.name = "upload_id";
      sent.value = begun.upload_id;
      upload.append(sent);
      upload.elements.file.disabled = true;
      upload.submit();
    } catch (error) {
      said.textContent = error.message;
      for (const button of upload.querySelectorAll("button")) button.disabled = false;
    }
  });
}

// Calls and campaigns as they change.
const watched = document.querySelector("[data-live]");
if (watched && window.EventSource) {
  const words = (text) => text.replaceAll("_", " ");
  const titled = (code) => words(code).replace(/^./, (sign) => sign.toUpperCase());
  const put = (root, name, value) => {
    const element = root.querySelector(`[data-field="${name}"]`);
    if (element) element.textContent = value;
  };
  const table = (root, name, counts) => {
    const body = root.querySelector(`[data-table="${name}"]`);
    if (!body) return;
    body.replaceChildren(
      ...Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([code, count]) => {
        const row = document.createElement("tr");
        const label = document.createElement("td");
        const number = document.createElement("td");
        label.textContent = titled(code);
        number.textContent = count.toLocaleString("en");
        number.className = "number";
        row.append(label, number);
        return row;
      }),
    );
  };
  const source = new EventSource("/api/live");
  source.addEventListener("campaign", (event) => {
    const now = JSON.parse(event.data);
    for (const root of document.querySelectorAll("[data-campaign]")) {
      if (root.dataset.campaign !== now.campaign_id) continue;
      if (root.dataset.status && root.dataset.status !== now.status) {
        window.location.reload();
        return;
      }
      const total = Math.max(1, now.contacts.total);
      let left = 0;
      for (const state of ["done", "in_progress", "pending", "skipped"]) {
        const part = root.querySelector(`[data-bar="${state}"]`);
        const width = (100 * now.contacts[state]) / total;
        if (part) {
          part.setAttribute("x", `${left}%`);
          part.setAttribute("width", `${width}%`);
        }
        left += width;
      }
      for (const [state, count] of Object.entries(now.contacts)) put(root, state, count.toLocaleString("en"));
      put(root, "attempts", now.attempts.toLocaleString("en"));
      put(root, "cost", now.cost.toFixed(2));
      table(root, "dispositions", now.dispositions);
      table(root, "outcomes", now.outcomes);
    }
  });
  source.addEventListener("call", (event) => {
    const now = JSON.parse(event.data);
    for (const row of document.querySelectorAll("[data-call]")) {
      if (row.dataset.call === now.call_sid) put(row, "state", titled(now.state));
    }
    const seen = [...document.querySelectorAll("[data-call]")].map((row) => row.dataset.call);
    const newer = document.querySelector("#newer");
    if (newer && !seen.includes(now.call_sid) && (!newer.dataset.of || newer.dataset.of === now.campaign_id)) newer.hidden = false;
  });
}
