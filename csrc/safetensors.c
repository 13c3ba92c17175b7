/* safetensors.c -- the format safetensors: named arrays from the bytes of a file, and to them.
 *
 *   8 bytes    N, little-endian
 *   N bytes    JSON: {"__metadata__": {"key": "text", ...},
 *                     "name": {"dtype": "F64", "shape": [3, 2], "data_offsets": [0, 48]}, ...}
 *   the rest   the numbers, little-endian, the last dim running fastest
 *
 * (https://github.com/huggingface/safetensors, README, "Format".) A file may come from anyone, so
 * nothing it says is believed before it has been checked. The JSON has this one shape and no
 * other, which is read without recursion. */
#include "safetensors.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, MOST_HEADER = 100000000 };

static const struct {
  const char *name;
  ptrdiff_t size;
} types[TENSOR_TYPES] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}};

/* ---------------------------------------------------------------------------- numbers */

static uint64_t get_bits(const unsigned char *from, ptrdiff_t size)
{
  uint64_t bits = 0;
  for (ptrdiff_t i = size; i-- > 0;) bits = bits << 8 | from[i];
  return bits;
}

static void put_bits(unsigned char *to, ptrdiff_t size, uint64_t bits)
{
  for (ptrdiff_t i = 0; i < size; i++, bits >>= 8) to[i] = bits & 0xff;
}

static double from_single(uint64_t bits)
{
  float single;
  uint32_t low = (uint32_t)bits;
  memcpy(&single, &low, sizeof single);
  return single;
}

/* One bit of sign, 5 of exponent, 10 of mantissa. */
static double from_half(uint64_t bits)
{
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double size = exponent == 31 ? (mantissa ? NAN : INFINITY)
                : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                               : ldexp(mantissa, -24);
  return bits >> 15 ? -size : size;
}

double tensor_at(const tensor *t, ptrdiff_t i)
{
  ptrdiff_t size = types[t->type].size;
  uint64_t bits = get_bits(t->data + i * size, size);
  double number;
  switch (t->type) {
  case TENSOR_F32:
    return from_single(bits);
  case TENSOR_F16:
    return from_half(bits);
  case TENSOR_BF16: /* the upper half of a single */
    return from_single(bits << 16);
  default:
    memcpy(&number, &bits, sizeof number);
    return number;
  }
}

void tensor_set(const tensor *t, ptrdiff_t i, double number)
{
  uint64_t bits;
  uint32_t low;
  float single = (float)number;
  memcpy(&bits, &number, sizeof bits);
  memcpy(&low, &single, sizeof low);
  ptrdiff_t size = types[t->type].size;
  put_bits(t->data + i * size, size, t->type == TENSOR_F32 ? low : bits);
}

/* -------------------------------------------------------------------------- JSON, read */

typedef struct {
  const door *d;
  const unsigned char *file, *at, *end; /* of the header */
  char *text;                           /* where the next string goes */
} reader;

static bool broken(const reader *r, const char *expected)
{
  return fail(r->d->error, "file",
              "`file` is not a safetensors file: its header is wrong at byte %td; expected %s",
              r->at - r->file + 1, expected);
}

static void skip_blanks(reader *r)
{
  while (r->at < r->end && memchr(" \t\r\n", *r->at, 4)) r->at++;
}

/* Steps over a character if it is next. */
static bool take(reader *r, char c)
{
  skip_blanks(r);
  bool there = r->at < r->end && *r->at == c;
  r->at += there;
  return there;
}

static bool need(reader *r, char c)
{
  return take(r, c) || broken(r, say("`%c`", c).s);
}

/* After an item: whether another one follows it, or `close`. */
static bool need_next(reader *r, char close, bool *more)
{
  *more = take(r, ',');
  return *more || take(r, close) || broken(r, say("`,` or `%c`", close).s);
}

static bool read_hex(reader *r, unsigned *code)
{
  *code = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    int c = r->at < r->end ? *r->at : 0;
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return broken(r, "four hexadecimal digits");
    *code = *code << 4 | (unsigned)digit;
  }
  return true;
}

static void put_utf8(reader *r, unsigned code)
{
  int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
  *r->text++ = (char)(lead[more] | code >> 6 * more);
  while (more-- > 0) *r->text++ = (char)(0x80 | (code >> 6 * more & 0x3f));
}

/* What follows \u; a character outside the first plane comes as two halves, a surrogate pair. */
static bool read_code(reader *r)
{
  unsigned code, low = 0;
  if (!read_hex(r, &code)) return false;
  if (code >= 0xd800 && code < 0xdc00) {
    bool pair = r->end - r->at > 2 && r->at[0] == '\\' && r->at[1] == 'u';
    if (pair) r->at += 2;
    if (!pair || !read_hex(r, &low) || low < 0xdc00 || low > 0xdfff) {
      return broken(r, "the second half of a surrogate pair");
    }
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  } else if (code == 0 || (code >= 0xdc00 && code < 0xe000)) {
    return broken(r, "a character");
  }
  put_utf8(r, code);
  return true;
}

