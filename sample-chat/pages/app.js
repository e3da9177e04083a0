// The chat. One connection for everything; /heddle.js, which each gateway serves, keeps it.

import { connect } from "/heddle.js";
import { Messages } from "./messages.js";
import { el } from "./text.js";
import { themeSwitch } from "./themes.js";

const ROOMS = ["lobby", "looms", "tea"];
const ROOM = /^[a-z0-9-]{1,32}$/;
const NEWEST = 25; // So many a history has at most: see app.yaml.
const RETRY_PAUSE = 2_000;
// To ask who is there also keeps the cookie session in use, while one only listens.
const PRESENCE_PAUSE = 3_000;
const HIDDEN_PAUSE = 60_000;

const $ = (id) => document.getElementById(id);
const channel = (name) => `room.${name}`;

const messages = new Messages($("messages"));
let me = null;
let connection = null;
let room = null;
let arriving = false;
let whole = false; // Whether nothing is missing between what is shown and now.
let asked = 0; // histories
let looked = 0; // when it was last asked who is here
let there = 0; // connections, theirs
let refusal = null; // A frame that was refused, and is shown again to be sent.
const waiting = new Map(); // id → { then, taken }
const unsaid = new Map(); // id → the frame that says it
const present = new Set();
const troubles = new Map(); // what it is about → what to say

// --- who is it? The name stands in the cookie session, so every gateway knows it. -----------------

async function enter(wish) {
  const response = await fetch("/run/chat-enter", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wish),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? `status ${response.status}`);
  return answer.name;
}

async function arrive(wish) {
  if (arriving) return;
  arriving = true;
  let refused = "";
  try {
    me = await enter(wish);
  } catch (error) {
    refused = error.message;
  }
  arriving = false;
  show(refused);
  if (me !== null) open();
}

/** Another tab of this browser may have changed the name meanwhile. */
async function askAgain() {
  const name = await enter({}).catch(() => me);
  if (name === me) return;
  if (name === null) connection.close();
  me = name;
  show("");
}

function show(refused) {
  $("refused").textContent = refused;
  $("door").hidden = me !== null;
  $("chat").hidden = $("leave").hidden = me === null;
  $("leave").textContent = `Leave (${me})`;
  document.body.dataset.view = me === null ? "door" : "chat";
  if (me === null) $("name").focus();
}

// --- the connection ---------------------------------------------------------------------------

function open() {
  connection?.close();
  room = null;
  connection = connect("/ws/chat");
  const on = (type, listener) => connection.addEventListener(type, listener);
  for (const type of ["open", "recovered", "lost"])
    on(type, ({ transport }) => link("open", `${location.host}, ${transport}`));
  on("lost", () => {
    afresh();
    askAgain();
    // Answers to what was taken may be lost, too; what is in work by now is settled first.
    setTimeout(() => {
      for (const [id, { taken }] of [...waiting]) if (taken) answered({ id, error: LOST });
    });
  });
  on("reconnecting", () => link("waiting", "Reconnecting…"));
  on("close", ({ code, reason }) => {
    link("closed", `Closed: ${reason}`);
    if (code !== 401) return;
    // The session is over, and the name with it.
    me = null;
    show("Please say your name again.");
  });
  on("message", (event) => answered(JSON.parse(event.data)));
  // Who comes back without a gap need not ask for what was said.
  on("subscribed", (event) => {
    if (event.channel !== channel(room)) return;
    if (!event.recovered) afresh();
    if (!whole) history();
    whoIsHere();
  });
  on("publication", (event) => {
    if (event.channel !== channel(room)) return;
    const { id, fields } = publication(event.data);
    messages.add(id, fields);
    if (fields?.kind !== "answer" && !present.has(fields?.from)) whoIsHere();
  });
  on("refused", (event) => trouble("room", `${event.channel}: ${event.reason}`));
  link("connecting", "Connecting…");
  goTo(location.hash.slice(1));
}

/** Services may publish here, too, and whatever they like. */
function publication(data) {
  try {
    return Object(JSON.parse(data));
  } catch {
    return {};
  }
}

const LOST = { message: "lost with its connection", lost: true };

/** Sends a frame; what comes back for it is handed to `then`. */
function ask(frame, then) {
  const id = frame.id ?? newId();
  const question = { then, taken: false };
  waiting.set(id, question);
  connection.send({ ...frame, id }).then(
    () => (question.taken = true),
    (error) => answered({ id, error: error.code === 410 ? LOST : error }),
  );
}

function answered(message) {
  const then = waiting.get(message.id)?.then;
  // A query of several answers would say `final: false` with all but the last.
  if (message.final !== false) waiting.delete(message.id);
  then?.(message);
}

/** One that nobody else has; crypto.randomUUID is for https only. */
function newId() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
}

// --- rooms ------------------------------------------------------------------------------------

