/* check.c -- the gradient checked: rnn_gradcheck. */
#include "gradcheck.h"
#include "pass.h"
#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------- rnn_gradcheck */

/* What is checked: an input of the problem, with the gradient for it. */
typedef struct {
  checked_kind kind;
  int state;         /* CHECKED_STATE: which */
  const void *value; /* slots */
  const void *gradient;
  ptrdiff_t count;
  size_t numeric; /* offset of scratch */
} subject;

struct check {
  subject *subject;
  const char **name; /* results */
  checked *array;    /* scratch, as much else */
  ptrdiff_t count;
  bool given; /* the gradient of the parameters is the user's */
  gradcheck_scratch scratch;
  size_t target, length, *state; /* offsets of scratch */
  bptt_value *max_error, *error, *analytic, *numeric, *index;
};

/* Inputs are copies in the workspace, so that they may be changed. */
static bool add_subject(bptt_call *call, const char *name, subject s)
{
  struct check *k = ((pass *)call->job)->check;
  k->name[k->count] = name;
  subject *added = &k->subject[k->count++];
  *added = s;
  return call_reserve(call, s.count, sizeof(double), &added->numeric);
}

static bool add_parameters(bptt_call *call)
{
  pass *p = call->job;
  const bptt_value *given = call_given(call, OPTION_CHECKED_GRAD), **grad;
  parameter q;
  if (given && given->kind != BPTT_LIST) {
    return wrong(call->d.error, place_of("grad"), value_describe(given).s,
                 "a %s of arrays with the names and dims of the parameters", fields_word(&call->d));
  }
  if (given && !network_read_parameters(&call->d, "grad", given, &p->net, true, &grad))
    return false;
  p->check->given = given != NULL;
  for (int i = 0; network_parameter(&p->net, i, &q); i++) {
    void *gradient = problem_gradient(&p->problem, &q);
    subject s = {.kind = CHECKED_PARAMETER,
                 .value = problem_parameter(&p->problem, &q),
                 .gradient = gradient,
                 .count = q.rows * q.cols};
    bool bound = given ? pass_bind_array(call, IN, grad[i], gradient, true)
                       : pass_bind_work(call, q.rows, q.cols, 1, gradient);
    if (!bound || !add_subject(call, q.name, s)) return false;
  }
  return true;
}

static bool add_x(bptt_call *call)
{
  pass *p = call->job;
  const ptrdiff_t *size = p->x.size;
  subject s = {.kind = CHECKED_X,
               .value = &p->problem.x,
               .gradient = &p->problem.dx,
               .count = series_count(&p->x)};
  return pass_bind_work(call, size[FEATURE], size[SEQUENCE], size[STEP], &p->problem.dx) &&
         add_subject(call, "x", s);
}

static bool add_first_state(bptt_call *call)
{
  pass *p = call->job;
  ptrdiff_t B = p->x.size[SEQUENCE];
  state_field f;
  for (int i = 0; network_state(&p->net, i, &f); i++) {
    void *gradient = problem_state(&p->problem, &f, STATE_GRADIENT);
    subject s = {.kind = CHECKED_STATE,
                 .state = i,
                 .value = problem_state(&p->problem, &f, FIRST_STATE),
                 .gradient = gradient,
                 .count = f.H * B};
    if (!pass_bind_work(call, f.H, B, 1, gradient) || !add_subject(call, f.name, s)) return false;
  }
  return true;
}

/* What gradcheck() needs besides. */
static bool add_check_scratch(bptt_call *call)
{
  pass *p = call->job;
  struct check *k = p->check;
  const door *d = &call->d;
  ptrdiff_t B = p->problem.B, T = p->problem.T;
  int states = p->net.states;
  state_field f;
  k->state = door_alloc(d, states, sizeof *k->state);
  k->scratch.state = door_alloc(d, states, sizeof *k->scratch.state);
  k->scratch.layer = door_alloc(d, p->net.layers * p->net.directions, sizeof(bptt_layer));
  if (!k->state || !k->scratch.state || !k->scratch.layer) return false;
  for (int i = 0; network_state(&p->net, i, &f); i++) {
    if (!call_reserve(call, f.H * B, sizeof(double), &k->state[i])) return false;
    if (!gradcheck_needs_states(&p->problem)) continue;
    if (!pass_bind_work(call, f.H, B, T, problem_state(&p->problem, &f, ALL_STATES))) return false;
  }
  size_t step = gradcheck_workspace(&p->problem, k->scratch.layer);
  k->scratch.targets = p->targets;
  return call_reserve(call, p->targets * B * (p->net.last ? 1 : T), sizeof(double), &k->target) &&
         call_reserve(call, B, sizeof(ptrdiff_t), &k->length) &&
         call_reserve_bytes(call, step, &p->step);
}

