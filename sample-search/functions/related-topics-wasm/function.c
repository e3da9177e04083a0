/*
 * What the best documents of a query are about: the values of a keyword field that they hold
 * markedly more often than documents do as a rule. As related-topics, which explains it; lower case
 * is that of ASCII here.
 *
 * A partial is two lists of lines, each behind their number: documents (score, id, topics) and
 * backgrounds (topic, count, documents).
 */
#include "heddle.h"

typedef struct {
  double score;
  heddle_slice id;
  heddle_slice *topics;
  int32_t n;
} document;

typedef struct {
  heddle_slice topic;
  int64_t count;
  int64_t documents;
} background;

typedef struct {
  document *best;
  int32_t n;
  background *backgrounds;
  int32_t m;
} partial;

enum { MIN_COUNT = 2, FIRST_FEW = 3, MAX_TERM = 65536 };

static char field[512] = "mentions";
static int32_t field_len = 8;
static int32_t size = 12;
static int32_t limit = 200;
static heddle_slice texts[64];
static int32_t text_count;
static int32_t shards[4096];
static int32_t shard_count;

static void *room(int32_t count, int32_t each) {
  void *at = calloc(count > 0 ? count : 1, each);
  if (!at) heddle_stop(HEDDLE_FAILED, "out of memory");
  return at;
}

static int compare(heddle_slice a, heddle_slice b) {
  int32_t common = a.len < b.len ? a.len : b.len;
  int order = memcmp(a.at, b.at, common);
  return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static heddle_slice typed(heddle_slice text) {
  while (text.len > 0 && text.at[0] == ' ') text.at++, text.len--;
  while (text.len > 0 && text.at[text.len - 1] == ' ') text.len--;
  char *low = room(text.len, 1);
  for (int32_t i = 0; i < text.len; i++)
    low[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] + 32 : text.at[i];
  return (heddle_slice){low, text.len};
}

static void typed_text(heddle_slice json) {
  heddle_slice text = heddle_json_string(json);
  if (text.len > 0 && text_count < 64) texts[text_count++] = typed(text);
}

/* Collects what the user typed: the texts of a clause and of those within it. */
static void collect_texts(heddle_slice clause) {
  heddle_json_walk walk = heddle_json_open(clause);
  heddle_slice kind, body, name, value;
  while (heddle_json_next(&walk, &kind, &body)) {
    if (heddle_is(kind, "match") || heddle_is(kind, "phrase"))
      typed_text(heddle_json_get(body, "text"));
    if (heddle_is(kind, "prefix") || heddle_is(kind, "term")) {
      heddle_json_walk inner = heddle_json_open(body);
      while (heddle_json_next(&inner, &name, &value)) typed_text(value);
    }
    if (heddle_is(kind, "bool")) {
      const char *scoring[] = {"must", "should"};
      for (int i = 0; i < 2; i++) {
        heddle_json_walk list = heddle_json_open(heddle_json_get(body, scoring[i]));
        while (heddle_json_next(&list, &name, &value)) collect_texts(value);
      }
    }
  }
}

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
  heddle_slice json = {request, len};
  heddle_slice args = heddle_json_get(json, "args"), name, value;
  heddle_json_walk walk = heddle_json_open(args);
  while (heddle_json_next(&walk, &name, &value))
    if (!heddle_is(name, "field") && !heddle_is(name, "size") && !heddle_is(name, "documents"))
      heddle_stop(HEDDLE_REJECT, "args: unknown (expected: one of size, field, documents)");
  heddle_slice wanted = heddle_json_get(args, "field");
  if (wanted.len > 0) {
    heddle_slice text = heddle_json_string(wanted);
    if (text.len == 0 || text.len > (int32_t)sizeof field)
      heddle_stop(HEDDLE_REJECT, "field: (expected: a string)");
    memcpy(field, text.at, text.len);
    field_len = text.len;
  }
  size = whole(args, "size", 12, 1, 100);
  limit = whole(args, "documents", 200, 10, 1000);
  collect_texts(heddle_json_get(json, "query"));
  return 0;
}

static int best_first(const void *a, const void *b) {
  const document *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return compare(x->id, y->id);
}

/* The best ones, without those that fall far behind the first. */
static void keep_best(partial *of) {
  qsort(of->best, of->n, sizeof *of->best, best_first);
  if (of->n > limit) of->n = limit;
  for (int32_t i = FIRST_FEW; i < of->n; i++)
    if ((float)of->best[i].score < 0.6f * (float)of->best[0].score) of->n = i;
}

static void put_slice(heddle_bytes *to, heddle_slice text) {
  heddle_append(to, &text.len, 4);
  heddle_append(to, text.at, text.len);
}

