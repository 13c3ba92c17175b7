/* param.c -- the functions that only handle parameters: rnn_net, rnn_clip, rnn_pack, rnn_unpack,
 * bptt_info, bptt_options. */
#include "call.h"
#include "clip.h"
#include "engine.h"
#include "init.h"
#include <math.h>
#include <string.h>

/* Results that are a single thing: a list of one. */
static bptt_value *open_result(bptt_call *call, ptrdiff_t most)
{
  return value_open_list(&call->d, &call->result, NULL, most) ? &call->result : NULL;
}

static void *element(const bptt_value *v, ptrdiff_t i)
{
  return v->kind == BPTT_SINGLE ? (void *)((float *)v->data + i) : (void *)((double *)v->data + i);
}

static void copy_numbers(bptt_value *to, ptrdiff_t to_at, const bptt_value *from, ptrdiff_t from_at,
                         ptrdiff_t n)
{
  bptt_convert(element(to, to_at), value_dtype(to), element(from, from_at), value_dtype(from), n);
}

/* ---------------------------------------------------------------------------- rnn_net */

/* What rnn_net makes. */
typedef struct {
  network net;
  init_options init;
  double **param;
  const bptt_value **own; /* the user's parameters; NULL: none */
} new_network;

static bool describe_network(const bptt_call *call, network *n)
{
  const option_value *at = call->option.at;
  const bptt_value *hidden = call_given(call, OPTION_HIDDEN);
  const door *d = &call->d;
  *n = (network){.cell = (bptt_cell)at[OPTION_CELL].choice,
                 .activation = (bptt_activation)at[OPTION_ACTIVATION].choice,
                 .reset = (bptt_reset)at[OPTION_RESET].choice,
                 .D = (ptrdiff_t)at[OPTION_INPUT].number,
                 .O = (ptrdiff_t)at[OPTION_OUTPUT].number,
                 .directions = at[OPTION_BIDIRECTIONAL].flag ? 2 : 1,
                 .last = at[OPTION_OUTPUT_MODE].choice == OUTPUT_LAST,
                 .dropout = at[OPTION_DROPOUT].number};
  if (!network_read_hidden(d, place_of("hidden"), hidden, n) ||
      !network_check_choices(d, n, &call->option) || !network_complete(d, n)) {
    return false;
  }
  return network_size(n) <= NETWORK_MOST ||
         fail(d->error, "hidden",
              "`hidden` is %s, which with %s and %s makes %.0f parameters; expected at most %.0f",
              value_describe(hidden).s, say_count(n->D, "input", "inputs").s,
              say_count(n->O, "output", "outputs").s, network_size(n), NETWORK_MOST);
}

static bool read_init(const bptt_call *call, const network *n, init_options *o)
{
  const option_value *at = call->option.at;
  *o = (init_options){.seed = at[OPTION_SEED].number,
                      .input = (init_method)at[OPTION_INIT].choice,
                      .recurrent = (init_method)at[OPTION_RECURRENT_INIT].choice,
                      .forget_bias = at[OPTION_FORGET_BIAS].number,
                      .chrono = at[OPTION_CHRONO].given ? at[OPTION_CHRONO].number : 0};
  if (!at[OPTION_SEED].given) {
    return wrong(call->d.error, place_of("seed"), "missing", "a whole number from 0 to 2^53");
  }
  return init_check(call->d.error, n, o);
}

static bool read_own(const bptt_call *call, new_network *w)
{
  const door *d = &call->d;
  const bptt_value *list = call_given(call, OPTION_OWN_PARAM);
  if (!list) return true;
  if (list->kind != BPTT_LIST) {
    return wrong(d->error, place_of("param"), value_describe(list).s, "a %s of parameters",
                 fields_word(d));
  }
  return network_read_parameters(d, "param", list, &w->net, false, &w->own);
}

static bool net_prepare(bptt_call *call)
{
  const door *d = &call->d;
  ptrdiff_t scratch;
  size_t offset;
  new_network *w = call->job = door_alloc(d, 1, sizeof *w);
  if (!w || !describe_network(call, &w->net) || !read_init(call, &w->net, &w->init) ||
      !read_own(call, w)) {
    return false;
  }
  w->param = door_alloc(d, w->net.parameters, sizeof *w->param);
  if (!w->param) return false;
  if (!init_scratch(&w->net, &w->init, &scratch)) {
    return fail(d->error, "hidden", "`hidden` makes matrices larger than can be counted");
  }
  return call_reserve(call, scratch, sizeof(double), &offset) && open_result(call, 1) &&
         network_make(d, value_append(&call->result), "net", &w->net);
}

static bptt_status net_run(bptt_call *call, char *workspace)
{
  const new_network *w = call->job;
  bptt_value *net = &call->result.item[0], *list = network_made_parameters(net);
  for (size_t i = 0; i < list->count; i++) w->param[i] = list->item[i].data;
  network_set(net, &w->net);
  bptt_status status =
      init_parameters(&w->net, &w->init, w->param, (double *)workspace, &call->d.host);
  for (size_t i = 0; w->own && i < list->count; i++) {
    const bptt_value *own = w->own[i];
    if (own) copy_numbers(&list->item[i], 0, own, 0, value_count(own));
  }
  return status;
}

