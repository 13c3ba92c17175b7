/* option.c -- the one table of arguments and options, and reading them.
 *
 * Both front ends take names, defaults, ranges and help from this table. A row whose default is
 * "" must be given. */
#include "option.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRADIENTS "rnn_bptt rnn_objective"
#define COMPARES GRADIENTS " rnn_gradcheck rnn_gradflow"
#define LOSSES COMPARES " rnn_train"
#define TRAINS "rnn_train"
#define SAVES "rnn_save rnn_export"
#define THREADED "rnn_forward rnn_predict rnn_gradcheck rnn_gradflow rnn_train " GRADIENTS
#define FRAMES "rnnar_frame"
#define BACK "rnnar_back rnnar_sample"
#define RUNS "rnn_forward rnn_predict " LOSSES

/* The default of `levels`, as numbers and as R spells it. */
#define INITIAL_LEVELS 0.1, 0.5, 0.9
#define SPELT(numbers) SPELT_EACH(numbers)
#define SPELT_EACH(...) #__VA_ARGS__
static const double initial_levels[] = {INITIAL_LEVELS};
enum { INITIAL_LEVEL_COUNT = sizeof initial_levels / sizeof *initial_levels };

static const bptt_option table[OPTION_COUNT] = {
    [OPTION_INPUT] = {"rnn_net", "input", "whole", "", "[1, 2147483647]", "features of the input"},
    [OPTION_HIDDEN] = {"rnn_net", "hidden", "data", "", "", "hidden units of each layer"},
    [OPTION_OUTPUT] = {"rnn_net", "output", "whole", "", "[1, 2147483647]",
                       "features of the output, or classes"},
    [OPTION_CELL] = {"rnn_net", "cell", "choice", "\"rnn\"", "rnn|gru|lstm", "kind of cell"},
    [OPTION_ACTIVATION] = {"rnn_net", "activation", "choice", "\"tanh\"",
                           "tanh|relu|sigmoid|identity", "activation of cell rnn"},
    [OPTION_RESET] = {"rnn_net", "reset", "choice", "\"after\"", "after|before",
                      "whether cell gru applies its reset gate after or before the product"},
    [OPTION_BIDIRECTIONAL] = {"rnn_net", "bidirectional", "flag", "FALSE", "",
                              "whether each layer also reads the sequences from their end"},
    [OPTION_OUTPUT_MODE] = {"rnn_net", "output_mode", "choice", "\"sequence\"", "sequence|last",
                            "outputs at every step, or at the last step of each sequence"},
    [OPTION_DROPOUT] = {"rnn_net", "dropout", "number", "0", "[0, 1)",
                        "share of the units of a layer that the next one is not shown"},
    [OPTION_INIT] = {"rnn_net rnn_train", "init", "choice", "\"glorot\"", "glorot|he|orthogonal",
                     "how the input weights are drawn"},
    [OPTION_RECURRENT_INIT] = {"rnn_net rnn_train", "recurrent_init", "choice", "\"orthogonal\"",
                               "glorot|he|orthogonal|identity",
                               "how the recurrent weights are drawn"},
    [OPTION_FORGET_BIAS] = {"rnn_net rnn_train", "forget_bias", "number", "1", "(-Inf, Inf)",
                            "bias of the forget gate of cell lstm"},
    [OPTION_CHRONO] = {"rnn_net rnn_train", "chrono", "number", "NULL", "(2, Inf)",
                       "longest dependency in steps, for which the biases of the gates are drawn"},
    [OPTION_OWN_PARAM] = {"rnn_net", "param", "data", "NULL", "",
                          "parameters to take in place of those drawn"},
    [OPTION_SEED] = {"rnn_net", "seed", "whole", "NULL", "[0, 9007199254740992]",
                     "seed of the initial weights; by default the environment's generator decides"},
    [OPTION_NET] = {RUNS " " SAVES, "net", "data", "", "", "the network"},
    [OPTION_X] = {RUNS, "x", "data", "", "", "the input series"},
    [OPTION_TARGET] = {LOSSES, "target", "data", "NULL", "",
                       "what the output should be; missing values do not count"},
    [OPTION_LOSS] = {LOSSES, "loss", "loss", "\"mse\"",
                     "mse|mae|huber|cross_entropy|binary_cross_entropy|quantile|gaussian|student_t|"
                     "negative_binomial",
                     "the loss, or a function that returns it and its gradient"},
    [OPTION_DELTA] = {LOSSES, "delta", "number", "1", "(0, Inf)",
                      "loss huber: the difference beyond which it is linear"},
    [OPTION_LEVELS] = {LOSSES, "levels", "levels", "c(" SPELT(INITIAL_LEVELS) ")", "(0, 1)",
                       "loss quantile: the levels"},
    [OPTION_CLASS_WEIGHTS] = {LOSSES, "class_weights", "data", "NULL", "",
                              "loss cross_entropy: a weight for each class; by default 1"},
    [OPTION_WEIGHTS] = {LOSSES, "weights", "data", "NULL", "",
                        "a weight for each sequence and step; by default 1"},
    [OPTION_DY] = {COMPARES, "dy", "data", "NULL", "",
                   "the gradient of the loss for the output, in place of target and loss"},
    [OPTION_REDUCTION] = {LOSSES, "reduction", "choice", "\"mean\"", "mean|sum",
                          "mean or sum over the elements of the target that count"},
    [OPTION_TRUNCATE] = {GRADIENTS " rnn_gradcheck rnn_train", "truncate", "truncate", "Inf",
                         "[1, Inf]",
                         "steps that the gradient goes back: k, or every k1 steps go back k2"},
    [OPTION_CLIP_NORM] = {GRADIENTS, "clip_norm", "number", "Inf", "(0, Inf]",
                          "largest norm of the whole gradient"},
    [OPTION_CLIP_VALUE] = {GRADIENTS " rnn_train", "clip_value", "number", "Inf", "(0, Inf]",
                           "largest magnitude of an element of the gradient"},
    [OPTION_TYPE] = {"rnn_predict", "type", "choice", "\"response\"", "response|prob|class",
                     "outputs, their softmax, or the class with the largest"},
    [OPTION_COMBINE] = {"rnn_predict", "combine", "choice", "\"mean\"", "mean|median|all",
                        "what to make of the predictions of several networks"},
    [OPTION_STATE] = {"rnn_forward rnn_predict " COMPARES, "state", "data", "NULL", "",
                      "initial state; by default zero"},
    [OPTION_LENGTHS] = {RUNS " rnn_metrics", "lengths", "data", "NULL", "",
                        "steps of each sequence that count; by default all"},
    [OPTION_FORMAT] = {RUNS " rnn_metrics", "format", "data", "NULL", "",
                       "order of the dims: letters C (features), B (batch), T (time)"},
    [OPTION_CHECKED_GRAD] = {"rnn_gradcheck", "grad", "data", "NULL", "",
                             "the gradient to check; by default that of rnn_bptt"},
    [OPTION_CHECKED_WRT] = {"rnn_gradcheck", "wrt", "set", "\"param\"", "param|x|state",
                            "what to check the gradient for"},
    [OPTION_WRT] = {"rnn_bptt", "wrt", "set", "c(\"param\", \"x\", \"state\")", "param|x|state",
                    "what to take the gradient for"},
    [OPTION_MEMORY] = {GRADIENTS " rnn_train", "memory", "choice", "\"store\"", "store|recompute",
                       "whether to keep what every step computed, or to compute it again"},
    [OPTION_PRECISION] = {"rnn_forward rnn_predict rnn_train " GRADIENTS, "precision", "choice",
                          "\"double\"", "double|single", "precision of the computation"},
    [OPTION_DROPOUT_SEED] = {"rnn_forward " COMPARES, "seed", "whole", "NULL",
                             "[0, 9007199254740992]", "seed of the dropout"},
    [OPTION_THREADS] = {THREADED, "threads", "whole", "1", "[1, 1024]", "threads to compute with"},
    [OPTION_GRAD] = {"rnn_clip", "grad", "data", "", "", "the gradient: a list of arrays"},
    [OPTION_NORM] = {"rnn_clip", "norm", "number", "Inf", "(0, Inf]", "largest norm"},
    [OPTION_VALUE] = {"rnn_clip", "value", "number", "Inf", "(0, Inf]",
                      "largest magnitude of an element"},
    [OPTION_SCORED_TARGET] = {"rnn_metrics", "target", "data", "", "",
                              "what came true; missing values do not count"},
    [OPTION_PREDICTION] = {"rnn_metrics", "prediction", "data", "", "", "what was predicted"},
    [OPTION_SCORED_TYPE] = {"rnn_metrics", "type", "choice", "\"response\"", "response|prob|class",
                            "what the predictions are: numbers, probabilities of classes, classes"},
    [OPTION_SCORED_LEVELS] = {"rnn_metrics", "levels", "levels", "NULL", "(0, 1)",
                              "levels of predictions that are quantiles"},
    [OPTION_LOWER] = {"rnn_metrics", "lower", "data", "NULL", "", "lower ends of intervals"},
    [OPTION_UPPER] = {"rnn_metrics", "upper", "data", "NULL", "", "upper ends of intervals"},
    [OPTION_LEVEL] = {"rnn_metrics", "level", "number", "95", "[1, 100)",
                      "level of the intervals in per cent"},
    [OPTION_INSAMPLE] = {"rnn_metrics", "insample", "data", "NULL", "",
                         "what came before the target, for the scale of scores"},
    [OPTION_PERIOD] = {"rnn_metrics", "period", "whole", "1", "[1, 2147483647]",
                       "steps of a season, for the scale of scores"},
    [OPTION_PARAM] = {"rnn_pack", "param", "data", "", "", "parameters, a gradient, or a network"},
    [OPTION_THETA] = {"rnn_unpack", "theta", "data", "", "", "the parameters as one vector"},
    [OPTION_UNPACK_NET] = {"rnn_unpack", "net", "data", "", "", "the network they belong to"},
    [OPTION_NEW_FILE] = {SAVES, "file", "data", "", "", "name of the file to write"},
    [OPTION_NAMING] = {"rnn_export", "naming", "choice", "\"torch\"", "torch|keras|matlab",
                       "whose names and order to write"},
    [OPTION_FILE] = {"rnn_load rnn_import", "file", "bytes", "", "", "the file to read"},
    [OPTION_FOUND_NAMING] = {"rnn_import", "naming", "choice", "NULL", "torch|keras|matlab",
                             "whose names and order to read; by default what the names show"},
    [OPTION_FOUND_RESET] = {"rnn_import", "reset", "choice", "NULL", "after|before",
                            "how cell gru resets; by default what the biases show, or after"},
    [OPTION_FOUND_ACTIVATION] = {"rnn_import", "activation", "choice", "NULL",
                                 "tanh|relu|sigmoid|identity",
                                 "activation of cell rnn; by default that in the file, or tanh"},
    [OPTION_FOUND_OUTPUT_MODE] = {"rnn_import", "output_mode", "choice", "NULL", "sequence|last",
                                  "steps with outputs; by default those in the file, or all"},
    [OPTION_FOUND_DROPOUT] = {"rnn_import", "dropout", "number", "NULL", "[0, 1)",
                              "dropout between layers; by default that in the file, or 0"},
    [OPTION_OPTIMIZER] = {TRAINS, "optimizer", "choice", "\"adam\"",
                          "sgd|adam|adamw|rmsprop|adagrad|lbfgs", "how weights follow gradients"},
    [OPTION_LEARN_RATE] = {TRAINS, "learn_rate", "number", "NULL", "(0, Inf)",
                           "length of the steps; by default 0.01, of lbfgs 1"},
    [OPTION_MOMENTUM] = {TRAINS, "momentum", "number", "0", "[0, 1)",
                         "optimizers sgd and rmsprop: share of the step before"},
    [OPTION_NESTEROV] = {TRAINS, "nesterov", "flag", "FALSE", "",
                         "optimizer sgd: whether the momentum looks ahead"},
    [OPTION_BETA1] = {TRAINS, "beta1", "number", "0.9", "[0, 1)",
                      "optimizers adam and adamw: share of the mean gradient that is kept"},
    [OPTION_BETA2] = {TRAINS, "beta2", "number", "0.999", "[0, 1)",
                      "optimizers adam and adamw: share of the mean square that is kept"},
    [OPTION_ALPHA] = {TRAINS, "alpha", "number", "0.99", "[0, 1)",
                      "optimizer rmsprop: share of the mean square that is kept"},
    [OPTION_EPSILON] = {TRAINS, "epsilon", "number", "NULL", "(0, Inf)",
                        "added where a step is divided; by default 1e-8, of adagrad 1e-10"},
    [OPTION_WEIGHT_DECAY] = {TRAINS, "weight_decay", "number", "0", "[0, Inf)",
                             "penalty on large weights"},
    [OPTION_LBFGS_PAIRS] = {TRAINS, "lbfgs_pairs", "whole", "10", "[1, 1000]",
                            "optimizer lbfgs: steps that it remembers"},
    [OPTION_SCHEDULE] = {TRAINS, "schedule", "choice", "\"constant\"",
                         "constant|step|cosine|one_cycle|plateau",
                         "how the learning rate changes over time"},
    [OPTION_SCHEDULE_EPOCHS] = {TRAINS, "schedule_epochs", "whole", "10", "[1, 2147483647]",
                                "schedules step and plateau: epochs before a drop"},
    [OPTION_SCHEDULE_FACTOR] = {TRAINS, "schedule_factor", "number", "0.1", "(0, 1)",
                                "schedules step and plateau: what a drop multiplies the rate by"},
    [OPTION_WARMUP] = {TRAINS, "warmup", "number", "0", "[0, Inf)",
                       "epochs in which the learning rate rises from 0 at first"},
    [OPTION_TRAIN_CLIP_NORM] = {TRAINS, "clip_norm", "number", "1", "(0, Inf]",
                                "largest norm of the whole gradient"},
    [OPTION_NOISE] = {TRAINS, "noise", "number", "0", "[0, Inf)",
                      "variance of the noise added to the first gradient"},
    [OPTION_AVERAGE] = {TRAINS, "average", "flag", "FALSE", "",
                        "whether to keep a running mean of the weights in place of the last ones"},
    [OPTION_BATCH_SIZE] = {TRAINS, "batch_size", "whole", "32", "[1, 2147483647]",
                           "samples to a step"},
    [OPTION_SHUFFLE] = {TRAINS, "shuffle", "flag", "TRUE", "",
                        "whether samples come in another order in every epoch"},
    [OPTION_WINDOW] = {TRAINS, "window", "whole", "NULL", "[1, 2147483647]",
                       "steps of the pieces that sequences are cut into; by default they are not"},
    [OPTION_STRIDE] = {TRAINS, "stride", "whole", "1", "[1, 2147483647]",
                       "steps from one window to the next"},
    [OPTION_STATEFUL] = {TRAINS, "stateful", "flag", "FALSE", "",
                         "whether windows follow each other with the state carried along"},
    [OPTION_VALIDATION] = {TRAINS, "validation", "data", "NULL", "",
                           "share of the data that is for validation, or data for it"},
    [OPTION_VALIDATION_BY] = {TRAINS, "validation_by", "choice", "NULL", "time|sequence",
                              "whether the share is the end of each sequence or the last ones"},
    [OPTION_EPOCHS] = {TRAINS, "epochs", "whole", "100", "[1, 10000000]",
                       "times that all samples are gone through, at most"},
    [OPTION_PATIENCE] = {TRAINS, "patience", "number", "Inf", "[1, Inf]",
                         "epochs without a better validation loss after which to stop"},
    [OPTION_MAX_TIME] = {TRAINS, "max_time", "number", "Inf", "[0, Inf]",
                         "seconds after which to stop"},
    [OPTION_CALLBACK] = {TRAINS, "callback", "function", "NULL", "",
                         "a function called after every epoch, which may stop the training"},
    [OPTION_PROGRESS] = {TRAINS, "progress", "function", "NULL", "",
                         "a function called now and then, to show how far the training is"},
    [OPTION_CHECKPOINT] = {TRAINS, "checkpoint", "text", "NULL", "",
                           "name of a file to keep the state of the training in"},
    [OPTION_CHECKPOINT_EVERY] = {TRAINS, "checkpoint_every", "whole", "1", "[1, 2147483647]",
                                 "epochs from one checkpoint to the next"},
    [OPTION_CHECKPOINT_MINUTES] = {TRAINS, "checkpoint_minutes", "number", "Inf", "(0, Inf]",
                                   "minutes after which there is a checkpoint in any case"},
    [OPTION_RESUME] = {TRAINS, "resume", "text", "NULL", "", "name of a checkpoint to go on from"},
    [OPTION_REPEATS] = {TRAINS, "repeats", "whole", "1", "[1, 10000]",
                        "networks to train, each from a seed of its own"},
    [OPTION_TRAIN_SEED] = {TRAINS, "seed", "whole", "NULL", "[0, 9007199254740992]",
                           "seed of what is random: the order of samples, dropout, noise, and the "
                           "weights of all networks but the first"},
    [OPTION_Y] = {FRAMES, "y", "data", "", "", "the series; missing values are allowed"},
    [OPTION_SEASONS] = {FRAMES, "period", "data", "NULL", "", "steps of each season"},
    [OPTION_HORIZON] = {FRAMES, "horizon", "whole", "NULL", "[1, 100000]",
                        "steps that the networks forecast at once"},
    [OPTION_P] = {FRAMES, "p", "whole", "NULL", "[1, 100000]", "last values that are inputs"},
    [OPTION_SEASONAL_P] = {FRAMES, "P", "whole", "1", "[0, 1000]",
                           "values of the same season that are inputs"},
    [OPTION_SEASON] = {FRAMES, "season", "choice", "\"auto\"", "auto|stl|fourier|difference|none",
                       "what is done about seasons"},
    [OPTION_LAMBDA] = {FRAMES, "lambda", "data", "\"auto\"", "", "Box-Cox transformation"},
    [OPTION_TREND] = {FRAMES, "trend", "choice", "\"level\"", "level|drift|none",
                      "what windows and targets are measured from"},
    [OPTION_SCALE_INPUTS] = {FRAMES, "scale_inputs", "flag", "TRUE", "",
                             "whether inputs are in units of the spread, covariates standardized"},
    [OPTION_XREG] = {FRAMES, "xreg", "data", "NULL", "", "covariates, as far as they are known"},
    [OPTION_XREG_MEAN] = {FRAMES, "xreg_mean", "data", "NULL", "",
                          "what is subtracted from each covariate; by default its mean"},
    [OPTION_XREG_SD] = {FRAMES, "xreg_sd", "data", "NULL", "",
                        "what each covariate is then divided by; by default its deviation"},
    [OPTION_AHEAD] = {FRAMES, "ahead", "data", "NULL", "",
                      "forecasts that follow the series, from which nothing is estimated: a column "
                      "for each series, or for each of its paths"},
    [OPTION_LAST] = {FRAMES, "last", "whole", "NULL", "[1, 2147483647]",
                     "how many last steps are framed; all"},
    [OPTION_COUNTS] = {FRAMES, "counts", "flag", "FALSE", "",
                       "whether the targets are the series themselves, which are counts"},
    [OPTION_Z] = {"rnnar_invert", "z", "data", "", "", "transformed: a column for each series"},
    [OPTION_EACH_LAMBDA] = {"rnnar_invert", "lambda", "data", "", "", "Box-Cox transformation"},
    [OPTION_OFFSET] = {"rnnar_invert", "offset", "data", "", "", "what was added before"},
    [OPTION_SCALE] = {"rnnar_invert", "scale", "data", "", "", "what it was divided by after"},
    [OPTION_BACK_OUTPUT] = {BACK, "output", "data", "", "", "what networks say, H x N x steps"},
    [OPTION_BACK_BASE] = {BACK, "base", "data", "", "", "what it is measured from"},
    [OPTION_BACK_SPREAD] = {BACK, "spread", "data", "", "", "its unit, for each series"},
    [OPTION_BACK_LEVEL] = {BACK, "level", "data", "", "", "of each series at each step, or 0"},
    [OPTION_AMONG] = {"rnnar_draw", "n", "whole", "", "[1, 9007199254740992]", "what there is"},
    [OPTION_DRAWS] = {"rnnar_draw", "draws", "whole", "", "[1, 2147483647]", "how many to draw"},
    [OPTION_DRAW_SEED] = {"rnnar_draw rnnar_sample", "seed", "whole", "", "[0, 9007199254740992]",
                          "seed of what is drawn"},
    [OPTION_OF] = {"rnnar_sample", "of", "data", "", "", "the column of each draw"},
    [OPTION_DISTRIBUTION] = {"rnnar_sample", "loss", "choice", "\"gaussian\"",
                             "gaussian|student_t|negative_binomial", "the distribution"},
};

