/* gradflow.c -- what becomes of the gradient on its way back: rnn_gradflow. */
#include "pass.h"
#include <math.h>

/* ----------------------------------------------------------------------- rnn_gradflow */

/* Results: a row for each step, a column for each layer and direction. */
struct flow {
  bptt_value *dh, *dc, *gain;
  bptt_value *growth, *reach; /* a number for each column */
  phrase *verdict;            /* the same: written by the run, read through a result */
};

static bool add_flow_matrix(bptt_call *call, bptt_value *list, const char *name, bptt_value **v)
{
  const pass *p = call->job;
  ptrdiff_t dim[] = {p->problem.T, p->net.layers * p->net.directions}, n;
  if (!product(dim[0], dim[1], &n) || !product(n, (ptrdiff_t)sizeof(double), &n)) {
    return fail(call->d.error, "x", "`x` has more steps than can be counted");
  }
  *v = value_append(list);
  value_make_array(*v, name, BPTT_DOUBLE, 2, dim);
  return true;
}

/* The columns have the names of the states. */
static bool add_flow_names(bptt_call *call, bptt_value *list)
{
  const pass *p = call->job;
  state_field s;
  ptrdiff_t count = 0;
  const char **name = door_alloc(&call->d, p->net.states, sizeof *name);
  if (!name) return false;
  for (int i = 0; network_state(&p->net, i, &s); i++) {
    if (!s.cell) name[count++] = s.name;
  }
  value_make_text(value_append(list), "name", name, count);
  return true;
}

/* A sentence for each column, where flow_run() will write it. */
static bool add_verdicts(bptt_call *call, bptt_value *list, struct flow *f)
{
  const pass *p = call->job;
  const ptrdiff_t columns = p->net.layers * p->net.directions;
  const char **text = door_alloc(&call->d, columns, sizeof *text);
  f->verdict = door_alloc(&call->d, columns, sizeof *f->verdict);
  if (!text || !f->verdict) return false;
  for (ptrdiff_t i = 0; i < columns; i++) text[i] = f->verdict[i].s;
  value_make_text(value_append(list), "verdict", text, columns);
  return true;
}

/* What the engine is to know when it counts its workspace: the arrays are not made yet. */
static void want_flow(pass *p, const double *dh, const double *dc, const double *gain)
{
  ptrdiff_t T = p->problem.T;
  for (int i = 0; i < p->net.layers * p->net.directions; i++) {
    bptt_layer *l = &p->problem.layer[i];
    l->dh_norm = (double *)dh + i * T;
    l->dc_norm = dc ? (double *)dc + i * T : NULL;
    l->gain = (double *)gain + i * T;
  }
}

static bool flow_prepare(bptt_call *call)
{
  enum { MOST_FIELDS = 8 };
  const door *d = &call->d;
  double any = 0;
  if (!pass_read_inputs(call, false) || !pass_check_seed(call) ||
      !pass_read_target(call, ((const pass *)call->job)->net.last) ||
      !value_open_list(d, &call->result, NULL, MOST_FIELDS)) {
    return false;
  }
  pass *p = call->job;
  struct flow *f = p->flow = door_alloc(d, 1, sizeof *f);
  bptt_value *list = &call->result;
  if (!f) return false;
  if (d->host.habit == BPTT_OCTAVE) {
    list = value_append(list);
    if (!value_open_list(d, list, "flow", MOST_FIELDS)) return false;
  }
  p->loss = value_append(list);
  value_make_scalar(d, p->loss, "loss", BPTT_DOUBLE);
  if (!add_flow_names(call, list) || !add_flow_matrix(call, list, "dh", &f->dh) ||
      (p->net.cell == BPTT_LSTM && !add_flow_matrix(call, list, "dc", &f->dc)) ||
      !add_flow_matrix(call, list, "gain", &f->gain)) {
    return false;
  }
  ptrdiff_t columns = p->net.layers * p->net.directions;
  value_make_vector(d, f->growth = value_append(list), "growth", BPTT_DOUBLE, columns);
  value_make_vector(d, f->reach = value_append(list), "reach", BPTT_DOUBLE, columns);
  if (!add_verdicts(call, list, f)) return false;
  want_flow(p, &any, f->dc ? &any : NULL, &any);
  return pass_reserve_step(call);
}

/* ---------------------------------------------------------------------------- verdict */

/* What the gains of a column say. */
typedef struct {
  ptrdiff_t crossed; /* steps that a gradient went back over */
  ptrdiff_t cut;     /* of these, how many until it was 0; 0: it never was */
  double growth;     /* by what it was multiplied at each: the geometric mean of their gains */
} journey;