function goTo(wanted) {
  const next = ROOM.test(wanted) ? wanted : ROOMS[0];
  if (next === room) return;
  if (room) connection.unsubscribe(channel(room));
  room = next;
  $("title").textContent = room;
  document.title = `${room} – Heddle chat`;
  const names = ROOMS.includes(room) ? ROOMS : [...ROOMS, room];
  $("rooms").replaceChildren(
    ...names.map((name) =>
      el("li", {}, el("a", { href: `#${name}`, "aria-current": name === room && "page" }, name)),
    ),
  );
  // On a small screen they stand in a line.
  $("rooms").querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
  afresh();
  showPeople([], 0);
  looked = 0;
  for (const about of troubles.keys()) trouble(about, "");
  connection.subscribe(channel(room));
  if (matchMedia("(hover: hover)").matches) $("box").focus();
}

/** Shows nothing but what is on its way, until the history has come. */
function afresh() {
  whole = false;
  asked++;
  $("log").setAttribute("aria-busy", "true");
  $("older").hidden = true;
  messages.clear();
  for (const frame of unsaid.values()) expect(frame);
}

function history() {
  const mine = ++asked;
  ask({ action: "history", query: { filter: { term: { room } } } }, ({ answer, error }) => {
    // Lost: asked again by whoever is subscribed anew.
    if (mine !== asked || error?.lost) return;
    trouble("history", error ? `The history did not come: ${error.message}` : "");
    if (error) {
      setTimeout(() => mine === asked && connection.state !== "closed" && history(), RETRY_PAUSE);
      return;
    }
    // The newest came first.
    for (const { id, fields } of answer.hits.toReversed()) messages.add(id, fields);
    $("older").hidden = answer.hits.length < NEWEST;
    $("log").setAttribute("aria-busy", "false");
    whole = true;
  });
}

/** At most once a second, and more seldom the more there are, as each asks and is told of each. */
function whoIsHere() {
  if (Date.now() - looked < 1_000) return;
  looked = Date.now();
  const mine = room;
  connection.presence(channel(room)).then(
    ({ connections, count }) => mine === room && showPeople(connections.map(({ user }) => user), count),
    () => {}, // No transport at the moment: asked again in a while.
  );
}

function showPeople(users, connections) {
  there = connections;
  present.clear();
  for (const user of users) present.add(user);
  const names = [...present].sort((a, b) => a.localeCompare(b));
  $("count").textContent = names.length ? `(${names.length}${there > users.length ? "+" : ""})` : "";
  $("people").replaceChildren(
    ...names.map((name) => el("li", {}, el("bdi", {}, name), name === me ? " (you)" : "")),
  );
}

setInterval(() => {
  const pause = document.hidden ? HIDDEN_PAUSE : Math.max(PRESENCE_PAUSE, 30 * there);
  if (connection?.state === "open" && Date.now() - looked > pause) whoIsHere();
}, 1_000);

// --- saying -----------------------------------------------------------------------------------

function say() {
  const text = $("box").value.trim();
  if (!text) return;
  $("box").value = "";
  trouble("say", connection.state === "open" ? "" : "It is said as soon as the gateway is back.");
  // What may have been said in spite of an error goes under its id again, and is one message.
  const again = refusal?.text === text && refusal.room === room;
  const frame = { action: "say", id: again ? refusal.id : newId(), room, text };
  refusal = null;
  unsaid.set(frame.id, frame);
  expect(frame);
  deliver(frame);
}

function deliver(frame) {
  ask(frame, ({ error }) => {
    // It may have been said, or not.
    if (error?.lost) return deliver(frame);
    unsaid.delete(frame.id);
    trouble("say", error ? `Perhaps not said: ${error.message}` : "");
    if (!error) return;
    messages.withdraw(frame.id);
    refusal = frame;
    if (frame.room === room) $("box").value ||= frame.text;
  });
}

function expect({ id, text, ...frame }) {
  if (frame.room === room) messages.add(id, { from: me, kind: "waiting", text, at: Date.now() });
}

function trouble(about, text) {
  troubles.set(about, text);
  $("trouble").textContent = [...troubles.values()].filter(Boolean).join(" ");
}

function link(state, text) {
  $("link").dataset.state = state;
  $("link").lastElementChild.textContent = text;
}

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  say();
});
$("box").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});
$("open").addEventListener("submit", (event) => {
  event.preventDefault();
  if (ROOM.test($("new").value)) location.hash = $("new").value;
  $("new").value = "";
});
$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  arrive({ name: $("name").value });
});
$("leave").addEventListener("click", () => {
  connection.close();
  waiting.clear();
  unsaid.clear();
  arrive({ name: null });
});
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("box").focus();
});
addEventListener("hashchange", () => me !== null && goTo(location.hash.slice(1)));

themeSwitch($("theme"));
arrive({});