/* ---------------------------------------------------------------------- lists of arrays */

static bptt_kind result_kind(const bptt_value *v)
{
  return v->kind == BPTT_SINGLE ? BPTT_SINGLE : BPTT_DOUBLE;
}

static place item_place(const char *argument, const bptt_value *list, size_t i)
{
  const char *name = list->item[i].name;
  bool named = name && *name;
  return (place){argument, named ? name : NULL, named ? 0 : (ptrdiff_t)i + 1};
}

/* A list of arrays of numbers; how many numbers, and whether some are single. */
static bool read_arrays(const door *d, const char *argument, const bptt_value *list,
                        const char *expected, ptrdiff_t *count, bptt_kind *kind)
{
  if (!list || list->kind != BPTT_LIST || list->count == 0) {
    bool empty = list && list->kind == BPTT_LIST;
    phrase is = empty ? value_say_empty(list) : value_describe(list);
    return wrong(d->error, place_of(argument), is.s, "%s", expected);
  }
  *count = 0;
  *kind = BPTT_DOUBLE;
  for (size_t i = 0; i < list->count; i++) {
    const bptt_value *v = &list->item[i];
    place at = item_place(argument, list, i);
    if (!value_check_array(d, at, v, "a real array")) return false;
    if (v->ndim > BPTT_MAX_DIM) {
      return wrong(d->error, at, value_describe(v).s, "at most %d dims", BPTT_MAX_DIM);
    }
    if (__builtin_add_overflow(*count, value_count(v), count)) {
      return wrong(d->error, at, "too much", "fewer numbers than can be counted");
    }
    if (v->kind == BPTT_SINGLE) *kind = BPTT_SINGLE;
  }
  return true;
}

/* --------------------------------------------------------------------------- rnn_clip */

static bool clip_prepare(bptt_call *call)
{
  const door *d = &call->d;
  const bptt_value *list = call_given(call, OPTION_GRAD);
  ptrdiff_t count;
  bptt_kind kind;
  phrase expected = say("a %s of real arrays", fields_word(d));
  if (value_has_list(list, "grad")) {
    return wrong(d->error, place_of("grad"), "a whole result of rnn_bptt", "its `grad`");
  }
  if (value_has_list(list, "param")) {
    return wrong(d->error, place_of("grad"), "a network", "%s", expected.s);
  }
  if (!read_arrays(d, "grad", list, expected.s, &count, &kind)) return false;
  call->job = door_alloc(d, (ptrdiff_t)list->count, sizeof(gradient_part));
  if (!call->job || !open_result(call, 2)) return false;
  bptt_value *grad = value_append(&call->result);
  if (!value_make_list(d, grad, "grad", (ptrdiff_t)list->count)) return false;
  grad->ndim = list->ndim;
  memcpy(grad->dim, list->dim, sizeof grad->dim);
  for (size_t i = 0; i < list->count; i++) {
    const bptt_value *v = &list->item[i];
    grad->item[i] = *v;
    grad->item[i].kind = result_kind(v);
    grad->item[i].data = NULL;
  }
  if (d->host.want > 1) {
    value_make_scalar(d, value_append(&call->result), "grad_norm", kind);
  }
  return true;
}

static bptt_status clip_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const option_value *at = call->option.at;
  const bptt_value *list = at[OPTION_GRAD].given;
  bptt_value *result = call->result.item, *grad = &result[0];
  gradient_part *part = call->job;
  ptrdiff_t parts = (ptrdiff_t)grad->count;
  for (ptrdiff_t i = 0; i < parts; i++) {
    bptt_value *v = &grad->item[i];
    copy_numbers(v, 0, &list->item[i], 0, value_count(v));
    part[i] =
        (gradient_part){v->data, value_count(v), v->kind == BPTT_SINGLE ? BPTT_F32 : BPTT_F64};
  }
  double norm = clip_norm_of(part, parts);
  clip_gradient(part, parts, norm, at[OPTION_NORM].number, at[OPTION_VALUE].number);
  if (call->result.count > 1) value_set(&result[1], 0, norm);
  for (ptrdiff_t i = 0; i < parts && !isfinite(norm); i++) {
    if (value_not_finite(&list->item[i]) < 0) continue;
    phrase which = say_place(item_place("grad", list, (size_t)i));
    call->warning = say("the gradient is not finite: first in %s", which.s);
    break;
  }
  return BPTT_OK;
}

/* -------------------------------------------------------------- rnn_pack and rnn_unpack */

/* What rnn_pack packs, in this order. */
typedef struct {
  const bptt_value **array;
  const bptt_value *list; /* NULL: the arrays; else the items of this list */
  ptrdiff_t count;
} packed;

static const bptt_value *packed_item(const packed *p, ptrdiff_t i)
{
  return p->list ? &p->list->item[i] : p->array[i];
}

