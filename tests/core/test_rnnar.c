/* test_rnnar.c -- what forecasting networks are shown of a series: against sums written here from
 * the equations of frame.c, and what has to hold for any series. */
#include "check.h"
#include "frame.h"
#include "host.h"
#include "random.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool near(double a, double b)
{
  return fabs(a - b) <= 1e-12 * fmax(1, fmax(fabs(a), fabs(b)));
}

/* Element (k, i, t), from 0, of an array K x N x T. */
static double at(const bptt_value *v, size_t k, size_t i, size_t t)
{
  return host_at(v, k + v->dim[0] * (i + v->dim[1] * t));
}

/* A view of a result. */
static const bptt_value *view(const host *h, size_t v, const char *name)
{
  return host_get(&host_get(h->result, "view")->item[v], name);
}

static bptt_value *arguments(host *h, const bptt_value *y, const char *season, double horizon)
{
  bptt_value *args = host_list(h);
  host_add(h, args, "y", y);
  host_add(h, args, "season", host_text(h, season));
  host_add(h, args, "horizon", host_number(h, horizon));
  host_add(h, args, "lambda", host_text(h, "auto"));
  return args;
}

/* Without a season, by hand: 1, 2, 4, (8), 16, 32 are the powers of 2. */
static void test_by_hand(void)
{
  host h;
  host_open(&h, BPTT_R);
  const double y[] = {1, 2, 4, NAN, 16, 32};
  bptt_value *args = arguments(&h, host_vector(&h, 6, y), "none", 2);
  host_add(&h, args, "p", host_number(&h, 3));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(host_get(h.result, "view")->count == 1);
  const bptt_value *x = view(&h, 0, "x"), *target = view(&h, 0, "target");
  const double step = log(2), spread = step; /* of the logarithms, the missing one filled in */
  CHECK(x->dim[0] == 4 && x->dim[1] == 1 && x->dim[2] == 6); /* 2 lags, log v, missing */
  CHECK(near(host_at(view(&h, 0, "spread"), 0), spread));
  for (size_t t = 0; t < 6; t++) {
    CHECK(near(at(x, 0, 0, t), t >= 1 ? -1 : 0) && near(at(x, 1, 0, t), t >= 2 ? -2. : -(double)t));
    CHECK(near(at(x, 2, 0, t), .3 * log(spread)));
    CHECK(at(x, 3, 0, t) == (t == 3));
    for (size_t k = 1; k <= 2; k++) {
      const double is = at(target, k - 1, 0, t);
      CHECK(t + k > 5 || t + k == 3 ? isnan(is) : near(is, (double)k));
      CHECK(near(at(view(&h, 0, "base"), k - 1, 0, t), (double)t * step));
    }
  }
  CHECK(host_at(host_get(h.result, "lambda"), 0) == 0);
  CHECK(host_at(host_get(h.result, "offset"), 0) == 0);
  host_close(&h);
}

/* The linear view of the powers of 2: their mean is 63/6, and they grow by half of the last. */
static void test_linear(void)
{
  host h;
  host_open(&h, BPTT_R);
  const double y[] = {1, 2, 4, 8, 16, 32}, spread = 31. / 5 * 6 / 63;
  bptt_value *args = arguments(&h, host_vector(&h, 6, y), "auto", 2);
  host_add(&h, args, "p", host_number(&h, 3));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(host_get(h.result, "view")->count == 2);
  const bptt_value *x = view(&h, 1, "x"), *target = view(&h, 1, "target");
  CHECK(near(host_at(view(&h, 1, "spread"), 0), spread));
  for (size_t t = 0; t < 6; t++) {
    const double e = y[t] * 6 / 63, before = t >= 1 ? e / 2 : e, first = t >= 2 ? e / 4 : 6. / 63;
    CHECK(near(host_at(view(&h, 1, "level"), t), e));
    CHECK(host_at(view(&h, 0, "level"), t) == 0);
    CHECK(near(at(x, 0, 0, t), (before - e) / spread) &&
          near(at(x, 1, 0, t), (first - e) / spread));
    CHECK(near(at(x, 2, 0, t), .3 * log(spread)));
    if (t < 5) CHECK(near(at(target, 0, 0, t), e / spread));
    if (t < 4) CHECK(near(at(target, 1, 0, t), 3 * e / spread));
    CHECK(near(at(view(&h, 1, "base"), 0, 0, t), log(y[t])));
  }
  host_add(&h, args, "trend", host_text(&h, "drift"));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(near(at(view(&h, 1, "base"), 1, 0, 3), log(8 + 2 * 31. / 5)));
  CHECK(near(at(view(&h, 1, "target"), 1, 0, 3), (32 / (8 + 2 * 31. / 5) - 1) * 48 / 63 / spread));
  host_add(&h, args, "trend", host_text(&h, "none"));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(near(at(view(&h, 1, "x"), 0, 0, 3), (8. * 6 / 63 - 1) / spread));
  CHECK(near(at(view(&h, 1, "base"), 1, 0, 3), log(63. / 6)));
  CHECK(near(at(view(&h, 1, "target"), 1, 0, 3), (32. * 6 / 63 - 1) / spread));
  host_close(&h);
}