const bptt_option *bptt_option_table(size_t *count)
{
  *count = OPTION_COUNT;
  return table;
}

/* In Octave the class of the data decides the precision. */
static bool row_is_for_habit(option_id row, bptt_habit habit)
{
  return row != OPTION_PRECISION || habit == BPTT_R;
}

bool option_is_of(option_id row, const char *function)
{
  size_t n = strlen(function);
  for (const char *at = table[row].function; (at = strstr(at, function)); at += n) {
    bool starts = at == table[row].function || at[-1] == ' ';
    if (starts && (at[n] == ' ' || at[n] == '\0')) return true;
  }
  return false;
}

const bptt_option *option_row(option_id row)
{
  return &table[row];
}

/* The rows that are arguments of the function being called. */
typedef struct {
  bool takes[OPTION_COUNT];
} signature;

static signature signature_of(const char *function, bptt_habit habit)
{
  signature s;
  for (option_id row = 0; row < OPTION_COUNT; row++) {
    s.takes[row] = option_is_of(row, function) && row_is_for_habit(row, habit);
  }
  return s;
}

/* ---------------------------------------------------------------------------- choices */

/* A word and what is behind it are two letters at least. */
enum { RANGE_SIZE = 256, MOST_CHOICES = RANGE_SIZE / 2 };

