/* file.c -- rnn_save, rnn_load, rnn_export and rnn_import: networks as the bytes of a file. Reading
 * and writing the file itself is left to the front end. */
#include "call.h"
#include "naming.h"
#include "network.h"
#include "safetensors.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The version of what rnn_save writes, and the note that says it. */
static const char version_key[] = "bptt", version[] = "1";

/* Room for the text of a note: a number for each layer, or one number. */
enum { NOTE_SIZE = 12 * NETWORK_MOST_LAYERS };

/* More tensors than any network has. */
enum { MOST_TENSORS = 2 * ROLE_COUNT * NETWORK_MOST_LAYERS };

/* ------------------------------------------------------------------------------ writing */

/* A network on its way into a file. */
typedef struct {
  network net;
  const bptt_value **param;
  safetensors file;
  slots slots; /* of rnn_export */
} written;

/* The result, bytes for the tensors of w->file. */
static bool open_bytes(bptt_call *call, written *w)
{
  ptrdiff_t bytes;
  if (!safetensors_plan(&call->d, &w->file, &bytes) ||
      !value_open_list(&call->d, &call->result, NULL, 1)) {
    return false;
  }
  value_make_bytes(value_append(&call->result), "bytes", bytes);
  return true;
}

static written *read_net(bptt_call *call)
{
  const door *d = &call->d;
  const bptt_value *name = call_given(call, OPTION_NEW_FILE);
  written *w = call->job = door_alloc(d, 1, sizeof *w);
  if (!w || !network_read(d, "net", call_given(call, OPTION_NET), &w->net, &w->param)) return NULL;
  const char *text = name && name->kind == BPTT_TEXT && name->count == 1 ? name->text[0] : NULL;
  if (text && *text) return w;
  wrong(d->error, place_of("file"), value_describe(name).s, "the name of a file to write");
  return NULL;
}

static bool add_note(const door *d, safetensors *s, const char *key, const char *text)
{
  size_t size = strlen(text) + 1;
  char *kept = door_alloc(d, (ptrdiff_t)size, 1);
  s->note[s->notes++] = (tensor_note){key, kept};
  return kept && memcpy(kept, text, size);
}

static bool add_word(const door *d, safetensors *s, const char *key, option_id row, int choice)
{
  const char *const *word = option_choice_text(d, row, choice);
  return word && add_note(d, s, key, *word);
}

/* So that it is read again to the bit, and with a point in any locale. */
static phrase say_decimal(double number)
{
  phrase p = say("%.17g", number);
  char *to = p.s;
  for (const char *from = p.s; *from; from++) {
    const bool kept = strchr("0123456789e+-", *from) != NULL;
    if (kept || to == p.s || to[-1] != '.') *to++ = kept ? *from : '.';
  }
  *to = '\0';
  return p;
}

/* All fields of the network but its parameters. */
static bool add_notes(const door *d, const network *n, safetensors *s)
{
  enum { NOTES = 10 };
  char text[NOTE_SIZE] = "";
  s->note = door_alloc(d, NOTES, sizeof *s->note);
  for (int i = 0, used = 0; i < n->layers; i++) {
    used += snprintf(text + used, sizeof text - (size_t)used, "%s%td", i ? " " : "", n->H[i]);
  }
  return s->note && add_note(d, s, version_key, version) &&
         add_word(d, s, "cell", OPTION_CELL, (int)n->cell) &&
         add_note(d, s, "input", say("%td", n->D).s) && add_note(d, s, "hidden", text) &&
         add_note(d, s, "output", say("%td", n->O).s) &&
         add_word(d, s, "activation", OPTION_ACTIVATION, (int)n->activation) &&
         add_word(d, s, "reset", OPTION_RESET, (int)n->reset) &&
         add_note(d, s, "bidirectional", n->directions == 2 ? "true" : "false") &&
         add_word(d, s, "output_mode", OPTION_OUTPUT_MODE,
                  n->last ? OUTPUT_LAST : OUTPUT_SEQUENCE) &&
         add_note(d, s, "dropout", say_decimal(n->dropout).s);
}