/* With a season of two steps and no transformation: what is subtracted is the value a period or two
 * before. */
static void test_difference(void)
{
  host h;
  host_open(&h, BPTT_R);
  const double y[] = {1, -5, 2, -4, 3, -3};
  const double size = 18. / 6; /* mean of |y|: lambda = 1 changes nothing */
  bptt_value *args = arguments(&h, host_vector(&h, 6, y), "difference", 3);
  host_add(&h, args, "period", host_number(&h, 2));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(near(host_at(host_get(h.result, "scale"), 0), size));
  const bptt_value *base = view(&h, 0, "base");
  CHECK(near(at(base, 0, 0, 5), 3 / size) && near(at(base, 1, 0, 5), -3 / size) &&
        near(at(base, 2, 0, 5), 3 / size));
  CHECK(near(at(base, 0, 0, 0), 1 / size)); /* no period before: from the level */
  CHECK(near(at(view(&h, 0, "target"), 0, 0, 3), 1 / size / host_at(view(&h, 0, "spread"), 0)));
  host_close(&h);
}

/* A series that repeats itself is nothing but its season. */
static void test_seasons(void)
{
  host h;
  host_open(&h, BPTT_R);
  double y[48];
  for (int t = 0; t < 48; t++) y[t] = 10 + t % 4;
  bptt_value *args = arguments(&h, host_vector(&h, 48, y), "auto", 4);
  host_add(&h, args, "period", host_number(&h, 4));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(host_get(h.result, "view")->count == 3);
  for (size_t v = 0; v < 3; v++) {
    for (size_t k = 0; k < 4; k++) {
      CHECK(fabs(at(view(&h, v, "base"), k, 0, 47) - log(10 + (double)k)) < 1e-9);
    }
  }
  host_add(&h, args, "season", host_text(&h, "fourier"));
  CHECK(host_call(&h, "rnnar_frame", args));
  const bptt_value *x = view(&h, 0, "x");
  const size_t D = x->dim[0]; /* the last four: sin, cos of a quarter turn and of two */
  CHECK(near(at(x, D - 4, 0, 0), 1) && fabs(at(x, D - 3, 0, 0)) < 1e-12);
  CHECK(fabs(at(x, D - 2, 0, 0)) < 1e-12 && near(at(x, D - 1, 0, 0), -1));
  host_close(&h);
}

static void fill(size_t n, double *y)
{
  double level = 50;
  for (size_t t = 0; t < n; t++) {
    level += 4 * (uniform() - .5);
    y[t] = level + 10 * sin(2 * 3.14159265358979 * (double)t / 12) + 4 * (uniform() - .5);
  }
}

/* Inputs know nothing of later values, once season and spread are estimated from earlier ones; and
 * nothing at all does of what is appended. */