/* The words of a range "a|b|c". */
typedef struct {
  char letters[RANGE_SIZE];
  const char *word[MOST_CHOICES];
  int count;
} choices;

static void split(option_id row, choices *c)
{
  const size_t n = strlen(table[row].range), most = sizeof c->letters - 1;
  c->count = 0;
  memcpy(c->letters, table[row].range, n < most ? n : most);
  c->letters[n < most ? n : most] = '\0';
  for (char *at = c->letters; at;) {
    c->word[c->count++] = at;
    at = strchr(at, '|');
    if (at) *at++ = '\0';
  }
}

/* The place of a word of n letters among a row's choices; -1: it is none. */
static int choice_among(option_id row, const char *typed, size_t n)
{
  const char *word = table[row].range;
  for (int i = 0;; i++) {
    size_t length = strcspn(word, "|");
    if (length == n && memcmp(word, typed, n) == 0) return i;
    if (!word[length]) break;
    word += length + 1;
  }
  return -1;
}

static int choice_of(option_id row, const char *typed)
{
  return typed ? choice_among(row, typed, strlen(typed)) : -1;
}

/* "a", "b" or "c", and which of them was meant if that can be seen. */
static phrase say_choices(option_id row, const char *typed)
{
  choices c;
  phrase p = {""};
  split(row, &c);
  for (int i = 0; i < c.count; i++) {
    const char *between = i == 0 ? "" : i < c.count - 1 ? ", " : " or ";
    p = say("%s%s%s", p.s, between, say_text(c.word[i]).s);
  }
  const char *meant = typed ? spelling(typed, c.word, (size_t)c.count) : NULL;
  return meant ? say("%s; did you mean \"%s\"?", p.s, meant) : p;
}

