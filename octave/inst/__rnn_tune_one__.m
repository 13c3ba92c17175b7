## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## RESULT = __rnn_tune_one__ (CANDIDATE, COMMON, RUNS, FOR_NET, FOR_TRAIN): trains
## one candidate of rnn_tune, once for each run.  What goes wrong is its result.
## It has a file of its own for the processes of parcellfun to find it.

function result = __rnn_tune_one__ (candidate, common, runs, for_net, for_train)

  options = [common, [fieldnames(candidate)'; struct2cell(candidate)'](:)'];
  given = taken_by (options, for_net);
  sizes = {"input", 1; "output", 1};
  for i = 1:2
    at = find (strcmp (given(1:2:end), sizes{i,1}));
    if (! isempty (at))
      sizes{i,2} = given{2*at};
      given(2*at-1:2*at) = [];
    endif
  endfor
  at = 2 * find (strcmp (given(1:2:end), "hidden"));
  result = struct ("score", NaN, "epochs", NaN, "best_epoch", NaN,
                   "seconds", NaN, "error", "", "net", [], "info", [],
                   "round", 0);
  began = tic ();
  try
    if (isempty (at))
      error ("bptt:invalidInput", "`hidden` is missing; rnn_net needs it");
    endif
    hidden = given{at};
    given(at-1:at) = [];
    net = rnn_net (sizes{1,2}, hidden, sizes{2,2}, given{:});
    train = [taken_by(options, for_train), {"verbose", false}];
    scores = epochs = zeros (1, numel (runs));
    for i = 1:numel (runs)
      [best, info] = rnn_train (net, runs{i}{:}, train{:});
      scores(i) = min ([info.history.validation_loss; Inf]);
      epochs(i) = numel (info.history.epoch);
    endfor
    result.score = mean (scores);
    result.epochs = mean (epochs);
    result.best_epoch = info.best_epoch;
    result.net = best;
    result.info = info;
  catch failure
    result.error = failure.message;
  end_try_catch
  result.seconds = toc (began);

endfunction

function pairs = taken_by (options, names)

  taken = find (ismember (options(1:2:end), names));
  pairs = options(sort ([2 * taken - 1, 2 * taken]));

endfunction

%!test
%! y = sin (1:40);
%! result = __rnn_tune_one__ (struct ("hidden", 2), {"seed", 1, "epochs", 3}, ...
%!                            {{y, y, "validation", 0.2}}, {"seed", "hidden"}, ...
%!                            {"seed", "epochs"});
%! [net, info] = rnn_train (rnn_net (1, 2, 1, "seed", 1), y, y, "seed", 1, ...
%!                          "epochs", 3, "validation", 0.2);
%! assert (isequal (result.net, net));
%! assert (result.score, min (info.history.validation_loss));
%! result = __rnn_tune_one__ (struct ("hidden", 0), {}, {{y, y}}, {"hidden"}, {});
%! assert (! isempty (result.error) && isnan (result.score));
