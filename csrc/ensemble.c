/* ensemble.c -- rnn_predict, of one network or of several.
 *
 * Each of several networks has a call of its own, all in the same workspace, one after the other.
 * Either what they predict are results themselves, or one result is made of it element by element:
 *
 *   mean     (p_1 + ... + p_N) / N, summed in this order
 *   median   of p_1, ..., p_N; that of an even number is the mean of the middle two. Medians of
 *            probabilities need not sum to 1: they are divided by their sum, and where all of them
 *            are 0 the mean stands for them
 *
 * Classes are those of the combined probabilities. */
#include "forward.h"
#include <math.h>
#include <string.h>

typedef struct {
  bptt_call call;
  phrase net, state; /* what sentences call them */
} member;

typedef struct {
  bool listed; /* the networks were given as a list */
  ptrdiff_t count;
  member *member;
  size_t room;   /* workspace of the members */
  bool combined; /* one result is made; all below is for it: */
  series y;      /* the result */
  ptrdiff_t O, columns;
  size_t sum;  /* O x columns numbers, double: the sum of all predictions, then what is made */
  size_t kept; /* of the median: count x O x columns, the predictions */
} ensemble;

/* A list whose items have no names: a network has fields. */
static bool is_plain_list(const bptt_value *v)
{
  if (!v || v->kind != BPTT_LIST || v->fields) return false;
  for (size_t i = 0; i < v->count; i++) {
    if (v->item[i].name) return false;
  }
  return true;
}

/* One network, and one prediction of it: there is nothing to put together. */
static bool is_alone(const bptt_call *call)
{
  return call->option.at[OPTION_COMBINE].choice != COMBINE_ALL &&
         !is_plain_list(call_given(call, OPTION_NET));
}

/* -------------------------------------------------------------------------- preparing */

/* Item i, from 0, of an argument as the user would write it. */
static phrase say_item(const door *d, const char *argument, ptrdiff_t i)
{
  bool r = d->host.habit == BPTT_R;
  return r ? say("%s[[%td]]", argument, i + 1) : say("%s{%td}", argument, i + 1);
}

/* Each network has its own initial state. */
static bool check_states(const bptt_call *call, ptrdiff_t count)
{
  const door *d = &call->d;
  const bptt_value *state = call_given(call, OPTION_STATE);
  bool plain = is_plain_list(state);
  if (!state || (plain && value_count(state) == count)) return true;
  phrase is = plain ? say("a %s of %td", list_word(d), value_count(state)) : value_describe(state);
  return wrong(d->error, place_of("state"), is.s, "a %s of %s, one for each network", list_word(d),
               say_count(count, "state", "states").s);
}

static void open_member(const bptt_call *call, const ensemble *e, ptrdiff_t i)
{
  member *m = &e->member[i];
  m->call = (bptt_call){.d = call->d, .handler = call->handler, .option = call->option};
  option_value *net = &m->call.option.at[OPTION_NET], *state = &m->call.option.at[OPTION_STATE];
  option_value *type = &m->call.option.at[OPTION_TYPE];
  if (e->combined && type->choice == TYPE_CLASS) type->choice = TYPE_PROB;
  if (!e->listed) return;
  m->net = say_item(&call->d, net->name, i);
  m->state = say_item(&call->d, state->name, i);
  net->given = &net->given->item[i];
  net->name = m->net.s;
  if (state->given) state->given = &state->given->item[i];
  state->name = m->state.s;
}

static bool open_members(bptt_call *call)
{
  const door *d = &call->d;
  const bptt_value *net = call_given(call, OPTION_NET);
  bool listed = is_plain_list(net), all = call->option.at[OPTION_COMBINE].choice == COMBINE_ALL;
  ensemble *e = call->job = door_alloc(d, 1, sizeof *e);
  if (!e) return false;
  e->listed = listed;
  e->count = listed ? value_count(net) : 1;
  e->combined = !all && e->count > 1;
  if (e->count == 0) {
    return wrong(d->error, place_of("net"), value_say_empty(net).s,
                 "a network made by rnn_net, or a %s of networks", list_word(d));
  }
  if (listed && !check_states(call, e->count)) return false;
  e->member = door_alloc(d, e->count, sizeof *e->member);
  for (ptrdiff_t i = 0; e->member && i < e->count; i++) open_member(call, e, i);
  return e->member != NULL;
}

static const pass *pass_of(const ensemble *e, ptrdiff_t i)
{
  return e->member[i].call.job;
}

