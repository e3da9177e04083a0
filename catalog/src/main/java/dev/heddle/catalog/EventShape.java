package dev.heddle.catalog;

/** What a handler that is called over HTTP gets as its event. */
public enum EventShape {
  /** The body of the request, any JSON value. */
  JSON,
  /** The whole request in the shape of an API Gateway v2 HTTP event. */
  HTTP
}
