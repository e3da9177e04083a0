/*
 * Heddle functions in C: the host's functions, and the little that every module needs.
 * Include it in one source file of the module and build with
 *
 *   clang --target=wasm32-wasi -mexec-model=reactor -Os -o function.wasm function.c
 */
#ifndef HEDDLE_H
#define HEDDLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEDDLE_EXPORT(name) __attribute__((export_name(#name))) name
#define HEDDLE_IMPORT(name) \
  __attribute__((import_module("heddle"), import_name(#name))) heddle_##name

enum { HEDDLE_REJECT = 0, HEDDLE_FAILED = 1, HEDDLE_PASS_ON = 2 };
enum { HEDDLE_COMMUTATIVE = 1, HEDDLE_IDEMPOTENT = 2 };

int32_t HEDDLE_IMPORT(call)(const void *op, int32_t op_len, const void *args, int32_t args_len);
void HEDDLE_IMPORT(reply)(void *into);
int32_t HEDDLE_IMPORT(reply_length)(void);
void HEDDLE_IMPORT(fail)(int32_t kind, const void *words, int32_t len);
void HEDDLE_IMPORT(log)(const void *line, int32_t len);
int64_t HEDDLE_IMPORT(remaining_micros)(void);
int64_t HEDDLE_IMPORT(shard_documents)(int32_t shard);
int32_t HEDDLE_IMPORT(shard_number)(int32_t shard);
int32_t HEDDLE_IMPORT(shard_fields)(int32_t shard);
int64_t HEDDLE_IMPORT(shard_count)(int32_t shard, const void *query, int32_t len);
int64_t HEDDLE_IMPORT(shard_frequency)(
    int32_t shard, const void *field, int32_t field_len, const void *term, int32_t term_len);
int32_t HEDDLE_IMPORT(shard_search)(int32_t shard, const void *request, int32_t len);
int32_t HEDDLE_IMPORT(shard_get)(int32_t shard, const void *id, int32_t len);
int32_t HEDDLE_IMPORT(shard_document)(
    int32_t shard, int32_t document, const void *request, int32_t len);
int64_t HEDDLE_IMPORT(shard_for_each)(
    int32_t shard, const void *query, int32_t len, void *buffer, int32_t capacity, int32_t scores);
int32_t HEDDLE_IMPORT(shard_segments)(int32_t shard);
int32_t HEDDLE_IMPORT(segment_base)(int32_t shard, int32_t segment);
int32_t HEDDLE_IMPORT(segment_size)(int32_t shard, int32_t segment);
int32_t HEDDLE_IMPORT(column_open)(
    int32_t shard, int32_t segment, const void *field, int32_t field_len);
int32_t HEDDLE_IMPORT(column_advance)(int32_t column, int32_t document);
int64_t HEDDLE_IMPORT(column_long)(int32_t column);
double HEDDLE_IMPORT(column_double)(int32_t column);
int32_t HEDDLE_IMPORT(column_ordinal)(int32_t column);
void HEDDLE_IMPORT(column_point)(int32_t column, double *lat_lon);
int32_t HEDDLE_IMPORT(column_cardinality)(int32_t column);
int32_t HEDDLE_IMPORT(column_term)(int32_t column, int32_t ordinal, void *into, int32_t capacity);
int32_t HEDDLE_IMPORT(column_read)(
    int32_t column, const void *documents, int32_t count, int32_t stride, void *values);

/* One match, as heddle_collect gets it. */
typedef struct {
  int32_t document;
  float score;
} heddle_match;

/* A part of some text; not terminated by 0. */
typedef struct {
  const char *at;
  int32_t len;
} heddle_slice;

/* Bytes that grow. */
typedef struct {
  char *at;
  int32_t len;
  int32_t capacity;
} heddle_bytes;

void *HEDDLE_EXPORT(heddle_alloc)(int32_t size) { return malloc(size > 0 ? size : 1); }

static uint64_t heddle_result(const void *at, int32_t len) {
  return (uint64_t)(uint32_t)(uintptr_t)at << 32 | (uint32_t)len;
}

_Noreturn static void heddle_stop(int32_t kind, const char *words) {
  heddle_fail(kind, words, (int32_t)strlen(words));
  abort();
}

static void heddle_append(heddle_bytes *to, const void *bytes, int32_t len) {
  if (len > to->capacity - to->len) {
    int32_t capacity = to->capacity < 64 ? 64 : to->capacity;
    while (capacity - to->len < len) capacity *= 2;
    to->at = realloc(to->at, capacity);
    if (!to->at) heddle_stop(HEDDLE_FAILED, "out of memory");
    to->capacity = capacity;
  }
  memcpy(to->at + to->len, bytes, len);
  to->len += len;
}

static void heddle_text(heddle_bytes *to, const char *text) {
  heddle_append(to, text, (int32_t)strlen(text));
}

/* A string as JSON; the bytes are UTF-8 already. */
static void heddle_quote(heddle_bytes *to, heddle_slice text) {
  heddle_text(to, "\"");
  for (int32_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.at[i];
    if (c == '"' || c == '\\') heddle_text(to, "\\");
    if (c < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", c);
      heddle_text(to, escape);
    } else {
      heddle_append(to, &text.at[i], 1);
    }
  }
  heddle_text(to, "\"");
}

/* The last answer of the host, which said that it has so many bytes. */
static heddle_slice heddle_answer(int32_t len) {
  char *at = malloc(len > 0 ? len : 1);
  if (!at) heddle_stop(HEDDLE_FAILED, "out of memory");
  heddle_reply(at);
  return (heddle_slice){at, len};
}

/* JSON without a tree: the text comes from the platform, so it is well-formed. */

static const char *heddle_json_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) at++;
  return at;
}

static const char *heddle_json_skip(const char *at, const char *end) {
  at = heddle_json_space(at, end);
  if (at < end && *at == '"') {
    for (at++; at < end && *at != '"'; at++)
      if (*at == '\\') at++;
    return at < end ? at + 1 : end;
  }
  int depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = heddle_json_skip(at, end);
      continue;
    }
    if (*at == '{' || *at == '[') depth++;
    if (*at == '}' || *at == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    }
    if (depth == 0 && *at == ',') return at;
    at++;
  }
  return end;
}

