## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## -*- texinfo -*-
## @deftypefn  {} {} rnn_plot (@var{flow})
## @deftypefnx {} {@var{lines} =} rnn_plot (@var{flow})
## Draw how the gradient flows back through time.
##
## @var{flow} is a result of @code{rnn_gradflow}.  The norm of the gradient for
## each state is drawn, on a logarithmic axis, against the lag: the steps from
## the last one back, in the reverse direction from the first one.  Lines are
## solid for @math{h} and dashed for @math{c}.  They are drawn into the current
## axes; @var{lines} are their handles.
##
## Anything but a result of @code{rnn_gradflow} gives the error
## @code{bptt:invalidInput}.
##
## @example
## @group
## net = rnn_net (1, [8, 8], 1, "lstm", "seed", 1);
## rnn_plot (rnn_gradflow (net, sin (1:30), cos (1:30)))
## @end group
## @end example
##
## @seealso{rnn_gradflow}
## @end deftypefn

function lines = rnn_plot (flow)

  if (nargin != 1)
    print_usage ();
  endif
  if (! (isstruct (flow) && all (isfield (flow, {"dh", "name", "verdict"}))))
    error ("bptt:invalidInput", ...
           "`flow` is of class %s; expected a result of rnn_gradflow", class (flow));
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

%!error <Invalid call> rnn_plot ()
%!error id=bptt:invalidInput rnn_plot (1)
