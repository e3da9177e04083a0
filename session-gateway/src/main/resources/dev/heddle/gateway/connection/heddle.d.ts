/** What carries a connection at the moment. */
export type Transport = "websocket" | "events" | "poll";

export interface Options {
  /** Which to try, the best first. Default: all three. */
  transports?: Transport[];
  /** An API key: in a header where a script may set one, else in the query. */
  accessToken?: string;
  /** Milliseconds that a transport has to say welcome. Default: 10000. */
  timeout?: number;
  /** Milliseconds until a transport that says nothing is tested or given up. Default: 75000. */
  silence?: number;
  /** How many characters may wait for their answers. Default: 1048576. */
  limit?: number;
  /** In place of the global ones. */
  WebSocket?: typeof globalThis.WebSocket;
  fetch?: typeof globalThis.fetch;
}

/** A frame of the app. Offsets count from 1 on; none is missing, none comes twice. */
export interface MessageEvent extends Event {
  readonly data: string | Uint8Array;
  readonly offset: number;
}

/** The connection is there: new, as it was, or without what it missed. */
export interface OpenEvent extends Event {
  readonly transport: Transport;
  readonly connection: string;
}

export interface ReconnectingEvent extends Event {
  /** Milliseconds until the next try. */
  readonly delay: number;
  readonly code: number;
  readonly reason: string;
}

/** The connection is over. The code is of a WebSocket's close, or a status of HTTP. */
export interface CloseEvent extends Event {
  readonly code: number;
  readonly reason: string;
}

export interface ConnectionEvents {
  /** A new connection, the first. */
  open: OpenEvent;
  message: MessageEvent;
  /** No transport at the moment. */
  reconnecting: ReconnectingEvent;
  /** Back, with everything that was missed. */
  recovered: OpenEvent;
  /** Back, without what was missed, or as a new connection: load the state anew. */
  lost: OpenEvent;
  /** The last of all. */
  close: CloseEvent;
}

/** Why something was not delivered. The code is a status of HTTP or of a WebSocket's close. */
export class HeddleError extends Error {
  readonly code: number;
}

/** A connection that survives its sockets. */
export class Connection extends EventTarget {
  constructor(url: string | URL, options?: Options);
  readonly state: "connecting" | "open" | "reconnecting" | "closed";
  /** Null: none at the moment. */
  readonly transport: Transport | null;
  /** The connection's id, as handlers know it. Null: not yet. */
  readonly id: string | null;

  /**
   * Sends a text, bytes, or anything else as JSON, in order and once. The promise is kept when the
   * app has answered; it is broken with a HeddleError where the frame was refused (413, 1009, …),
   * too much waits (429), or nobody knows whether it was delivered (410, or the close's code).
   */
  send(data: unknown): Promise<void>;

  /** Ends the connection for good. */
  close(): void;

  addEventListener<K extends keyof ConnectionEvents>(
    type: K,
    listener: (event: ConnectionEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof ConnectionEvents>(
    type: K,
    listener: (event: ConnectionEvents[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** Connects to an app: `connect("/ws/chat")`. */
export function connect(url: string | URL, options?: Options): Connection;
