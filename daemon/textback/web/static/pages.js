// Live updates, keys, and the reply box. Every page works without any of it.
"use strict";

// -- what the page shows grows in place; nothing moves under the pointer ------------------------------------

const list = document.getElementById("live") || document.getElementById("tiles");
const fresh = document.querySelector(".fresh");
const title = document.title.replace(/^\(\d+\+?\) /, "");
let waiting = [];

function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

function listOf(section) {
  return section ? document.querySelector(`[data-section="${section}"]`) : list;
}

function find(key) {
  return [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && !one.closest(".beside"));
}

function isBusy() {
  return list.matches(":hover") || list.contains(document.activeElement);
}

function place(one) {
  const made = element(one.html);
  const old = find(one.key);
  if (old) {
    if (old.classList.contains("here")) made.classList.add("here");
    const focused = old.contains(document.activeElement) && document.activeElement.tagName === "A";
    old.replaceWith(made);
    if (focused) made.querySelector("a").focus();
  } else {
    made.classList.add("new");
    const home = listOf(one.section);
    if (!home) return;
    const after = one.after ? find(one.after) : null;
    if (after && after.parentElement === home) after.after(made);
    else if (one.after === null && list.classList.contains("thread")) home.append(made);
    else home.prepend(made);
    const card = home.closest(".card");
    if (card) card.querySelectorAll(".empty").forEach((note) => { note.hidden = true; });
  }
  tellTimes(made);
}

function isAtEnd() {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 60;
}

// one row waits once, however often it changes until it is shown
function wait(one) {
  const at = waiting.findIndex((other) => other.key === one.key);
  if (at < 0) waiting.push(one);
  else waiting[at] = one;
}

function show(changes) {
  const isThread = list.classList.contains("thread");
  const follow = isThread && isAtEnd();
  for (const one of changes) {
    const isNew = !find(one.key);
    // what is new at the top of a list pushes the rest down: not while somebody is about to click there
    if (isNew && !isThread && isBusy()) wait(one);
    else place(one);
  }
  if (follow) list.scrollTop = list.scrollHeight;
  if (fresh) {
    fresh.hidden = waiting.length === 0;
    fresh.firstElementChild.textContent = waiting.length === 1 ? "1 new, show it" : `${waiting.length} new, show them`;
  }
}

// What comes in while somebody looks at it has been read, and what they do then they do knowing it; in a tab behind
// others that is so once they come back to it.
let isUnread = false;

function noteSeen() {
  const form = document.getElementById("do");
  if (!form || document.visibilityState !== "visible") return;
  const newest = Math.max(0, ...[...list.querySelectorAll("[data-at]")].map((one) => Number(one.dataset.at)));
  for (const seen of document.querySelectorAll("input[name=seen]")) {
    if (newest > Number(seen.value)) seen.value = String(newest);
  }
  if (!isUnread) return;
  isUnread = false;
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, do: "read" });
  fetch(form.action, { method: "POST", body, redirect: "manual" });
}

