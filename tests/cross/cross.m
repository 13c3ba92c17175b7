## cross.m -- Octave's half of the comparison with R; cross.R is the other, line by line the same.
1;

## Numbers that are exact in single precision, and the same everywhere.
function x = numbers (count, step)
  x = mod ((1:count) * step, 257) / 128 - 1;
endfunction

## In hexadecimal digits.
function write_array (label, x)
  x = cast (x(:), strtok (label, "."));
  printf ("%s ", label, cellstr (num2hex (x)){:});
  printf ("\n");
endfunction

function write_arrays (label, arrays, names = fieldnames (arrays))
  for k = 1:numel (names)
    write_array ([label "." names{k}], arrays.(names{k}));
  endfor
endfunction

## A training of each kind: the weights, and what is told of every epoch.
function write_trainings (precision)
  x = cast (reshape (numbers (2 * 5 * 12, 37), [2, 5, 12]), precision);
  target = reshape (numbers (3 * 5 * 12, 91), [3, 5, 12]);
  net = rnn_net (2, [6, 5], 3, "gru", "dropout", 0.2, "seed", 1);
  cases = {"sgd", {"optimizer", "sgd"}; ...
           "nesterov", {"optimizer", "sgd", "momentum", 0.9, "nesterov", true}; ...
           "adam", {}; ...
           "adamw", {"optimizer", "adamw", "weight_decay", 0.01}; ...
           "rmsprop", {"optimizer", "rmsprop", "momentum", 0.5}; ...
           "adagrad", {"optimizer", "adagrad", "weight_decay", 0.01}; ...
           "lbfgs", {"optimizer", "lbfgs", "weight_decay", 1e-3, "batch_size", 5}; ...
           "step", {"schedule", "step", "schedule_epochs", 2}; ...
           "cosine", {"schedule", "cosine", "warmup", 1.5}; ...
           "one_cycle", {"schedule", "one_cycle"}; ...
           "plateau", {"schedule", "plateau", "schedule_epochs", 1, "learn_rate", 0.5}; ...
           "window", {"window", 5, "stride", 2}; ...
           "stateful", {"window", 5, "stateful", true}; ...
           "share", {"validation", 0.3, "patience", 2}; ...
           "windows_share", {"validation", 0.3, "window", 5, "average", true}; ...
           "sequences_share", {"validation", 0.3, "validation_by", "sequence"}; ...
           "average", {"average", true}; ...
           "noise", {"noise", 0.1, "clip_norm", 0.2, "clip_value", 0.1}; ...
           "truncate", {"truncate", [3, 5], "shuffle", false}; ...
           "huber", {"loss", "huber", "reduction", "sum", "threads", 2}};
  for one = cases'
    label = ["double.train." precision "." one{1}];
    more = one{2};
    if (! any (strcmp (more, "batch_size")))
      more = [more, {"batch_size", 2}];
    endif
    [fit, info] = rnn_train (net, x, target, "lengths", [12, 1, 7, 12, 5], "epochs", 5, ...
                             "seed", 11, more{:});
    write_arrays (label, fit.param);
    write_arrays (label, info.history, {"epoch", "loss", "learn_rate", "grad_norm", "clipped"});
    if (any (strcmp (one{2}, "validation")))
      write_array ([label ".validation_loss"], info.history.validation_loss);
    endif
    write_array ([label ".best_epoch"], info.best_epoch);
  endfor
  many = rnn_train (net, x, target, "epochs", 3, "window", 4, "repeats", 3, "threads", 2, ...
                    "seed", 11);
  for k = 1:3
    write_arrays (sprintf ("double.train.%s.repeats.%d", precision, k), many{k}.param);
  endfor
endfunction

function write_case (label, net, precision, steps = 40, threads = 1)

  x = cast (reshape (numbers (3 * 5 * steps, 37), [3, 5, steps]), precision);
  target = reshape (numbers (2 * 5 * steps, 91), [2, 5, steps]);
  class = reshape (1 + mod (1:5*steps, 2), [5, steps]);
  lengths = [steps, 1, 17, 33, steps];
  write_arrays ([label ".param"], net.param);
  write_array ([label ".theta"], rnn_pack (net));

  out = struct ();
  [out.y, state, out.h] = rnn_forward (net, x, "lengths", lengths, "threads", threads);
  write_arrays (label, out, {"y", "h"});
  write_arrays ([label ".state"], state);
  prob = rnn_predict (net, x, "type", "prob", "threads", threads);
  write_array ([label ".prob"], prob);

  [loss, grad, info] = rnn_bptt (net, x, target, "state", state, "lengths", lengths,
                                 "threads", threads);
  info.loss = loss;
  write_arrays (label, info, {"loss", "grad_norm", "y", "dx"});
  write_arrays ([label ".grad"], grad);
  write_arrays ([label ".state"], info.state);
  write_arrays ([label ".dstate"], info.dstate);

  [loss, grad, info] = rnn_bptt (net, x, class,
                                 "loss", "cross_entropy", "reduction", "sum", "truncate", [4, 9],
                                 "clip_value", 0.5, "clip_norm", 1, "threads", threads);
  info.loss = loss;
  write_arrays ([label ".truncated"], info, {"loss", "grad_norm", "dx"});
  write_arrays ([label ".truncated.grad"], grad);

