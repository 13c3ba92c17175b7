## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {@var{found} =} rnn_tune (@var{x}, @var{target}, @var{grid})
## @deftypefnx {} {@var{found} =} rnn_tune (@dots{}, @var{name}, @var{value}, @dots{})
## Search for good options.
##
## A network is trained for each candidate, a choice of options of
## @code{rnn_net} and @code{rnn_train}, and their losses on data that they have
## not been trained with are compared.
##
## @strong{Candidates.}  @var{grid} is a struct; each field holds the values of
## one option: a vector, or a cell array where a value is not a single number
## (@code{grid.hidden = @{16, [32, 16]@}}).  A word has to be in a cell array.
## With @qcode{"search"} @qcode{"grid"} (the default) every combination is tried,
## the first option changing fastest.  With @qcode{"random"}, @qcode{"n"} (20) of
## the combinations are, drawn without replacement (Bergstra and Bengio 2012); a
## field may then also be a handle of a function without arguments that draws a
## value, such as @code{@@() 10 ^ (-4 + 2 * rand ())}.  With @qcode{"halving"},
## @qcode{"n"} candidates drawn so are trained for a few epochs, the better third
## of them for three times as many, and so on until the last ones are trained for
## @qcode{"epochs"}: successive halving (Jamieson and Talwalkar 2016).
##
## @strong{Scores.}  The score is the validation loss of @code{rnn_train}, the
## lower the better.  With @qcode{"origins"} 1, the default, it is that of one
## run, with @qcode{"validation"} as there, 0.2 if it is not given.  With
## @qcode{"origins"} k and @qcode{"horizon"} h it is the mean over k runs, of
## which the first sees nothing of the last k h steps but the h that it is scored
## by, the next one goes h steps further, and so on: a rolling origin (Tashman
## 2000).
##
## @strong{In parallel.}  With @qcode{"workers"} w above 1 candidates are trained
## side by side in as many processes by @code{parcellfun} of package parallel, which
## has to be loaded.
## The table is the same for any number.
##
## Other options: @qcode{"file"}, the name of a file to keep finished candidates
## in: where it exists already and is from the same search, they are not trained
## again.  @qcode{"seed"}, that of the draws, and of the first weights and the
## training of every candidate; by default @code{rand} draws it.  All others are
## options of @code{rnn_net} and @code{rnn_train} that all candidates have in
## common, such as @qcode{"epochs"}, @qcode{"patience"}, @qcode{"cell"};
## @qcode{"input"} and @qcode{"output"} are 1 unless they are given.
##
## @var{found} is a struct with fields @code{candidate}, a struct array of
## options, one element for each candidate; columns @code{score}, @code{epochs}
## (trained, the mean over the runs), @code{best_epoch}, @code{seconds};
## @code{error}, a cell array with the messages of those that have failed;
## @code{best}, the number of the best; @code{net}, its network, and @code{info},
## the second output of its training.  @code{rnn_plot (@var{found})} shows the
## scores against each option.
##
## @example
## @group
## y = sin ((1:120) / 4);
## grid.cell = @{"rnn", "gru"@};
## grid.hidden = [2, 6];
## found = rnn_tune (y(1:end-1), y(2:end), grid, "epochs", 20, "seed", 1);
## found.candidate(found.best)
## @end group
## @end example
##
## References: J. Bergstra, Y. Bengio (2012), Random search for hyper-parameter
## optimization, Journal of Machine Learning Research 13, 281-305.  K. Jamieson,
## A. Talwalkar (2016), Non-stochastic best arm identification and hyperparameter
## optimization, AISTATS, 240-248.  L. J. Tashman (2000), Out-of-sample tests of
## forecasting accuracy, International Journal of Forecasting 16, 437-450.
##
## @seealso{rnn_train, rnn_net}
## @end deftypefn

function found = rnn_tune (x, target, grid, varargin)

  if (nargin < 3)
    print_usage ();
  endif
  [own, common] = own_options (varargin);
  own = check (grid, own, common);
  if (isempty (own.seed))
    own.seed = floor (rand () * 2147483647) + 1;
  endif
  plan.common = [common, {"seed", own.seed}];
  plan.candidates = draw_candidates (grid, own);
  plan.runs = tune_runs (x, target, own);
  plan.own = own;
  if (strcmp (own.search, "halving"))
    results = halving (plan);
  else
    results = train_all (plan, plan.candidates, own.epochs);
  endif
  found = gather (plan.candidates, results);

