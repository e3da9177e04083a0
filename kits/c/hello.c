/* A handler: {"name": "Ada"} gives {"greeting": "Hello, Ada!"}. */
#include "heddle.h"

uint64_t HEDDLE_EXPORT(heddle_handle)(const char *event, int32_t len) {
  heddle_slice name = heddle_json_string(heddle_json_get((heddle_slice){event, len}, "name"));
  if (name.len == 0) heddle_stop(HEDDLE_REJECT, "name: missing (expected: a string)");
  heddle_bytes greeting = {0};
  heddle_text(&greeting, "Hello, ");
  heddle_append(&greeting, name.at, name.len);
  heddle_text(&greeting, "!");
  heddle_bytes reply = {0};
  heddle_text(&reply, "{\"greeting\":");
  heddle_quote(&reply, (heddle_slice){greeting.at, greeting.len});
  heddle_text(&reply, "}");
  return heddle_result(reply.at, reply.len);
}