bool option_read_choice(const door *d, place at, option_id row, const bptt_value *v, int *choice)
{
  const char *typed = v && v->kind == BPTT_TEXT && v->count == 1 ? v->text[0] : NULL;
  *choice = choice_of(row, typed);
  if (*choice >= 0) return true;
  return wrong(d->error, at, value_describe(v).s, "%s", say_choices(row, typed).s);
}

phrase option_say_choice(option_id row, int choice)
{
  choices c;
  split(row, &c);
  return say_text(c.word[choice]);
}

const char *const *option_choice_text(const door *d, option_id row, int choice)
{
  struct {
    const char *text;
    choices c;
  } *word = door_alloc(d, 1, sizeof *word);
  if (!word) return NULL;
  split(row, &word->c);
  word->text = word->c.word[choice];
  return &word->text;
}

/* ------------------------------------------------------------------------------ types */

static bool read_choice(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  return option_read_choice(d, place_of(table[row].name), row, v, &out->choice);
}

/* A list is what a function of the user's returned: target.c reads it. */
static bool read_loss(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  if (v->kind == BPTT_LIST) return true;
  const bool takes_dy = option_is_of(OPTION_DY, d->function);
  if (v->kind != BPTT_OTHER || !v->what || !strstr(v->what, "function") || !takes_dy) {
    return read_choice(d, row, v, out);
  }
  return fail(d->error, table[row].name, "`%s` is %s; %s takes what it has for dL/dy as `dy`",
              table[row].name, v->what, d->function);
}

