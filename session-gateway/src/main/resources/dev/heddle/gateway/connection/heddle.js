// A connection that survives its sockets: over WebSocket, server-sent events or long poll, whichever
// gets through. docs/connections.md says what travels. No dependencies; heddle.d.ts has the types.

const DOORS = { websocket: "ws", events: "sse", poll: "poll" };
const DEFAULTS = {
  transports: ["websocket", "events", "poll"],
  accessToken: "",
  timeout: 10_000, // for a transport to say welcome
  silence: 75_000, // until one that says nothing is tested, or given up
  limit: 1 << 20, // characters that wait to be answered
};
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const YOUNG = 10_000; // Who dies before, twice, is not let through.
const FIRST_BLOCK = 60_000;
const LONGEST_BLOCK = 3_600_000;
const ACK_DELAY = 1_000;
const NORMAL = 1000;
const ABNORMAL = 1006;
const TOO_LARGE = 1009;
const TAKEN = 4001;
const GATEWAYS = [1001, TOO_LARGE, 3008, 3010, TAKEN]; // What a proxy does not say.
const LEAVES = 4000; // of ours: 1000 would end the connection
const BEYOND = 1e15;
const FINAL = ["FORBIDDEN", "INVALID_REQUEST", "LIMIT_REACHED"]; // What asking again does not change.

/** What was not delivered, and why: `code` is a status of HTTP or a close code. */
export class HeddleError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "HeddleError";
    this.code = code;
  }
}

export function connect(url, options) {
  return new Connection(url, options);
}

export class Connection extends EventTarget {
  state = "connecting";
  transport = null;
  id = null;

  #url;
  #options;
  #headers; // Whether the token may go in a header.
  #stay = null; // The transport of now; whatever another one says is too late.
  #token = null;
  #offset = 0; // of the last frame that was handed on
  #queue = []; // What has no answer yet. The first one's number is #done + 1.
  #waiting = 0;
  #done = 0;
  #retries = 0;
  #strikes = 0;
  #failed = new Set(); // since the last welcome
  #blocked; // name → { until, penalty }
  #timer = null;
  #since = 0; // without a transport
  #window = 0;
  #abandoned = -Infinity; // when an attempt was given up that may have arrived
  #listening = [];
  #channels = new Map(); // name → how far it was read; null: asked for, and no answer yet
  #wanted = new Set(); // of them, what the page asked for; handlers and services do, too
  #asked = []; // over a WebSocket: answered in this order

