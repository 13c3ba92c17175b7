## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {} rnn_plot (@var{flow})
## @deftypefnx {} {} rnn_plot (@var{info})
## @deftypefnx {} {} rnn_plot (@var{found})
## @deftypefnx {} {} rnn_plot (@var{s})
## @deftypefnx {} {@var{lines} =} rnn_plot (@dots{})
## Draw how the gradient flows back through time, how a training went, what a
## search has found, or how good forecasts were.
##
## @var{flow} is a result of @code{rnn_gradflow}.  The norm of the gradient for
## each state is drawn, on a logarithmic axis, against the lag: the steps from
## the last one back, in the reverse direction from the first one.  Lines are
## solid for @math{h} and dashed for @math{c}.  They are drawn into the current
## axes, under the verdict; @var{lines} are their handles.
##
## @var{info} is the second result of @code{rnn_train}.  The current figure gets
## three axes: the loss of every epoch, with the validation loss and its lowest one;
## the learning rate; the norm of the gradient before it was clipped, with the
## largest one that was let through.  Axes are logarithmic where the numbers allow
## it.  Several networks are thin lines.  @var{lines} has a column for each network
## with the handles of its loss, validation loss, learning rate and norm; NaN where
## there is no line.
##
## @var{found} is a result of @code{rnn_tune}.  The current figure gets axes for each
## option, with the scores against its values, and the best one filled.  @var{lines}
## are the handles of the scores.
##
## @var{s} is the second result of @code{rnn_backtest}.  The current figure gets two axes:
## the MASE against the horizon, and the coverage of the intervals, with their levels.
## @var{lines} are the handles of the error and of the coverage of each level.
##
## Anything but such a result gives the error @code{bptt:invalidInput}.
##
## @example
## @group
## net = rnn_net (1, [8, 8], 1, "lstm", "seed", 1);
## rnn_plot (rnn_gradflow (net, sin (1:30), cos (1:30)))
## @end group
## @end example
##
## @example
## @group
## [net, info] = rnn_train (net, sin (1:30), cos (1:30));
## rnn_plot (info)
## @end group
## @end example
##
## @seealso{rnn_gradflow, rnn_train, rnn_tune, rnn_backtest}
## @end deftypefn

function lines = rnn_plot (flow)

  if (nargin != 1)
    print_usage ();
  endif
  has = @(varargin) is_with (flow, varargin);
  if (has ("history", "best_epoch", "clip_norm"))
    check_training (flow);
    lines = plot_training (flow);
  elseif (has ("candidate", "score", "best"))
    check_search (flow);
    lines = plot_search (flow);
  elseif (has ("all", "horizon", "level"))
    check_scores (flow);
    lines = plot_backtest (flow);
  else
    check (flow);
    lines = plot_flow (flow);
  endif
  if (nargout == 0)
    clear lines;
  endif

endfunction

## Norms against lags.
function lines = plot_flow (flow)

  norms = flow.dh;
  labels = flow.name(:);
  if (isfield (flow, "dc"))
    norms = [norms, flow.dc];
    labels = [labels; strrep(labels, "h", "c")];
  endif
  norms(! (isfinite (norms) & norms > 0)) = NaN;   # no place on a log axis

  steps = rows (norms);
  count = numel (flow.name);
  colors = get (gca (), "colororder");
  lines = zeros (1, columns (norms));
  held = ishold ();
  for k = 1:columns (norms)
    lag = steps - 1:-1:0;
    if (! isempty (strfind (labels{k}, "_rev")))
      lag = 0:steps - 1;
    endif
    style = {"-", "--"}{1 + (k > count)};
    color = colors(1 + mod (mod (k - 1, count), rows (colors)),:);
    lines(k) = semilogy (lag, norms(:,k), style, "color", color);
    if (has_lone_point (norms(:,k)))   # a line does not show it
      set (lines(k), "marker", ".");
    endif
    hold on;
  endfor
  if (! held)
    hold off;
  endif
  legend (labels, "interpreter", "none", "location", "eastoutside");
  xlabel ("lag (steps)");
  ylabel ("norm of the gradient");
  title (summary (flow), "interpreter", "none");