endfunction

## Every loss, over two layers in both directions with dropout.
function write_losses (label, precision, output_mode)
  net = rnn_net (2, [7, 5], 6, "gru", "bidirectional", true, "dropout", 0.25,
                 "output_mode", output_mode, "seed", 4);
  steps = 9;
  if (strcmp (output_mode, "last"))
    steps = 1;
  endif
  x = cast (reshape (numbers (2 * 4 * 9, 37), [2, 4, 9]), precision);
  outputs_each = struct ("mse", 1, "mae", 1, "huber", 1, "cross_entropy", 6,
                         "binary_cross_entropy", 1, "quantile", 3, "gaussian", 2,
                         "student_t", 3, "negative_binomial", 2);
  for loss = fieldnames (outputs_each)'
    features = 6 / outputs_each.(loss{1});
    target = reshape (numbers (features * 4 * steps, 91), [features, 4, steps]);
    switch (loss{1})
      case "binary_cross_entropy"
        target = (target + 1) / 2;
      case "negative_binomial"
        target = floor (4 * (target + 1));
      case "cross_entropy"
        target = reshape (1 + floor (2.9 * (target + 1)), [4, steps]);
    endswitch
    weights = reshape (mod (1:4*steps, 5) / 4, [4, steps]);
    [value, grad, info] = rnn_bptt (net, x, target, "loss", loss{1}, "weights", weights,
                                    "lengths", [9, 2, 5, 9], "truncate", 4, "seed", 8);
    info.loss = value;
    write_arrays ([label "." loss{1}], info, {"loss", "grad_norm", "y", "dx"});
    write_arrays ([label "." loss{1} ".grad"], grad);
    write_arrays ([label "." loss{1} ".dstate"], info.dstate);
  endfor
endfunction

## What several networks of all cells predict: an even number of them, and an odd one.
function write_ensemble (label, precision)
  nets = {rnn_net(2, 7, 4, "rnn", "seed", 1), rnn_net(2, 9, 4, "gru", "seed", 2), ...
          rnn_net(2, [5, 3], 4, "lstm", "bidirectional", true, "seed", 3), ...
          rnn_net(2, 6, 4, "gru", "seed", 4)};
  x = cast (4 * reshape (numbers (2 * 5 * 12, 37), [2, 5, 12]), precision);
  for type = {"response", "prob", "class"}
    predicted = @(nets, combine) rnn_predict (nets, x, "type", type{1}, "combine", combine, ...
                                              "lengths", [12, 1, 7, 12, 3]);
    for combine = {"mean", "median"}
      here = [label "." type{1} "." combine{1}];
      write_array (here, predicted (nets, combine{1}));
      write_array ([here ".odd"], predicted (nets(1:3), combine{1}));
    endfor
    all = predicted (nets, "all");
    for k = 1:4
      write_array (sprintf ("%s.%s.%d", label, type{1}, k), all{k});
    endfor
  endfor
endfunction

## Stacks of one direction, computed again; dL/dy; what becomes of the gradient.
function write_stack (label, precision)
  net = rnn_net (1, [6, 5, 4], 1, "lstm", "seed", 9);
  x = numbers (1500, 37);
  [loss, grad, info] = rnn_bptt (net, cast (x, precision), "dy", numbers (1500, 91), ...
                                 "memory", "recompute");
  info.loss = loss;
  write_arrays (label, info, {"loss", "dx"});
  write_arrays ([label ".grad"], grad);
  flow = rnn_gradflow (net, x(1:50), x(51:100));
  write_arrays (["double." label ".flow"], flow, {"dh", "dc", "gain", "growth", "reach"});
  for text = flow.verdict'
    write_array (["double." label ".verdict"], double (text{1}));
  endfor
endfunction