static bool save_prepare(bptt_call *call)
{
  const door *d = &call->d;
  written *w = read_net(call);
  if (!w || !add_notes(d, &w->net, &w->file)) return false;
  const network *n = &w->net;
  w->file.tensor = door_alloc(d, n->parameters, sizeof *w->file.tensor);
  if (!w->file.tensor) return false;
  for (int i = 0; i < n->parameters; i++) {
    const parameter *p = &n->parameter[i];
    w->file.tensor[w->file.tensors++] =
        (tensor){.name = p->name,
                 .type = w->param[i]->kind == BPTT_SINGLE ? TENSOR_F32 : TENSOR_F64,
                 .ndim = p->bias ? 1 : 2,
                 .dim = {p->rows, p->cols},
                 .count = p->rows * p->cols};
  }
  return open_bytes(call, w);
}

static bptt_status save_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const written *w = call->job;
  safetensors_begin(&w->file, call->result.item[0].data);
  for (int i = 0; i < w->net.parameters; i++) {
    const parameter *p = &w->net.parameter[i];
    for (ptrdiff_t k = 0; k < w->file.tensor[i].count; k++) {
      ptrdiff_t row = k / p->cols, col = k % p->cols;
      tensor_set(&w->file.tensor[i], k, value_at(w->param[i], row + col * p->rows));
    }
  }
  return BPTT_OK;
}

/* What of a network the names of others do not say, for rnn_import alone. */
static const char activation_key[] = "bptt_activation", reset_key[] = "bptt_reset",
                  mode_key[] = "bptt_output_mode", dropout_key[] = "bptt_dropout";

static bool add_settings(const door *d, const network *n, safetensors *s)
{
  enum { SETTINGS = 4 };
  s->note = door_alloc(d, SETTINGS, sizeof *s->note);
  return s->note && add_word(d, s, activation_key, OPTION_ACTIVATION, (int)n->activation) &&
         add_word(d, s, reset_key, OPTION_RESET, (int)n->reset) &&
         add_word(d, s, mode_key, OPTION_OUTPUT_MODE, n->last ? OUTPUT_LAST : OUTPUT_SEQUENCE) &&
         add_note(d, s, dropout_key, say_decimal(n->dropout).s);
}

static bool export_prepare(bptt_call *call)
{
  written *w = read_net(call);
  naming_id naming = (naming_id)call->option.at[OPTION_NAMING].choice;
  tensor_type type = TENSOR_F32;
  if (!w) return false;
  for (int i = 0; i < w->net.parameters; i++) {
    if (w->param[i]->kind != BPTT_SINGLE) type = TENSOR_F64;
  }
  return naming_plan(&call->d, naming, &w->net, type, &w->file, &w->slots) &&
         add_settings(&call->d, &w->net, &w->file) && open_bytes(call, w);
}

static bptt_status export_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const written *w = call->job;
  safetensors_begin(&w->file, call->result.item[0].data);
  naming_put(&w->net, &w->slots, w->param);
  return BPTT_OK;
}

/* ------------------------------------------------------------------------------ reading */

/* The argument `file`: the front end hands over what is in it, or the name when it cannot. */
static bool read_file(const bptt_call *call, safetensors *s)
{
  const door *d = &call->d;
  const bptt_value *file = call_given(call, OPTION_FILE);
  if (!file || file->kind != BPTT_BYTES) {
    return wrong(d->error, place_of("file"), value_describe(file).s,
                 "the name of a file that can be read");
  }
  if (!safetensors_read(d, file, s)) return false;
  return s->tensors <= MOST_TENSORS ||
         fail(d->error, "file", "`file` has %td tensors; expected at most %d", s->tensors,
              MOST_TENSORS);
}

/* The number at *at, which is stepped over: digits, maybe a fraction and an exponent of ten, and
 * nothing else that strtod() may take; then the end or a blank. */
static bool read_decimal(const char **at, double *number)
{
  enum { LONGEST = 60 };
  static const char digits[] = "0123456789";
  const char *text = *at, *point = text + strspn(text, digits);
  const bool fraction = *point == '.';
  const char *rest = point + fraction, *end = rest + (fraction ? strspn(rest, digits) : 0);
  bool good = point > text && (!fraction || end > rest);
  if (good && *end == 'e') {
    const char *power = end + 1 + (end[1] == '-' || end[1] == '+');
    end = power + strspn(power, digits);
    good = end > power;
  }
  if (!good || (*end && *end != ' ') || end - text > LONGEST) return false;
  /* strtod() wants the point of the locale. */
  const phrase local = say("%.*s%s%.*s", (int)(point - text), text,
                           fraction ? localeconv()->decimal_point : "", (int)(end - rest), rest);
  *number = strtod(local.s, NULL);
  *at = end + strspn(end, " ");
  return true;
}