endfunction

## The options that are not those of rnn_net or rnn_train, and the rest.
function [own, common] = own_options (options)

  own = struct ("search", "grid", "n", 20, "validation", 0.2, "origins", 1,
                "horizon", [], "workers", 1, "file", "", "seed", [],
                "epochs", []);
  if (mod (numel (options), 2) || ! all (cellfun ("ischar", options(1:2:end))))
    error ("bptt:invalidInput",
           "options are given as pairs of a name and a value");
  endif
  common = {};
  for i = 1:2:numel (options)
    if (isfield (own, options{i}))
      own.(options{i}) = options{i+1};
    else
      common(end+1:end+2) = options(i:i+1);
    endif
  endfor

endfunction

## OWN, its numbers as doubles.
function own = check (grid, own, common)

  fail = @(varargin) error ("bptt:invalidInput", varargin{:});
  if (! isstruct (grid) || ! isscalar (grid) || isempty (fieldnames (grid)))
    fail ("`grid` is of class %s; expected a struct with a field for each option",
          class (grid));
  endif
  if (! any (strcmp (own.search, {"grid", "random", "halving"})))
    fail ("`search` is unknown; expected \"grid\", \"random\" or \"halving\"");
  endif
  for name = {"n", "origins", "workers", "horizon"}
    if (! (strcmp (name{1}, "horizon") && isempty (own.horizon)))
      own.(name{1}) = check_whole (own.(name{1}), name{1}, 1, 2^31 - 1);
    endif
  endfor
  check_parallel (own.workers);
  for name = {"seed", "epochs"}   # of what is wrong with them rnn_train speaks
    if (isnumeric (own.(name{1})))
      own.(name{1}) = double (own.(name{1}));
    endif
  endfor
  if (own.origins > 1 && isempty (own.horizon))
    fail ("`horizon` is missing; `origins` above 1 need it");
  endif
  known = [net_options(), train_options()];
  for name = [fieldnames(grid)', common(1:2:end)]
    if (! any (strcmp (name{1}, known)))
      fail ("`%s` is not an option of rnn_net or rnn_train", name{1});
    endif
  endfor
  both = intersect (fieldnames (grid)', common(1:2:end));
  if (! isempty (both))
    fail ("`%s` is in `grid` and given as well; expected one of the two",
          both{1});
  endif

endfunction

## From the core's table.
function names = options_of (of)

  table = __bptt__ ("bptt_options");
  is_taken = cellfun (@(f) any (strcmp (of, strsplit (f, " "))),
                      table.function);
  names = table.name(is_taken)';

endfunction

function names = net_options ()
  names = setdiff (options_of ("rnn_net"), {"param"});
endfunction

function names = train_options ()
  names = setdiff (options_of ("rnn_train"), {"net", "x", "target", "progress"});
endfunction

## ------------------------------------------------------------------ candidates

## The minimal standard generator of Park and Miller (1988): the R package draws
## the same.
function [row, state] = park_miller (state, n)

  state = mod (16807 * state, 2147483647);
  row = mod (state, n) + 1;

endfunction

## A cell array of structs.
function candidates = draw_candidates (grid, own)

  names = fieldnames (grid)';
  values = struct2cell (grid)';
  drawn = cellfun (@is_function_handle, values);
  if (any (drawn) && strcmp (own.search, "grid"))
    error ("bptt:invalidInput",
           "`%s` of `grid` is a function; expected values, as `search` is \"grid\"",
           names(drawn){1});
  endif
  for i = find (! drawn)
    if (! iscell (values{i}))
      if (ischar (values{i}))
        values{i} = values(i);
      else
        values{i} = num2cell (values{i}(:)');
      endif
    endif
  endfor
  sizes = cellfun ("numel", values(! drawn));
  if (any (sizes == 0))
    error ("bptt:invalidInput", "`%s` of `grid` has no values",
           names(! drawn)(sizes == 0){1});
  endif
  rows = 1:prod (sizes);
  if (! strcmp (own.search, "grid"))
    rows = draw_rows (prod (sizes), own.n, any (drawn), own.seed);
  endif
  candidates = cell (1, numel (rows));
  for k = 1:numel (rows)
    before = rows(k) - 1;
    for i = 1:numel (names)
      if (drawn(i))
        chosen = values{i} ();
      else
        chosen = values{i}{mod (before, numel (values{i})) + 1};
        before = floor (before / numel (values{i}));
      endif
      candidates{k}.(names{i}) = chosen;
    endfor
  endfor

endfunction

## Without replacement where there are enough.
function rows = draw_rows (combinations, n, repeated, seed)

  state = mod (seed, 2147483646) + 1;
  rows = [];
  if (! repeated)
    n = min (n, combinations);
  endif
  while (numel (rows) < n)
    [row, state] = park_miller (state, combinations);
    if (repeated || ! any (rows == row))
      rows(end+1) = row;
    endif
  endwhile

endfunction

## ------------------------------------------------------------------------ runs

## What is trained and validated with, once for each origin: options of
## rnn_train.
function runs = tune_runs (x, target, own)

  if (isempty (own.horizon))
    runs = {{x, target, "validation", own.validation}};
    return;
  endif
  runs = cell (1, own.origins);
  h = own.horizon;
  for i = 1:own.origins
    later = (own.origins - i) * h;
    if (min (series_steps (x)) - later <= h)
      error ("bptt:invalidInput",
             "`origins` are %d with a `horizon` of %d; expected fewer for %d steps",
             own.origins, h, min (series_steps (x)));
    endif
    known.x = without_last (x, later);
    known.target = only_last (without_last (target, later), h);
    runs{i} = {without_last(x, later + h), without_last(target, later + h), ...
               "validation", known};
  endfor

endfunction

function steps = series_steps (x)

  if (iscell (x))
    steps = cellfun (@series_steps, x);
  elseif (ndims (x) == 3)
    steps = size (x, 3);
  elseif (isvector (x))
    steps = numel (x);
  else
    steps = columns (x);
  endif

endfunction

function x = without_last (x, n)

  if (iscell (x))
    x = cellfun (@(v) without_last (v, n), x, "UniformOutput", false);
  elseif (ndims (x) == 3)
    x = x(:,:,1:end-n);
  elseif (isvector (x))
    x = x(1:end-n);
  else
    x = x(:,1:end-n);
  endif

endfunction

## Only the targets of the last n steps count.
function x = only_last (x, n)

  if (iscell (x))
    x = cellfun (@(v) only_last (v, n), x, "UniformOutput", false);
  elseif (ndims (x) == 3)
    x(:,:,1:end-n) = NaN;
  elseif (isvector (x))
    x(1:end-n) = NaN;
  else
    x(:,1:end-n) = NaN;
  endif

endfunction

## ---------------------------------------------------------------------- training

## All candidates for so many epochs, those in the file aside.
function results = train_all (plan, candidates, epochs)

  common = plan.common;
  if (! isempty (epochs))
    common = [common, {"epochs", epochs}];
  endif
  kept = kept_results (plan, candidates, common);
  todo = find (cellfun ("isempty", kept.results));
  workers = plan.own.workers;
  runs = plan.runs;
  for_net = net_options ();
  for_train = train_options ();
  one = @(candidate) __rnn_tune_one__ (candidate, common, runs, for_net,
                                       for_train);
  for first = 1:4*workers:numel (todo)
    some = todo(first:min (end, first + 4 * workers - 1));
    if (workers > 1)
      kept.results(some) = parcellfun (workers, one, candidates(some),
                                       "UniformOutput", false,
                                       "VerboseLevel", 0);
    else
      kept.results(some) = cellfun (one, candidates(some),
                                    "UniformOutput", false);
    endif
    if (! isempty (plan.own.file))
      save_round (plan.own.file, kept);
    endif
  endfor
  results = kept.results;

endfunction

## What a file of an earlier run of the same search holds of this round.
function kept = kept_results (plan, candidates, common)

  kept.key = {candidates, common, plan.runs};
  kept.results = cell (1, numel (candidates));
  if (isempty (plan.own.file) || ! exist (plan.own.file, "file"))
    return;
  endif
  rounds = load (plan.own.file).rounds;
  for i = 1:numel (rounds)
    if (isequal (rounds{i}.key, kept.key))
      kept = rounds{i};
      return;
    endif
  endfor
  if (! strcmp (plan.own.search, "halving"))
    error ("bptt:invalidInput",
           "`file` is not of this search; expected one with the same options and data");
  endif

endfunction

## Aside first: the file is whole at any moment.
function save_round (file, kept)

  rounds = {};
  if (exist (file, "file"))
    rounds = load (file).rounds;
  endif
  at = find (cellfun (@(r) isequal (r.key, kept.key), rounds));
  if (isempty (at))
    at = numel (rounds) + 1;
  endif
  rounds{at} = kept;
  save ("-binary", [file, ".new"], "rounds");
  [problem, message] = rename ([file, ".new"], file);
  if (problem)
    error ("bptt:invalidInput", "`file` is %s, which cannot be written: %s",
           file, message);
  endif

endfunction

## The better third goes on, for three times as many epochs.
function results = halving (plan)

  epochs = plan.own.epochs;
  if (isempty (epochs))
    epochs = 100;
  endif
  n = numel (plan.candidates);
  rounds = floor (log (n) / log (3) + 1e-9);
  results = cell (1, n);
  left = 1:n;
  for round = 0:rounds
    left = left(1:floor (n / 3 ^ round));
    trained = train_all (plan, plan.candidates(left),
                         max (1, fix (epochs / 3 ^ (rounds - round) + 0.5)));
    for i = 1:numel (left)
      trained{i}.round = round;
    endfor
    results(left) = trained;
    scores = cellfun (@(r) r.score, trained);
    [~, order] = sortrows ([scores(:), left(:)]);
    left = left(order);
  endfor

endfunction

function found = gather (candidates, results)

  found.candidate = [candidates{:}];
  for name = {"score", "epochs", "best_epoch", "seconds"}
    found.(name{1}) = cellfun (@(r) r.(name{1}), results)(:);
  endfor
  found.error = cellfun (@(r) r.error, results, "UniformOutput", false)(:);
  ## Of halving only those that came farthest are compared.
  scores = found.score;
  rounds = cellfun (@(r) r.round, results)(:);
  if (any (! isnan (scores)))
    scores(rounds < max (rounds(! isnan (scores)))) = NaN;
  endif
  [lowest, best] = min (scores);
  if (isnan (lowest))
    best = [];
  endif
  found.best = best;
  found.net = found.info = [];
  if (! isempty (best))
    found.net = results{best}.net;
    found.info = results{best}.info;
  endif

endfunction

%!shared y, x, target
%! y = sin ((1:120) / 4);
%! x = y(1:end-1);
%! target = y(2:end);

%!test # a grid
%! grid.cell = {"rnn", "gru"};
%! grid.hidden = {2, [3, 3]};
%! found = rnn_tune (x, target, grid, "epochs", 5, "seed", 1);
%! assert ({found.candidate.cell}, {"rnn", "gru", "rnn", "gru"});
%! assert ({found.candidate.hidden}, {2, 2, [3, 3], [3, 3]});
%! [~, best] = min (found.score);
%! assert (found.best, best);
%! assert (found.epochs, 5 * ones (4, 1));

%!test # a score is the validation loss of rnn_train
%! found = rnn_tune (x, target, struct ("hidden", [2, 4]), "epochs", 8,
%!                   "cell", "lstm", "validation", 0.3, "seed", 1);
%! for i = 1:2
%!   net = rnn_net (1, 2 * i, 1, "lstm", "seed", 1);
%!   [best, info] = rnn_train (net, x, target, "epochs", 8, "validation", 0.3,
%!                             "seed", 1);
%!   assert (found.score(i), min (info.history.validation_loss));
%!   if (found.best == i)
%!     assert (isequal (found.net, best));
%!   endif
%! endfor

%!test # origins
%! found = rnn_tune (x, target, struct ("hidden", 3), "epochs", 6,
%!                   "origins", 3, "horizon", 10, "seed", 1);
%! score = [];
%! for seen = [99, 109, 119]
%!   known.x = x(1:seen);
%!   known.target = [NaN(1, seen - 10), target(seen-9:seen)];
%!   [~, info] = rnn_train (rnn_net (1, 3, 1, "seed", 1), x(1:seen-10),
%!                          target(1:seen-10), "validation", known,
%!                          "epochs", 6, "seed", 1);
%!   score(end+1) = min (info.history.validation_loss);
%! endfor
%! assert (found.score, mean (score));

%!test # random draws, halving
%! found = rnn_tune (x, target, struct ("hidden", 1:10), "search", "random",
%!                   "n", 6, "epochs", 1, "seed", 1);
%! assert (numel (unique ([found.candidate.hidden])), 6);
%! found = rnn_tune (x, target, struct ("hidden", 1:9), "search", "halving",
%!                   "n", 9, "epochs", 27, "seed", 1);
%! assert (sort (found.epochs), [3; 3; 3; 3; 3; 3; 9; 9; 27]);
%! assert (found.epochs(found.best), 27);
%! grid.learn_rate = @() 10 ^ (-3 + 2 * rand ());
%! found = rnn_tune (x, target, grid, "search", "random", "n", 3, "epochs", 1,
%!                   "hidden", 2, "seed", 1);
%! assert (numel (unique ([found.candidate.learn_rate])), 3);

%!test # a candidate that fails
%! found = rnn_tune (x, target, struct ("learn_rate", [0.01, -1]), "hidden", 2,
%!                   "epochs", 1, "seed", 1);
%! assert (found.best, 1);
%! assert (! isempty (strfind (found.error{2}, "`learn_rate` is -1")));

%!test # goes on where it was
%! file = tempname ();
%! unwind_protect
%!   options = {"epochs", 4, "seed", 1, "file", file};
%!   first = rnn_tune (x, target, struct ("hidden", [2, 3]), options{:});
%!   again = rnn_tune (x, target, struct ("hidden", [2, 3]), options{:});
%!   assert (isequal (again, first));   # seconds as well
%!   fail ('rnn_tune (x, target, struct ("hidden", 5), options{:})',
%!         "not of this search");
%! unwind_protect_cleanup
%!   delete (file);
%! end_unwind_protect

%!testif ; exist ("parcellfun") || ! isempty (pkg ("list", "parallel"))
%! pkg load parallel
%! grid = struct ("hidden", 2:5);
%! alone = rnn_tune (x, target, grid, "epochs", 3, "seed", 1);
%! together = rnn_tune (x, target, grid, "epochs", 3, "seed", 1, "workers", 2);
%! parcellfun_set_nproc (0);   # at the end of the session it would do so too late
%! alone.seconds = together.seconds = [];
%! assert (isequal (rmfield (alone, "info"), rmfield (together, "info")));

%!test # numbers of any class
%! for search = {"random", "halving"}
%!   tune = @(of) rnn_tune (x, target, struct ("hidden", 1:9), "search", search{1}, "n", of (9), ...
%!                          "epochs", of (5), "origins", of (2), "horizon", of (35), ...
%!                          "seed", of (100));
%!   found = tune (@double);
%!   for of = {@single, @int8}
%!     same = tune (of{1});
%!     assert (isequal (same.candidate, found.candidate));
%!     assert (isequal ({same.score, same.epochs}, {found.score, found.epochs}));
%!   endfor
%! endfor

%!test # several workers without package parallel
%! loaded = exist ("parcellfun");
%! if (loaded)
%!   pkg unload parallel
%! endif
%! unwind_protect
%!   fail ('rnn_tune (x, target, struct ("hidden", 1), "workers", 2)', ...
%!         "`workers` is 2, which needs package parallel; expected 1, or `pkg load parallel`");
%!   fail ('rnn_backtest (y, 6, "workers", 2)', "`workers` is 2, which needs package parallel");
%! unwind_protect_cleanup
%!   if (loaded)
%!     pkg load parallel
%!   endif
%! end_unwind_protect

%!error <Invalid call> rnn_tune (1, 2)
%!error id=bptt:invalidInput rnn_tune (x, target, 3)
%!error id=bptt:invalidInput rnn_tune (x, target, struct ("hiden", 3))
%!error id=bptt:invalidInput rnn_tune (x, target, struct ("hidden", 3), "epoch", 3)
%!error id=bptt:invalidInput rnn_tune (x, target, struct ("hidden", 3), "hidden", 3)
%!error id=bptt:invalidInput rnn_tune (x, target, struct ("hidden", []))
%!error <`n` is 0; expected a whole number of at least 1>
%! rnn_tune (x, target, struct ("hidden", 2), "n", 0)
%!error id=bptt:invalidInput rnn_tune (x, target, struct ("hidden", 2), "origins", 2)
%!error id=bptt:invalidInput
%! rnn_tune (x, target, struct ("hidden", 2), "search", "best");
