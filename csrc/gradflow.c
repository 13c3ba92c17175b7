/* gradflow.c -- what becomes of the gradient on its way back: rnn_gradflow. */
#include "pass.h"
#include <math.h>

/* ----------------------------------------------------------------------- rnn_gradflow */

/* Results: a row for each step, a column for each layer and direction. */
struct flow {
  bptt_value *dh, *dc, *gain;
  bptt_value *growth, *reach; /* a number for each column */
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
  enum { MOST_FIELDS = 7 };
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
  want_flow(p, &any, f->dc ? &any : NULL, &any);
  return pass_reserve_step(call);
}

/* The geometric mean of the gains: what a gradient is multiplied by on its way back over a step.
 * Step 0 leads out of the sequence, and where nothing arrives there is nothing to say. */
static double growth_of(const double *gain, ptrdiff_t T)
{
  double sum = 0, count = 0;
  for (ptrdiff_t t = 1; t < T; t++) {
    if (!(gain[t] > 0) || isinf(gain[t])) continue;
    sum += log(gain[t]);
    count++;
  }
  return exp(sum / count);
}

static bptt_status flow_run(bptt_call *call, char *workspace)
{
  const double hundredfold = 100;
  pass *p = call->job;
  const struct flow *f = p->flow;
  ptrdiff_t T = p->problem.T;
  want_flow(p, f->dh->data, f->dc ? f->dc->data : NULL, f->gain->data);
  bptt_status status = pass_step(call, workspace);
  if (status != BPTT_OK) return status;
  pass_warn_loss(call);
  pass_warn_gradient(call, 0);
  value_set(p->loss, 0, pass_loss(p));
  for (ptrdiff_t i = 0; i < value_count(f->growth); i++) {
    double growth = growth_of((const double *)f->gain->data + i * T, T);
    value_set(f->growth, i, growth);
    value_set(f->reach, i, log(hundredfold) / fabs(log(growth)));
  }
  return BPTT_OK;
}

const handler flow_handlers[] = {
    {"rnn_gradflow", flow_prepare, flow_run},
    {NULL, NULL, NULL},
};