endfunction

## Whether it is one struct with these fields.
function yes = is_with (value, fields)

  yes = isstruct (value) && isscalar (value) && all (isfield (value, fields));

endfunction

function check_training (info)

  histories = info.history;
  if (! iscell (histories))
    histories = {histories};
  endif
  names = {"epoch", "loss", "validation_loss", "learn_rate", "grad_norm"};
  is_history = @(h) is_with (h, names) ...
                    && all (cellfun (@(name) isnumeric (h.(name)) ...
                                             && numel (h.(name)) == numel (h.epoch), names));
  good = struct ("history", ! isempty (histories) && all (cellfun (is_history, histories)(:)), ...
                 "best_epoch", isnumeric (info.best_epoch), ...
                 "clip_norm", isnumeric (info.clip_norm) && isscalar (info.clip_norm));
  check_fields (info, "info", good, "the second result of rnn_train");

endfunction

function check_search (found)

  count = numel (found.candidate);
  good = struct ("candidate", isstruct (found.candidate) && count > 0, ...
                 "score", isnumeric (found.score) && numel (found.score) == count, ...
                 "best", isnumeric (found.best) && all (ismember (found.best, 1:count)));
  check_fields (found, "found", good, "a result of rnn_tune");

endfunction

function check_scores (s)

  h = s.horizon;
  names = {"horizon", "mase", "coverage"};
  good = struct ("level", isnumeric (s.level), ...
                 "horizon", is_with (h, names) ...
                            && all (cellfun (@(name) isnumeric (h.(name)) ...
                                                     && rows (h.(name)) == rows (h.mase), names)) ...
                            && columns (h.coverage) == numel (s.level));
  check_fields (s, "s", good, "the second result of rnn_backtest");

endfunction

## GOOD says of each field whether it is.
function check_fields (whole, of, good, result)

  for field = fieldnames (good)'
    if (! good.(field{1}))
      error ("bptt:invalidInput", "`%s` of `%s` is %s; expected that of %s", field{1}, of, ...
             describe (whole.(field{1})), result);
    endif
  endfor

endfunction

## Says which field of FLOW is wrong.
function check (flow)

  results = ["a result of rnn_gradflow or rnn_tune, or the second one of rnn_train or ", ...
             "rnn_backtest"];
  if (! (isstruct (flow) && isscalar (flow)))
    error ("bptt:invalidInput", "`flow` is %s; expected %s", describe (flow), results);
  endif
  for field = {"name", "dh", "verdict"}
    if (! isfield (flow, field{1}))
      error ("bptt:invalidInput", "`flow` has no field `%s`; expected %s", field{1}, results);
    endif
  endfor
  for field = {"name", "verdict"}
    if (! (iscellstr (flow.(field{1})) && numel (flow.(field{1})) == numel (flow.name)))
      wrong (flow, field{1}, "a cell of strings, one for each state");
    endif
  endfor
  for field = intersect ({"dh", "dc"}, fieldnames (flow))(:)'
    norms = flow.(field{1});
    if (! (isnumeric (norms) && ndims (norms) == 2 && columns (norms) == numel (flow.name)))
      wrong (flow, field{1}, sprintf ("a matrix with a column for each `name`, %d in all", ...
                                      numel (flow.name)));
    endif
  endfor

endfunction

function wrong (flow, field, expected)

  error ("bptt:invalidInput", "`%s` of `flow` is %s; expected %s", field, ...
         describe (flow.(field)), expected);

endfunction

function text = describe (value)

  text = sprintf ("a %s %s", sprintf (" x %d", size (value))(4:end), class (value));

endfunction

## Whether a number of NORMS stands between two that are not.
function yes = has_lone_point (norms)

  there = [false; ! isnan(norms); false];
  yes = any (there(2:end-1) & ! there(1:end-2) & ! there(3:end));