/* Steps from `steps` back to 1: step 0 leads out of the sequence. Where there was no gradient its
 * gain is 0 / 0. */
static journey journey_of(const double *gain, ptrdiff_t steps)
{
  journey j = {0, 0, 0};
  double sum = 0;
  for (ptrdiff_t t = steps - 1; t > 0; t--) {
    if (!isfinite(gain[t])) continue;
    j.crossed++;
    if (gain[t] == 0 && !j.cut) j.cut = j.crossed;
    sum += log(gain[t]);
  }
  j.growth = exp(sum / (double)j.crossed);
  return j;
}

/* The first step with a norm that is not finite on the way back, from 1; 0: none. dc may be NULL.
 */
static ptrdiff_t bad_step(const double *dh, const double *dc, ptrdiff_t T, bool reverse)
{
  for (ptrdiff_t k = 0; k < T; k++) {
    ptrdiff_t t = reverse ? k : T - 1 - k;
    if (!isfinite(dh[t]) || (dc && !isfinite(dc[t]))) return t + 1;
  }
  return 0;
}

static const double much = 100; /* a hundredfold, and a hundredth */

/* The steps after which a gradient is a hundredth, or a hundredfold, of what it was. */
static double reach_of(const journey *j)
{
  return j->cut ? (double)j->cut : log(much) / fabs(log(j->growth));
}

static phrase verdict_of(const journey *j, ptrdiff_t steps)
{
  const double over = (double)j->crossed * log(j->growth);
  if (steps < 2) return say("one step: there is nothing to compare");
  if (j->crossed == 0) return say("no gradient goes back");
  if (j->cut) {
    return say("vanishing: nothing is left after %s", say_count(j->cut, "step", "steps").s);
  }
  if (fabs(over) <= log(much)) {
    return say("healthy: times %.3g a step, over %td steps", j->growth, j->crossed + 1);
  }
  return say("%s: times %.3g a step, %s after %.0f of %td steps",
             over < 0 ? "vanishing" : "exploding", j->growth,
             over < 0 ? "a hundredth" : "a hundredfold", ceil(reach_of(j)), j->crossed + 1);
}

/* What does not come from the gains: numbers that overflowed forward, or on the way back. */
static phrase verdict_bad(const pass *p, ptrdiff_t column)
{
  const struct flow *f = p->flow;
  const ptrdiff_t T = p->problem.T;
  const bool reverse = column % p->problem.directions == 1;
  const double *dc = f->dc ? (const double *)f->dc->data + column * T : NULL;
  const ptrdiff_t back = bad_step((const double *)f->dh->data + column * T, dc, T, reverse);
  if (p->problem.bad_forward) {
    return say("exploding: not finite from step %td on", p->problem.bad_forward);
  }
  if (!back) return (phrase){""};
  return say("exploding: not finite from step %td %s", back, reverse ? "on" : "back");
}

/* The most steps that a sequence has. */
static ptrdiff_t longest(const bptt_problem *p)
{
  ptrdiff_t steps = p->length ? 0 : p->T;
  for (ptrdiff_t b = 0; p->length && b < p->B; b++) {
    if (p->length[b] > steps) steps = p->length[b];
  }
  return steps;
}

static void judge(const pass *p)
{
  const struct flow *f = p->flow;
  const ptrdiff_t T = p->problem.T, steps = longest(&p->problem);
  for (ptrdiff_t i = 0; i < value_count(f->growth); i++) {
    double *gain = (double *)f->gain->data + i * T;
    for (ptrdiff_t t = steps; t < T; t++) gain[t] = NAN; /* there is no gradient */
    const journey j = journey_of(gain, steps);
    value_set(f->growth, i, j.growth);
    value_set(f->reach, i, reach_of(&j));
    f->verdict[i] = verdict_bad(p, i);
    if (!f->verdict[i].s[0]) f->verdict[i] = verdict_of(&j, steps);
  }
}

static bptt_status flow_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  const struct flow *f = p->flow;
  want_flow(p, f->dh->data, f->dc ? f->dc->data : NULL, f->gain->data);
  bptt_status status = pass_step(call, workspace);
  if (status != BPTT_OK) return status;
  pass_warn_loss(call);
  pass_warn_gradient(call, 0);
  value_set(p->loss, 0, pass_loss(p));
  judge(p);
  return BPTT_OK;
}

const handler flow_handlers[] = {
    {"rnn_gradflow", flow_prepare, flow_run},
    {NULL, NULL, NULL},
};