/* Strings, or a list of them: Octave has both. */
static const char *string_at(const bptt_value *v, size_t i)
{
  if (v->kind == BPTT_TEXT) return v->text[i];
  const bptt_value *item = &v->item[i];
  return item->kind == BPTT_TEXT && item->count == 1 ? item->text[0] : NULL;
}

static bool read_set(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  place at = place_of(table[row].name);
  if (v->kind != BPTT_TEXT && v->kind != BPTT_LIST) {
    return wrong(d->error, at, value_describe(v).s, "some of %s", say_choices(row, NULL).s);
  }
  out->set = 0;
  for (size_t i = 0; i < v->count; i++) {
    const char *typed = string_at(v, i);
    int choice = choice_of(row, typed);
    if (choice < 0) {
      phrase is = v->kind == BPTT_TEXT ? say_text(typed) : value_describe(&v->item[i]);
      return wrong(d->error, at, is.s, "some of %s", say_choices(row, typed).s);
    }
    out->set |= 1u << choice;
  }
  return true;
}

/* An interval: "(0, Inf]" holds all numbers above 0. */
typedef struct {
  bool above, below; /* the lower, the upper end is not in it */
  double lo, hi;
} interval;

static interval interval_of(option_id row)
{
  char *end;
  const char *range = table[row].range;
  double lo = strtod(range + 1, &end);
  double hi = strtod(end + 1, &end);
  return (interval){range[0] == '(', *end == ')', lo, hi};
}