## Scores of numbers, quantiles, intervals, probabilities and classes.
function write_metrics (label)
  y = reshape (numbers (2 * 3 * 9, 37), [2, 3, 9]);
  y(5) = NaN;
  f = reshape (numbers (6 * 3 * 9, 91), [6, 3, 9]);
  z = reshape (numbers (2 * 3 * 20, 55), [2, 3, 20]);
  lengths = [9, 4, 6];
  point = rnn_metrics (y, f(1:2,:,:), "lower", y - 0.3, "upper", y + abs (f(3:4,:,:)), ...
                       "level", 90, "insample", z, "period", 4, "lengths", lengths);
  write_arrays ([label ".point"], point);
  quantiles = rnn_metrics (y, f, "levels", [0.05, 0.5, 0.9], "insample", z, ...
                           "lengths", lengths);
  write_arrays ([label ".quantiles"], quantiles);
  past = {numbers(9, 3), numbers(7, 5)};
  write_arrays ([label ".list"], rnn_metrics ({numbers(5, 37), numbers(3, 91)}, ...
                                              {numbers(5, 11), numbers(3, 13)}, ...
                                              "insample", past, "period", 2));
  net = rnn_net (6, 5, 4, "seed", 7);
  class = 1 + mod (reshape (1:27, 3, 9) * 5, 4);
  for type = {"prob", "class"}
    m = rnn_metrics (class, rnn_predict (net, f, "type", type{1}), "type", type{1}, ...
                     "lengths", lengths);
    write_arrays ([label "." type{1}], m);
  endfor
endfunction

## Forecasts of series: one, many of unequal length, so many that they are left out one by one, with
## missing values, zeros, covariates, seasons of all kinds, beyond the horizon, of new data.
function write_forecasts (label)
  series = @(n, step) 60 + 30 * numbers (n, step) + (1:n);
  y = series (72, 37);
  y([5, 40, 41]) = NaN;
  xreg = [numbers(78, 91)', numbers(78, 11)'];
  many = {y, series(50, 55), floor(2 + 2 * numbers (30, 91))};
  cases = {"one", y, {"period", 12}, {12}; ...
           "beyond", y, {"period", 12, "repeats", 7}, {60, "npaths", 40, "seed", 3}; ...
           "single", y, {"repeats", 1}, {4, "level", [0.95, 0.5]}; ...
           "recursive", y, {"horizon", 1, "cell", "gru"}, {5, "npaths", 30}; ...
           "stl", y, {"period", [4, 12], "season", "stl"}, {3}; ...
           "fourier", y, {"period", 12, "season", "fourier", "lambda", 0.5}, {3}; ...
           "difference", y, {"period", 12, "season", "difference", "loss", "mse"}, {3}; ...
           "plain", y - 100, {"p", 4, "horizon", 6, "hidden", [5, 4], "loss", "huber"}, {6}; ...
           "counts", floor(3 + 3 * numbers (60, 37)), {"period", 4}, {9, "npaths", 30}; ...
           "fractions", floor(3 + 3 * numbers (60, 37)), {"period", 4}, ...
             {3, "integer", false, "fan", true}; ...
           "whole", y, {}, {4, "integer", true, "bootstrap", true, "npaths", 30}; ...
           "short", y(1:20), {"period", 12}, {26, "npaths", 30}; ...
           "zeros", zeros(1, 40), {"period", 4}, {10, "npaths", 30}; ...
           "negative", y - 100, {"period", 7}, {7, "nonnegative", true}; ...
           "drift", y, {"period", 12, "trend", "drift"}, {14}; ...
           "mean", y, {"period", 12, "season", "stl", "trend", "none"}, {3}; ...
           "unscaled", y, {"trend", "none", "scale_inputs", false, "horizon", 4, ...
                           "xreg", xreg(1:72,:)}, {6, "xreg", xreg(73:78,:), "npaths", 20}; ...
           "subset", y, {"subset", 20:72}, {3}; ...
           "xreg", y, {"period", 12, "horizon", 4, "xreg", xreg(1:72,:)}, ...
             {6, "xreg", xreg(73:78,:)}; ...
           "many", many, {"period", 6}, {14, "npaths", 30}; ...
           "gaussian", many, {"period", 6, "loss", "gaussian", "season", "stl"}, ...
             {30, "npaths", 30}; ...
           "student_t", y, {"period", 12, "horizon", 4, "loss", "student_t", "xreg", xreg(1:72,:)}, ...
             {6, "xreg", xreg(73:78,:), "npaths", 40, "seed", 3}; ...
           "negative_binomial", floor(3 + 3 * numbers (60, 37)), ...
             {"period", 4, "loss", "negative_binomial"}, {20, "npaths", 30}; ...
           "alone", y, {"loss", "gaussian", "repeats", 1, "lambda", 1}, {3}; ...
           "global", arrayfun(@(i) series (190 + i, 2 * i + 1), 1:12, "UniformOutput", false), ...
             {"repeats", 3}, {3}};
  for one = cases'
    how = {"repeats", 2, "epochs", 3, "batch_size", 4, "hidden", 6, "seed", 11};
    model = rnnar (one{2}, how{:}, one{3}{:});
    write_forecast ([label "." one{1}], model, one{4});
  endfor
  model = rnnar (series (400, 3), "model", model);
  write_forecast ([label ".applied"], model, {12, "npaths", 20});
  how = {"repeats", 2, "epochs", 3, "horizon", 4, "hidden", 6, "seed", 11};
  model = rnnar (many(1:2), how{:}, "xreg", {2 * xreg(1:72,:), xreg(1:50,:)});
  model = rnnar (y, "model", model, "xreg", xreg(1:72,:));
  write_forecast ([label ".covariates"], model, {3, "xreg", xreg(73:75,:)});