/* The next element of a list, or member of an object: its name, then its value, then true. */
typedef struct {
  const char *at, *end;
  int object;
} heddle_json_walk;

static heddle_json_walk heddle_json_open(heddle_slice json) {
  const char *end = json.at + json.len, *at = heddle_json_space(json.at, end);
  if (at < end && (*at == '{' || *at == '['))
    return (heddle_json_walk){at + 1, end, *at == '{'};
  return (heddle_json_walk){end, end, 0};
}

static int heddle_json_next(heddle_json_walk *walk, heddle_slice *name, heddle_slice *value) {
  const char *at = heddle_json_space(walk->at, walk->end);
  if (at < walk->end && *at == ',') at = heddle_json_space(at + 1, walk->end);
  if (at >= walk->end || *at == '}' || *at == ']') return 0;
  if (walk->object) {
    const char *after = heddle_json_skip(at, walk->end);
    *name = (heddle_slice){at + 1, (int32_t)(after - at) - 2};
    at = heddle_json_space(after, walk->end) + 1;
    at = heddle_json_space(at, walk->end);
  }
  const char *after = heddle_json_skip(at, walk->end);
  while (after > at && (after[-1] == ' ' || after[-1] == '\n')) after--;
  *value = (heddle_slice){at, (int32_t)(after - at)};
  walk->at = after;
  return 1;
}

static int heddle_is(heddle_slice text, const char *other) {
  return text.len == (int32_t)strlen(other) && memcmp(text.at, other, text.len) == 0;
}

/* A member of an object; of length 0 where there is none. */
static heddle_slice heddle_json_get(heddle_slice object, const char *name) {
  heddle_json_walk walk = heddle_json_open(object);
  heddle_slice member, value;
  while (heddle_json_next(&walk, &member, &value))
    if (heddle_is(member, name)) return value;
  return (heddle_slice){"", 0};
}

static double heddle_json_number(heddle_slice value, double otherwise) {
  char text[64];
  if (value.len == 0 || value.len >= (int32_t)sizeof text) return otherwise;
  memcpy(text, value.at, value.len);
  text[value.len] = 0;
  return strtod(text, NULL);
}

static void heddle_utf8(heddle_bytes *to, uint32_t c) {
  char out[4];
  int32_t n = 0;
  if (c < 0x80) {
    out[n++] = (char)c;
  } else if (c < 0x800) {
    out[n++] = (char)(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    out[n++] = (char)(0xE0 | c >> 12);
    out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
  } else {
    out[n++] = (char)(0xF0 | c >> 18);
    out[n++] = (char)(0x80 | (c >> 12 & 0x3F));
    out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
  }
  if (c >= 0x80) out[n++] = (char)(0x80 | (c & 0x3F));
  heddle_append(to, out, n);
}

static uint32_t heddle_hex(const char *at) {
  char digits[5] = {at[0], at[1], at[2], at[3], 0};
  return (uint32_t)strtoul(digits, NULL, 16);
}

/* The text of a JSON string. */
static heddle_slice heddle_json_string(heddle_slice value) {
  heddle_bytes text = {0};
  if (value.len < 2 || value.at[0] != '"') return (heddle_slice){"", 0};
  for (int32_t i = 1; i < value.len - 1; i++) {
    char c = value.at[i];
    if (c != '\\') {
      heddle_append(&text, &c, 1);
      continue;
    }
    c = value.at[++i];
    if (c == 'u' && i + 4 < value.len) {
      uint32_t code = heddle_hex(&value.at[i + 1]);
      i += 4;
      if (code >= 0xD800 && code < 0xDC00 && i + 6 < value.len) {
        code = 0x10000 + ((code - 0xD800) << 10) + (heddle_hex(&value.at[i + 3]) - 0xDC00);
        i += 6;
      }
      heddle_utf8(&text, code);
      continue;
    }
    c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
    heddle_append(&text, &c, 1);
  }
  return (heddle_slice){text.at ? text.at : "", text.len};
}

#endif