static void test_no_future(void)
{
  enum { N = 60, MORE = 12 };
  static const char *const seasons[] = {"auto", "stl", "fourier", "difference", "none"};
  static const char *const trends[] = {"drift", "none", "level"};
  host h;
  random_state = 7;
  for (size_t s = 0; s < sizeof seasons / sizeof *seasons; s++) {
    host_open(&h, BPTT_OCTAVE);
    double y[N + MORE];
    fill(N + MORE, y);
    bptt_value *args = arguments(&h, host_vector(&h, N, y), seasons[s], 6);
    host_add(&h, args, "period", host_number(&h, 12));
    host_add(&h, args, "trend", host_text(&h, trends[s % 3]));
    CHECK(host_call(&h, "rnnar_frame", args));
    const bptt_value *before = host_get(h.result, "frame");
    host_add(&h, args, "ahead", host_array(&h, 2, (size_t[]){MORE, 1}, y + N));
    CHECK(host_call(&h, "rnnar_frame", args));
    const bptt_value *after = host_get(h.result, "frame");
    for (size_t v = 0; v < host_get(before, "view")->count; v++) {
      const bptt_value *a = &host_get(before, "view")->item[v],
                       *b = &host_get(after, "view")->item[v];
      bool same = true, base = true;
      for (size_t t = 0; t < N; t++) {
        for (size_t k = 0; k < host_get(a, "x")->dim[0]; k++) {
          same &= at(host_get(a, "x"), k, 0, t) == at(host_get(b, "x"), k, 0, t);
        }
        for (size_t k = 0; k < 6; k++) {
          base &= at(host_get(a, "base"), k, 0, t) == at(host_get(b, "base"), k, 0, t);
        }
      }
      CHECK(same);
      CHECK(base);
    }
    host_close(&h);
  }
}

/* Paths that follow two series, of which the last steps are shown: as each series with one of its
 * paths is shown alone, and in full. */
static void test_ahead(void)
{
  enum { MORE = 4, PATHS = 3, LAST = 6 };
  static const char *const seasons[] = {"auto", "fourier"};
  const size_t n[] = {40, 27};
  host h;
  random_state = 5;
  for (size_t s = 0; s < 2; s++) {
    host_open(&h, BPTT_R);
    double y[2][40], x[50], ahead[2 * PATHS * MORE];
    for (int i = 0; i < 2; i++) fill(n[i], y[i]);
    for (int t = 0; t < 50; t++) x[t] = uniform();
    for (int k = 0; k < 2 * PATHS * MORE; k++) ahead[k] = 40 + 20 * uniform();
    ahead[1] = INFINITY; /* is shown as a large number */
    bptt_value *list = host_list(&h), *xreg = host_list(&h);
    for (int i = 0; i < 2; i++) {
      host_add(&h, list, NULL, host_vector(&h, n[i], y[i]));
      host_add(&h, xreg, NULL, host_vector(&h, 50, x));
    }
    bptt_value *args = arguments(&h, list, seasons[s], 6);
    host_add(&h, args, "period", host_number(&h, 12));
    host_add(&h, args, "xreg", xreg);
    host_add(&h, args, "ahead", host_array(&h, 2, (size_t[]){MORE, 2 * PATHS}, ahead));
    host_add(&h, args, "last", host_number(&h, LAST));
    CHECK(host_call(&h, "rnnar_frame", args));
    const bptt_value *all = h.result;
    for (size_t c = 0; c < 2 * PATHS; c++) {
      const size_t i = c / PATHS;
      bptt_value *alone = arguments(&h, host_vector(&h, n[i], y[i]), seasons[s], 6);
      host_add(&h, alone, "period", host_number(&h, 12));
      host_add(&h, alone, "xreg", host_vector(&h, 50, x));
      host_add(&h, alone, "xreg_mean", host_get(all, "xreg_mean"));
      host_add(&h, alone, "xreg_sd", host_get(all, "xreg_sd"));
      host_add(&h, alone, "ahead", host_array(&h, 2, (size_t[]){MORE, 1}, ahead + c * MORE));
      CHECK(host_call(&h, "rnnar_frame", alone));
      for (size_t v = 0; v < host_get(all, "view")->count; v++) {
        const bptt_value *few = &host_get(all, "view")->item[v];
        bool same = host_at(host_get(few, "spread"), c) == host_at(view(&h, v, "spread"), 0);
        bool finite = true;
        CHECK(host_get(few, "x")->dim[1] == 2 * PATHS && host_get(few, "x")->dim[2] == LAST);
        for (size_t t = 0; t < LAST; t++) {
          const size_t then = n[i] + MORE - LAST + t;
          for (size_t k = 0; k < host_get(few, "x")->dim[0]; k++) {
            same &= at(host_get(few, "x"), k, c, t) == at(view(&h, v, "x"), k, 0, then);
            finite &= isfinite(at(host_get(few, "x"), k, c, t)) != 0;
          }
          same &= host_at(host_get(few, "level"), c + 2 * PATHS * t) ==
                  host_at(view(&h, v, "level"), then);
          for (size_t k = 0; k < 6; k++) {
            same &= at(host_get(few, "base"), k, c, t) == at(view(&h, v, "base"), k, 0, then);
          }
        }
        CHECK(same);
        CHECK(finite);
      }
    }
    host_add(&h, args, "ahead", host_array(&h, 2, (size_t[]){MORE, 3}, ahead));
    CHECK(!host_call(&h, "rnnar_frame", args) && strstr(h.error.message, "`ahead` is "));
    host_add(&h, args, "ahead", host_array(&h, 2, (size_t[]){0, 2}, ahead));
    CHECK(!host_call(&h, "rnnar_frame", args) && strstr(h.error.message, "`ahead` is "));
    host_close(&h);
  }
  /* More steps than there are: all, and what is before the first is empty. */
  host_open(&h, BPTT_OCTAVE);
  const double y[] = {1, 2, 4, 8, 16};
  bptt_value *list = host_list(&h);
  host_add(&h, list, NULL, host_vector(&h, 5, y));
  host_add(&h, list, NULL, host_vector(&h, 3, y));
  bptt_value *args = arguments(&h, list, "none", 1);
  host_add(&h, args, "p", host_number(&h, 2));
  host_add(&h, args, "last", host_number(&h, 9));
  CHECK(host_call(&h, "rnnar_frame", args));
  const bptt_value *shown = host_get(&host_get(host_get(h.result, "frame"), "view")->item[0], "x");
  CHECK(shown->dim[2] == 5);
  for (size_t t = 0; t < 5; t++) CHECK(near(at(shown, 0, 1, t), t > 2 ? -1 : 0));
  CHECK(near(at(shown, 0, 0, 4), -1) && at(shown, 1, 1, 1) == 0 && at(shown, 1, 1, 2) != 0);
  host_close(&h);
}