static bool is_within(const interval *in, double number)
{
  return (in->above ? number > in->lo : number >= in->lo) &&
         (in->below ? number < in->hi : number <= in->hi);
}

/* "above 0", "of at least 0 and below 1" */
static phrase say_interval(const interval *in)
{
  phrase lo = say("%s %s", in->above ? "above" : "of at least", say_number(in->lo).s);
  if (isinf(in->lo) && isinf(in->hi)) return say("that is finite");
  if (isinf(in->hi) && !in->below) return lo;
  return say("%s and %s %s", lo.s, in->below ? "below" : "at most", say_number(in->hi).s);
}

bool option_read_number(const door *d, place at, option_id row, const bptt_value *v, double *number)
{
  interval in = interval_of(row);
  *number = value_is_number(v) && v->count == 1 ? value_at(v, 0) : NAN;
  return is_within(&in, *number) ||
         wrong(d->error, at, value_describe(v).s, "one number %s", say_interval(&in).s);
}

static bool read_number(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  bool good = option_read_number(d, place_of(table[row].name), row, v, &out->number);
  out->is_initial = out->number == strtod(table[row].initial, NULL);
  return good;
}

bool option_read_flag(const door *d, place at, const bptt_value *v, bool *flag)
{
  double number = value_is_number(v) && v->count == 1 ? value_at(v, 0) : NAN;
  bool r = d->host.habit == BPTT_R;
  *flag = number == 1;
  return number == 0 || number == 1 ||
         wrong(d->error, at, value_describe(v).s, "%s", r ? "TRUE or FALSE" : "true or false");
}

