// rnn_forward.cc -- runs a network.
//
// Copyright (C) 2026 bptt developers
// SPDX-License-Identifier: MIT

// PKG_ADD: autoload ("rnn_forward", "__bptt__.oct");
// PKG_DEL: autoload ("rnn_forward", "__bptt__.oct", "remove");

#include "gateway.h"

DEFUN_DLD (rnn_forward, args, nargout, R"(-*- texinfo -*-
@deftypefn  {} {[@var{y}, @var{state}, @var{h}] =} rnn_forward (@var{net}, @var{x})
@deftypefnx {} {[@var{y}, @var{state}, @var{h}] =} rnn_forward (@var{net}, @var{x}, @var{name}, @var{value}, @dots{})
Run a recurrent network over sequences.

@var{net} is a network as @code{rnn_net} makes it, with @math{D} inputs,
@math{H} units and @math{O} outputs.  The sequences @var{x} are one of

@itemize
@item
a @math{D x B x T} array: @math{B} sequences of @math{T} steps, features
first;

@item
a matrix: one sequence, @math{D x T};

@item
a row or column vector: one sequence of one feature;

@item
a cell of matrices or vectors: as many sequences, which may differ in
length;

@item
any other order of dims, told by the option @code{format}.
@end itemize

One step of several features or sequences needs @code{format}, as Octave
drops trailing dims of 1: @qcode{"CBT"} for a @math{D x B} matrix, @qcode{"CT"}
for a column vector of @math{D}.

The numbers may be of class double, single, logical or integer.  They must
be finite within the sequences' lengths.

The outputs @var{y} have the form of @var{x}, with @math{O} in place of
@math{D}; so have the states of all steps of the topmost layer, @var{h}, with
@math{H}, or @math{2 H} with two directions.  A form that has no dim for
features gets one, as the first, when there is more than one.  Beyond a
sequence's length both are NaN.

A network whose @code{output_mode} is @qcode{"last"} has outputs at the last
step of each sequence alone.  Then @var{y} has the form of @var{x} without the
dim of the steps: @math{O x B} for a @math{D x B x T} array, @math{B x O} for
the @code{format} @qcode{"BTC"}.  For a single sequence it is a vector along
the dim of the features, and for a cell of @math{B} sequences it is
@math{O x B}.

@var{state} is a struct with the state after the last step of each sequence, a
matrix @code{h} (@math{H x B}) and for the cell @qcode{"lstm"} also @code{c}.
Further directions and layers have fields of their own, named as their
parameters are: @code{h}, @code{h_rev}, @code{h_l2}, @code{h_l2_rev}, and
@code{c} after each @code{h}.  That of a reverse direction is the state after
its own last step, which is step 1.

If @var{x} or a parameter of @var{net} is single, all is computed in single
and returned so.  There is no option @code{precision}, as the R package has
it.

Options are pairs of a name and a value; the empty matrix stands for the
default.

@table @asis
@item @qcode{"state"}
The state to start from: a struct with the field @code{h}, @math{H x B}, and
for @qcode{"lstm"} also @code{c}, and so on, as it is returned.  That of a
reverse direction comes in before the last step of each sequence.  Default:
zero.

@item @qcode{"lengths"}
@math{B} whole numbers from 1 to @math{T}: the steps of each sequence that
count.  Default: all.  Not together with a cell @var{x}.

@item @qcode{"format"}
The dims of @var{x}, in their order: the letters @qcode{"C"} (features),
@qcode{"B"} (sequences) and @qcode{"T"} (steps), each at most once, for
example @qcode{"TBC"} or @qcode{"TC"}.  A letter left out is a dim of 1;
@qcode{"T"} is needed.  For a cell it speaks of the items.

@item @qcode{"seed"}
Seed of the dropout between layers, a whole number from 0 to 2^53: outputs and
states are those that @code{rnn_bptt} has with this seed.  Default: no dropout.

@item @qcode{"threads"}
How many threads to compute with, a whole number from 1 to 1024.  It does not
change the results.  Default: @code{bptt_threads ()}.
@end table

Arguments that are wrong give the error @code{bptt:invalidInput}, what
does not fit into memory @code{bptt:outOfMemory}.  Outputs that are not
finite give the warning @code{bptt:nonFinite}.

@example
@group
net = rnn_net (1, 1, 1, "activation", "identity");
net.param.W_xh = 0.5;
net.param.W_hh = 1.5;
net.param.W_hy = 1;
[y, state] = rnn_forward (net, [1, 2])
     @result{} y =
           0.5000   1.7500
        state =
          scalar structure containing the fields:
            h = 1.7500
@end group
@end example

@seealso{rnn_net, rnn_predict, rnn_bptt}
@end deftypefn)")
{
  return gateway ("rnn_forward", { "net", "x" }, args, nargout);
}

