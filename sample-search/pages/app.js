// The page: one question at a time, kept in the address, asked over one WebSocket.

import { Connection } from "./modules/connection.js";
import { explanation } from "./modules/explain.js";
import { Facets } from "./modules/facets.js";
import { shortcuts } from "./modules/keyboard.js";
import { fromAddress, isFiltered, noFilters, toAddress, toQuery } from "./modules/question.js";
import { Results } from "./modules/results.js";
import { blankSlate, errorNotice, partialNotice, skeleton, summary } from "./modules/states.js";
import { Suggestions } from "./modules/suggestions.js";
import { themeSwitch } from "./modules/themes.js";
import { el, number, plural } from "./modules/text.js";
import { Topics } from "./modules/topics.js";

const PAGE = 10;
const MOST = 100;
const TYPING_PAUSE = 50;
const SLOW = 180;

const $ = (id) => document.getElementById(id);
const box = $("box");

const results = new Results($("results"));
const facets = new Facets($("facets"), toggleFilter);
const topics = new Topics($("topics"), (text) => go({ text, filters: noFilters() }));
const suggestions = new Suggestions(box, $("suggestions"), (text) => go({ text, filters: noFilters() }));
const connection = new Connection(
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/search`,
  showLink,
);
const theme = themeSwitch($("theme"));

let question = fromAddress(location.search);
let wanted = PAGE;
let recent = [];
let answer = null;
let run = 0; // Each search gets the next number; what belongs to an older one is passed over.
let forgetSearch = () => {};
let forgetSuggest = () => {};
let typing = 0;

// --- asking ---------------------------------------------------------------------------------

/** Asks a new question and puts it into the address. */
function go(next) {
  question = next;
  history.pushState(null, "", toAddress(question));
  scrollTo({ top: 0 });
  show();
}

/** Shows what the address asks for. */
function show() {
  const asks = question.text !== "" || isFiltered(question);
  document.body.dataset.view = asks ? "answer" : "home";
  document.title = question.text ? `${question.text} – Heddle search` : "Heddle search";
  $("home").hidden = asks;
  $("board").hidden = !asks;
  box.value = question.text;
  $("clear").hidden = box.value === "";
  stopTyping();
  wanted = PAGE;
  answer = null;
  forgetSearch();
  $("blank").replaceChildren();
  $("notice").replaceChildren();
  if (asks) {
    search();
  } else {
    run++;
    takeStock();
  }
}

function search() {
  const mine = ++run;
  const current = (act) => (value, last) => {
    if (mine === run) act(value, last);
  };
  const slow = setTimeout(() => {
    if (mine !== run) return;
    results.busy(true);
    if (results.empty) $("blank").replaceChildren(skeleton());
  }, SLOW);
  const query = { ...toQuery(question), k: wanted };
  if (!question.text) query.sort = ["-rank"];
  forgetSearch();
  forgetSearch = connection.ask(
    { action: "search", query },
    current((message, last) => {
      clearTimeout(slow);
      showAnswer(message.answer, last);
    }),
    current((error) => {
      clearTimeout(slow);
      showError(error);
    }),
  );
}

function showAnswer(next, last) {
  const first = answer === null;
  answer = next;
  results.busy(false);
  results.show(next.hits);
  $("summary").replaceChildren(...summary(next, last));
  $("blank").replaceChildren(...(last && next.hits.length === 0 ? [blankSlate(question, withoutFilters)] : []));
  $("more").hidden = !last || next.hits.length < wanted || wanted >= MOST || next.total.value <= wanted;
  $("explain-toggle").hidden = false;
  showExplanation();
  if (first && !last) $("notice").replaceChildren();
  if (!last) return;
  $("notice").replaceChildren(...(next.coverage.missing.length > 0 ? [partialNotice(next.coverage, search)] : []));
  showFacets(next.aggs);
  showTopics(next);
  if (question.text && wanted === PAGE) remember(question.text);
}

function showError(error) {
  results.busy(false);
  $("blank").replaceChildren();
  $("more").hidden = true;
  if (!answer) {
    results.clear();
    $("summary").replaceChildren();
    $("explain-toggle").hidden = true;
    topics.hide();
    $("facets").replaceChildren();
  }
  $("notice").replaceChildren(errorNotice(error, search));
}

function showFacets(aggs) {
  const mine = run;
  const shown = { ...aggs };
  facets.show(question, shown);
  const count = Object.values(question.filters).reduce((sum, keys) => sum + keys.size, 0);
  $("filters-toggle").textContent = count > 0 ? `Filters · ${count}` : "Filters";
  for (const [name, keys] of Object.entries(question.filters)) {
    if (keys.size === 0) continue;
    const query = { ...toQuery(question, name), k: 0, explain: false, highlight: [] };
    connection.ask({ action: "search", query }, (message, last) => {
      if (!last || mine !== run) return;
      shown[name] = message.answer.aggs[name];
      facets.show(question, shown);
    });
  }
}

function showTopics(next) {
  const mine = run;
  if (!question.text || next.hits.length === 0) {
    topics.hide();
    return;
  }
  connection.ask(
    { action: "related", query: toQuery(question) },
    (message, last) => {
      if (last && mine === run) topics.show(message.answer.result?.topics ?? []);
    },
    () => mine === run && topics.hide(),
  );
}

function showExplanation() {
  if (answer && !$("explain").hidden) $("explain").replaceChildren(...explanation(answer));
}

function takeStock() {
  const query = { query: { all: {} }, k: 0, explain: false, highlight: [] };
  connection.ask({ action: "search", query }, ({ answer: { coverage } }, last) => {
    if (!last || coverage.target === 0) return;
    const shards = plural(coverage.shards.total, "shard");
    $("inventory").textContent = `${number(coverage.target)} articles of DBpedia in ${shards}, searched all at once.`;
  });
}

// --- choosing -------------------------------------------------------------------------------

function toggleFilter(facet, key) {
  const filters = Object.fromEntries(Object.entries(question.filters).map(([name, keys]) => [name, new Set(keys)]));
  if (!filters[facet].delete(key)) filters[facet].add(key);
  go({ ...question, filters });
}

function withoutFilters() {
  go({ ...question, filters: noFilters() });
}

function toggleExplain() {
  const open = $("explain").hidden;
  $("explain").hidden = !open;
  $("explain-toggle").setAttribute("aria-expanded", String(open));
  showExplanation();
}

function toggleFilters() {
  const open = $("facets").classList.toggle("open");
  $("filters-toggle").setAttribute("aria-expanded", String(open));
}

// --- recent searches ------------------------------------------------------------------------

function remember(text) {
  connection.ask({ action: "recent", op: "add", text }, showRecent, () => {});
}

function showRecent(message) {
  recent = message.recent ?? [];
  $("recent").hidden = recent.length === 0;
  $("recent-list").replaceChildren(
    ...recent.map((text) => el("li", {}, el("a", { href: `?${new URLSearchParams({ q: text })}` }, text))),
  );
}

// --- the box --------------------------------------------------------------------------------

function suggest() {
  const typed = box.value;
  forgetSuggest();
  if (!typed.trim()) {
    suggestions.showRecent(recent);
    return;
  }
  forgetSuggest = connection.ask(
    { action: "suggest", query: { query: { prefix: { labels: typed } } } },
    (message, last) => {
      if (last && box.value === typed && document.activeElement === box) {
        suggestions.showArticles(typed, message.answer.hits);
      }
    },
    () => suggestions.close(),
  );
}

function stopTyping() {
  clearTimeout(typing);
  forgetSuggest();
  suggestions.close();
}

box.addEventListener("input", () => {
  const wasEmpty = $("clear").hidden;
  $("clear").hidden = box.value === "";
  if (wasEmpty) suggestions.close(); // Recent searches have nothing to do with what is typed now.
  clearTimeout(typing);
  typing = setTimeout(suggest, TYPING_PAUSE);
});

box.addEventListener("focus", () => {
  if (!box.value.trim()) suggestions.showRecent(recent);
});

box.addEventListener("blur", stopTyping);

box.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (suggestions.open) suggestions.move(step);
    else if (step < 0 || !results.move(step)) suggest();
    event.preventDefault();
  } else if (event.key === "Enter" && suggestions.take()) {
    event.preventDefault();
  } else if (event.key === "Escape") {
    if (suggestions.open) {
      suggestions.dismiss();
      stopTyping();
    } else {
      box.blur();
    }
    event.preventDefault();
  }
});

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = box.value.trim();
  stopTyping();
  if (text || isFiltered(question)) go({ text, filters: text === question.text ? question.filters : noFilters() });
});

$("clear").addEventListener("click", () => {
  box.value = "";
  $("clear").hidden = true;
  box.focus();
  suggestions.showRecent(recent);
});

// --- everything else ------------------------------------------------------------------------

$("more").addEventListener("click", () => {
  wanted = Math.min(MOST, wanted + PAGE);
  search();
});
$("explain-toggle").addEventListener("click", toggleExplain);
$("filters-toggle").addEventListener("click", toggleFilters);
$("recent-clear").addEventListener("click", () => connection.ask({ action: "recent", op: "clear" }, showRecent));
$("help").addEventListener("click", () => $("keys").showModal());
$("link").addEventListener("click", () => connection.retry());
addEventListener("popstate", () => {
  question = fromAddress(location.search);
  show();
});

// Links to questions of this page are answered in place.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a");
  const plain = !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (!plain || !link || link.target || link.origin !== location.origin || link.hash) return;
  if (link.pathname !== location.pathname) return;
  event.preventDefault();
  go(fromAddress(link.search));
  if (!question.text) box.focus();
});

shortcuts({
  "/": () => {
    box.focus();
    box.select();
  },
  j: () => results.move(1),
  k: () => results.move(-1),
  ArrowDown: () => results.focusedId() !== null && results.move(1),
  ArrowUp: () => {
    if (results.focusedId() === null) return false;
    if (!results.move(-1)) box.focus();
    return true;
  },
  e: () => answer && toggleExplain(),
  f: () => answer && (toggleFilters(), $("facets").querySelector("button")?.focus()),
  t: () => theme.next(),
  "?": () => $("keys").showModal(),
});

function showLink(state, delay) {
  const link = $("link");
  link.dataset.state = state;
  const text = {
    open: "Connected",
    connecting: "Connecting…",
    waiting: delay < 1000 ? "Reconnecting…" : `Reconnecting in ${Math.ceil(delay / 1000)} s`,
  }[state];
  link.lastElementChild.textContent = text;
  link.title = state === "open" ? "Connected to the cluster" : "Press to try now";
}

connection.ask({ action: "recent", op: "list" }, showRecent, () => {});
show();
if (!question.text && matchMedia("(hover: hover)").matches) box.focus();