static uint64_t written(const partial *of) {
  heddle_bytes out = {0};
  heddle_append(&out, &of->n, 4);
  for (int32_t i = 0; i < of->n; i++) {
    heddle_append(&out, &of->best[i].score, 8);
    put_slice(&out, of->best[i].id);
    heddle_append(&out, &of->best[i].n, 4);
    for (int32_t j = 0; j < of->best[i].n; j++) put_slice(&out, of->best[i].topics[j]);
  }
  heddle_append(&out, &of->m, 4);
  for (int32_t i = 0; i < of->m; i++) {
    put_slice(&out, of->backgrounds[i].topic);
    heddle_append(&out, &of->backgrounds[i].count, 8);
    heddle_append(&out, &of->backgrounds[i].documents, 8);
  }
  return heddle_result(out.at, out.len);
}

static const char *get(const char *at, void *into, int32_t len) {
  memcpy(into, at, len);
  return at + len;
}

static const char *get_slice(const char *at, heddle_slice *text) {
  at = get(at, &text->len, 4);
  text->at = at;
  return at + text->len;
}

static partial read_partial(const char *at, int32_t len) {
  partial of = {0};
  if (len == 0) return of;
  at = get(at, &of.n, 4);
  of.best = room(of.n, sizeof *of.best);
  for (int32_t i = 0; i < of.n; i++) {
    document *one = &of.best[i];
    at = get(at, &one->score, 8);
    at = get_slice(at, &one->id);
    at = get(at, &one->n, 4);
    one->topics = room(one->n, sizeof *one->topics);
    for (int32_t j = 0; j < one->n; j++) at = get_slice(at, &one->topics[j]);
  }
  at = get(at, &of.m, 4);
  of.backgrounds = room(of.m, sizeof *of.backgrounds);
  for (int32_t i = 0; i < of.m; i++) {
    at = get_slice(at, &of.backgrounds[i].topic);
    at = get(at, &of.backgrounds[i].count, 8);
    at = get(at, &of.backgrounds[i].documents, 8);
  }
  return of;
}

typedef struct {
  int32_t number;
  document found;
} numbered;

static int in_order(const void *a, const void *b) {
  return ((const numbered *)a)->number - ((const numbered *)b)->number;
}

static void read_topics(int32_t column, document *of) {
  static char term[MAX_TERM];
  of->topics = room(of->n, sizeof *of->topics);
  for (int32_t i = 0; i < of->n; i++) {
    int32_t len = heddle_column_term(column, heddle_column_ordinal(column), term, MAX_TERM);
    if (len > MAX_TERM) heddle_stop(HEDDLE_FAILED, "a topic of more than 64 KiB");
    char *copy = room(len, 1);
    memcpy(copy, term, len);
    of->topics[i] = (heddle_slice){copy, len};
  }
}

uint64_t HEDDLE_EXPORT(heddle_leaf)(int32_t shard) {
  shards[shard_count++ & 4095] = shard;
  heddle_slice kinds = heddle_answer(heddle_shard_fields(shard));
  char name[513];
  memcpy(name, field, field_len);
  name[field_len] = 0;
  if (!heddle_is(heddle_json_string(heddle_json_get(kinds, name)), "KEYWORD"))
    heddle_stop(HEDDLE_REJECT, "field: no keyword field (expected: one)");
  char request[64];
  snprintf(request, sizeof request, "{\"k\":%d}", (int)limit);
  int32_t len = heddle_shard_search(shard, request, (int32_t)strlen(request));
  heddle_json_walk list = heddle_json_open(heddle_json_get(heddle_answer(len), "documents"));
  numbered *hits = room(limit, sizeof *hits);
  int32_t n = 0;
  heddle_slice none, hit;
  while (n < limit && heddle_json_next(&list, &none, &hit)) {
    hits[n].number = (int32_t)heddle_json_number(heddle_json_get(hit, "document"), 0);
    hits[n].found.score = heddle_json_number(heddle_json_get(hit, "score"), 0);
    hits[n].found.id = heddle_json_string(heddle_json_get(hit, "id"));
    n++;
  }
  qsort(hits, n, sizeof *hits, in_order);
  int32_t segment = -1, end = 0, base = 0, column = 0;
  for (int32_t i = 0; i < n; i++) {
    while (hits[i].number >= end) {
      segment++;
      base = heddle_segment_base(shard, segment);
      end = base + heddle_segment_size(shard, segment);
      if (hits[i].number < end) column = heddle_column_open(shard, segment, field, field_len);
    }
    hits[i].found.n = heddle_column_advance(column, hits[i].number - base);
    read_topics(column, &hits[i].found);
  }
  partial of = {room(n, sizeof(document)), n, NULL, 0};
  for (int32_t i = 0; i < n; i++) of.best[i] = hits[i].found;
  keep_best(&of);
  return written(&of);
}

static int by_topic(const void *a, const void *b) {
  return compare(((const background *)a)->topic, ((const background *)b)->topic);
}

/* Adds up the backgrounds of the same topic. */
static void sum_backgrounds(partial *of) {
  qsort(of->backgrounds, of->m, sizeof *of->backgrounds, by_topic);
  int32_t kept = 0;
  for (int32_t i = 0; i < of->m; i++) {
    background *last = &of->backgrounds[kept - 1];
    if (kept > 0 && compare(last->topic, of->backgrounds[i].topic) == 0) {
      last->count += of->backgrounds[i].count;
      last->documents += of->backgrounds[i].documents;
    } else {
      of->backgrounds[kept++] = of->backgrounds[i];
    }
  }
  of->m = kept;
}

