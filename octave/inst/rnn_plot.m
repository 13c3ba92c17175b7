## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {} rnn_plot (@var{flow})
## @deftypefnx {} {} rnn_plot (@var{info})
## @deftypefnx {} {@var{lines} =} rnn_plot (@dots{})
## Draw how the gradient flows back through time, or how a training went.
##
## @var{flow} is a result of @code{rnn_gradflow}.  The norm of the gradient for
## each state is drawn, on a logarithmic axis, against the lag: the steps from
## the last one back, in the reverse direction from the first one.  Lines are
## solid for @math{h} and dashed for @math{c}.  They are drawn into the current
## axes; @var{lines} are their handles.
##
## @var{info} is the second result of @code{rnn_train}.  The current figure gets
## three axes: the loss of every epoch, with the validation loss and its lowest one;
## the learning rate; the norm of the gradient before it was clipped, with the
## largest one that was let through.  Axes are logarithmic where the numbers allow
## it.  Several networks are thin lines.  @var{lines} has a column for each network
## with the handles of its loss, validation loss, learning rate and norm; NaN where
## there is no line.
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
## @seealso{rnn_gradflow, rnn_train}
## @end deftypefn

function lines = rnn_plot (flow)

  if (nargin != 1)
    print_usage ();
  endif
  if (isstruct (flow) && all (isfield (flow, {"history", "best_epoch", "clip_norm"})))
    lines = plot_training (flow);
    if (nargout == 0)
      clear lines;
    endif
    return;
  endif
  if (! (isstruct (flow) && all (isfield (flow, {"dh", "name", "verdict"}))))
    error ("bptt:invalidInput", ...
           "`flow` is of class %s; expected a result of rnn_gradflow or rnn_train", class (flow));
  endif

  norms = flow.dh;
  labels = flow.name;
  if (isfield (flow, "dc"))
    norms = [norms, flow.dc];
    labels = [labels; strrep(flow.name, "h", "c")];
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
    hold on;
  endfor
  if (! held)
    hold off;
  endif
  legend (labels, "interpreter", "none", "location", "eastoutside");
  xlabel ("lag (steps)");
  ylabel ("norm of the gradient");
  title ("Gradient flow");
  if (nargout == 0)
    clear lines;
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

%!error <Invalid call> rnn_plot ()
%!error id=bptt:invalidInput rnn_plot (1)