static bool read_escape(reader *r)
{
  static const char typed[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  int c = r->at < r->end ? *r->at++ : 0;
  if (c == 'u') return read_code(r);
  const char *found = c ? strchr(typed, c) : NULL;
  if (!found) return broken(r, "an escape sequence of JSON");
  *r->text++ = meant[found - typed];
  return true;
}

/* Bytes of the UTF-8 character at `at`; 0: it is none. */
static int utf8_length(const unsigned char *at, const unsigned char *end)
{
  /* The least code that needs so many bytes: shorter ones may not be written longer. */
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  int length = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
  if (length == 0 || *at > 0xf4 || end - at < length) return 0;
  unsigned code = length == 1 ? *at : *at & (0xffu >> (length + 1));
  for (int i = 1; i < length; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
    code = code << 6 | (at[i] & 0x3f);
  }
  bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < least[length] || code > 0x10ffff || surrogate ? 0 : length;
}

/* A string takes no more room than it does in JSON, where it has two quotes. */
static bool read_string(reader *r, const char **string)
{
  *string = r->text;
  if (!need(r, '"')) return false;
  while (r->at < r->end && *r->at != '"') {
    if (*r->at == '\\') {
      r->at++;
      if (!read_escape(r)) return false;
      continue;
    }
    int length = utf8_length(r->at, r->end);
    if (length == 0 || *r->at < 0x20) return broken(r, "a character in UTF-8");
    memcpy(r->text, r->at, (size_t)length);
    r->text += length;
    r->at += length;
  }
  *r->text++ = '\0';
  return need(r, '"');
}

/* A whole number of at least 0, without sign, fraction or exponent. */
static bool read_count(reader *r, ptrdiff_t *count)
{
  skip_blanks(r);
  const unsigned char *first = r->at;
  for (*count = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
    if (__builtin_mul_overflow(*count, 10, count) ||
        __builtin_add_overflow(*count, *r->at - '0', count)) {
      return broken(r, "a number that can be counted to");
    }
  }
  ptrdiff_t digits = r->at - first;
  bool more = r->at < r->end && *r->at && strchr(".eE", *r->at);
  if (digits > 0 && !more && (digits == 1 || *first != '0')) return true;
  return broken(r, "a whole number of at least 0");
}

static bool read_counts(reader *r, int most, ptrdiff_t *count, int *counts)
{
  bool more = true;
  *counts = 0;
  if (!need(r, '[')) return false;
  if (take(r, ']')) return true;
  while (more) {
    if (*counts == most) return broken(r, say("at most %d numbers", most).s);
    if (!read_count(r, &count[(*counts)++]) || !need_next(r, ']', &more)) return false;
  }
  return true;
}

/* ---------------------------------------------------------------------- the header, read */

static bool read_type(reader *r, tensor *t)
{
  const char *name;
  if (!read_string(r, &name)) return false;
  for (int i = 0; i < TENSOR_TYPES; i++) {
    t->type = (tensor_type)i;
    if (strcmp(types[i].name, name) == 0) return true;
  }
  return wrong(r->d->error, (place){"file", t->name, 0}, say("of type %s", say_text(name).s).s,
               "\"F64\", \"F32\", \"F16\" or \"BF16\"");
}

static bool read_offsets(reader *r, tensor *t)
{
  ptrdiff_t offset[2];
  int count;
  if (!read_counts(r, 2, offset, &count)) return false;
  t->begin = offset[0];
  t->end = offset[1];
  return count == 2 || broken(r, "two offsets");
}

/* {"dtype": ..., "shape": ..., "data_offsets": ...} in any order */
static bool read_tensor(reader *r, tensor *t)
{
  enum { TYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };
  int seen = 0;
  bool more = true;
  if (!need(r, '{')) return false;
  while (more) {
    const char *key;
    if (!read_string(r, &key) || !need(r, ':')) return false;
    int field = strcmp(key, "dtype") == 0          ? TYPE
                : strcmp(key, "shape") == 0        ? SHAPE
                : strcmp(key, "data_offsets") == 0 ? OFFSETS
                                                   : 0;
    if (field == 0 || seen & field) {
      return broken(r, "\"dtype\", \"shape\" and \"data_offsets\", once each");
    }
    bool read = field == TYPE    ? read_type(r, t)
                : field == SHAPE ? read_counts(r, TENSOR_MOST_DIMS, t->dim, &t->ndim)
                                 : read_offsets(r, t);
    if (!read || !need_next(r, '}', &more)) return false;
    seen |= field;
  }
  return seen == ALL || broken(r, "\"dtype\", \"shape\" and \"data_offsets\", once each");
}

/* Room for one more item in a list that may grow. */
static void *extended(const door *d, void *list, ptrdiff_t count, size_t size)
{
  bool full = (count & (count - 1)) == 0; /* the room is a power of 2 */
  if (!full) return list;
  void *wider = door_alloc(d, count ? 2 * count : 1, size);
  if (wider && count) memcpy(wider, list, (size_t)count * size);
  return wider;
}

static bool read_notes(reader *r, safetensors *s)
{
  bool more = true;
  if (!need(r, '{')) return false;
  if (take(r, '}')) return true;
  while (more) {
    tensor_note note;
    if (!read_string(r, &note.key) || !need(r, ':') || !read_string(r, &note.text)) return false;
    s->note = extended(r->d, s->note, s->notes, sizeof note);
    if (!s->note) return false;
    s->note[s->notes++] = note;
    if (!need_next(r, '}', &more)) return false;
  }
  return true;
}

static bool read_header(reader *r, safetensors *s)
{
  bool more = true, noted = false;
  if (!need(r, '{')) return false;
  more = !take(r, '}');
  while (more) {
    tensor t = {0};
    if (!read_string(r, &t.name) || !need(r, ':')) return false;
    if (strcmp(t.name, "__metadata__") == 0) {
      if (noted) return fail(r->d->error, "file", "`file` has its metadata twice");
      if (!read_notes(r, s)) return false;
      noted = true;
    } else {
      if (!read_tensor(r, &t)) return false;
      s->tensor = extended(r->d, s->tensor, s->tensors, sizeof t);
      if (!s->tensor) return false;
      s->tensor[s->tensors++] = t;
    }
    if (!need_next(r, '}', &more)) return false;
  }
  skip_blanks(r);
  return r->at == r->end || broken(r, "nothing but blanks");
}

/* ------------------------------------------------------------------------ what it says */

static int by_name(const void *a, const void *b)
{
  return strcmp(((const tensor *)a)->name, ((const tensor *)b)->name);
}

static int by_key(const void *a, const void *b)
{
  return strcmp(((const tensor_note *)a)->key, ((const tensor_note *)b)->key);
}

static int by_place(const void *a, const void *b)
{
  const tensor *s = a, *t = b;
  if (s->begin != t->begin) return s->begin < t->begin ? -1 : 1;
  return s->end < t->end ? -1 : s->end > t->end;
}

static bool check_size(const door *d, tensor *t)
{
  ptrdiff_t bytes;
  bool counted = true;
  t->count = 1;
  for (int i = 0; i < t->ndim; i++) counted = counted && product(t->count, t->dim[i], &t->count);
  counted = counted && product(t->count, types[t->type].size, &bytes);
  if (counted && t->end >= t->begin && t->end - t->begin == bytes) return true;
  return wrong(
      d->error, (place){"file", t->name, 0}, say("at bytes %td to %td", t->begin, t->end).s,
      "as many bytes as %s numbers of %s take", say_dims(t->ndim, t->dim).s, types[t->type].name);
}

/* The tensors fill the `size` bytes of the data without holes and without overlaps. */
static bool check_places(const door *d, safetensors *s, unsigned char *data, ptrdiff_t size)
{
  ptrdiff_t at = 0;
  if (s->tensors) qsort(s->tensor, (size_t)s->tensors, sizeof *s->tensor, by_place);
  for (ptrdiff_t i = 0; i < s->tensors; i++) {
    tensor *t = &s->tensor[i];
    if (!check_size(d, t)) return false;
    if (t->begin != at || t->end > size) {
      phrase is = say("at bytes %td to %td", t->begin, t->end);
      return wrong(d->error, (place){"file", t->name, 0}, is.s,
                   "it to begin at %td, where the one before ends, and to end within %td", at,
                   size);
    }
    t->data = data + t->begin;
    at = t->end;
  }
  return at == size || fail(d->error, "file", "`file` has %s more than its tensors fill",
                            say_count(size - at, "byte", "bytes").s);
}

static bool check_names(const door *d, safetensors *s)
{
  if (s->notes) qsort(s->note, (size_t)s->notes, sizeof *s->note, by_key);
  for (ptrdiff_t i = 1; i < s->notes; i++) {
    if (strcmp(s->note[i - 1].key, s->note[i].key) == 0) {
      return fail(d->error, "file", "`file` has the metadata %s twice", say_name(s->note[i].key).s);
    }
  }
  if (s->tensors) qsort(s->tensor, (size_t)s->tensors, sizeof *s->tensor, by_name);
  for (ptrdiff_t i = 1; i < s->tensors; i++) {
    if (strcmp(s->tensor[i - 1].name, s->tensor[i].name) == 0) {
      return fail(d->error, "file", "`file` has the tensor %s twice",
                  say_name(s->tensor[i].name).s);
    }
  }
  return true;
}

bool safetensors_read(const door *d, const bptt_value *file, safetensors *s)
{
  *s = (safetensors){0};
  if (file->kind != BPTT_BYTES) {
    return wrong(d->error, place_of("file"), value_describe(file).s, "the bytes of a file");
  }
  unsigned char *bytes = file->data;
  ptrdiff_t size = value_count(file) - LENGTH_BYTES;
  uint64_t length = size < 0 ? 0 : get_bits(bytes, LENGTH_BYTES);
  if (size < 0 || length > (uint64_t)size) {
    return fail(d->error, "file",
                "`file` is not a safetensors file: it is %s long, too short for its header",
                say_count(value_count(file), "byte", "bytes").s);
  }
  if (length > MOST_HEADER) {
    return fail(d->error, "file",
                "`file` is not a safetensors file: its header is %s long; expected at most %d",
                say_count((ptrdiff_t)length, "byte", "bytes").s, MOST_HEADER);
  }
  ptrdiff_t header = (ptrdiff_t)length;
  unsigned char *begin = bytes + LENGTH_BYTES;
  reader r = {d, bytes, begin, begin + header, door_alloc(d, header, 1)};
  return r.text && read_header(&r, s) && check_places(d, s, begin + header, size - header) &&
         check_names(d, s);
}

const char *safetensors_note(const safetensors *s, const char *key)
{
  for (ptrdiff_t i = 0; i < s->notes; i++) {
    if (strcmp(s->note[i].key, key) == 0) return s->note[i].text;
  }
  return NULL;
}

/* ----------------------------------------------------------------------------- writing */

/* Text that grows within the room that safetensors_plan() has for it. */
typedef struct {
  char *text;
  size_t used, room;
} writer;

BPTT_PRINTF(2, 3) static void print(writer *w, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  w->used += (size_t)vsnprintf(w->text + w->used, w->room - w->used, format, args);
  va_end(args);
}

/* More than the JSON takes. */
static size_t header_room(const safetensors *s)
{
  enum { AROUND_NOTE = 16, AROUND_TENSOR = 128, DIGITS = 24 };
  size_t room = AROUND_TENSOR;
  for (ptrdiff_t i = 0; i < s->notes; i++) {
    room += AROUND_NOTE + strlen(s->note[i].key) + strlen(s->note[i].text);
  }
  for (ptrdiff_t i = 0; i < s->tensors; i++) {
    room += AROUND_TENSOR + strlen(s->tensor[i].name) + DIGITS * (size_t)s->tensor[i].ndim;
  }
  return room;
}

static void print_header(writer *w, const safetensors *s)
{
  const char *comma = "";
  print(w, "{");
  for (ptrdiff_t i = 0; i < s->notes; i++) {
    print(w, "%s\"%s\":\"%s\"", i ? "," : "\"__metadata__\":{", s->note[i].key, s->note[i].text);
  }
  if (s->notes) print(w, "}"), comma = ",";
  for (ptrdiff_t i = 0; i < s->tensors; i++, comma = ",") {
    const tensor *t = &s->tensor[i];
    print(w, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", comma, t->name, types[t->type].name);
    for (int k = 0; k < t->ndim; k++) print(w, "%s%td", k ? "," : "", t->dim[k]);
    print(w, "],\"data_offsets\":[%td,%td]}", t->begin, t->end);
  }
  print(w, "}");
  while (w->used % LENGTH_BYTES) print(w, " "); /* so that the numbers are aligned */
}

bool safetensors_plan(const door *d, safetensors *s, ptrdiff_t *bytes)
{
  ptrdiff_t at = 0;
  for (int type = TENSOR_F64; type <= TENSOR_F32; type++) { /* the larger first: aligned */
    for (ptrdiff_t i = 0; i < s->tensors; i++) {
      tensor *t = &s->tensor[i];
      if ((int)t->type != type) continue;
      t->begin = at;
      t->end = at += t->count * types[type].size;
    }
  }
  writer w = {.room = header_room(s)};
  s->header = w.text = door_alloc(d, (ptrdiff_t)w.room, 1);
  if (!w.text) return false;
  print_header(&w, s);
  *bytes = LENGTH_BYTES + (ptrdiff_t)w.used + at;
  return true;
}

void safetensors_begin(const safetensors *s, unsigned char *bytes)
{
  size_t length = strlen(s->header);
  put_bits(bytes, LENGTH_BYTES, length);
  memcpy(bytes + LENGTH_BYTES, s->header, length);
  for (ptrdiff_t i = 0; i < s->tensors; i++) {
    tensor *t = &s->tensor[i];
    t->data = bytes + LENGTH_BYTES + length + t->begin;
  }
}
