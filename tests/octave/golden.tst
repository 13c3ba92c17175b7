## The golden files of tests/golden, in double and in single.

%!function check_names (c)
%!  assert (all (ismember (fieldnames (c.set), {"cell", "activation", "reset", "loss", ...
%!                                              "reduction", "truncate", "clip_value", ...
%!                                              "clip_norm"})));
%!  assert (all (ismember (fieldnames (c), {"name", "set", "x", "target", "lengths", "h0", ...
%!                                          "c0", "param", "loss", "y", "h_last", "c_last", ...
%!                                          "grad", "dx", "dh0", "dc0", "grad_norm"})));
%!endfunction

%!function net = golden_net (c)
%!  options = {};
%!  for name = {"activation", "reset"}
%!    if (isfield (c.set, name{1}))
%!      options(end+1:end+2) = {name{1}, c.set.(name{1})};
%!    endif
%!  endfor
%!  net = rnn_net (size (c.x, 1), columns (c.param.W_hh), numel (c.param.b_y),
%!                 c.set.cell, "seed", 1, options{:});
%!  assert (fieldnames (net.param), fieldnames (c.param));
%!  net.param = c.param;
%!endfunction

%!function options = golden_options (c)
%!  options = {"format", "CBT"};   # an array of one step is a matrix
%!  for name = {"loss", "reduction", "truncate", "clip_value", "clip_norm"}
%!    if (isfield (c.set, name{1}))
%!      options(end+1:end+2) = {name{1}, c.set.(name{1})};
%!    endif
%!  endfor
%!  if (isfield (c, "lengths"))
%!    options(end+1:end+2) = {"lengths", c.lengths};
%!  endif
%!  if (isfield (c, "h0"))
%!    state.h = c.h0;
%!    if (isfield (c, "c0"))
%!      state.c = c.c0;
%!    endif
%!    options(end+1:end+2) = {"state", state};
%!  endif
%!endfunction

%!function found = compare (found, c, name, got, want, tolerance)
%!  magnitude = max (abs (want(:)));
%!  if (magnitude == 0)
%!    magnitude = 1;
%!  endif
%!  if (! isequal (size (got), size (want)) || ! isequal (isnan (got), isnan (want)))
%!    found{end+1} = sprintf ("%s: %s has not the right dims, or is NaN where it is not to be", ...
%!                            c.name, name);
%!  elseif (max (abs (double (got(:)) - want(:))) > tolerance * magnitude)
%!    found{end+1} = sprintf ("%s: %s is off by %g", c.name, name, ...
%!                            max (abs (double (got(:)) - want(:))) / magnitude);
%!  endif
%!endfunction

%!function check_golden (type, tolerance)
%!  root = fileparts (fileparts (which ("read_golden")));
%!  files = glob (fullfile (root, "golden", "*.txt"));
%!  assert (! isempty (files));
%!  found = {};
%!  for k = 1:numel (files)
%!    cases = read_golden (files{k});
%!    for j = 1:numel (cases)
%!      c = cases{j};
%!      check_names (c);
%!      net = golden_net (c);
%!      options = golden_options (c);
%!      [loss, grad, info] = rnn_bptt (net, feval (type, c.x), c.target, options{:});
%!      assert (class (loss), type);
%!      assert (fieldnames (grad), fieldnames (c.param));
%!      for name = fieldnames (c.grad)'
%!        found = compare (found, c, name{1}, grad.(name{1}), c.grad.(name{1}), tolerance);
%!      endfor
%!      got = {loss, info.grad_norm, info.y, info.dx, info.state.h, info.dstate.h};
%!      names = {"loss", "grad_norm", "y", "dx", "h_last", "dh0"};
%!      if (strcmp (c.set.cell, "lstm"))
%!        got(end+1:end+2) = {info.state.c, info.dstate.c};
%!        names(end+1:end+2) = {"c_last", "dc0"};
%!      endif
%!      for i = 1:numel (names)
%!        found = compare (found, c, names{i}, got{i}, c.(names{i}), tolerance);
%!      endfor
%!    endfor
%!  endfor
%!  assert (isempty (found), "%s\n", strjoin (found, "\n"));
%!endfunction

%!test check_golden ("double", 1e-12);
%!test check_golden ("single", 1e-5);