endfunction

function write_forecast (label, model, options)
  write_array ([label ".fitted"], vertcat (model.fitted{:}));
  write_arrays (label, model.errors);
  [told.mean, told.lower, told.upper] = rnn_forecast (model, options{:});
  for i = 1:numel (model.series)
    part = structfun (@(x) x(:,i,:), told, "UniformOutput", false);
    if (! model.many)
      part = told;
    endif
    write_arrays (sprintf ("%s.%d", label, i), part);
  endfor
endfunction

function write_file (label, file)
  fid = fopen (file, "rb");
  printf ("%s ", label);
  printf ("%02x ", fread (fid, Inf, "uint8"));
  printf ("\n");
  fclose (fid);
endfunction

## The file that R has saved, read and saved again: it is the same file.
function write_files (label)
  file = fullfile (getenv ("CROSS_FOLDER"), label);
  net = rnn_load (file);
  write_arrays (label, net.param);
  rnn_save (net, [file ".octave"]);
  write_file (label, [file ".octave"]);
  for naming = {"torch", "keras", "matlab"}
    other = [file "." naming{1}];
    unlink (other);
    rnn_export (net, other, naming{1});
    write_file ([label "." naming{1}], other);
  endfor
endfunction

## A back-test: every forecast and every score.
function write_backtest (label, varargin)
  y = 40 + (1:70) / 2 + 9 * numbers (70, 37) + repmat ([3, -4, 1, 0, -2], 1, 14);
  [b, s] = rnn_backtest ({y, y(1:50) .^ 1.2, -y}, 4, "period", 5, "repeats", 2, "epochs", 3, ...
                         "hidden", 4, "seed", 3, varargin{:});
  write_arrays (label, b, {"series", "origin", "horizon", "time", "actual", "forecast"});
  write_pairs (label, {"lo", "hi"}, {b.lo, b.hi}, b.level);
  for of = {"all", "horizon"}
    scores = s.(of{1});
    write_arrays ([label "." of{1}], scores, setdiff (fieldnames (scores), {"coverage", "width"}, ...
                                                      "stable"));
    write_pairs ([label "." of{1}], {"coverage", "width"}, {scores.coverage, scores.width}, ...
                 b.level);
  endfor
endfunction

## The columns of two matrices in turn, under the names that R gives them.
function write_pairs (label, names, values, level)
  for k = 1:numel (level)
    for i = 1:2
      write_array (sprintf ("%s.%s%d", label, names{i}, level(k)), values{i}(:,k));
    endfor
  endfor
endfunction

write_files ("double.file.gru");
assert (rnn_load (fullfile (getenv ("CROSS_FOLDER"), "double.file.gru")),
        rnn_net (3, [5, 4], 2, "gru", "init", "he", "chrono", 99, "seed", 5));
write_files ("double.file.lstm");

write_metrics ("double.metrics");
write_forecasts ("double.forecast");
write_backtest ("double.backtest.once");
write_backtest ("double.backtest.anew", "initial", [50, 40, 60], "step", 5, "refit", 2);

for precision = {"double", "single"}
  for activation = {"tanh", "relu", "sigmoid", "identity"}
    net = rnn_net (3, 17, 2, "rnn", "activation", activation{1}, "seed", 1);
    write_case ([precision{1} ".rnn." activation{1}], net, precision{1});
  endfor
  for reset = {"after", "before"}
    net = rnn_net (3, 17, 2, "gru", "reset", reset{1}, "seed", 2);
    write_case ([precision{1} ".gru." reset{1}], net, precision{1});
  endfor
  write_case ([precision{1} ".lstm"], rnn_net (3, 17, 2, "lstm", "seed", 2^53), precision{1});
  ## Large enough for threads to share it out.
  for cell = {"rnn", "gru", "lstm"}
    net = rnn_net (3, 64, 2, cell{1}, "seed", 3);
    write_case ([precision{1} ".threads." cell{1}], net, precision{1}, 240, 2);
  endfor
  write_losses ([precision{1} ".losses"], precision{1}, "sequence");
  write_losses ([precision{1} ".last"], precision{1}, "last");
  write_stack ([precision{1} ".stack"], precision{1});
  write_ensemble ([precision{1} ".ensemble"], precision{1});
endfor

for precision = {"double", "single"}
  write_trainings (precision{1});
endfor