static bool read_flag(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  return option_read_flag(d, place_of(table[row].name), v, &out->flag);
}

static bool read_whole(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  interval in = interval_of(row);
  bool good = value_read_whole(d, place_of(table[row].name), v, in.lo, in.hi, &out->number);
  out->is_initial = out->number == strtod(table[row].initial, NULL);
  return good;
}

static bool read_truncate(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  bool some = value_is_number(v) && (v->count == 1 || v->count == 2);
  for (int i = 0; some && i < 2; i++) {
    double k = value_at(v, v->count == 2 ? i : 0);
    out->truncate[i] = k;
    some = k >= 1 && k == floor(k);
  }
  if (some && out->truncate[0] <= out->truncate[1]) return true;
  phrase is = value_describe(v);
  if (value_is_number(v) && v->count == 2) {
    is = say("%s and %s", say_number(value_at(v, 0)).s, say_number(value_at(v, 1)).s);
  }
  return wrong(d->error, place_of(table[row].name), is.s,
               "one whole number of at least 1 or Inf, or two, the second at least as large");
}

/* Rising, and within the row's range. */
static bool read_levels(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  const char *expected = "numbers above 0 and below 1, each above the one before";
  place at = place_of(table[row].name);
  double before = 0;
  if (!value_check_array(d, at, v, expected)) return false;
  double *levels = door_alloc(d, value_count(v), sizeof *levels);
  if (!levels) return false;
  for (ptrdiff_t i = 0; i < value_count(v); i++) {
    levels[i] = value_at(v, i);
    if (!(levels[i] > before && levels[i] < 1)) {
      return wrong(d->error, at, say("%s at element %td", say_number(levels[i]).s, i + 1).s, "%s",
                   expected);
    }
    before = levels[i];
  }
  out->levels = levels;
  out->level_count = value_count(v);
  out->is_initial = out->level_count == INITIAL_LEVEL_COUNT &&
                    memcmp(levels, initial_levels, sizeof initial_levels) == 0;
  return true;
}

