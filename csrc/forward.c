/* forward.c -- outputs: rnn_forward, and rnn_predict of one network. */
#include "forward.h"
#include <math.h>

/* ------------------------------------------------------------------------ rnn_forward */

static bool forward_prepare(bptt_call *call)
{
  bool octave = call->d.host.habit == BPTT_OCTAVE;
  if (!pass_read_inputs(call, false) || !pass_open_results(call)) return false;
  pass *p = call->job;
  bptt_value *list = &call->result;
  return pass_add_outputs(call, list) &&
         (!octave || pass_add_state(call, list, "state", LAST_STATE)) &&
         pass_add_series(call, list, "h", network_top(&p->net), false, &p->problem.h) &&
         (octave || pass_add_state(call, list, "state", LAST_STATE)) && pass_reserve_step(call);
}

static bptt_status forward_run(bptt_call *call, char *workspace)
{
  bptt_status status = pass_step(call, workspace);
  if (status != BPTT_OK) return status;
  pass_copy_out(call->job);
  pass_warn_output(call);
  return BPTT_OK;
}

/* ------------------------------------------------------------------------ rnn_predict */

ptrdiff_t predict_columns(const pass *p)
{
  return p->problem.B * (p->problem.last ? 1 : p->problem.T);
}

/* The result holds classes, while the engine's outputs stay in the workspace. */
static bool add_classes(bptt_call *call, bptt_value *list, const char *name)
{
  pass *p = call->job;
  bptt_value *y = value_append(list);
  return series_make(&call->d, &p->x, 1, p->net.last, BPTT_DOUBLE, name, y, &p->classes) &&
         predict_keep(call) &&
         call_reserve(call, series_count(&p->classes), sizeof(double), &p->class_offset);
}

bool predict_add(bptt_call *call, bptt_value *list, const char *name)
{
  pass *p = call->job;
  bool class = call->option.at[OPTION_TYPE].choice == TYPE_CLASS;
  return class ? add_classes(call, list, name)
               : pass_add_series(call, list, name, p->net.O, p->net.last, &p->problem.y);
}

bool predict_keep(bptt_call *call)
{
  pass *p = call->job;
  return pass_bind_work(call, p->net.O, predict_columns(p), 1, &p->problem.y);
}

bool predict_prepare(bptt_call *call)
{
  bptt_value *list = &call->result;
  return pass_read_inputs(call, false) && pass_open_results(call) && predict_add(call, list, "y") &&
         pass_add_state(call, list, "state", LAST_STATE) && pass_reserve_step(call);
}

bptt_value predict_outputs(const pass *p)
{
  return (bptt_value){.kind = p->dtype == BPTT_F32 ? BPTT_SINGLE : BPTT_DOUBLE,
                      .count = (size_t)(predict_columns(p) * p->net.O),
                      .data = p->problem.y};
}

double predict_class(const bptt_value *y, ptrdiff_t O, ptrdiff_t column, double threshold)
{
  ptrdiff_t best = 0;
  for (ptrdiff_t o = 0; o < O; o++) {
    double v = value_at(y, column * O + o);
    if (isnan(v)) return v;
    if (v > value_at(y, column * O + best)) best = o;
  }
  return O == 1 ? value_at(y, column) > threshold : (double)(best + 1);
}

static void set_classes(pass *p, char *workspace)
{
  double *class = (double *)(workspace + p->class_offset);
  ptrdiff_t columns = predict_columns(p);
  bptt_value y = predict_outputs(p);
  for (ptrdiff_t i = 0; i < columns; i++) class[i] = predict_class(&y, p->net.O, i, 0);
  series_copy_out(&p->classes, class, BPTT_F64);
}

/* Softmax, or the logistic function of a single output: 1 / (1 + exp(-y)). */
static void set_probabilities(pass *p)
{
  ptrdiff_t columns = predict_columns(p);
  bptt_value y = predict_outputs(p);
  if (p->net.O > 1) bptt_softmax(p->problem.y, p->net.O, columns, p->dtype);
  for (ptrdiff_t i = 0; p->net.O == 1 && i < columns; i++) {
    value_set(&y, i, 1 / (1 + exp(-value_at(&y, i))));
  }
}

bptt_status predict_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  int type = call->option.at[OPTION_TYPE].choice;
  bptt_status status = pass_step(call, workspace);
  if (status != BPTT_OK) return status;
  if (type == TYPE_PROB) set_probabilities(p);
  if (type == TYPE_CLASS) set_classes(p, workspace);
  pass_copy_out(p);
  pass_warn_output(call);
  return BPTT_OK;
}

const handler forward_handlers[] = {
    {"rnn_forward", forward_prepare, forward_run},
    {NULL, NULL, NULL},
};
