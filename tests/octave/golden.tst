## The golden files of tests/golden, in double and in single.

%!function options = given (from, names)
%!  options = {};
%!  for name = names
%!    if (isfield (from, name{1}))
%!      options(end+1:end+2) = {name{1}, from.(name{1})};
%!    endif
%!  endfor
%!endfunction

## Of all settings and all arrays something is done.
%!function check_names (c)
%!  assert (all (ismember (fieldnames (c.set), {"cell", "hidden", "bidirectional", ...
%!                                              "output_mode", "activation", "reset", "loss", ...
%!                                              "delta", "levels", "reduction", "truncate", ...
%!                                              "clip_value", "clip_norm"})));
%!  assert (all (ismember (fieldnames (c), {"name", "set", "x", "target", "dy", "weights", ...
%!                                          "class_weights", "lengths", "param", "state", ...
%!                                          "loss", "y", "h", "last", "grad", "dx", "dstate", ...
%!                                          "grad_norm"})));
%!endfunction

%!function net = golden_net (c)
%!  options = given (c.set, {"activation", "reset", "bidirectional", "output_mode"});
%!  net = rnn_net (size (c.x, 1), c.set.hidden, numel (c.param.b_y), c.set.cell, "seed", 1, ...
%!                 options{:});
%!  assert (fieldnames (net.param), fieldnames (c.param));
%!  net.param = c.param;
%!endfunction

## An array of one step is a matrix: what its dims are has to be said.
%!function options = input_options (c)
%!  options = [{"format", "CBT"}, given(c, {"lengths", "state"})];
%!endfunction

%!function options = golden_options (c)
%!  options = [input_options(c), given(c, {"dy", "weights", "class_weights"}), ...
%!             given(c.set, {"loss", "delta", "levels", "reduction", "truncate", ...
%!                           "clip_value", "clip_norm"})];
%!  if (isfield (c, "target"))
%!    options = [{c.target}, options];
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

## Arrays by name in structs.
%!function found = compare_all (found, c, name, got, want, tolerance)
%!  if (! isstruct (want))
%!    found = compare (found, c, name, got, want, tolerance);
%!    return;
%!  endif
%!  assert (fieldnames (got), fieldnames (want));
%!  for field = fieldnames (want)'
%!    found = compare (found, c, [name "." field{1}], got.(field{1}), want.(field{1}), tolerance);
%!  endfor
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
%!      x = feval (type, c.x);
%!      options = golden_options (c);
%!      [loss, grad, info] = rnn_bptt (net, x, options{:});
%!      assert (class (loss), type);
%!      options = input_options (c);
%!      [y, state, h] = rnn_forward (net, x, options{:});
%!      assert (y, info.y);
%!      assert (state, info.state);
%!      got = {loss, grad, info.grad_norm, info.y, h, info.dx, info.state, info.dstate};
%!      names = {"loss", "grad", "grad_norm", "y", "h", "dx", "last", "dstate"};
%!      for i = 1:numel (names)
%!        found = compare_all (found, c, names{i}, got{i}, c.(names{i}), tolerance);
%!      endfor
%!    endfor
%!  endfor
%!  assert (isempty (found), "%s\n", strjoin (found, "\n"));
%!endfunction

%!test check_golden ("double", 1e-12);
%!test check_golden ("single", 1e-5);
