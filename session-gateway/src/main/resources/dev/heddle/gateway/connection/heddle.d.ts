/** What carries a connection at the moment. */
export type Transport = "websocket" | "events" | "poll";

export interface Options {
  /** Which to try, the best first. Default: all three. */
  transports?: Transport[];
  /**
   * An API key, or a user's JWT: in a header where a script may set one, else in the query. A function
   * is asked at each try, so that who comes back after a token has expired brings a new one.
   */
  accessToken?: string | (() => string | Promise<string>);
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

export interface SubscribedEvent extends Event {
  readonly channel: string;
  /** False: messages since the last one are lost, or may be. */
  readonly recovered: boolean;
}

export interface UnsubscribedEvent extends Event {
  readonly channel: string;
}

export interface PublicationEvent extends Event {
  readonly channel: string;
  readonly data: string | Uint8Array;
  readonly epoch: string;
  readonly offset: number;
}

export interface RefusedEvent extends Event {
  readonly channel: string;
  readonly code: number;
  readonly reason: string;
}

/** Where a message of a channel is. */
export interface Position {
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
}

/** Who is in a channel: the first of them by name. */
export interface Presence {
  readonly channel: string;
  readonly count: number;
  readonly connections: readonly { readonly id: string; readonly user?: string }[];
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
  /** A channel is listened to, or cannot go on where it was. */
  subscribed: SubscribedEvent;
  /** A handler or a service has ended it. What the page asked for is asked for again. */
  unsubscribed: UnsubscribedEvent;
  /** A message of a channel, in its order. */
  publication: PublicationEvent;
  /** The app does not let its clients listen to the channel. */
  refused: RefusedEvent;
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

  /** Listens to a channel, wherever the connection goes, until `unsubscribe`. */
  subscribe(channel: string): void;
  unsubscribe(channel: string): void;

  /**
   * Publishes a text, bytes, or anything else as JSON. The promise is broken where that was refused,
   * or nobody knows whether it was done (410).
   */
  publish(channel: string, data: unknown): Promise<Position>;

  presence(channel: string): Promise<Presence>;

  /** Ends the connection for good. */
  close(): void;
  /**
   * Shows a new token of the same user before the last one expires: now, and from now on, unless
   * `accessToken` is a function. Over a WebSocket the promise is broken where it is refused, and the
   * last one holds then; with other transports it is shown by the next request, and kept at once.
   */
  authenticate(accessToken: string): Promise<void>;

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
