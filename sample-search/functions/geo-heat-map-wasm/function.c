/*
 * Where a query's matches lie: how many in each cell of a grid over latitude and longitude.
 * A partial is a list of (cell, count) in the order of the cells; the row is cell >> zoom.
 */
#include "heddle.h"

typedef struct {
  uint32_t cell;
  uint32_t count;
} cell_count;

enum { BATCH = 1024 };

static heddle_match batch[BATCH];
static char field[512];
static int32_t field_len;
static int32_t zoom;
static int32_t size;
static int32_t shard;
static int32_t column;
static int32_t column_segment;
static heddle_bytes found;

static int32_t whole(heddle_slice args, const char *name, int32_t otherwise, int32_t min, int32_t max) {
  heddle_slice text = heddle_json_get(args, name);
  double value = heddle_json_number(text, otherwise);
  if (value < min || value > max || value != (int32_t)value ||
      (text.len > 0 && text.at[0] == '"')) {
    char words[160];
    snprintf(words, sizeof words, "%s: %.*s (expected: an integer in %d..%d)", name,
             (int)(text.len < 40 ? text.len : 40), text.at, (int)min, (int)max);
    heddle_stop(HEDDLE_REJECT, words);
  }
  return (int32_t)value;
}

int32_t HEDDLE_EXPORT(heddle_prepare)(const char *request, int32_t len) {
  heddle_slice args = heddle_json_get((heddle_slice){request, len}, "args");
  heddle_json_walk walk = heddle_json_open(args);
  heddle_slice name, value;
  while (heddle_json_next(&walk, &name, &value))
    if (!heddle_is(name, "field") && !heddle_is(name, "zoom") && !heddle_is(name, "size"))
      heddle_stop(HEDDLE_REJECT, "args: unknown (expected: one of field, zoom, size)");
  heddle_slice wanted = heddle_json_get(args, "field");
  heddle_slice text = wanted.len ? heddle_json_string(wanted) : (heddle_slice){"location", 8};
  if (text.len == 0 || text.len > (int32_t)sizeof field)
    heddle_stop(HEDDLE_REJECT, "field: (expected: a string)");
  memcpy(field, text.at, text.len);
  field_len = text.len;
  zoom = whole(args, "zoom", 6, 0, 12);
  size = whole(args, "size", 1000, 1, 10000);
  return 0;
}

static uint32_t cell(const double *point) {
  int32_t cells = 1 << zoom;
  int32_t row = (int32_t)((point[0] + 90) / 180 * cells);
  int32_t column_of = (int32_t)((point[1] + 180) / 360 * cells);
  if (row > cells - 1) row = cells - 1;
  if (column_of > cells - 1) column_of = cells - 1;
  return (uint32_t)row << zoom | (uint32_t)column_of;
}

void HEDDLE_EXPORT(heddle_collect)(int32_t segment, int32_t count) {
  if (segment != column_segment) {
    column = heddle_column_open(shard, segment, field, field_len);
    column_segment = segment;
  }
  for (int32_t i = 0; i < count; i++) {
    for (int32_t left = heddle_column_advance(column, batch[i].document); left > 0; left--) {
      double point[2];
      heddle_column_point(column, point);
      cell_count one = {cell(point), 1};
      heddle_append(&found, &one, sizeof one);
    }
  }
}

static int by_cell(const void *a, const void *b) {
  uint32_t x = ((const cell_count *)a)->cell, y = ((const cell_count *)b)->cell;
  return x < y ? -1 : x > y;
}

/* Sorts, and adds up what stands for the same cell. */
static uint64_t summed(cell_count *cells, int32_t n) {
  qsort(cells, n, sizeof *cells, by_cell);
  int32_t kept = 0;
  for (int32_t i = 0; i < n; i++) {
    if (kept > 0 && cells[kept - 1].cell == cells[i].cell)
      cells[kept - 1].count += cells[i].count;
    else
      cells[kept++] = cells[i];
  }
  return heddle_result(cells, kept * (int32_t)sizeof *cells);
}

uint64_t HEDDLE_EXPORT(heddle_leaf)(int32_t handle) {
  shard = handle;
  column_segment = -1;
  found.len = 0;
  heddle_shard_for_each(shard, "", 0, batch, BATCH, 0);
  return summed((cell_count *)found.at, found.len / (int32_t)sizeof(cell_count));
}

uint64_t HEDDLE_EXPORT(heddle_merge)(const char *a, int32_t a_len, const char *b, int32_t b_len) {
  heddle_bytes both = {0};
  heddle_append(&both, a, a_len);
  heddle_append(&both, b, b_len);
  return summed((cell_count *)both.at, both.len / (int32_t)sizeof(cell_count));
}

static int fullest_first(const void *a, const void *b) {
  const cell_count *x = a, *y = b;
  return x->count != y->count ? (x->count > y->count ? -1 : 1) : by_cell(a, b);
}

uint64_t HEDDLE_EXPORT(heddle_finish)(char *partial, int32_t len, char *coverage, int32_t c_len) {
  int32_t n = len / (int32_t)sizeof(cell_count);
  cell_count *cells = (cell_count *)partial;
  uint64_t total = 0;
  for (int32_t i = 0; i < n; i++) total += cells[i].count;
  qsort(cells, n, sizeof *cells, fullest_first);
  heddle_bytes json = {0};
  char text[96];
  snprintf(text, sizeof text, "{\"zoom\":%d,\"total\":%llu,\"cells\":[", (int)zoom,
           (unsigned long long)total);
  heddle_text(&json, text);
  for (int32_t i = 0; i < n && i < size; i++) {
    snprintf(text, sizeof text, "%s{\"row\":%u,\"column\":%u,\"count\":%u}", i ? "," : "",
             (unsigned)(cells[i].cell >> zoom), (unsigned)(cells[i].cell & ((1u << zoom) - 1)),
             (unsigned)cells[i].count);
    heddle_text(&json, text);
  }
  heddle_text(&json, "]}");
  return heddle_result(json.at, json.len);
}

int32_t HEDDLE_EXPORT(heddle_laws)(void) { return HEDDLE_COMMUTATIVE; }
