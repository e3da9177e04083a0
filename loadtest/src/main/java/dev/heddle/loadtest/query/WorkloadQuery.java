package dev.heddle.loadtest.query;

import java.nio.charset.StandardCharsets;

/**
 * One query of the workload.
 *
 * @param json the body of the HTTP request
 */
record WorkloadQuery(QueryKind kind, String json) {
  byte[] body() {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