/* What a frame says of the last step and the targets give the series again, that of the linear
 * view, which comes last, too. */
static void test_back(void)
{
  enum { N = 40 };
  static const double lambdas[] = {0, .5, 1, -.5, 0, 0, 0};
  static const char *const trends[] = {"level", "drift", "none"};
  host h;
  random_state = 3;
  for (size_t l = 0; l < 7; l++) {
    const bool automatic = l >= 4;
    const size_t v = automatic ? 2 : 0;
    host_open(&h, BPTT_R);
    double y[N];
    fill(N, y);
    bptt_value *args = arguments(&h, host_vector(&h, N, y), automatic ? "auto" : "stl", 3);
    host_add(&h, args, "period", host_number(&h, 12));
    host_add(&h, args, "trend", host_text(&h, trends[l % 3]));
    if (!automatic) host_add(&h, args, "lambda", host_number(&h, lambdas[l]));
    CHECK(host_call(&h, "rnnar_frame", args));
    double said[3 * (N - 3)], base[3 * (N - 3)], level[N - 3];
    for (size_t t = 0; t < N - 3; t++) {
      level[t] = host_at(view(&h, v, "level"), t);
      for (size_t k = 0; k < 3; k++) {
        said[k + 3 * t] = at(view(&h, v, "target"), k, 0, t);
        base[k + 3 * t] = at(view(&h, v, "base"), k, 0, t);
      }
    }
    bptt_value *scaled = host_list(&h);
    host_add(&h, scaled, "output", host_array(&h, 3, (size_t[]){3, 1, N - 3}, said));
    host_add(&h, scaled, "base", host_array(&h, 3, (size_t[]){3, 1, N - 3}, base));
    host_add(&h, scaled, "spread", view(&h, v, "spread"));
    host_add(&h, scaled, "level", host_array(&h, 2, (size_t[]){1, N - 3}, level));
    const bptt_value *frame = h.result;
    CHECK(host_call(&h, "rnnar_back", scaled));
    double z[3 * (N - 3)];
    for (size_t k = 0; k < sizeof z / sizeof *z; k++) z[k] = host_at(host_get(h.result, "z"), k);
    bptt_value *back = host_list(&h);
    host_add(&h, back, "z", host_array(&h, 2, (size_t[]){3, N - 3}, z));
    host_add(&h, back, "lambda", host_get(frame, "lambda"));
    host_add(&h, back, "offset", host_get(frame, "offset"));
    host_add(&h, back, "scale", host_get(frame, "scale"));
    CHECK(host_call(&h, "rnnar_invert", back));
    bool good = true;
    for (size_t t = 0; t < N - 3; t++) {
      for (size_t k = 0; k < 3; k++) {
        good &= fabs(host_at(host_get(h.result, "y"), k + 3 * t) / y[t + k + 1] - 1) < 1e-9;
      }
    }
    CHECK(good);
    host_close(&h);
  }
}