uint64_t HEDDLE_EXPORT(heddle_merge)(const char *a, int32_t a_len, const char *b, int32_t b_len) {
  partial x = read_partial(a, a_len), y = read_partial(b, b_len);
  partial both = {room(x.n + y.n, sizeof(document)), x.n + y.n,
                  room(x.m + y.m, sizeof(background)), x.m + y.m};
  memcpy(both.best, x.best, x.n * sizeof(document));
  memcpy(both.best + x.n, y.best, y.n * sizeof(document));
  memcpy(both.backgrounds, x.backgrounds, x.m * sizeof(background));
  memcpy(both.backgrounds + x.m, y.backgrounds, y.m * sizeof(background));
  keep_best(&both);
  sum_backgrounds(&both);
  return written(&both);
}

/* In how many of the best documents each topic occurs, by topic. */
static background *counts(const partial *of, int32_t *n) {
  int32_t all = 0;
  for (int32_t i = 0; i < of->n; i++) all += of->best[i].n;
  background *list = room(all, sizeof *list);
  *n = 0;
  for (int32_t i = 0; i < of->n; i++) {
    for (int32_t j = 0; j < of->best[i].n; j++) {
      int twice = 0;
      for (int32_t k = 0; k < j; k++)
        twice |= compare(of->best[i].topics[k], of->best[i].topics[j]) == 0;
      if (!twice) list[(*n)++] = (background){of->best[i].topics[j], 1, 0};
    }
  }
  partial sums = {NULL, 0, list, *n};
  sum_backgrounds(&sums);
  *n = sums.m;
  return list;
}

uint64_t HEDDLE_EXPORT(heddle_complete)(const char *bytes, int32_t len) {
  partial of = read_partial(bytes, len);
  int32_t n, seen = shard_count < 4096 ? shard_count : 4096;
  background *topics = counts(&of, &n);
  int64_t documents = 0;
  for (int32_t s = 0; s < seen; s++) documents += heddle_shard_documents(shards[s]);
  background *all = room(of.m + n, sizeof *all);
  memcpy(all, of.backgrounds, of.m * sizeof *all);
  for (int32_t i = 0; i < n; i++) {
    int64_t count = 0;
    for (int32_t s = 0; s < seen; s++)
      count += heddle_shard_frequency(
          shards[s], field, field_len, topics[i].topic.at, topics[i].topic.len);
    all[of.m + i] = (background){topics[i].topic, count, documents};
  }
  of.backgrounds = all;
  of.m += n;
  sum_backgrounds(&of);
  return written(&of);
}

typedef struct {
  heddle_slice topic;
  double score;
  int64_t count;
} line;

static int most_significant_first(const void *a, const void *b) {
  const line *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return compare(x->topic, y->topic);
}

static int asked_for(heddle_slice topic) {
  heddle_slice low = typed(topic);
  for (int32_t i = 0; i < text_count; i++)
    if (compare(low, texts[i]) == 0) return 1;
  return 0;
}

static double rate(const partial *of, heddle_slice topic) {
  for (int32_t i = 0; i < of->m; i++)
    if (compare(of->backgrounds[i].topic, topic) == 0 && of->backgrounds[i].documents > 0)
      return (double)of->backgrounds[i].count / (double)of->backgrounds[i].documents;
  return 0;
}

uint64_t HEDDLE_EXPORT(heddle_finish)(const char *bytes, int32_t len, char *coverage, int32_t c_len) {
  partial of = read_partial(bytes, len);
  int32_t n, m = 0;
  background *topics = counts(&of, &n);
  line *lines = room(n, sizeof *lines);
  for (int32_t i = 0; i < n; i++) {
    double fore = (double)topics[i].count / of.n, back = rate(&of, topics[i].topic);
    double score = fore > back && back > 0 ? (fore - back) * (fore / back) : 0;
    if (topics[i].count >= MIN_COUNT && score > 0 && !asked_for(topics[i].topic))
      lines[m++] = (line){topics[i].topic, score, topics[i].count};
  }
  qsort(lines, m, sizeof *lines, most_significant_first);
  heddle_bytes json = {0};
  char text[96];
  heddle_text(&json, "{\"topics\":[");
  for (int32_t i = 0; i < m && i < size; i++) {
    heddle_text(&json, i ? ",{\"topic\":" : "{\"topic\":");
    heddle_quote(&json, lines[i].topic);
    snprintf(text, sizeof text, ",\"score\":%.17g,\"count\":%lld}", lines[i].score,
             (long long)lines[i].count);
    heddle_text(&json, text);
  }
  heddle_text(&json, "]}");
  return heddle_result(json.at, json.len);
}

int32_t HEDDLE_EXPORT(heddle_laws)(void) { return HEDDLE_COMMUTATIVE; }