/* What the front end will call. */
static bool read_function(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  (void)out;
  return (v->kind == BPTT_OTHER && v->what && strstr(v->what, "function")) ||
         wrong(d->error, place_of(table[row].name), value_describe(v).s, "a function");
}

/* The name of a file. */
static bool read_text(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  const char *text = v->kind == BPTT_TEXT && v->count == 1 ? v->text[0] : NULL;
  (void)out;
  return (text && *text) ||
         wrong(d->error, place_of(table[row].name), value_describe(v).s, "the name of a file");
}

static bool read_data(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  (void)d, (void)row, (void)v, (void)out;
  return true;
}

typedef struct {
  const char *name;
  bool (*read)(const door *d, option_id row, const bptt_value *v, option_value *out);
} option_type;

static const option_type types[] = {
    {"choice", read_choice}, {"set", read_set},           {"number", read_number},
    {"whole", read_whole},   {"truncate", read_truncate}, {"data", read_data},
    {"flag", read_flag},     {"loss", read_loss},         {"levels", read_levels},
    {"bytes", read_data},    {"function", read_function}, {"text", read_text},
};

/* ---------------------------------------------------------------------------- reading */

/* The default as a value: its strings, "a" or c("a", "b"), its number, or TRUE or FALSE. That of
 * data is for the front ends. */
static void read_initial(option_id row, option_value *out)
{
  if (strcmp(table[row].type, "data") == 0) return;
  const char *quote = strchr(table[row].initial, '"');
  if (strcmp(table[row].type, "levels") == 0 && strcmp(table[row].initial, "NULL") != 0) {
    out->levels = initial_levels;
    out->level_count = INITIAL_LEVEL_COUNT;
  }
  out->flag = strcmp(table[row].initial, "TRUE") == 0;
  if (!quote) {
    out->number = out->truncate[0] = out->truncate[1] = strtod(table[row].initial, NULL);
  }
  while (quote) {
    size_t n = strcspn(quote + 1, "\"");
    out->choice = choice_among(row, quote + 1, n);
    out->set |= 1u << out->choice;
    quote = strchr(quote + n + 2, '"');
  }
}

static bool unknown_option(const door *d, const signature *s, const char *typed)
{
  const char *known[OPTION_COUNT];
  size_t count = 0;
  for (option_id row = 0; row < OPTION_COUNT; row++) {
    if (s->takes[row]) known[count++] = table[row].name;
  }
  if (!typed || !*typed) {
    return fail(d->error, "...", "an argument of %s has no name; expected one of the options",
                d->function);
  }
  const char *meant = spelling(typed, known, count);
  phrase hint = meant ? say("; did you mean `%s`?", meant) : say("%s", "");
  return fail(d->error, typed, "%s is not an option of %s%s", say_name(typed).s, d->function,
              hint.s);
}

/* Which row of the function an argument is; OPTION_COUNT: none. Arguments mostly come in the order
 * of the table: the search begins where the last one was found. */
static option_id row_of(const signature *s, const char *name, option_id first)
{
  for (option_id i = 0; name && i < OPTION_COUNT; i++) {
    option_id row = (first + i) % OPTION_COUNT;
    if (s->takes[row] && strcmp(table[row].name, name) == 0) return row;
  }
  return OPTION_COUNT;
}

static bool read_row(const door *d, option_id row, const bptt_value *v, option_value *out)
{
  bool required = table[row].initial[0] == '\0';
  out->name = table[row].name;
  if (required && !v) {
    return fail(d->error, table[row].name, "`%s` is missing; %s needs it", table[row].name,
                d->function);
  }
  if (!required && !value_given(v)) {
    read_initial(row, out);
    return true;
  }
  out->given = v;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (strcmp(types[i].name, table[row].type) == 0) return types[i].read(d, row, v, out);
  }
  return false;
}

bool options_read(const door *d, const bptt_value *args, options *out)
{
  const bptt_value *given[OPTION_COUNT] = {NULL};
  const signature s = signature_of(d->function, d->host.habit);
  option_id row = 0;
  for (size_t i = 0; i < args->count; i++) {
    const char *name = args->item[i].name;
    row = row_of(&s, name, row);
    if (row == OPTION_COUNT) return unknown_option(d, &s, name);
    if (given[row]) return fail(d->error, name, "%s is given twice", say_name(name).s);
    given[row] = &args->item[i];
  }
  for (option_id row = 0; row < OPTION_COUNT; row++) {
    if (s.takes[row] && !read_row(d, row, given[row], &out->at[row])) return false;
  }
  return true;
}