/* What windows and targets are measured from, and in which units: the equations of frame.c as plain
 * loops, of a series that is not transformed, in units of its mean size. */
static void test_trend(void)
{
  enum { N = 23, H = 6, LAGS = 4, PERIOD = 5 };
  static const char *const trends[] = {"level", "drift", "none"};
  random_state = 5;
  double y[N], z[N], size = 0, all = 0, v = 0;
  for (int t = 0; t < N; t++) y[t] = (double)t / 4 + 9 * (uniform() - .5);
  for (int t = 0; t < N; t++) size += fabs(y[t]) / N;
  for (int t = 0; t < N; t++) z[t] = y[t] / size;
  for (int t = 0; t < N; t++) all += z[t] / N;
  for (int t = 1; t < N; t++) v += fabs(z[t] - z[t - 1]) / (N - 1);
  for (int kind = 0; kind < 12; kind++) {
    const int trend = kind % 3, scaled = kind / 3 % 2, difference = kind / 6;
    host h;
    host_open(&h, BPTT_R);
    bptt_value *args = arguments(&h, host_vector(&h, N, y), difference ? "difference" : "none", H);
    host_add(&h, args, "period", host_number(&h, PERIOD));
    host_add(&h, args, "p", host_number(&h, LAGS));
    host_add(&h, args, "P", host_number(&h, 0));
    host_add(&h, args, "trend", host_text(&h, trends[trend]));
    host_add(&h, args, "scale_inputs", host_number(&h, scaled));
    CHECK(host_call(&h, "rnnar_frame", args));
    const double unit = scaled ? v : 1, g = trend == 1 ? (z[N - 1] - z[0]) / (N - 1) : 0;
    const int first = trend == 2 ? 0 : 1; /* the first lag */
    const bptt_value *x = view(&h, 0, "x"), *target = view(&h, 0, "target");
    CHECK(x->dim[0] == (size_t)(LAGS - first + 2));
    CHECK(near(host_at(view(&h, 0, "spread"), 0), unit));
    bool same = true;
    for (int t = 0; t < N; t++) {
      const double level = trend == 2 ? all : z[t];
      for (int k = first; k < LAGS; k++) {
        const double then = z[t > k ? t - k : 0];
        same &= near(at(x, (size_t)(k - first), 0, (size_t)t), (then - level) / unit);
      }
      for (int k = 1; k <= H; k++) {
        int then = t + k;
        while (then > t) then -= PERIOD;
        double base = level + g * k;
        if (difference && then >= 0) base = z[then] + g * (t + k - then);
        const double is = at(target, (size_t)(k - 1), 0, (size_t)t);
        same &= near(at(view(&h, 0, "base"), (size_t)(k - 1), 0, (size_t)t), base);
        same &= t + k < N ? near(is, (z[t + k] - base) / unit) : isnan(is);
      }
    }
    CHECK(same);
    host_close(&h);
  }
}