/* The networks of two members take the same input and give the same output. */
static bool check_alike(const door *d, const ensemble *e, ptrdiff_t i)
{
  const network *a = &pass_of(e, 0)->net, *b = &pass_of(e, i)->net;
  const char *first = e->member[0].net.s, *other = e->member[i].net.s;
  if (a->D != b->D) {
    return fail(d->error, "net", "`%s` takes %s; `%s` takes %td", other,
                say_count(b->D, "feature", "features").s, first, a->D);
  }
  if (a->O != b->O) {
    return fail(d->error, "net", "`%s` gives %s; `%s` gives %td", other,
                say_count(b->O, "output", "outputs").s, first, a->O);
  }
  if (a->last == b->last) return true;
  return fail(d->error, "net", "`output_mode` of `%s` is %s; that of `%s` is %s", other,
              option_say_choice(OPTION_OUTPUT_MODE, b->last ? OUTPUT_LAST : OUTPUT_SEQUENCE).s,
              first,
              option_say_choice(OPTION_OUTPUT_MODE, a->last ? OUTPUT_LAST : OUTPUT_SEQUENCE).s);
}

static bool read_members(const bptt_call *call)
{
  const ensemble *e = call->job;
  for (ptrdiff_t i = 0; i < e->count; i++) {
    if (!pass_read_network(&e->member[i].call) || !check_alike(&call->d, e, i)) return false;
  }
  for (ptrdiff_t i = 0; i < e->count; i++) {
    if (!pass_read_series(&e->member[i].call, false)) return false;
  }
  return true;
}

/* One more result that is a list of the members', in the shape of the list of networks. */
static bool open_shared(bptt_call *call, const char *name, bptt_value **list)
{
  const ensemble *e = call->job;
  const bptt_value *net = call_given(call, OPTION_NET);
  *list = value_append(&call->result);
  if (!value_open_list(&call->d, *list, name, e->count)) return false;
  if (!e->listed) return true;
  (*list)->ndim = net->ndim;
  memcpy((*list)->dim, net->dim, sizeof net->dim);
  return true;
}

/* Their predictions are results: a list of them, or that of a single network. */
static bool add_predictions(bptt_call *call)
{
  const ensemble *e = call->job;
  bptt_value *list = &call->result;
  if (call->option.at[OPTION_COMBINE].choice != COMBINE_ALL) {
    return predict_add(&e->member->call, list, "y");
  }
  if (!open_shared(call, "y", &list)) return false;
  for (ptrdiff_t i = 0; i < e->count; i++) {
    if (!predict_add(&e->member[i].call, list, NULL)) return false;
  }
  return true;
}

/* In Octave the result is single where that of any network is. */
static bptt_kind kind_of(const ensemble *e)
{
  for (ptrdiff_t i = 0; i < e->count; i++) {
    if (pass_of(e, i)->kind == BPTT_SINGLE) return BPTT_SINGLE;
  }
  return BPTT_DOUBLE;
}

/* The members' predictions stay in the workspace, and one result is made of them. */
static bool add_combined(bptt_call *call)
{
  ensemble *e = call->job;
  const pass *p = pass_of(e, 0);
  bool class = call->option.at[OPTION_TYPE].choice == TYPE_CLASS;
  bool median = call->option.at[OPTION_COMBINE].choice == COMBINE_MEDIAN;
  for (ptrdiff_t i = 0; i < e->count; i++) {
    if (!predict_keep(&e->member[i].call)) return false;
  }
  e->O = p->net.O;
  e->columns = predict_columns(p);
  ptrdiff_t numbers = e->O * e->columns;
  size_t kept = (size_t)e->count * sizeof(double);
  return series_make(&call->d, &p->x, class ? 1 : e->O, p->net.last,
                     class ? BPTT_DOUBLE : kind_of(e), "y", value_append(&call->result), &e->y) &&
         call_reserve(call, numbers, sizeof(double), &e->sum) &&
         (!median || call_reserve(call, numbers, kept, &e->kept));
}

static bool add_states(bptt_call *call)
{
  const ensemble *e = call->job;
  bptt_value *list = &call->result;
  if (call->d.host.habit != BPTT_OCTAVE || !pass_wants_more(call, list)) return true;
  if (e->listed && !open_shared(call, "state", &list)) return false;
  for (ptrdiff_t i = 0; i < e->count; i++) {
    const char *name = e->listed ? NULL : "state";
    if (!pass_add_state(&e->member[i].call, list, name, LAST_STATE)) return false;
  }
  return true;
}

static bool reserve_room(bptt_call *call)
{
  ensemble *e = call->job;
  size_t most = 0;
  for (ptrdiff_t i = 0; i < e->count; i++) {
    bptt_call *m = &e->member[i].call;
    if (!pass_reserve_step(m)) return false;
    if (m->workspace > most) most = m->workspace;
  }
  return call_reserve_bytes(call, most, &e->room);
}

static bool several_prepare(bptt_call *call)
{
  if (!open_members(call)) return false;
  if (!read_members(call)) {
    /* What is wrong with an item is wrong with the argument. */
    char *argument = call->d.error->argument;
    argument[strcspn(argument, "[{")] = '\0';
    return false;
  }
  const ensemble *e = call->job;
  return pass_open_results(call) && (e->combined ? add_combined(call) : add_predictions(call)) &&
         add_states(call) && reserve_room(call);
}