static bool pack_prepare(bptt_call *call)
{
  const door *d = &call->d;
  const bptt_value *v = call_given(call, OPTION_PARAM);
  packed *p = call->job = door_alloc(d, 1, sizeof *p);
  if (!p || !open_result(call, 1)) return false;
  bool whole_network = v && v->kind == BPTT_LIST && value_find(v, "param");
  ptrdiff_t count;
  bptt_kind kind = BPTT_DOUBLE;
  if (whole_network) {
    network n;
    if (!network_read(d, "param", v, &n, &p->array)) return false;
    count = (ptrdiff_t)network_size(&n);
    p->count = n.parameters;
    for (ptrdiff_t i = 0; i < p->count; i++) {
      if (p->array[i]->kind == BPTT_SINGLE) kind = BPTT_SINGLE;
    }
  } else {
    phrase expected = say("a %s of parameters or a network made by rnn_net", fields_word(d));
    if (d->host.habit == BPTT_OCTAVE && v && v->kind == BPTT_LIST && v->count > 0 &&
        !v->item[0].name) {
      return wrong(d->error, place_of("param"), value_describe(v).s, "%s", expected.s);
    }
    if (!read_arrays(d, "param", v, expected.s, &count, &kind)) return false;
    p->list = v;
    p->count = (ptrdiff_t)v->count;
  }
  value_make_vector(d, value_append(&call->result), "theta", kind, count);
  return true;
}

static bptt_status pack_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  const packed *p = call->job;
  ptrdiff_t at = 0;
  for (ptrdiff_t i = 0; i < p->count; i++) {
    const bptt_value *v = packed_item(p, i);
    copy_numbers(&call->result.item[0], at, v, 0, value_count(v));
    at += value_count(v);
  }
  return BPTT_OK;
}

static bool unpack_prepare(bptt_call *call)
{
  const door *d = &call->d;
  const bptt_value *theta = call_given(call, OPTION_THETA);
  const bptt_value **param;
  network n;
  if (!network_read(d, "net", call_given(call, OPTION_UNPACK_NET), &n, &param)) return false;
  ptrdiff_t count = (ptrdiff_t)network_size(&n);
  phrase expected = say("a vector of %s", say_count(count, "number", "numbers").s);
  if (!value_check_array(d, place_of("theta"), theta, expected.s)) return false;
  if (value_count(theta) != count || !value_is_vector(theta)) {
    return wrong(d->error, place_of("theta"), value_describe(theta).s, "%s", expected.s);
  }
  return value_check_finite(d, place_of("theta"), theta) && open_result(call, 1) &&
         network_make_parameters(d, value_append(&call->result), "param", &n, result_kind(theta));
}

static bptt_status unpack_run(bptt_call *call, char *workspace)
{
  (void)workspace;
  bptt_value *list = &call->result.item[0];
  ptrdiff_t at = 0;
  for (size_t i = 0; i < list->count; i++) {
    ptrdiff_t n = value_count(&list->item[i]);
    copy_numbers(&list->item[i], 0, call_given(call, OPTION_THETA), at, n);
    at += n;
  }
  return BPTT_OK;
}

/* -------------------------------------------------------------------------- bptt_info */

static bool info_prepare(bptt_call *call)
{
  const char **text = door_alloc(&call->d, 2, sizeof *text);
  if (!text || !open_result(call, 1)) return false;
  text[0] = BPTT_VERSION;
  text[1] = bptt_isa();
  bptt_value *info = value_append(&call->result);
  if (!value_make_list(&call->d, info, "info", 2)) return false;
  value_make_text(&info->item[0], "version", &text[0], 1);
  value_make_text(&info->item[1], "isa", &text[1], 1);
  return true;
}

static bptt_status info_run(bptt_call *call, char *workspace)
{
  (void)call, (void)workspace;
  return BPTT_OK;
}

/* The table of options, column by column: for tests, and for who passes options on. */
static bool table_prepare(bptt_call *call)
{
  static const char *const name[] = {"function", "name", "type", "initial", "range", "help"};
  enum { COLUMNS = sizeof name / sizeof *name };
  size_t rows;
  const bptt_option *row = bptt_option_table(&rows);
  const char **text = door_alloc(&call->d, (ptrdiff_t)rows * COLUMNS, sizeof *text);
  if (!text || !open_result(call, 1)) return false;
  bptt_value *table = value_append(&call->result);
  if (!value_make_list(&call->d, table, "table", COLUMNS)) return false;
  for (size_t i = 0; i < rows; i++) {
    const char *cell[] = {row[i].function, row[i].name,  row[i].type,
                          row[i].initial,  row[i].range, row[i].help};
    for (size_t j = 0; j < COLUMNS; j++) text[j * rows + i] = cell[j];
  }
  for (size_t j = 0; j < COLUMNS; j++) {
    value_make_text(&table->item[j], name[j], text + j * rows, (ptrdiff_t)rows);
  }
  return true;
}

const handler param_handlers[] = {
    {"rnn_net", net_prepare, net_run},        {"rnn_clip", clip_prepare, clip_run},
    {"rnn_pack", pack_prepare, pack_run},     {"rnn_unpack", unpack_prepare, unpack_run},
    {"bptt_info", info_prepare, info_run},    {"bptt_options", table_prepare, info_run},
    {NULL, NULL, NULL},
};