/* Covariates are standardized over all series together, or with what is given, or not at all. */
static void test_covariates(void)
{
  const double y[] = {1, 5, 2, 7}, x[] = {3, 1, 4, 1, 5, 9}, more[] = {10, 20, 60, 60};
  double mean = 0, square = 0;
  for (int t = 0; t < 4; t++) mean += (x[t] + more[t]) / 8;
  for (int t = 0; t < 4; t++) square += pow(x[t] - mean, 2) / 8 + pow(more[t] - mean, 2) / 8;
  host h;
  host_open(&h, BPTT_R);
  bptt_value *series = host_list(&h), *covariates = host_list(&h);
  for (int i = 0; i < 2; i++) host_add(&h, series, NULL, host_vector(&h, 4, y));
  host_add(&h, covariates, NULL, host_vector(&h, 6, x)); /* known further than the series */
  host_add(&h, covariates, NULL, host_vector(&h, 4, more));
  bptt_value *args = arguments(&h, series, "none", 2);
  host_add(&h, args, "p", host_number(&h, 1));
  host_add(&h, args, "xreg", covariates);
  for (int kind = 0; kind < 3; kind++) { /* inputs: log v, missing, the covariate twice */
    if (kind == 1) host_add(&h, args, "scale_inputs", host_number(&h, 0));
    if (kind == 2) {
      host_add(&h, args, "xreg_mean", host_number(&h, 7));
      host_add(&h, args, "xreg_sd", host_number(&h, 2));
    }
    const double center = kind == 0 ? mean : kind == 1 ? 0 : 7;
    const double unit = kind == 0 ? sqrt(square) : kind == 1 ? 1 : 2;
    CHECK(host_call(&h, "rnnar_frame", args));
    CHECK(near(host_at(host_get(h.result, "xreg_mean"), 0), center));
    CHECK(near(host_at(host_get(h.result, "xreg_sd"), 0), unit));
    CHECK(near(at(view(&h, 0, "x"), 3, 0, 3), (x[5] - center) / unit));
    CHECK(near(at(view(&h, 0, "x"), 2, 1, 0), (more[1] - center) / unit));
    CHECK(at(view(&h, 0, "x"), 2, 1, 3) == 0); /* not known */
  }
  host_close(&h);
}

/* Numbers whose sum is infinite are what they are in other units. */
static void test_huge(void)
{
  enum { N = 30 };
  const double unit = 1e307;
  host h;
  host_open(&h, BPTT_R);
  double y[2][N];
  for (int t = 0; t < N; t++) {
    y[0][t] = 10 * sin(t * t);
    y[1][t] = unit * y[0][t];
  }
  bptt_value *args = arguments(&h, host_vector(&h, N, y[0]), "none", 2);
  CHECK(host_call(&h, "rnnar_frame", args));
  const double scale = host_at(host_get(h.result, "scale"), 0);
  const bptt_value *x = view(&h, 0, "x");
  host_add(&h, args, "y", host_vector(&h, N, y[1]));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(near(host_at(host_get(h.result, "scale"), 0) / unit, scale));
  bool same = true;
  for (size_t t = 0; t < N; t++) {
    for (size_t k = 0; k < x->dim[0]; k++)
      same &= near(at(view(&h, 0, "x"), k, 0, t), at(x, k, 0, t));
  }
  CHECK(same);
  host_close(&h);
}

/* Several series of unequal length: each as if it were alone. */
static void test_many(void)
{
  host h;
  host_open(&h, BPTT_R);
  random_state = 11;
  double y[3][50];
  const size_t n[] = {50, 7, 30};
  bptt_value *list = host_list(&h);
  for (int i = 0; i < 3; i++) {
    fill(n[i], y[i]);
    host_add(&h, list, NULL, host_vector(&h, n[i], y[i]));
  }
  bptt_value *args = arguments(&h, list, "auto", 6);
  host_add(&h, args, "period", host_number(&h, 12));
  CHECK(host_call(&h, "rnnar_frame", args));
  const bptt_value *all = h.result;
  for (size_t i = 0; i < 3; i++) {
    host_add(&h, args, "y", host_vector(&h, n[i], y[i]));
    CHECK(host_call(&h, "rnnar_frame", args));
    for (size_t v = 0; v < 3; v++) {
      const bptt_value *joint = host_get(&host_get(all, "view")->item[v], "x");
      const bptt_value *own = view(&h, v, "x");
      bool same = true;
      for (size_t t = 0; t < 50; t++) {
        for (size_t k = 0; k < own->dim[0]; k++) {
          same &= at(joint, k, i, t) == (t < n[i] ? at(own, k, 0, t) : 0);
        }
      }
      CHECK(same);
    }
  }
  host_close(&h);
}