/* Numbers with blanks between them; else the text itself, for network_read_any_order() to
 * complain of. */
static bool read_numbers(const door *d, const char *text, bptt_value *v)
{
  double *number = door_alloc(d, NETWORK_MOST_LAYERS + 1, sizeof *number);
  size_t count = 0;
  if (!number) return false;
  for (const char *at = text; *at && count <= NETWORK_MOST_LAYERS;) {
    if (!read_decimal(&at, &number[count++])) return true;
  }
  if (count == 0) return true;
  value_make_vector(d, v, v->name, BPTT_DOUBLE, (ptrdiff_t)count);
  v->data = number;
  return true;
}

/* A field of the network out of the notes. */
static bool read_note(const door *d, const safetensors *s, const char *key, bptt_value *fields)
{
  const char **text = door_alloc(d, 1, sizeof *text);
  const char *note = safetensors_note(s, key);
  if (!text) return false;
  if (!note) return fail(d->error, "file", "`file` lacks the metadata `%s`", key);
  *text = note;
  bptt_value *v = value_append(fields);
  value_make_text(v, key, text, 1);
  bool yes = strcmp(note, "true") == 0;
  if (yes || strcmp(note, "false") == 0) return value_make_flag(d, v, key, yes);
  return read_numbers(d, note, v);
}

/* Any tensor as an array of this core's: its first dim runs fastest. */
static bool read_tensor(const door *d, const tensor *t, bptt_value *v)
{
  bool single = d->host.habit == BPTT_OCTAVE && t->type != TENSOR_F64; /* R has no single */
  ptrdiff_t rows = t->ndim > 0 ? t->dim[0] : 1, cols = rows ? t->count / rows : 0;
  value_make_array(v, t->name, single ? BPTT_SINGLE : BPTT_DOUBLE,
                   t->ndim < BPTT_MAX_DIM ? t->ndim : BPTT_MAX_DIM, t->dim);
  v->ndim = t->ndim;
  v->count = (size_t)t->count;
  v->data = door_alloc(d, t->count, single ? sizeof(float) : sizeof(double));
  for (ptrdiff_t i = 0; v->data && i < t->count; i++) {
    value_set(v, i / cols + i % cols * rows, tensor_at(t, i));
  }
  return v->data != NULL;
}

/* The file as the value of a network. */
static bool read_fields(const door *d, const safetensors *s, bptt_value *fields)
{
  static const char *const key[] = {"cell",  "input",         "hidden",      "output", "activation",
                                    "reset", "bidirectional", "output_mode", "dropout"};
  enum { KEYS = sizeof key / sizeof key[0] };
  const char *found = safetensors_note(s, version_key);
  if (!found) {
    return fail(d->error, "file",
                "`file` was not written by rnn_save; rnn_import reads what others have written");
  }
  if (strcmp(found, version) != 0) {
    return fail(d->error, "file", "`file` has version %s of the format; expected \"%s\"",
                say_text(found).s, version);
  }
  if (!value_open_list(d, fields, NULL, KEYS + 1)) return false;
  for (int i = 0; i < KEYS; i++) {
    if (!read_note(d, s, key[i], fields)) return false;
  }
  bptt_value *param = value_append(fields);
  if (!value_make_list(d, param, "param", s->tensors)) return false;
  for (ptrdiff_t i = 0; i < s->tensors; i++) {
    if (!read_tensor(d, &s->tensor[i], &param->item[i])) return false;
  }
  return true;
}

/* A network out of a file. */
typedef struct {
  network net;
  const bptt_value **param; /* of rnn_load */
  slots slots;              /* of rnn_import */
} loaded;

