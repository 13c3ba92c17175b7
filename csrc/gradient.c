/* gradient.c -- the loss and its gradient: rnn_bptt, rnn_objective. */
#include "pass.h"
#include <string.h>

/* --------------------------------------------------------------------------- rnn_bptt */

static bool add_loss(bptt_call *call)
{
  pass *p = call->job;
  p->loss = value_append(&call->result);
  value_make_scalar(&call->d, p->loss, "loss", p->kind);
  return true;
}

/* In Octave the second result is there even when `wrt` leaves it out. */
static bool add_gradient_result(bptt_call *call, bool wanted)
{
  if (wanted) return pass_add_gradient(call, &call->result);
  if (call->d.host.habit == BPTT_OCTAVE) value_append(&call->result)->name = "grad";
  return true;
}

static bool add_rest(bptt_call *call, unsigned wrt)
{
  pass *p = call->job;
  bptt_value *list;
  if (!pass_open_info(call, &list)) return false;
  if (!list) return true;
  if ((wrt & WRT_PARAM) && pass_wants_more(call, list)) {
    p->grad_norm = value_append(list);
    value_make_scalar(&call->d, p->grad_norm, "grad_norm", p->kind);
  }
  return pass_add_outputs(call, list) && pass_add_state(call, list, "state", LAST_STATE) &&
         (!(wrt & WRT_X) || pass_add_series(call, list, "dx", p->net.D, false, &p->problem.dx)) &&
         (!(wrt & WRT_STATE) || pass_add_state(call, list, "dstate", STATE_GRADIENT));
}

/* rnn_objective is for optimizers: of the results, the loss and the gradient alone. */
static bool gradient_prepare(bptt_call *call)
{
  bool objective = strcmp(call->d.function, "rnn_objective") == 0;
  unsigned wrt = objective ? WRT_PARAM : call->option.at[OPTION_WRT].set;
  if (!pass_read_inputs(call, false) || !pass_check_seed(call) ||
      !pass_read_gradient_options(call) ||
      !pass_read_target(call, ((const pass *)call->job)->net.last) || !pass_open_results(call))
    return false;
  if (!add_loss(call)) return false;
  if (call->d.host.want > 1) {
    if (!add_gradient_result(call, wrt & WRT_PARAM)) return false;
    if (!objective && !add_rest(call, wrt)) return false;
  }
  return pass_reserve_step(call);
}

static void clip(bptt_call *call)
{
  pass *p = call->job;
  const option_value *at = call->option.at;
  parameter q;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    p->part[i] =
        (gradient_part){slot_get(problem_gradient(&p->problem, &q)), q.rows * q.cols, p->dtype};
  }
  double norm = clip_norm_of(p->part, p->net.parameters);
  pass_warn_gradient(call, norm);
  clip_gradient(p->part, p->net.parameters, norm, at[OPTION_CLIP_NORM].number,
                at[OPTION_CLIP_VALUE].number);
  if (p->grad_norm) value_set(p->grad_norm, 0, norm);
}

static bptt_status gradient_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  bptt_status status = pass_step(call, workspace);
  if (status != BPTT_OK) return status;
  pass_warn_loss(call);
  if (!call->warning.s[0] && !p->value) pass_warn_output(call); /* where no target counts */
  if (p->grad) {
    clip(call);
  } else {
    pass_warn_gradient(call, 0);
  }
  pass_copy_out(p);
  value_set(p->loss, 0, pass_loss(p));
  return BPTT_OK;
}

const handler gradient_handlers[] = {
    {"rnn_bptt", gradient_prepare, gradient_run},
    {"rnn_objective", gradient_prepare, gradient_run},
    {NULL, NULL, NULL},
};