static bool refuses(host *h, bptt_value *args, const char *sentence)
{
  if (!host_call(h, "rnnar_frame", args) && strcmp(h->error.message, sentence) == 0) return true;
  printf("said: %s\n", h->error.message);
  return false;
}

static void test_mistakes(void)
{
  host h;
  host_open(&h, BPTT_R);
  const double y[] = {1, 2, 0, 4, 5, 6}, short_y[] = {1, NAN, 2}, infinite[] = {1, 2, INFINITY};
  bptt_value *args = arguments(&h, host_vector(&h, 3, short_y), "auto", 2);
  CHECK(refuses(&h, args, "`y` has 2 values that are not missing; expected at least 3"));
  bptt_value *bare = host_list(&h); /* all defaults; without `lambda` there is no transformation */
  host_add(&h, bare, "y", host_vector(&h, 6, y));
  CHECK(host_call(&h, "rnnar_frame", bare) && host_at(host_get(h.result, "lambda"), 0) == 1);
  host_add(&h, args, "y", host_vector(&h, 3, infinite));
  CHECK(refuses(&h, args, "`y` is Inf at step 3; expected a finite number, or a missing one"));
  host_add(&h, args, "y", host_vector(&h, 6, y));
  host_add(&h, args, "lambda", host_number(&h, 0));
  CHECK(refuses(&h, args,
                "`y` is 0 at step 3; expected a number that a Box-Cox transformation with "
                "lambda = 0 is for"));
  host_add(&h, args, "lambda", host_number(&h, 9));
  CHECK(refuses(&h, args,
                "`lambda` is 9; expected \"auto\", or one number of at least -5 and at "
                "most 5"));
  host_add(&h, args, "lambda", host_text(&h, "auto"));
  host_add(&h, args, "period", host_number(&h, 0));
  CHECK(refuses(&h, args,
                "`period` is 0; expected the steps of a season: one number of at least 1, "
                "or up to 6 of them"));
  host_add(&h, args, "period", host_number(&h, 2));
  host_add(&h, args, "xreg", host_vector(&h, 3, y));
  CHECK(refuses(&h, args, "`xreg` has 3 steps; expected at least the 6 of `y`"));
  host_add(&h, args, "xreg", host_vector(&h, 6, y));
  CHECK(host_call(&h, "rnnar_frame", args));
  for (size_t n = 0, done = 0; !done; n++) {
    h.allocations_left = n;
    done = host_call(&h, "rnnar_frame", args);
    h.allocations_left = (size_t)-1;
    CHECK(done || h.error.status == BPTT_ENOMEM);
  }
  host_close(&h);
}