static bool load_prepare(bptt_call *call)
{
  const door *d = &call->d;
  safetensors s;
  bptt_value fields;
  loaded *l = call->job = door_alloc(d, 1, sizeof *l);
  if (!l || !read_file(call, &s) || !read_fields(d, &s, &fields) ||
      !network_read_any_order(d, "file", &fields, &l->net, &l->param) ||
      !value_open_list(d, &call->result, NULL, 1) ||
      !network_make(d, value_append(&call->result), "net", &l->net)) {
    return false;
  }
  bptt_value *param = network_made_parameters(&call->result.item[0]);
  for (size_t i = 0; i < param->count; i++) param->item[i].kind = l->param[i]->kind;
  return true;
}

static bptt_status load_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const loaded *l = call->job;
  bptt_value *net = &call->result.item[0], *param = network_made_parameters(net);
  network_set(net, &l->net);
  for (size_t i = 0; i < param->count; i++) {
    const bptt_value *from = l->param[i];
    size_t size = from->kind == BPTT_SINGLE ? sizeof(float) : sizeof(double);
    memcpy(param->item[i].data, from->data, from->count * size);
  }
  return BPTT_OK;
}

/* Where the call does not give an option, a note of rnn_export's has it: `to` is then as if it had
 * been given. */
static bool read_setting(const bptt_call *call, const safetensors *s, const char *key,
                         option_id row, option_value *to)
{
  const door *d = &call->d;
  const place at = {"file", key, 0};
  bptt_value fields;
  *to = call->option.at[row];
  if (to->given || !safetensors_note(s, key)) return true;
  if (!value_open_list(d, &fields, NULL, 1) || !read_note(d, s, key, &fields)) return false;
  to->given = &fields.item[0];
  return row == OPTION_FOUND_DROPOUT ? option_read_number(d, at, row, to->given, &to->number)
                                     : option_read_choice(d, at, row, to->given, &to->choice);
}

static bool read_settings(bptt_call *call, const safetensors *s)
{
  option_value *at = call->option.at;
  return read_setting(call, s, activation_key, OPTION_FOUND_ACTIVATION, &at[OPTION_ACTIVATION]) &&
         read_setting(call, s, reset_key, OPTION_FOUND_RESET, &at[OPTION_RESET]) &&
         read_setting(call, s, mode_key, OPTION_FOUND_OUTPUT_MODE, &at[OPTION_OUTPUT_MODE]) &&
         read_setting(call, s, dropout_key, OPTION_FOUND_DROPOUT, &at[OPTION_DROPOUT]);
}

static bool import_prepare(bptt_call *call)
{
  const door *d = &call->d;
  const option_value *at = call->option.at;
  const option_value *naming = &at[OPTION_FOUND_NAMING], *reset = &at[OPTION_RESET];
  naming_id named = (naming_id)naming->choice;
  safetensors s;
  loaded *l = call->job = door_alloc(d, 1, sizeof *l);
  if (!l || !read_file(call, &s) || !read_settings(call, &s)) return false;
  bptt_reset told = (bptt_reset)reset->choice;
  network *n = &l->net;
  n->activation = (bptt_activation)at[OPTION_ACTIVATION].choice;
  n->last = at[OPTION_OUTPUT_MODE].choice == OUTPUT_LAST;
  n->dropout = at[OPTION_DROPOUT].number;
  return naming_read(d, &s, naming->given ? &named : NULL, reset->given ? &told : NULL, n,
                     &l->slots) &&
         network_check_choices(d, n, &call->option) && network_complete(d, n) &&
         network_check_size(d, "file", n) && value_open_list(d, &call->result, NULL, 1) &&
         network_make(d, value_append(&call->result), "net", n);
}

static bptt_status import_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const loaded *l = call->job;
  bptt_value *net = &call->result.item[0], *param = network_made_parameters(net);
  network_set(net, &l->net);
  naming_get(&l->net, &l->slots, param->item);
  for (size_t i = 0; i < param->count; i++) { /* a sum of two biases may be too large */
    place at = {"file", param->item[i].name, 0};
    if (!value_check_finite(&call->d, at, &param->item[i])) return call->d.error->status;
  }
  return BPTT_OK;
}

const handler file_handlers[] = {
    {"rnn_save", save_prepare, save_run},
    {"rnn_load", load_prepare, load_run},
    {"rnn_export", export_prepare, export_run},
    {"rnn_import", import_prepare, import_run},
    {NULL, NULL, NULL},
};