/*
%!demo
%! ## How long a network of each kind remembers a pulse.
%! x = [1, zeros(1, 39)];
%! cells = {"rnn", "gru", "lstm"};
%! for k = 1:3
%!   net = rnn_net (1, 32, 1, cells{k}, "seed", 1);
%!   [~, ~, h] = rnn_forward (net, x);
%!   semilogy (sqrt (sumsq (h)));
%!   hold on;
%! endfor
%! hold off;
%! legend (cells, "location", "southwest");
%! xlabel ("step");
%! ylabel ("norm of the state");
%! title ("states after a pulse at step 1");

%!function net = small_net (cell, D, H, O)
%!  net = rnn_net (D, H, O, cell, "seed", 11);
%!  net.param.b_h(:) = (1:numel (net.param.b_h)) / 20;
%!  net.param.b_y(:) = 1:O;
%!endfunction

%!test # the example of the help text
%! net = rnn_net (1, 1, 1, "activation", "identity");
%! net.param.W_xh = 0.5;
%! net.param.W_hh = 1.5;
%! net.param.W_hy = 1;
%! [y, state, h] = rnn_forward (net, [1, 2]);
%! assert (y, [0.5, 1.75]);
%! assert (state, struct ("h", 1.75));
%! assert (h, [0.5, 1.75]);

## The equations, written out.

%!test
%! net = small_net ("rnn", 2, 3, 2);
%! p = net.param;
%! x = [1 -1 0.5; 2 0 -1];
%! want = zeros (2, 3);
%! h = zeros (3, 1);
%! for t = 1:3
%!   h = tanh (p.W_xh * x(:,t) + p.W_hh * h + p.b_h);
%!   want(:,t) = p.W_hy * h + p.b_y;
%! endfor
%! assert (rnn_forward (net, x), want, 1e-15 * 8);

%!test
%! net = small_net ("lstm", 2, 3, 2);
%! p = net.param;
%! x = [1 -1 0.5; 2 0 -1];
%! s = @(a) 1 ./ (1 + exp (-a));
%! h = c = zeros (3, 1);
%! for t = 1:3
%!   a = reshape (p.W_xh * x(:,t) + p.W_hh * h + p.b_h, 3, 4);
%!   c = s (a(:,2)) .* c + s (a(:,1)) .* tanh (a(:,3));
%!   h = s (a(:,4)) .* tanh (c);
%! endfor
%! [y, state] = rnn_forward (net, x);
%! assert (y(:,3), p.W_hy * h + p.b_y, 1e-15 * 8);
%! assert (state, struct ("h", h, "c", c), 1e-15 * 8);

%!test
%! net = small_net ("gru", 2, 3, 2);
%! net.param.b_hn = [0.1; 0.2; 0.3];
%! p = net.param;
%! x = [1 -1 0.5; 2 0 -1];
%! s = @(a) 1 ./ (1 + exp (-a));
%! h = zeros (3, 1);
%! for t = 1:3
%!   a = reshape (p.W_xh * x(:,t) + p.b_h, 3, 3);
%!   b = reshape (p.W_hh * h, 3, 3);
%!   z = s (a(:,2) + b(:,2));
%!   n = tanh (a(:,3) + s (a(:,1) + b(:,1)) .* (b(:,3) + p.b_hn));
%!   h = (1 - z) .* n + z .* h;
%! endfor
%! [~, state] = rnn_forward (net, x);
%! assert (state.h, h, 1e-15 * 8);

## Forms of x.

%!shared net, x, y, h
%! net = small_net ("gru", 2, 3, 4);
%! x = reshape (sin (1:30), 2, 3, 5);
%! [y, ~, h] = rnn_forward (net, x);

%!assert (size (y), [4, 3, 5])
%!assert (size (h), [3, 3, 5])

%!test # every order
%! formats = {"CBT", "CTB", "BCT", "BTC", "TCB", "TBC"};
%! for f = formats
%!   [~, order] = ismember (f{1}, "CBT");
%!   [fy, fs, fh] = rnn_forward (net, permute (x, order), "format", f{1});
%!   assert (fy, permute (y, order));
%!   assert (fh, permute (h, order));
%!   assert (size (fs.h), [3, 3]);
%! endfor

%!test # one sequence
%! x1 = squeeze (x(:,2,:));
%! y1 = squeeze (y(:,2,:));
%! assert (rnn_forward (net, x1), y1, 1e-15 * 8);
%! assert (rnn_forward (net, x1, "format", "CT"), y1, 1e-15 * 8);
%! assert (rnn_forward (net, x1', "format", "TC"), y1', 1e-15 * 8);

%!test # vectors; features come first when x has no dim for them
%! one = small_net ("rnn", 1, 3, 1);
%! v = [1, 2, 3, 4];
%! row = rnn_forward (one, v);
%! assert (size (row), [1, 4]);
%! assert (rnn_forward (one, v'), row');
%! assert (rnn_forward (one, v, "format", "T"), row);
%! assert (rnn_forward (one, v', "format", "T"), row');
%! two = small_net ("rnn", 1, 3, 2);
%! assert (size (rnn_forward (two, v)), [2, 4]);
%! assert (size (rnn_forward (two, v')), [4, 2]);
%! assert (size (rnn_forward (two, v, "format", "T")), [2, 4]);
%! assert (size (rnn_forward (two, [v; v], "format", "BT")), [2, 2, 4]);

%!test # one step of several features
%! assert (rnn_forward (net, x(:,1,1), "format", "CT"), y(:,1,1), 1e-15 * 8);

%!test # Octave drops trailing dims of 1
%! assert (rnn_forward (net, x(:,:,1)', "format", "BCT"), y(:,:,1)');
%! assert (rnn_forward (net, x(:,:,1), "format", "CBT"), y(:,:,1));

%!test # cells, of the shape given
%! series = {squeeze(x(:,1,:)), squeeze(x(:,2,1:3))};
%! [cy, cs, ch] = rnn_forward (net, series);
%! assert (size (cy), [1, 2]);
%! assert (cy{1}, squeeze (y(:,1,:)), 1e-15 * 8);
%! assert (cy{2}, squeeze (y(:,2,1:3)), 1e-15 * 8);
%! assert (ch{2}, squeeze (h(:,2,1:3)), 1e-15 * 8);
%! assert (cs.h, [h(:,1,5), h(:,2,3)], 1e-15 * 8);
%! standing = rnn_forward (net, series');
%! assert (standing, cy');
%! flipped = rnn_forward (net, cellfun (@transpose, series,
%!                                      "UniformOutput", false),
%!                        "format", "TC");
%! assert (flipped, cellfun (@transpose, cy, "UniformOutput", false));

%!test # lengths
%! x2 = x;
%! x2(:,2,4:5) = NaN;
%! [ly, ls, lh] = rnn_forward (net, x2, "lengths", [5, 3, 1]);
%! assert (ly(:,1,:), y(:,1,:), 1e-15 * 8);
%! assert (ly(:,2,1:3), y(:,2,1:3), 1e-15 * 8);
%! assert (all (isnan (ly(:,2,4:5))(:)));
%! assert (all (isnan (lh(:,3,2:5))(:)));
%! assert (ls.h, [h(:,1,5), h(:,2,3), h(:,3,1)], 1e-15 * 8);

%!test # a sequence in two pieces
%! [~, first] = rnn_forward (net, x(:,:,1:2));
%! rest = rnn_forward (net, x(:,:,3:5), "state", first);
%! assert (rest, y(:,:,3:5), 1e-15 * 8);

## Layers, directions, the last step, dropout.

%!test # a stack is its layers one after the other
%! for cell = {"rnn", "gru", "lstm"}
%!   deep = rnn_net (2, [4, 3], 2, cell{1}, "seed", 3);
%!   one = rnn_net (2, 4, 1, cell{1}, "seed", 1);
%!   two = rnn_net (4, 3, 2, cell{1}, "seed", 1);
%!   for name = setdiff (fieldnames (one.param)', {"W_hy", "b_y"})
%!     one.param.(name{1}) = deep.param.(name{1});
%!     two.param.(name{1}) = deep.param.([name{1}, "_l2"]);
%!   endfor
%!   two.param.W_hy = deep.param.W_hy;
%!   [dy, ds, dh] = rnn_forward (deep, x, "lengths", [5, 2, 4]);
%!   [~, s1, h1] = rnn_forward (one, x, "lengths", [5, 2, 4]);
%!   [y2, s2, h2] = rnn_forward (two, h1, "lengths", [5, 2, 4]);
%!   assert (dy, y2, 1e-14);
%!   assert (dh, h2, 1e-14);
%!   assert (ds.h, s1.h, 1e-14);
%!   assert (ds.h_l2, s2.h, 1e-14);
%! endfor

%!test # the reverse direction is a network that reads the sequences turned round
%! both = rnn_net (2, 3, 2, "lstm", "bidirectional", true, "seed", 3);
%! one = two = rnn_net (2, 3, 2, "lstm", "seed", 1);
%! for name = {"W_xh", "W_hh", "b_h"}
%!   one.param.(name{1}) = both.param.(name{1});
%!   two.param.(name{1}) = both.param.([name{1}, "_rev"]);
%! endfor
%! [by, bs, bh] = rnn_forward (both, {x(:,:,1), x(:,:,2)});
%! assert (fieldnames (bs), {"h"; "c"; "h_rev"; "c_rev"});
%! for k = 1:2
%!   [~, s1, h1] = rnn_forward (one, x(:,:,k));
%!   [~, s2, h2] = rnn_forward (two, fliplr (x(:,:,k)));
%!   assert (bh{k}, [h1; fliplr(h2)], 1e-14);
%!   assert (by{k}, both.param.W_hy * bh{k} + both.param.b_y, 1e-14);
%!   assert (bs.c_rev(:,k), s2.c, 1e-14);
%! endfor

%!test # outputs at the last step alone
%! deep = rnn_net (2, [3, 2], 4, "gru", "bidirectional", true, "seed", 3);
%! last = setfield (deep, "output_mode", "last");
%! every = rnn_forward (deep, x, "lengths", [5, 2, 4]);
%! want = [every(:,1,5), every(:,2,2), every(:,3,4)];
%! [ly, ls, lh] = rnn_forward (last, x, "lengths", [5, 2, 4]);
%! assert (ly, want);
%! assert (size (lh), [4, 3, 5]);
%! turned = rnn_forward (last, permute (x, [2, 3, 1]), "format", "BTC",
%!                       "lengths", [5, 2, 4]);
%! assert (turned, want');
%! series = {squeeze(x(:,1,:)), squeeze(x(:,2,1:2)), squeeze(x(:,3,1:4))};
%! assert (rnn_forward (last, series), want, 1e-14);
%! assert (rnn_forward (last, series{2}), want(:,2), 1e-14);
%! assert (rnn_forward (last, series{2}', "format", "TC"), want(:,2)', 1e-14);

%!test # dropout, and none without a seed
%! deep = rnn_net (2, [30, 3], 2, "gru", "dropout", 0.5, "seed", 3);
%! plain = setfield (deep, "dropout", 0);
%! assert (rnn_forward (deep, x), rnn_forward (plain, x));
%! dropped = rnn_forward (deep, x, "seed", 1);
%! assert (rnn_forward (deep, x, "seed", 1), dropped);
%! assert (! isequal (rnn_forward (deep, x, "seed", 2), dropped));
%! assert (! isequal (rnn_forward (plain, x), dropped));
%! assert (rnn_forward (plain, x, "seed", 1), rnn_forward (plain, x));

%!test # single
%! assert (class (rnn_forward (net, single (x))), "single");
%! assert (rnn_forward (net, single (x)), single (y), 1e-5);
%! net1 = net;
%! net1.param.b_y = single (net.param.b_y);
%! [y1, s1, h1] = rnn_forward (net1, x);
%! assert ({class(y1), class(s1.h), class(h1)}, {"single", "single", "single"});

%!test # other classes are numbers, too
%! ones8 = ones (2, 4, "int8");
%! assert (rnn_forward (net, ones8), rnn_forward (net, ones (2, 4)));
%! assert (rnn_forward (net, true (2, 4)), rnn_forward (net, ones (2, 4)));
%! assert (rnn_forward (net, uint64 (ones8)), rnn_forward (net, ones (2, 4)));
%! one = small_net ("rnn", 1, 3, 1);
%! assert (rnn_forward (one, 1:4), rnn_forward (one, [1, 2, 3, 4]));

%!test # [] is the default; what net has besides does not matter
%! more = net;
%! more.note = @sin;
%! more.map = containers.Map ();
%! assert (rnn_forward (more, x, "state", [], "lengths", [], "format", []), y);

%!test # x is not written to, and neither is net
%! x0 = x + 0;
%! net0 = net;
%! rnn_forward (net, x);
%! assert (x, x0);
%! assert (net, net0);

%!warning id=bptt:nonFinite
%! big = rnn_net (1, 1, 1, "activation", "identity");
%! big.param.W_hh = 1e200;
%! rnn_forward (big, ones (1, 5));

%!error <Invalid call> rnn_forward ()
%!error <Invalid call> rnn_forward (net)
%!error id=bptt:invalidInput rnn_forward (1, x)
%!error id=bptt:invalidInput rnn_forward (net, [])
%!error id=bptt:invalidInput rnn_forward (net, zeros (2, 0))
%!error id=bptt:invalidInput rnn_forward (net, {})
%!error id=bptt:invalidInput rnn_forward (net, ones (3, 4))
%!error id=bptt:invalidInput rnn_forward (net, ones (2, 3, 4, 5))
%!error id=bptt:invalidInput rnn_forward (net, sparse (ones (2, 4)))
%!error id=bptt:invalidInput rnn_forward (net, 1i * ones (2, 4))
%!error id=bptt:invalidInput rnn_forward (net, "ab")
%!error id=bptt:invalidInput rnn_forward (net, @sin)
%!error id=bptt:invalidInput rnn_forward (net, {@sin})
%!error id=bptt:invalidInput rnn_forward (net, struct ("a", {1, 2}))
%!error id=bptt:invalidInput rnn_forward (net, [1 NaN; 1 1])
%!error id=bptt:invalidInput rnn_forward (net, [1 Inf; 1 1])
%!error id=bptt:invalidInput rnn_forward (net, x, "lengths", [5 6 1])
%!error id=bptt:invalidInput rnn_forward (net, x, "lengths", [5 5])
%!error id=bptt:invalidInput rnn_forward (net, {ones(2, 3)}, "lengths", 3)
%!error id=bptt:invalidInput rnn_forward (net, x, "format", "CB")
%!error id=bptt:invalidInput rnn_forward (net, x, "format", "CCT")
%!error id=bptt:invalidInput rnn_forward (net, x, "state", ones (2, 3))
%!error id=bptt:invalidInput rnn_forward (net, x, "precision", "single")
%!error id=bptt:invalidInput rnn_forward (net, x, 3, 4)
*/