static bool ensemble_prepare(bptt_call *call)
{
  return is_alone(call) ? predict_prepare(call) : several_prepare(call);
}

/* ---------------------------------------------------------------------------- running */

static void add_prediction(const bptt_call *call, ptrdiff_t i, char *workspace)
{
  const ensemble *e = call->job;
  bool median = call->option.at[OPTION_COMBINE].choice == COMBINE_MEDIAN;
  double *sum = (double *)(workspace + e->sum), *kept = (double *)(workspace + e->kept);
  bptt_value y = predict_outputs(pass_of(e, i));
  for (ptrdiff_t k = 0; k < e->O * e->columns; k++) {
    double v = value_at(&y, k);
    sum[k] = i == 0 ? v : sum[k] + v;
    if (median) kept[k * e->count + i] = v;
  }
}

/* Puts the number of rank k, from 0, in its place, none larger before it and none smaller after it
 * (Hoare 1961, algorithm 65: Find). */
static void place_rank(double *v, ptrdiff_t n, ptrdiff_t k)
{
  ptrdiff_t first = 0, last = n - 1;
  while (first < last) {
    double pivot = v[k];
    ptrdiff_t i = first, j = last;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i > j) break;
      double swapped = v[i];
      v[i++] = v[j];
      v[j--] = swapped;
    }
    if (j < k) first = i;
    if (i > k) last = j;
  }
}

/* NaN where a number is. Their order is lost. */
static double median_of(double *v, ptrdiff_t n)
{
  ptrdiff_t half = n / 2;
  for (ptrdiff_t i = 0; i < n; i++) {
    if (isnan(v[i])) return v[i];
  }
  place_rank(v, n, half);
  if (n % 2 == 1) return v[half];
  double below = v[0];
  for (ptrdiff_t i = 1; i < half; i++) below = v[i] > below ? v[i] : below;
  return (below + v[half]) / 2;
}

/* Medians in place of the sums. */
static void set_medians(const bptt_call *call, double *sum, double *kept)
{
  const ensemble *e = call->job;
  ptrdiff_t O = e->O, count = e->count;
  bool share = O > 1 && call->option.at[OPTION_TYPE].choice != TYPE_RESPONSE;
  for (ptrdiff_t c = 0; c < e->columns; c++, sum += O, kept += O * count) {
    double total = 0;
    for (ptrdiff_t o = 0; o < O; o++) {
      double *median = &kept[o * count];
      *median = median_of(median, count);
      total += *median;
    }
    for (ptrdiff_t o = 0; o < O; o++) {
      double median = kept[o * count], mean = sum[o] / (double)count;
      sum[o] = !share ? median : total == 0 ? mean : median / total;
    }
  }
}

static void set_means(const ensemble *e, double *sum)
{
  for (ptrdiff_t k = 0; k < e->O * e->columns; k++) sum[k] /= (double)e->count;
}

/* Makes the result of the predictions that were added. */
static void combine(const bptt_call *call, char *workspace)
{
  const ensemble *e = call->job;
  double *made = (double *)(workspace + e->sum), *kept = (double *)(workspace + e->kept);
  bptt_value y = {.kind = BPTT_DOUBLE, .count = (size_t)(e->O * e->columns), .data = made};
  bool class = call->option.at[OPTION_TYPE].choice == TYPE_CLASS;
  if (call->option.at[OPTION_COMBINE].choice == COMBINE_MEDIAN) {
    set_medians(call, made, kept);
  } else {
    set_means(e, made);
  }
  /* In place: a class is written where its own column is or before it. */
  for (ptrdiff_t c = 0; class && c < e->columns; c++) made[c] = predict_class(&y, e->O, c, .5);
  series_copy_out(&e->y, made, BPTT_F64);
}

/* The first network that has something to say says it. */
static void take_warning(bptt_call *call, const member *m)
{
  const char *sentence = bptt_warning(&m->call);
  if (!sentence || bptt_warning(call)) return;
  call->warning = m->net.s[0] ? say("`%s`: %s", m->net.s, sentence) : say("%s", sentence);
}

static bptt_status several_run(bptt_call *call, char *workspace)
{
  const ensemble *e = call->job;
  for (ptrdiff_t i = 0; i < e->count; i++) {
    member *m = &e->member[i];
    bptt_status status = predict_run(&m->call, workspace + e->room);
    if (status != BPTT_OK) return status;
    take_warning(call, m);
    if (e->combined) add_prediction(call, i, workspace);
  }
  if (e->combined) combine(call, workspace);
  return BPTT_OK;
}

static bptt_status ensemble_run(bptt_call *call, char *workspace)
{
  return is_alone(call) ? predict_run(call, workspace) : several_run(call, workspace);
}

const handler ensemble_handlers[] = {
    {"rnn_predict", ensemble_prepare, ensemble_run},
    {NULL, NULL, NULL},
};
