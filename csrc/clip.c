/* clip.c -- clipping a gradient, by value and by global norm. */
#include "clip.h"
#include "engine.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>

static double get(const gradient_part *p, ptrdiff_t i)
{
  return p->dtype == BPTT_F64 ? ((const double *)p->data)[i] : (double)((const float *)p->data)[i];
}

static void set(const gradient_part *p, ptrdiff_t i, double v)
{
  if (p->dtype == BPTT_F64) {
    ((double *)p->data)[i] = v;
  } else {
    ((float *)p->data)[i] = (float)v;
  }
}

static double scaled_norm(const gradient_part *part, ptrdiff_t parts, double scale)
{
  double sum = 0;
  for (ptrdiff_t k = 0; k < parts; k++) {
    sum += bptt_sum_of_squares(part[k].data, part[k].count, part[k].dtype, scale);
  }
  return sqrt(sum) / scale;
}

double clip_norm_of(const gradient_part *part, ptrdiff_t parts)
{
  double norm = scaled_norm(part, parts, 1);
  if (norm > sqrt(DBL_MIN) && norm <= DBL_MAX) return norm;
  /* The squares overflowed or vanished, or an element is itself 0, Inf or NaN. */
  double largest = 0;
  for (ptrdiff_t k = 0; k < parts; k++) {
    for (ptrdiff_t i = 0; i < part[k].count; i++) largest = fmax(largest, fabs(get(&part[k], i)));
  }
  if (largest == 0 || isnan(norm) || isinf(largest)) return norm;
  return scaled_norm(part, parts, ldexp(1, (int)fmin(1000, -ilogb(largest))));
}

static void clip_values(const gradient_part *p, double most)
{
  for (ptrdiff_t i = 0; i < p->count; i++) {
    double g = get(p, i);
    if (fabs(g) > most) set(p, i, copysign(most, g));
  }
}

static void scale(const gradient_part *p, double by)
{
  for (ptrdiff_t i = 0; i < p->count; i++) set(p, i, get(p, i) * by);
}

void clip_gradient(const gradient_part *part, ptrdiff_t parts, double before, double norm,
                   double value)
{
  bool by_value = value < INFINITY, by_norm = norm < INFINITY;
  for (ptrdiff_t k = 0; by_value && k < parts; k++) clip_values(&part[k], value);
  double after = by_value && by_norm ? clip_norm_of(part, parts) : before;
  bool too_long = by_norm && after > norm && isfinite(after);
  for (ptrdiff_t k = 0; too_long && k < parts; k++) scale(&part[k], norm / after);
}