static bool add_check_results(bptt_call *call)
{
  struct check *k = ((pass *)call->job)->check;
  const door *d = &call->d;
  bptt_value *list;
  k->max_error = value_append(&call->result);
  value_make_scalar(d, k->max_error, "max_error", BPTT_DOUBLE);
  if (!pass_open_info(call, &list)) return false;
  if (!list) return true;
  value_make_text(value_append(list), "name", k->name, k->count);
  struct {
    bptt_value **result;
    const char *name;
  } column[] = {{&k->error, "error"},
                {&k->analytic, "analytic"},
                {&k->numeric, "numeric"},
                {&k->index, "index"}};
  for (size_t i = 0; i < sizeof column / sizeof column[0]; i++) {
    *column[i].result = value_append(list);
    value_make_vector(d, *column[i].result, column[i].name, BPTT_DOUBLE, k->count);
  }
  return true;
}

static bool check_wrt(const bptt_call *call, unsigned wrt)
{
  bptt_error *error = call->d.error;
  if (!wrt) return wrong(error, place_of("wrt"), "empty", "\"param\", \"x\" or \"state\"");
  if ((wrt & WRT_PARAM) || !call_given(call, OPTION_CHECKED_GRAD)) return true;
  return fail(error, "grad", "`grad` is given, but `wrt` leaves out \"param\"");
}

static bool gradcheck_prepare(bptt_call *call)
{
  const door *d = &call->d;
  unsigned wrt = call->option.at[OPTION_CHECKED_WRT].set;
  if (!pass_read_inputs(call, true) || !pass_check_seed(call) ||
      !pass_read_gradient_options(call) ||
      !pass_read_target(call, ((const pass *)call->job)->net.last) || !pass_open_results(call))
    return false;
  pass *p = call->job;
  struct check *k = p->check = door_alloc(d, 1, sizeof *k);
  ptrdiff_t most = p->net.parameters + p->net.states + 1;
  if (!k) return false;
  k->subject = door_alloc(d, most, sizeof *k->subject);
  k->name = door_alloc(d, most, sizeof *k->name);
  k->array = door_alloc(d, most, sizeof *k->array);
  if (!k->subject || !k->name || !k->array || !check_wrt(call, wrt)) return false;
  return (!(wrt & WRT_PARAM) || add_parameters(call)) && (!(wrt & WRT_X) || add_x(call)) &&
         (!(wrt & WRT_STATE) || add_first_state(call)) && add_check_results(call) &&
         add_check_scratch(call);
}

/* The analytic gradient: all of it, or what is not the user's. */
static bptt_status analytic_gradient(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  bptt_problem q = p->problem;
  int layers = q.layers * q.directions;
  if (p->check->given) {
    q.layer = p->check->scratch.layer;
    q.dW_hy = q.db_y = NULL;
    for (int i = 0; i < layers; i++) {
      q.layer[i] = p->problem.layer[i];
      q.layer[i].dW_xh = q.layer[i].dW_hh = q.layer[i].db_h = q.layer[i].db_hn = NULL;
    }
  }
  const bptt_host *host = &call->d.host;
  bptt_status status = bptt_step(&q, BPTT_F64, workspace + p->step, host->poll, host->context);
  p->problem.loss_value = q.loss_value;
  p->problem.bad_forward = q.bad_forward;
  return status;
}

static void set_check_results(const pass *p)
{
  const struct check *k = p->check;
  double most = 0;
  for (ptrdiff_t i = 0; i < k->count; i++) {
    const checked *a = &k->array[i];
    if (!isnan(most) && !(a->error <= most)) most = a->error;
    if (!k->error) continue;
    ptrdiff_t index = a->kind == CHECKED_X ? series_index(&p->x, a->worst) : a->worst;
    value_set(k->error, i, a->error);
    value_set(k->analytic, i, a->analytic[a->worst]);
    value_set(k->numeric, i, a->numeric[a->worst]);
    value_set(k->index, i, (double)(index + 1));
  }
  value_set(k->max_error, 0, most);
}

/* Where the scratch is, now that there is a workspace. */
static void place_scratch(const pass *p, char *workspace)
{
  struct check *k = p->check;
  k->scratch.step = workspace + p->step;
  k->scratch.target = (double *)(workspace + k->target);
  k->scratch.length = (ptrdiff_t *)(workspace + k->length);
  for (int i = 0; i < p->net.states; i++) {
    k->scratch.state[i] = (double *)(workspace + k->state[i]);
  }
  for (ptrdiff_t i = 0; i < k->count; i++) {
    const subject *s = &k->subject[i];
    k->array[i] = (checked){.kind = s->kind,
                            .state = s->state,
                            .value = slot_get(s->value),
                            .analytic = slot_get(s->gradient),
                            .numeric = (double *)(workspace + s->numeric),
                            .count = s->count};
  }
}

static bptt_status gradcheck_run(bptt_call *call, char *workspace)
{
  pass *p = call->job;
  const struct check *k = p->check;
  pass_copy_in(p, workspace);
  place_scratch(p, workspace);
  bptt_status status = analytic_gradient(call, workspace);
  if (status != BPTT_OK) return status;
  status = gradcheck(&p->problem, k->array, k->count, &k->scratch, &call->d.host);
  if (status != BPTT_OK) return status;
  set_check_results(p);
  pass_warn_loss(call);
  return BPTT_OK;
}

const handler check_handlers[] = {
    {"rnn_gradcheck", gradcheck_prepare, gradcheck_run},
    {NULL, NULL, NULL},
};