  constructor(url, options) {
    super();
    this.#options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, fetch: globalThis.fetch, ...options };
    this.#url = new URL(url, globalThis.document?.baseURI);
    this.#url.protocol = this.#url.protocol.replace("ws", "http");
    const { transports } = this.#options;
    if (!/\/ws\/[^/]+$/.test(this.#url.pathname)) throw new TypeError(`url: ${url} (expected: …/ws/{app})`);
    if (!transports.length || !transports.every((name) => DOORS[name]))
      throw new TypeError(`transports: ${transports} (expected: some of ${Object.keys(DOORS)})`);
    // Elsewhere the gateway would first be asked about headers, by a request without credentials.
    this.#headers = !globalThis.location || location.origin === this.#url.origin;
    this.#blocked = this.#remembered();
    this.#listen("online", () => this.#again(true));
    this.#listen("pageshow", (event) => event.persisted && this.#again(true));
    this.#listen("pagehide", (event) => (event.persisted ? this.#leave() : this.close()));
    this.#listen("visibilitychange", () => document.hidden || this.#again(false), globalThis.document);
    this.#start();
  }

  send(data) {
    const { body, binary } = content(data);
    if (this.state === "closed") return Promise.reject(new HeddleError(NORMAL, "closed"));
    const size = body.length * (binary ? 4 / 3 : 1) + 100;
    if (this.#waiting + size > this.#options.limit)
      return Promise.reject(new HeddleError(429, `queue: full (expected: at most ${this.#options.limit})`));
    const sent = new Promise((resolve, reject) => {
      this.#queue.push({ body, binary, size, resolve, reject, handed: false });
    });
    sent.catch(() => {}); // Not everybody wants to know.
    this.#waiting += size;
    this.#flush();
    return sent;
  }

  subscribe(channel) {
    this.#wanted.add(channel);
    if (this.#channels.has(channel)) return;
    this.#channels.set(channel, null);
    this.#wish("subscribe", channel);
  }

  unsubscribe(channel) {
    this.#wanted.delete(channel);
    if (this.#channels.delete(channel)) this.#wish("unsubscribe", channel);
  }

  publish(channel, data) {
    const { body, binary } = content(data);
    return this.#ask({ heddle: "publish", channel, body: binary ? base64(body) : body, isBase64Encoded: binary || undefined });
  }

  presence(channel) {
    return this.#ask({ heddle: "presence", channel });
  }

  /** Shows a new token: now, where a WebSocket is open, and with whatever comes after it. */
  authenticate(accessToken) {
    const keep = () => {
      if (typeof this.#options.accessToken !== "function") this.#options.accessToken = accessToken;
    };
    const { up, socket } = this.#stay ?? {};
    if (!up || !socket) return Promise.resolve(keep());
    const shown = this.#ask({ heddle: "authenticate", token: accessToken }).then(keep, (error) => {
      if (error.code !== 410) throw error;
      keep(); // Nobody has refused it.
    });
    shown.catch(() => {}); // Not everybody wants to know.
    return shown;
  }

  close() {
    if (this.state === "closed") return;
    const stay = this.#stay;
    if (stay?.socket?.readyState === 1) stay.socket.close(NORMAL);
    else if (this.#token) this.#goodbye(stay?.up && stay.name === "events");
    this.#finish(NORMAL, "closed by the client");
  }

  async #goodbye(newest) {
    try {
      if (!newest) {
        // A poll in flight has got a newer token; one that asks beyond the end is told at once.
        this.#offset = BEYOND;
        this.#token = (await (await this.#request("GET", "poll")).json()).resume;
      }
      await this.#request("DELETE", "poll", { keepalive: true });
    } catch {
      // The window ends it.
    }
  }

  // ---- channels

  /** Whatever becomes of it is told by events; what cannot be told now, the next welcome sees to. */
  #wish(heddle, channel) {
    const stay = this.#stay;
    if (!stay?.up) return;
    if (stay.socket) stay.socket.send(JSON.stringify({ heddle, channel }));
    else
      this.#told({ heddle, channel }).then(
        (at) => at.epoch && this.#channels.get(channel) === null && this.#begins(at),
        ({ code, message, kind }) => this.#refused({ frame: heddle, channel, code, message, name: kind }),
      );
  }

  #ask(frame) {
    const stay = this.#stay;
    if (!stay?.up) return Promise.reject(new HeddleError(ABNORMAL, "no transport at the moment"));
    if (!stay.socket) return this.#told(frame);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      stay.socket.send(JSON.stringify(frame));
    });
  }

  async #told(frame) {
    const response = await this.#request("POST", this.#stay?.name ?? "poll", { body: JSON.stringify(frame) });
    const { heddle, error, ...answer } = (await response.json().catch(() => null)) ?? {};
    if (response.ok) return answer;
    throw Object.assign(new HeddleError(response.status, error?.message ?? `status ${response.status}`), { kind: error?.name });
  }

  #refused({ frame, channel, code, message, name }) {
    if (frame === "unsubscribe") return;
    if (frame !== "subscribe") return this.#asked.shift()?.reject(new HeddleError(code, message));
    if (!FINAL.includes(name)) return setTimeout(() => this.#channels.get(channel) === null && this.#wish(frame, channel), FIRST_DELAY);
    this.#wanted.delete(channel);
    this.#channels.delete(channel);
    this.#emit("refused", { channel, code, reason: message });
  }

  #begins({ channel, epoch, offset, recovered }) {
    const first = this.#channels.get(channel) === null;
    this.#channels.set(channel, { epoch, offset });
    this.#emit("subscribed", { channel, recovered: recovered || first });
  }

  /** Somebody else has seen to it, or the page itself: then it is known. */
  #left({ channel }) {
    if (!this.#channels.delete(channel)) return;
    this.#emit("unsubscribed", { channel });
    if (this.#wanted.has(channel)) this.subscribe(channel);
  }

  #published({ channel, epoch, offset, body, isBase64Encoded }) {
    if (!this.#channels.has(channel) || offset <= this.#channels.get(channel)?.offset) return;
    this.#channels.set(channel, { epoch, offset });
    this.#emit("publication", { channel, epoch, offset, data: isBase64Encoded ? bytes(body) : body });
  }

  #read() {
    return [...this.#channels].flatMap(([name, at]) => (at ? `${name}:${at.epoch}:${at.offset}` : [])).join();
  }

  #finish(code, reason) {
    const stay = this.#stay;
    this.#stay = null;
    stay?.end(code === NORMAL ? NORMAL : LEAVES);
    clearTimeout(this.#timer);
    for (const [target, type, listener] of this.#listening) target.removeEventListener(type, listener);
    this.state = "closed";
    this.transport = null;
    this.#drop(() => true, new HeddleError(code, reason || "closed"));
    this.#emit("close", { code, reason });
  }

  #emit(type, detail) {
    this.dispatchEvent(Object.assign(new Event(type), detail));
  }

  #listen(type, listener, target = globalThis.window) {
    if (!target?.addEventListener) return;
    target.addEventListener(type, listener);
    this.#listening.push([target, type, listener]);
  }

  // ---- transports: which, and when

  /** The best that has neither failed since the last welcome nor is known not to get through. */
  #pick() {
    const now = Date.now();
    return this.#options.transports.find((name) => !this.#failed.has(name) && !(this.#blocked[name]?.until > now));
  }

  #start() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#token && this.#since && Date.now() - this.#since > 2 * this.#window) this.#forget();
    const name = this.#pick() ?? this.#options.transports[0];
    const control = new AbortController();
    const stay = {
      name,
      up: false,
      since: 0,
      sent: 0, // of the queue
      signal: control.signal,
      end: (code) => {
        clearTimeout(stay.watch);
        clearTimeout(stay.ack);
        control.abort();
        if (stay.socket?.readyState < 2) stay.socket.close(code);
      },
    };
    this.#stay = stay;
    const { timeout, silence } = this.#options;
    // A poll that resumes says nothing until there is something.
    stay.watch = setTimeout(() => this.#down(stay, { reason: "no welcome", blameless: stay.asks }), name === "poll" ? silence : timeout);
    const run = { websocket: this.#socket, events: this.#events, poll: this.#poll }[name];
    run.call(this, stay).catch((error) => this.#down(stay, { reason: String(error), blameless: stay.asks }));
    this.#flush();
  }

  /** Tries now; where the network may be another one, also what seems to be open. */
  #again(elsewhere) {
    const stay = this.#stay;
    if (!stay) this.state === "closed" || this.#start();
    else if (!stay.up) return;
    else if (elsewhere) this.#down(stay, { reason: "another network", blameless: true });
    else if (stay.socket ? !stay.probed : Date.now() - stay.last > this.#options.silence) this.#silent(stay);
  }

  /** The page may come back: no goodbye. */
  #leave() {
    clearTimeout(this.#timer);
    this.#stay?.end(LEAVES);
    this.#stay = null;
    this.#since ||= Date.now();
    this.state = "reconnecting";
    this.transport = null;
  }

  #silent(stay) {
    if (!stay.socket || stay.probed) return this.#down(stay, { reason: "silent" });
    // What is done is confirmed once more, and wakes nobody. Where nothing is, TCP finds out.
    stay.probed = this.#done > 0;
    stay.socket.send(
      JSON.stringify(
        stay.probed
          ? { heddle: "message", number: this.#done, body: "" }
          : { heddle: "ack", offset: this.#offset },
      ),
    );
    this.#watch(stay, stay.probed ? this.#options.timeout : this.#options.silence);
  }

  #watch(stay, time) {
    clearTimeout(stay.watch);
    stay.watch = setTimeout(() => this.#silent(stay), time);
  }

  #heard(stay) {
    stay.last = Date.now();
    stay.probed = false;
    this.#watch(stay, this.#options.silence);
  }

  /**
   * A transport is over. `gone`: so is the connection; `final`: nothing is to be tried again; `wait`:
   * milliseconds that the gateway asks for; `blameless`: another transport would not do better.
   */
  #down(stay, { code = ABNORMAL, reason = "", gone, final, wait = 0, blameless = gone || wait > 0 || GATEWAYS.includes(code) }) {
    if (stay !== this.#stay) return;
    this.#stay = null;
    stay.end(LEAVES);
    for (const { reject } of this.#asked.splice(0)) reject(new HeddleError(410, "lost with its transport: it may have been done"));
    if (code === TAKEN && Date.now() - this.#abandoned > 2 * this.#options.timeout) final = true;
    if (final || code === NORMAL) return this.#finish(code, reason);
    if (code === TOO_LARGE) this.#refuse(code, reason || "too large");
    if (!stay.up) this.#abandoned = Date.now();
    this.#since ||= Date.now();
    if (gone) this.#forget();
    const old = stay.up && Date.now() - stay.since > YOUNG;
    if (old) {
      this.#retries = this.#strikes = 0;
      delete this.#blocked[stay.name];
    } else if (blameless) this.#failed.clear();
    else if (!stay.up || ++this.#strikes > 1) {
      this.#strikes = 0;
      this.#failed.add(stay.name);
    }
    let delay = 0;
    if (!this.#pick()) {
      // The network, rather than any of them.
      this.#failed.clear();
      this.#blocked = {};
    }
    if (!this.#failed.size && !(gone && !this.#retries++)) delay = this.#delay(wait);
    this.state = this.id ? "reconnecting" : "connecting";
    this.transport = null;
    this.#timer = setTimeout(() => this.#start(), delay);
    this.#emit("reconnecting", { delay, code, reason });
  }

  /** Full jitter: clients that were cut off together do not come back together. */
  #delay(least) {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#retries++);
    return least + Math.random() * longest;
  }

  #remembered() {
    try {
      return Object(JSON.parse(localStorage.getItem(`heddle ${this.#url.host}`)));
    } catch {
      return {}; // No storage, or somebody else's.
    }
  }

  /** Those that failed before this one got through are left alone for a while. */
  #block(name) {
    const { transports } = this.#options;
    for (const failed of this.#failed) {
      if (transports.indexOf(failed) > transports.indexOf(name)) continue;
      const penalty = Math.min(LONGEST_BLOCK, 2 * (this.#blocked[failed]?.penalty ?? FIRST_BLOCK / 2));
      this.#blocked[failed] = { until: Date.now() + penalty, penalty };
    }
    if (!this.#failed.size) return;
    this.#failed.clear();
    try {
      localStorage.setItem(`heddle ${this.#url.host}`, JSON.stringify(this.#blocked));
    } catch {
      // Then it is found out again.
    }
  }

  // ---- what comes in

  #welcome(stay, { connection, resume, recovered, offset, received, windowMillis }) {
    stay.up = true;
    stay.since = Date.now();
    this.#since = 0;
    this.#block(stay.name);
    this.#window = windowMillis;
    this.#token = resume;
    const type = !this.id ? "open" : recovered && this.id === connection ? "recovered" : "lost";
    const anew = this.id !== connection;
    if (type !== "recovered") this.#offset = offset;
    this.id = connection;
    this.state = "open";
    this.transport = stay.name;
    this.#settle(stay, received);
    for (const [channel, at] of [...this.#channels]) {
      if (at && !anew) continue;
      this.#channels.delete(channel);
      if (this.#wanted.has(channel)) this.subscribe(channel);
    }
    this.#emit(type, { transport: stay.name, connection });
    this.#flush();
  }

  #message(stay, offset, body, binary) {
    if (stay !== this.#stay || offset <= this.#offset) return;
    if (offset !== this.#offset + 1) return this.#down(stay, { reason: "a frame is missing" });
    this.#offset = offset;
    this.#emit("message", { data: binary ? bytes(body) : body, offset });
    if (!stay.socket || stay.ack || stay !== this.#stay) return;
    stay.ack = setTimeout(() => {
      stay.ack = null;
      if (stay.socket.readyState === 1) stay.socket.send(JSON.stringify({ heddle: "ack", offset: this.#offset }));
    }, ACK_DELAY);
  }

  #control(stay, json) {
    if (json.heddle === "welcome") this.#welcome(stay, json);
    else if (json.heddle === "message") this.#message(stay, json.offset, json.body, json.isBase64Encoded);
    else if (json.heddle === "received") this.#settle(stay, json.number);
    else if (json.heddle === "closed") this.#down(stay, json);
    else if (json.heddle === "publication") this.#published(json);
    else if (json.heddle === "subscribed") this.#begins(json);
    else if (json.heddle === "unsubscribed") this.#left(json);
    else if (["published", "presence", "authenticated"].includes(json.heddle)) {
      const { heddle, ...answer } = json;
      this.#asked.shift()?.resolve(answer);
    } else if (json.frame) this.#refused({ ...json, ...json.error });
    // Whatever was refused, the next welcome says from where on to send again.
    else if (json.heddle === "error") this.#down(stay, { reason: json.error?.message, blameless: true });
  }

  /** So many of ours are done. */
  #settle(stay, received) {
    if (received <= this.#done) return;
    for (const frame of this.#queue.splice(0, received - this.#done)) {
      this.#waiting -= frame.size;
      stay.sent = Math.max(0, stay.sent - 1);
      frame.resolve();
    }
    this.#done = received;
  }

  /** The first one is not taken: those after it take its number. */
  #refuse(code, message) {
    const frame = this.#queue.shift();
    if (!frame) return;
    this.#waiting -= frame.size;
    frame.reject(new HeddleError(code, message));
  }

  /** The connection is no more. What may have been worked on is not sent to the next one. */
  #forget() {
    this.#token = null;
    this.#offset = this.#done = 0;
    this.#drop((frame) => frame.handed, new HeddleError(410, "lost with its connection: it may have been delivered"));
  }

  #drop(which, error) {
    const dropped = this.#queue.filter(which);
    this.#queue = this.#queue.filter((frame) => !dropped.includes(frame));
    for (const frame of dropped) {
      this.#waiting -= frame.size;
      frame.reject(error);
    }
  }

  // ---- what goes out

  #flush() {
    const stay = this.#stay;
    if (!stay || !(stay.up || (stay.name === "poll" && this.#token))) return;
    if (stay.name !== "websocket") return void this.#post(stay);
    while (stay.sent < this.#queue.length && stay.socket.readyState === 1) {
      const frame = this.#queue[stay.sent++];
      frame.handed = true;
      const { body, binary } = frame;
      stay.socket.send(
        JSON.stringify({
          heddle: "message",
          number: this.#done + stay.sent,
          body: binary ? base64(body) : body,
          isBase64Encoded: binary || undefined,
        }),
      );
    }
  }

  /** One after the other, each until it is answered. The number makes a second try harmless. */
  async #post(stay) {
    if (stay.posting) return;
    stay.posting = true;
    for (let tries = 0; stay === this.#stay && this.#queue.length; ) {
      const frame = this.#queue[0];
      const token = this.#token;
      frame.handed = true;
      let refused;
      try {
        const response = await this.#request("POST", stay.name, {
          query: { number: this.#done + 1 },
          body: frame.body,
          headers: { "Content-Type": frame.binary ? "application/octet-stream" : "text/plain" },
          signal: stay.signal,
        });
        refused = response.ok ? null : await refusal(response, token);
        if (!refused) {
          const { received } = await response.json();
          if (stay !== this.#stay) return;
          this.#settle(stay, received);
          tries = 0;
          continue;
        }
      } catch {
        refused = { wait: 0 };
      }
      if (stay !== this.#stay) return;
      if (token !== this.#token) continue; // A poll has brought a newer one.
      if (refused.gone || refused.code === 401) return this.#down(stay, refused);
      if (refused.final) this.#queue[0] === frame && this.#refuse(refused.code, refused.reason);
      else await pause(Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** tries++) * Math.random() + (refused.wait ?? 0), stay.signal);
    }
    stay.posting = false;
  }

  // ---- the three of them

  #address(door, accessToken, query) {
    const url = new URL(this.#url);
    url.pathname = url.pathname.replace(/ws(?=\/[^/]+$)/, door);
    const headers = {};
    const socket = door === "ws";
    if (socket) url.protocol = url.protocol.replace("http", "ws");
    const read = this.#read();
    if (socket || !this.#headers) {
      // No script can give a WebSocket headers.
      if (accessToken) url.searchParams.set("access_token", accessToken);
      if (this.#token) query = { ...query, resume: this.#token, offset: this.#offset, ...(read && { channels: read }) };
    } else {
      if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
      if (this.#token) headers["Last-Event-ID"] = `${this.#token}:${this.#offset}${read && `;${read}`}`;
    }
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return { url, headers };
  }

  /** What is shown at a try; that there is none is no transport's fault. */
  async #access() {
    const stay = this.#stay ?? {};
    const { accessToken } = this.#options;
    stay.asks = true;
    const access = typeof accessToken === "function" ? await accessToken() : accessToken;
    stay.asks = false;
    return access;
  }

  async #request(method, name, { query, headers, ...more } = {}) {
    const { fetch } = this.#options;
    const { url, headers: ours } = this.#address(DOORS[name], await this.#access(), query);
    return fetch(url, { method, credentials: "include", cache: "no-store", headers: { ...ours, ...headers }, ...more });
  }

  async #socket(stay) {
    const access = await this.#access();
    if (stay !== this.#stay) return;
    const socket = new this.#options.WebSocket(this.#address("ws", access).url, "heddle.v1");
    stay.socket = socket;
    socket.onmessage = ({ data }) => {
      if (stay !== this.#stay) return;
      this.#heard(stay);
      this.#control(stay, JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => this.#down(stay, { code: stay.up ? code : ABNORMAL, reason });
  }

  async #events(stay) {
    const token = this.#token;
    const response = await this.#request("GET", "events", { signal: stay.signal, headers: { Accept: "text/event-stream" } });
    if (!response.ok) return this.#down(stay, await refusal(response, token));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || stay !== this.#stay) return this.#down(stay, { reason: "the stream has ended" });
      if (stay.up) this.#heard(stay);
      const events = (text + value).split("\n\n");
      text = events.pop();
      for (const event of events) this.#event(stay, event);
    }
  }

  #event(stay, event) {
    const data = [];
    let type, at;
    for (const line of event.split("\n")) {
      if (line.startsWith("data: ")) data.push(line.slice(6));
      else if (line.startsWith("event: ")) type = line.slice(7);
      // TOKEN:OFFSET, and behind a semicolon where its channels are.
      else if (line.startsWith("id: ")) at = line.split(";")[0].split(":").pop();
    }
    if (!data.length || stay !== this.#stay) return;
    if (type === "heddle") this.#control(stay, JSON.parse(data.join("\n")));
    else this.#message(stay, Number(at), data.join("\n"), type === "binary");
    if (stay === this.#stay) this.#heard(stay);
  }

  async #poll(stay) {
    do {
      const token = this.#token;
      const response = await this.#request("GET", "poll", { signal: stay.signal });
      if (!response.ok) return this.#down(stay, await refusal(response, token));
      const answer = await response.json();
      if (stay !== this.#stay) return;
      const { messages, offset, closed } = answer;
      if (stay.up && answer.recovered) {
        this.#token = answer.resume;
        this.#settle(stay, answer.received);
      } else this.#welcome(stay, { ...answer, offset: offset - messages.length });
      this.#heard(stay);
      for (const each of answer.publications ?? []) this.#control(stay, each);
      for (const each of messages) this.#message(stay, each.offset, each.body, each.isBase64Encoded);
      if (closed) this.#down(stay, closed);
    } while (stay === this.#stay && this.#pick() === "poll");
    if (stay === this.#stay) {
      // A better one may get through by now.
      stay.end(LEAVES);
      this.#start();
    }
  }
}

/** What the gateway itself says; whatever else says no stands in the way of this transport only. */
async function refusal(response, token) {
  const { status } = response;
  const error = (await response.json().catch(() => null))?.error;
  const reason = error?.message ?? `status ${status}`;
  if (!error?.name) return { reason };
  const seconds = Number(response.headers.get("Retry-After"));
  if (status === 429 || status > 499) return { reason, wait: 1000 * (seconds || 1) };
  if (token && (status === 410 || status === 403)) return { code: status, reason, gone: true };
  if (status === 409) return { code: TAKEN, reason };
  return { code: status, reason, final: true };
}

function content(data) {
  const binary = data instanceof ArrayBuffer || ArrayBuffer.isView(data);
  return { binary, body: binary ? bytesOf(data) : typeof data === "string" ? data : JSON.stringify(data) };
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** A copy: its owner may go on writing. */
function bytesOf(data) {
  return data instanceof ArrayBuffer
    ? new Uint8Array(data.slice(0))
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function pause(time, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, time);
    signal.addEventListener("abort", resolve);
  });
}