function count(unread) {
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${title}` : title;
  const mark = document.getElementById("unread");
  if (!mark) return;
  mark.hidden = !unread;
  mark.firstChild.textContent = unread > 99 ? "99+" : String(unread);
}

// The session is over: the sign-in page comes, but not in place of something that is half written.
function leave() {
  if (!reply || !reply.value) { location.reload(); return; }
  const told = document.createElement("p");
  told.className = "said warn";
  told.setAttribute("role", "alert");
  told.textContent = "You are signed out. Copy what you wrote before you sign in again.";
  reply.form.prepend(told);
}

function listen() {
  const address = document.body.dataset.live;
  if (!address || !list || !window.EventSource) return;
  const joint = address.includes("?") ? "&" : "?";
  const source = new EventSource(`${address}${joint}digest=${document.body.dataset.digest}`);
  source.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    if (change.put.some((one) => one.html.includes("incoming") && !find(one.key))) isUnread = true;
    show(change.put);
    count(change.unread);
    noteSeen();
  });
  source.addEventListener("unread", (event) => count(JSON.parse(event.data)));
  source.addEventListener("gone", () => { source.close(); leave(); });
  document.addEventListener("visibilitychange", noteSeen);
  window.addEventListener("pagehide", () => source.close());
}

if (fresh) {
  fresh.firstElementChild.addEventListener("click", () => {
    const shown = waiting;
    waiting = [];
    shown.forEach(place);
    fresh.hidden = true;
    const first = list.querySelector(".new a");
    if (first) first.focus();
  });
}

// -- how long ago ---------------------------------------------------------------------------------------------

function ago(seconds) {
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

function tellTimes(root) {
  for (const time of root.querySelectorAll("td.when time")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (seconds < -60 || seconds > 86400) continue;
    const link = time.parentElement;
    let told = link.nextElementSibling;
    if (!told) {
      told = document.createElement("small");
      told.className = "ago";
      link.after(told);
    }
    told.textContent = ago(Math.max(0, seconds));
  }
}

// -- the reply box --------------------------------------------------------------------------------------------

const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const GSM_TWO = new Set("^{}\\[~]|€\f");

// 3GPP TS 23.038; neither an escaped character nor a surrogate pair is cut in two at the edge of a segment
function segments(text) {
  const characters = [...text];
  const isGsm = characters.every((one) => GSM.has(one) || GSM_TWO.has(one));
  const units = characters.map((one) => (isGsm ? (GSM_TWO.has(one) ? 2 : 1) : one.length));
  const total = units.reduce((sum, one) => sum + one, 0);
  const [single, part] = isGsm ? [160, 153] : [70, 67];
  if (total <= single) return { total, of: single, count: total ? 1 : 0 };
  let [needed, left] = [1, part];
  for (const one of units) {
    if (one > left) { needed += 1; left = part; }
    left -= one;
  }
  return { total, of: needed * part, count: needed };
}

const reply = document.getElementById("reply");

function tellSegments() {
  const { total, of, count: needed } = segments(reply.value);
  document.getElementById("counted").textContent = `${total} of ${of} · ${needed} ${needed === 1 ? "segment" : "segments"}`;
}

function quickResponses() {
  return [...document.querySelectorAll("[data-insert]")];
}

function insert(text) {
  const start = reply.value.replace(/!![^\n]*$/, "");
  reply.value = start + (start && !/\s$/.test(start) ? " " : "") + text;
  reply.focus();
  reply.dispatchEvent(new Event("input"));
}

if (reply) {
  const details = document.querySelector(".composer details");
  let isSending = false;
  reply.addEventListener("input", () => {
    tellSegments();
    const wanted = /!!([^\n]*)$/.exec(reply.value);
    if (!details) return;
    if (wanted) details.open = true;
    const words = wanted ? wanted[1].toLowerCase() : "";
    quickResponses().forEach((one) => { one.hidden = !one.value.toLowerCase().includes(words); });
  });
  quickResponses().forEach((one) => one.addEventListener("click", (event) => {
    event.preventDefault();
    insert(one.dataset.insert);
  }));
  reply.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      reply.form.querySelector(".primary").click();
    } else if (event.key === "Escape") {
      reply.blur();
    } else if ((event.key === "Tab" || event.key === "Enter") && !event.shiftKey && /!![^\n]+$/.test(reply.value)) {
      const words = /!!([^\n]+)$/.exec(reply.value)[1].trim().toLowerCase();
      const shown = quickResponses().filter((one) => !one.hidden);
      const meant = shown.length === 1 ? shown[0] : shown.find((one) => one.value.toLowerCase() === words);
      if (meant) { event.preventDefault(); insert(meant.dataset.insert); }
    }
  });
  reply.form.addEventListener("submit", (event) => {
    // a second press would change nothing, since the text has its id already: this spares the wait
    if (isSending) event.preventDefault();
    isSending = true;
  });
  window.addEventListener("pageshow", () => { isSending = false; });
  tellSegments();
}

// -- keys -----------------------------------------------------------------------------------------------------

let going = false;

function rows() {
  return [...document.querySelectorAll("#live > tr, #tiles li, .beside .tiles li")].filter((one) => one.querySelector("a"));
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((one) => one.classList.contains("here") || one.contains(document.activeElement));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
  all.forEach((one) => one.classList.remove("here"));
  next.classList.add("here");
  next.querySelector("a").focus();
}

// the help, just closed, has the focus until the browser paints again
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog[open]")) return;
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    r: () => reply && reply.focus(),
    e: () => { const close = document.getElementById("close"); if (close) close.click(); },
    "/": () => { const search = document.querySelector("input[type=search]"); if (search) search.focus(); },
    "?": () => document.getElementById("help").showModal(),
  };
  if (going) {
    going = false;
    if (event.key === "c") location.href = "/calls";
    if (event.key === "i") location.href = "/inbox";
    return;
  }
  if (event.key === "g") { going = true; return; }
  if (event.key in actions) { event.preventDefault(); actions[event.key](); }
}


if ("keys" in document.body.dataset) document.addEventListener("keydown", press);
if (list && list.classList.contains("thread")) list.scrollTop = list.scrollHeight;
tellTimes(document);
setInterval(() => tellTimes(document), 30000);
listen();
