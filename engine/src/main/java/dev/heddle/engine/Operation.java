package dev.heddle.engine;

import java.util.Arrays;
import java.util.Optional;

/** What functions may ask of the platform, by its name on every wire. */
public enum Operation {
  /** {@code {dataset, id}} → {@code {id, version, fields}} or null. */
  DATA_GET("data.get"),
  /** {@code {dataset, ids}} → list of what {@link #DATA_GET} answers, without the missing. */
  DATA_GET_MANY("data.getMany"),
  /** {@code {dataset, id, fields, ifVersion?}} → {@code {version}}. */
  DATA_PUT("data.put"),
  /** {@code {dataset, id, patch, ifVersion?}} → {@code {version}}. */
  DATA_PATCH("data.patch"),
  /** {@code {dataset, id, ifVersion?}} → {@code {deleted}}. */
  DATA_DELETE("data.delete"),
  /** {@code {dataset, query}}, the query as over HTTP → the answer as over HTTP. */
  DATA_QUERY("data.query"),
  /** {@code {function, event}} → the reply. */
  INVOKE("invoke"),
  /** {@code {channel, message}} → null. */
  PUBLISH("publish"),
  /** {@code {connection, message}} → null. */
  SEND("send"),
  /** {@code {name}} → the value or null. */
  SESSION_GET("session.get"),
  /** {@code {}} → object of all attributes. */
  SESSION_ALL("session.all"),
  /** {@code {name, value}} → null. */
  SESSION_PUT("session.put"),
  /** {@code {name}} → null. */
  SESSION_REMOVE("session.remove"),
  /** {@code {name, expected, value}} → whether it was set. */
  SESSION_REPLACE("session.replace"),
  /** {@code {line}} → null. */
  LOG("log"),
  /**
   * {@code {}} → {@code {function, version, tenant, invocationId, traceId, remainingMillis,
   * environment, hasSession}}.
   */
  CONTEXT("context");

  private final String wireName;

  Operation(String wireName) {
    this.wireName = wireName;
  }

  public String wireName() {
    return wireName;
  }

  /** The operation of that name. */
  public static Optional<Operation> named(String wireName) {
    return Arrays.stream(values()).filter(one -> one.wireName.equals(wireName)).findFirst();
  }
}
