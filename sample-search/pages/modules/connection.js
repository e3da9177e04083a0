// One WebSocket for all that the page asks. It reconnects by itself, and then asks again what was
// not answered yet: every request of this page may be repeated without harm.

const FIRST_DELAY = 400;
const LONGEST_DELAY = 15_000;
const PATIENCE = 10_000;

export class Connection {
  #url;
  #onState;
  #socket = null;
  #requests = new Map();
  #lastId = 0;
  #failures = 0;
  #timer = null;

  /** @param onState called with "open", "connecting" or "waiting", and milliseconds until the next try */
  constructor(url, onState) {
    this.#url = url;
    this.#onState = onState;
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.retry();
    });
    this.#open();
  }

  /** Tries now instead of at the end of the delay. */
  retry() {
    if (this.#timer) this.#open();
  }

  /**
   * Asks; `onMessage(message, last)` gets each message, `onError(error)` what went wrong instead.
   * Returns a function that forgets the request.
   */
  ask(frame, onMessage, onError) {
    const id = String(++this.#lastId);
    const text = JSON.stringify({ ...frame, id });
    const request = { text, onMessage, onError, timer: null };
    this.#requests.set(id, request);
    this.#send(id, request);
    return () => this.#forget(id);
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#onState("connecting", 0);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#failures = 0;
      this.#onState("open", 0);
      for (const [id, request] of this.#requests) this.#send(id, request);
    });
    socket.addEventListener("message", (event) => this.#receive(event.data));
    socket.addEventListener("close", () => {
      if (socket === this.#socket) this.#reconnect();
    });
  }

  #reconnect() {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++);
    const delay = longest * (0.5 + Math.random() / 2);
    for (const request of this.#requests.values()) clearTimeout(request.timer);
    this.#timer = setTimeout(() => this.#open(), delay);
    this.#onState("waiting", delay);
  }

  #send(id, request) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(request.text);
    clearTimeout(request.timer);
    request.timer = setTimeout(() => {
      this.#forget(id);
      request.onError?.({ kind: "CAPACITY", name: "NO_ANSWER", message: `no answer within ${PATIENCE / 1000} s` });
    }, PATIENCE);
  }

  #receive(data) {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // Not of this page's making.
    }
    const request = this.#requests.get(message?.id);
    if (!request) return; // Forgotten meanwhile.
    if (message.error) {
      this.#forget(message.id);
      request.onError?.(message.error);
      return;
    }
    const last = (message.final ?? message.answer?.final) !== false;
    if (last) this.#forget(message.id);
    request.onMessage(message, last);
  }

  #forget(id) {
    clearTimeout(this.#requests.get(id)?.timer);
    this.#requests.delete(id);
  }
}