/* Counts: targets are the series, from 0 and in units of 1; the bases of a season are inputs. */
static void test_counts(void)
{
  host h;
  host_open(&h, BPTT_R);
  const double y[] = {3, 0, 5, NAN, 4, 2, 7, 1, 6};
  bptt_value *args = arguments(&h, host_vector(&h, 9, y), "difference", 4);
  host_add(&h, args, "period", host_number(&h, 2));
  host_add(&h, args, "p", host_number(&h, 3));
  CHECK(host_call(&h, "rnnar_frame", args));
  const bptt_value *x0 = view(&h, 0, "x"), *base0 = view(&h, 0, "base");
  host_add(&h, args, "counts", host_as(&h, BPTT_LOGICAL, host_number(&h, 1)));
  CHECK(host_call(&h, "rnnar_frame", args));
  const bptt_value *x = view(&h, 0, "x"), *target = view(&h, 0, "target");
  CHECK(x->dim[0] == x0->dim[0] + 2);
  for (size_t t = 0; t < 9; t++) {
    for (size_t k = 0; k < x0->dim[0]; k++) CHECK(at(x, k, 0, t) == at(x0, k, 0, t));
    for (size_t k = 0; k < 2; k++)
      CHECK(near(at(x, x0->dim[0] + k, 0, t), .3 * at(base0, k, 0, t)));
    for (size_t k = 0; k < 4; k++) {
      const double is = at(target, k, 0, t);
      CHECK(t + k + 1 < 9 && !isnan(y[t + k + 1]) ? is == y[t + k + 1] : isnan(is));
      CHECK(at(view(&h, 0, "base"), k, 0, t) == 0);
    }
  }
  CHECK(host_at(view(&h, 0, "spread"), 0) == 1 && host_at(host_get(h.result, "lambda"), 0) == 1);
  CHECK(host_at(host_get(h.result, "offset"), 0) == 0 &&
        host_at(host_get(h.result, "scale"), 0) == 1);
  host_add(&h, args, "y", host_vector(&h, 3, (double[]){1, .5, 2}));
  CHECK(!host_call(&h, "rnnar_frame", args));
  CHECK(strstr(h.error.message, "0.5 at step 2; expected a count") != NULL);
  host_close(&h);
}

/* What follows counts is transformed as they are, and may be far out in a tail, or below 0. */
static void test_counts_ahead(void)
{
  enum { MORE = 4 };
  host h;
  host_open(&h, BPTT_R);
  const double y[] = {3, 1, 5, 4, 2, 7, 1, 6}, ahead[] = {0, 9, INFINITY, -2};
  bptt_value *args = arguments(&h, host_vector(&h, 8, y), "auto", 1);
  host_add(&h, args, "p", host_number(&h, 2));
  host_add(&h, args, "scale_inputs", host_number(&h, 0));
  host_add(&h, args, "counts", host_as(&h, BPTT_LOGICAL, host_number(&h, 1)));
  host_add(&h, args, "ahead", host_array(&h, 2, (size_t[]){MORE, 1}, ahead));
  CHECK(host_call(&h, "rnnar_frame", args));
  CHECK(host_get(h.result, "view")->count == 2);
  const bptt_value *x = view(&h, 0, "x"), *linear = view(&h, 1, "x");
  CHECK(near(at(x, 0, 0, 8), log(6.5 / .5)) && near(at(x, 0, 0, 9), log(.5 / 9.5)));
  CHECK(near(at(linear, 0, 0, 8) / at(linear, 0, 0, 9), -6. / 9));
  for (size_t t = 0; t < 8 + MORE; t++) {
    for (size_t k = 0; k < x->dim[0]; k++) CHECK(isfinite(at(x, k, 0, t)));
    for (size_t k = 0; k < linear->dim[0]; k++) CHECK(isfinite(at(linear, k, 0, t)));
    CHECK(host_at(view(&h, 1, "level"), t) == 0);
  }
  host_close(&h);
}

static void test_draws(void)
{
  host h;
  host_open(&h, BPTT_R);
  bptt_value *args = host_list(&h);
  host_add(&h, args, "n", host_number(&h, 5));
  host_add(&h, args, "draws", host_number(&h, 5000));
  host_add(&h, args, "seed", host_number(&h, 1));
  CHECK(host_call(&h, "rnnar_draw", args));
  const bptt_value *index = host_get(h.result, "index");
  double count[6] = {0};
  bool within = true;
  for (size_t k = 0; k < 5000; k++) {
    const double i = host_at(index, k);
    within &= i >= 1 && i <= 5 && i == floor(i);
    if (within) count[(int)i]++;
  }
  CHECK(within);
  for (int i = 1; i <= 5; i++) CHECK(fabs(count[i] - 1000) < 150);
  host_close(&h);
}

int main(void)
{
  test_by_hand();
  test_linear();
  test_difference();
  test_seasons();
  test_no_future();
  test_ahead();
  test_back();
  test_trend();
  test_covariates();
  test_huge();
  test_many();
  test_mistakes();
  test_counts();
  test_counts_ahead();
  test_draws();
  return report();
}
