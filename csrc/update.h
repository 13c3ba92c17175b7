/* update.h -- a step of the optimizers, for vectors of weights. Part of kernel.h, but the same for
 * both number types: weights are in double.
 *
 * The steps are those of PyTorch's optimizers. With gradient g and learning rate r, the weight w of
 * step t, counted from 1, becomes w'; all state is 0 before the first step. All but adamw have
 *     g := g + weight_decay w */

typedef double doubles __attribute__((vector_size(VBYTES)));
enum { DOUBLES = VBYTES / sizeof(double) };

/* The factors of one step that are the same for all weights. */
typedef struct {
  optimizer_options o;
  int vectors;  /* of state */
  double decay; /* what of the weight is added to the gradient */
  double keep;  /* what adamw leaves of the weight */
  double rate;
  double epsilon;
} update_rule;

/* adam and adamw correct the bias of m and v, which begin at 0 (their equations are below):
 *     w' = w - r (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * With c = sqrt(1 - beta2^t) that is one division to a weight:
 *     w' = w - (r c / (1 - beta1^t)) m / (sqrt(v) + c epsilon) */
static update_rule update_rule_of(const optimizer_options *o, double learn_rate, double step)
{
  const bool adamw = o->kind == OPTIMIZER_ADAMW, adam = adamw || o->kind == OPTIMIZER_ADAM;
  const double c = adam ? sqrt(1 - pow(o->beta2, step)) : 1;
  const double correction = adam ? c / (1 - pow(o->beta1, step)) : 1;
  return (update_rule){.o = *o,
                       .vectors = optimizer_vectors(o),
                       .decay = adamw ? 0 : o->weight_decay,
                       .keep = adamw ? 1 - learn_rate * o->weight_decay : 1,
                       .rate = learn_rate * correction,
                       .epsilon = o->epsilon * c};
}

#ifndef VECTOR_SQRT
static inline doubles update_sqrt(doubles v)
{
  UNROLL for (int i = 0; i < DOUBLES; i++) v[i] = sqrt(v[i]);
  return v;
}
#define VECTOR_SQRT update_sqrt
#endif

/* Some weights, their gradient and their state. */
typedef struct {
  doubles w, g, a, b;
} update_numbers;

FAST void update_some(const update_rule *u, update_numbers *x)
{
  const optimizer_options *const o = &u->o;
  doubles g = x->g + u->decay * x->w;
  switch (o->kind) {
  /* Robbins & Monro (1951); momentum mu: Polyak (1964); nesterov: Sutskever et al. (2013)
   *     b' = mu b + g
   *     w' = w - r b', nesterov: w - r (g + mu b') */
  case OPTIMIZER_SGD:
    if (u->vectors > 0) {
      x->a = o->momentum * x->a + g;
      g = o->nesterov ? g + o->momentum * x->a : x->a;
    }
    x->w -= u->rate * g;
    break;
  /* Kingma & Ba (2015)
   *     m' = beta1 m + (1 - beta1) g
   *     v' = beta2 v + (1 - beta2) g^2
   *     w' = w - r m' / (sqrt(v') + epsilon), with r and epsilon of the rule
   * adamw: Loshchilov & Hutter (2019)
   *     w := (1 - r weight_decay) w  before that */
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    x->a = o->beta1 * x->a + (1 - o->beta1) * g;
    x->b = o->beta2 * x->b + (1 - o->beta2) * g * g;
    x->w = u->keep * x->w - u->rate * x->a / (VECTOR_SQRT(x->b) + u->epsilon);
    break;
  /* Tieleman & Hinton (2012)
   *     v' = alpha v + (1 - alpha) g^2
   *     b' = mu b + g / (sqrt(v') + epsilon)
   *     w' = w - r b' */
  case OPTIMIZER_RMSPROP:
    x->a = o->alpha * x->a + (1 - o->alpha) * g * g;
    g /= VECTOR_SQRT(x->a) + u->epsilon;
    if (u->vectors > 1) g = x->b = o->momentum * x->b + g;
    x->w -= u->rate * g;
    break;
  /* Duchi, Hazan & Singer (2011)
   *     v' = v + g^2
   *     w' = w - r g / (sqrt(v') + epsilon) */
  case OPTIMIZER_ADAGRAD:
    x->a += g * g;
    x->w -= u->rate * g / (VECTOR_SQRT(x->a) + u->epsilon);
    break;
  case OPTIMIZER_LBFGS:
    break;
  }
}

/* The weights from number i on, as many as there are in `bytes`, out of n. */
FAST void update_at(const update_rule *u, idx i, size_t bytes, idx n, const double *w,
                    const double *g, double *state, double *next)
{
  update_numbers x = {0};
  memcpy(&x.w, w + i, bytes);
  memcpy(&x.g, g + i, bytes);
  if (u->vectors > 0) memcpy(&x.a, state + i, bytes);
  if (u->vectors > 1) memcpy(&x.b, state + n + i, bytes);
  update_some(u, &x);
  memcpy(next + i, &x.w, bytes);
  if (u->vectors > 0) memcpy(state + i, &x.a, bytes);
  if (u->vectors > 1) memcpy(state + n + i, &x.b, bytes);
}

FN void update(const optimizer_options *o, double learn_rate, double step, idx n, const double *w,
               const double *g, double *state, double *next)
{
  const update_rule u = update_rule_of(o, learn_rate, step);
  idx i = 0;
  for (; i + DOUBLES <= n; i += DOUBLES) update_at(&u, i, VBYTES, n, w, g, state, next);
  if (i < n) update_at(&u, i, (size_t)(n - i) * sizeof(double), n, w, g, state, next);
}
