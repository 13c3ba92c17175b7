## Every row of tests/bad_inputs/table.txt: id, sentence, nothing changed.

%!function table = bad_inputs (folder)
%!  lines = strsplit (fileread (fullfile (folder, "table.txt")), "\n");
%!  count = regexp (strjoin (lines, "\n"), '^# rows (\d+)$', "tokens", "once", "lineanchors");
%!  is_row = ! cellfun (@isempty, lines) & ! strncmp (lines, "#", 1);
%!  table = cellfun (@(line) strsplit (line, "\t", "CollapseDelimiters", false), lines(is_row),
%!                   "UniformOutput", false);
%!  assert (table{1}, {"name", "R", "Octave", "argument", "sentence", "Octave sentence"});
%!  table = vertcat (table{2:end});
%!  assert (rows (table), str2double (count{1}));
%!endfunction

%!function complaint = provoke (folder, expression, sentence)
%!  source (fullfile (folder, "setup.m"));
%!  objects = {net, lstm, deep, last, deep_state, x, target, classes, series, state, grad, ...
%!             theta, sparse};
%!  complaint = "no error";
%!  try
%!    eval ([expression ";"]);
%!  catch err
%!    complaint = "";
%!    if (! strcmp (err.identifier, "bptt:invalidInput"))
%!      complaint = sprintf ("id '%s', message '%s'", err.identifier, err.message);
%!    elseif (! strcmp (err.message, sentence))
%!      complaint = sprintf ("says      %s\n  expected  %s", err.message, sentence);
%!    endif
%!  end_try_catch
%!  if (! isequal (objects, {net, lstm, deep, last, deep_state, x, target, classes, series, ...
%!                           state, grad, theta, sparse}))
%!    complaint = [complaint " changes its arguments"];
%!  endif
%!endfunction

%!test
%! folder = fullfile (fileparts (fileparts (which ("read_golden"))), "bad_inputs");
%! table = bad_inputs (folder);
%! found = {};
%! for k = 1:rows (table)
%!   [name, expression, ~, sentence, ours] = table{k,[1, 3:6]};
%!   if (strcmp (expression, "-"))
%!     continue;
%!   endif
%!   if (! strcmp (ours, "="))
%!     sentence = ours;
%!   endif
%!   complaint = provoke (folder, expression, sentence);
%!   if (! isempty (complaint))
%!     found{end+1} = sprintf ("%s: %s\n  %s", name, expression, complaint);
%!   endif
%! endfor
%! assert (isempty (found), "%s\n", strjoin (found, "\n"));