endfunction

## The verdict; of several columns what it begins with, and for which ones.
function text = summary (flow)

  text = flow.verdict{1};
  if (numel (flow.name) > 1)
    [kinds, ~, which] = unique (strtok (flow.verdict, ":"));
    of_kind = @(k) [kinds{k}, ": ", strjoin(flow.name(which(:) == k)(:)', ", ")];
    text = strjoin (arrayfun (of_kind, 1:numel (kinds), "UniformOutput", false), "; ");
  endif

endfunction

## A panel for each option.
function lines = plot_search (found)

  options = fieldnames (found.candidate)';
  count = numel (options);
  across = ceil (sqrt (count));
  lines = zeros (1, count);
  clf ();
  for k = 1:count
    values = {found.candidate.(options{k})};
    words = cellfun (@value_text, values, "UniformOutput", false);
    numeric = all (cellfun (@(v) isreal (v) && isnumeric (v) && isscalar (v), values));
    if (numeric)
      at = [values{:}]';
    else
      [~, first, at] = unique (words);
      [~, order] = sort (first);
      place(order) = 1:numel (first);
      at = place(at)';
    endif
    subplot (ceil (count / across), across, k);
    lines(k) = semilogy (at, found.score, "o", "color", "k");
    hold on;
    if (! isempty (found.best))
      semilogy (at(found.best), found.score(found.best), "o", "color", "k", ...
                "markerfacecolor", "k");
    endif
    hold off;
    if (numeric)
      if (all (at > 0) && max (at) > 20 * min (at))
        set (gca (), "xscale", "log");
      endif
    else
      set (gca (), "xtick", 1:max (at), "xlim", [0.5, max(at) + 0.5], ...
           "xticklabel", words(sort (first)));
    endif
    xlabel (options{k}, "interpreter", "none");
    ylabel ("validation loss");
  endfor

endfunction

function text = value_text (value)

  if (ischar (value))
    text = value;
  else
    text = strjoin (arrayfun (@(v) sprintf ("%g", v), value(:)', ...
                              "UniformOutput", false), ", ");
  endif

endfunction

%!demo
%! ## The loss of the last of 50 steps, with a recurrence that shrinks, keeps
%! ## and stretches what goes through it.
%! net = rnn_net (1, 8, 1, "activation", "identity", "output_mode", "last", ...
%!                "seed", 1);
%! W_hh = net.param.W_hh;
%! radius = [0.5, 1, 1.5];
%! colors = {"r", "k", "b"};
%! for k = 1:3
%!   net.param.W_hh = radius(k) * W_hh;
%!   lines = rnn_plot (rnn_gradflow (net, sin (1:50), 1));
%!   set (lines, "color", colors{k});
%!   hold on;
%! endfor
%! hold off;
%! legend ("spectral radius 0.5", "1", "1.5", "location", "eastoutside");

%!demo
%! ## Two layers of an lstm, in two directions.
%! net = rnn_net (1, [8, 8], 1, "lstm", "bidirectional", true, "seed", 1);
%! rnn_plot (rnn_gradflow (net, sin (1:50), cos (1:50)));

%!demo
%! ## A training whose learning rate drops when the validation loss does not.
%! y = sin ((1:300) / 5) + 0.3 * sin ((1:300) / 2.3);
%! y += 0.1 * cos ((1:300) .^ 2);
%! net = rnn_net (1, 8, 1, "gru", "seed", 1);
%! [~, info] = rnn_train (net, y(1:end-1), y(2:end), "validation", 0.2, ...
%!                        "learn_rate", 0.05, "schedule", "plateau", "window", 40, ...
%!                        "schedule_epochs", 3, "epochs", 60, "seed", 1);
%! rnn_plot (info);

%!test # what is drawn
%! net = rnn_net (1, [2, 3], 1, "lstm", "bidirectional", true, "seed", 1);
%! flow = rnn_gradflow (net, sin (1:7), cos (1:7));
%! figure_shown = figure ("visible", "off");
%! unwind_protect
%!   lines = rnn_plot (flow);
%!   assert (numel (lines), 8);
%!   assert (get (lines(1), "xdata"), 6:-1:0);
%!   assert (get (lines(2), "xdata"), 0:6);
%!   assert (get (lines(1), "ydata"), flow.dh(:,1)');
%!   assert (get (lines(8), "ydata"), flow.dc(:,4)');
%!   assert (get (gca (), "yscale"), "log");
%! unwind_protect_cleanup
%!   close (figure_shown);
%! end_unwind_protect

%!test # a back-test
%! y = 50 + 10 * sin ((1:40)' / 2) + (1:40)';
%! [~, s] = rnn_backtest (y, 3, "repeats", 2, "epochs", 1, "hidden", 2, "seed", 1);
%! figure_shown = figure ("visible", "off");
%! unwind_protect
%!   lines = rnn_plot (s);
%!   assert (get (lines(1), "ydata"), s.horizon.mase');
%!   assert (get (lines(3), "ydata"), 100 * s.horizon.coverage(:,2)');
%!   places = get (findobj (gcf (), "type", "axes"), "position");
%!   assert (places{1}([1, 3]), places{2}([1, 3]));   # the axes line up
%!   names = get (findobj (gcf (), "type", "text", "units", "normalized"), "string");
%!   assert (sort (names), {"80 %"; "95 %"});
%!   s.level(3) = 99;
%!   fail ("rnn_plot (s)", "`horizon` of `s` is a 1 x 1 struct; expected that of the second");
%! unwind_protect_cleanup
%!   close (figure_shown);
%! end_unwind_protect

%!test # a single point is seen, and what the verdict is
%! net = rnn_net (1, 3, 1, "output_mode", "last", "seed", 1);
%! net.param.W_hh(:) = 0;
%! figure_shown = figure ("visible", "off");
%! unwind_protect
%!   line = rnn_plot (rnn_gradflow (net, 1:5, 0));
%!   assert (get (line, "marker"), ".");
%!   assert (get (get (gca (), "title"), "string"), ...
%!           "vanishing: nothing is left after 1 step");
%!   clf ();
%!   net = rnn_net (1, [3, 2], 1, "activation", "identity", "seed", 1);
%!   net.param.W_hh *= 0.1;
%!   lines = rnn_plot (rnn_gradflow (net, 1:5, [NaN, NaN, NaN, NaN, 1]));
%!   assert (get (lines(1), "marker"), "none");
%!   assert (get (get (gca (), "title"), "string"), "healthy: h_l2; vanishing: h");
%! unwind_protect_cleanup
%!   close (figure_shown);
%! end_unwind_protect

%!test # which field is wrong
%! flow = rnn_gradflow (rnn_net (1, 3, 1, "seed", 1), 1:5, 1:5);
%! a_result = ["; expected a result of rnn_gradflow or rnn_tune, or the second one of ", ...
%!             "rnn_train or rnn_backtest"];
%! strings = "; expected a cell of strings, one for each state";
%! matrix = "; expected a matrix with a column for each `name`, 1 in all";
%! wrong = {[flow, flow], ["`flow` is a 1 x 2 struct", a_result];
%!          rmfield(flow, "dh"), ["`flow` has no field `dh`", a_result];
%!          setfield(flow, "name", "h"), ["`name` of `flow` is a 1 x 1 char", strings];
%!          setfield(flow, "verdict", {"a", "b"}), ...
%!          ["`verdict` of `flow` is a 1 x 2 cell", strings];
%!          setfield(flow, "dh", "abc"), ["`dh` of `flow` is a 1 x 3 char", matrix];
%!          setfield(flow, "dh", ones (5, 2)), ["`dh` of `flow` is a 5 x 2 double", matrix];
%!          setfield(flow, "dc", {}), ["`dc` of `flow` is a 0 x 0 cell", matrix];
%!          struct("a", 1), ["`flow` has no field `name`", a_result];
%!          struct("history", 1, "best_epoch", 2, "clip_norm", 3), ...
%!          ["`history` of `info` is a 1 x 1 double; expected that of the second result of ", ...
%!           "rnn_train"];
%!          struct("candidate", 1, "score", 2, "best", 3), ...
%!          "`candidate` of `found` is a 1 x 1 double; expected that of a result of rnn_tune";
%!          struct("candidate", struct ("a", 1), "score", "x", "best", 1), ...
%!          "`score` of `found` is a 1 x 1 char; expected that of a result of rnn_tune";
%!          struct("all", 1, "horizon", 2, "level", 3), ...
%!          ["`horizon` of `s` is a 1 x 1 double; expected that of the second result of ", ...
%!           "rnn_backtest"]};
%! for k = 1:rows (wrong)
%!   try
%!     rnn_plot (wrong{k,1});
%!     error ("no error");
%!   catch err
%!   end_try_catch
%!   assert (err.identifier, "bptt:invalidInput");
%!   assert (err.message, wrong{k,2});
%! endfor

%!function data = ydata (line)
%!  data = get (line, "ydata")(:);
%!endfunction

%!test # what is drawn of a training
%! net = rnn_net (1, 2, 1, "seed", 1);
%! x = sin (1:40);
%! figure_shown = figure ("visible", "off");
%! unwind_protect
%!   [~, info] = rnn_train (net, x, cos (1:40), "epochs", 5, "validation", .2, "seed", 1);
%!   lines = rnn_plot (info);
%!   assert (size (lines), [4, 1]);
%!   h = info.history;
%!   for k = 1:4
%!     assert (get (lines(k), "xdata")(:), (1:5)');
%!     assert (ydata (lines(k)), h.({"loss", "validation_loss", "learn_rate", ...
%!                                   "grad_norm"}{k}));
%!   endfor
%!   scale = get (cell2mat (get (lines, "parent")), "yscale");
%!   assert (scale, {"log"; "log"; "linear"; "log"});
%!   threshold = findobj (get (lines(4), "parent"), "linestyle", "--");
%!   assert (ydata (threshold), [1; 1]);
%!   [~, info] = rnn_train (net, x, cos (1:40), "epochs", 5, "repeats", 3, ...
%!                          "clip_norm", Inf, "seed", 1);
%!   lines = rnn_plot (info);
%!   assert (size (lines), [4, 3]);
%!   assert (all (isnan (lines(2,:))));
%!   assert (ydata (lines(1,3)), info.history{3}.loss);
%!   assert (get (lines(1,1), "linewidth") < 1);
%!   assert (findobj (get (lines(4,1), "parent"), "linestyle", "--"), zeros (0, 1));
%!   [~, info] = rnn_train (net, x, cos (1:40), "optimizer", "lbfgs", "epochs", 1);
%!   assert (info.clip_norm, Inf);
%!   rnn_plot (info);
%!   [~, info] = rnn_train (net, x, cos (1:40), "max_time", 0);
%!   fail ("rnn_plot (info)", "without a whole epoch");
%! unwind_protect_cleanup
%!   close (figure_shown);
%! end_unwind_protect

%!test # what is drawn of a search
%! y = sin ((1:40) / 4);
%! grid.cell = {"rnn", "gru"};
%! grid.hidden = [2, 3];
%! found = rnn_tune (y(1:end-1), y(2:end), grid, "epochs", 2, "seed", 1);
%! figure_shown = figure ("visible", "off");
%! unwind_protect
%!   lines = rnn_plot (found);
%!   assert (get (lines(1), "xdata")(:), [1; 2; 1; 2]);
%!   assert (get (lines(2), "xdata")(:), [2; 2; 3; 3]);
%!   assert (get (lines(2), "ydata")(:), found.score);
%! unwind_protect_cleanup
%!   close (figure_shown);
%! end_unwind_protect

%!error <Invalid call> rnn_plot ()
%!error id=bptt:invalidInput rnn_plot (1)
