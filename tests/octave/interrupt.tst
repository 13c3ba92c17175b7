## Ctrl-C during training: another Octave trains and is sent SIGINT.

## A process that runs CODE, which says where it is on lines of its own.
%!function [out, pid] = begin (code)
%!  folders = {fileparts(which ("rnn_net")), fileparts(which ("__bptt__"))};
%!  setup = sprintf ("addpath ('%s', '%s');", folders{:});
%!  program = {fullfile(OCTAVE_EXEC_HOME (), "bin", "octave-cli"), "--no-gui", ...
%!             "--no-init-file", "--no-history", "--quiet", "--eval", ...
%!             [setup, strjoin(code, "\n")]};
%!  quietly = 'exec "$0" "$@" 2> /dev/null';   # warnings are expected
%!  [in, out, pid] = popen2 ("sh", [{"-c", quietly}, program]);
%!  fclose (in);
%!endfunction

%!function finish (out, pid)
%!  fclose (out);
%!  [~, ~] = kill (pid, SIG ().KILL);   # there may be no more of it
%!  waitpid (pid);
%!endfunction

## What comes until PATTERN is in it.  A pipe of popen2 does not wait for what comes.
%!function text = read_until (out, pattern)
%!  since = tic ();
%!  text = "";
%!  while (isempty (regexp (text, pattern, "once")) && toc (since) < 60)
%!    piece = fgets (out);
%!    if (ischar (piece))
%!      text = [text, piece];
%!    else
%!      fclear (out);
%!      pause (0.002);
%!    endif
%!  endwhile
%!endfunction

## The next line that does not tell of progress; what there is of one if it does not come.
%!function line = next_line (out)
%!  do
%!    line = read_until (out, "\n");
%!  until (! any (line == "\n") || ! (any (line == "\r") || strcmp (line, "\n")))
%!  line = strtrim (line);
%!endfunction

## The seconds from SIGINT to the next line, and that line.  The training has come to where progress
## is SHOWN: a machine that is busy gets there later.
%!function [line, seconds] = interrupt (out, pid, shown)
%!  read_until (out, shown);
%!  since = tic ();
%!  kill (pid, SIG ().INT);
%!  line = next_line (out);
%!  seconds = toc (since);
%!endfunction

%!function code = training ()
%!  code = {"say = @(varargin) fdisp (stdout, strjoin (varargin, ' '));", ...
%!          "x = sin (1:200); target = cos (1:200);", ...
%!          "net = rnn_net (1, 16, 1, 'lstm', 'seed', 1);", ...
%!          "forever = {'epochs', 1e6, 'seed', 1, 'verbose', true};", ...
%!          "function tell (fit, info)", ...
%!          "  [~, id] = lastwarn ();", ...
%!          "  history = info.history;", ...
%!          "  printf ('%s %s %d %d %d\\n', id, info.stopped, all (isfinite (rnn_pack (fit))),", ...
%!          "          numel (history.epoch) > 0, numel (history.loss) == info.best_epoch);", ...
%!          "  fflush (stdout); lastwarn ('', '');", ...
%!          "endfunction"};
%!endfunction

%!test # the network and its history are there, again and again, and all goes on
%! code = [training(), {"[fit, info] = rnn_train (net, x, target, forever{:});", "tell (fit, info);", ...
%!         "[fit, info] = rnn_train (net, x, target, forever{:});", "tell (fit, info);", ...
%!         "[again, more] = rnn_train (net, x, target, 'seed', 1, ...", ...
%!         "                           'epochs', info.best_epoch);", ...
%!         "say (mat2str (isequal (again, fit)));", ...
%!         "[fit, info] = rnn_train (net, x, target, forever{:}, 'callback', @(s) pause (.01));", ...
%!         "tell (fit, info);", "say ('last');"}];
%! [out, pid] = begin (code);
%! unwind_protect
%!   [line, seconds] = interrupt (out, pid, "epoch [1-9]");
%!   assert (line, "bptt:interrupted interrupt 1 1 1");
%!   assert (seconds < 10);   # on a busy machine, too
%!   line = interrupt (out, pid, "epoch [1-9]");
%!   assert (line, "bptt:interrupted interrupt 1 1 1");
%!   assert (next_line (out), "true");
%!   line = interrupt (out, pid, "epoch [1-9]");
%!   assert (line, "bptt:interrupted interrupt 1 1 1");
%!   assert (next_line (out), "last");
%! unwind_protect_cleanup
%!   finish (out, pid);
%! end_unwind_protect

%!test # several networks side by side: those that were begun are there
%! code = [training(), {"[fits, info] = rnn_train (net, x, target, forever{:}, 'repeats', 9, 'threads', 2);", ...
%!         "say (mat2str (size (fits)), strjoin (info.stopped));", ...
%!         "[fits, info] = rnn_train (net, x, target, 'seed', 1, 'epochs', 2, 'repeats', 3);", ...
%!         "say (strjoin (info.stopped));"}];
%! [out, pid] = begin (code);
%! unwind_protect
%!   assert (interrupt (out, pid, "(epoch.*){4}"), "[1 2] interrupt interrupt");
%!   assert (next_line (out), "epochs epochs epochs");
%! unwind_protect_cleanup
%!   finish (out, pid);
%! end_unwind_protect

%!test # a checkpoint of the moment of the interrupt, to go on from
%! file = tempname ();
%! code = [training(), {sprintf("file = '%s';", file), ...
%!         "[fit, info] = rnn_train (net, x, target, forever{:}, 'window', 10, ...", ...
%!         "                         'checkpoint', file, 'checkpoint_every', 1e6);", ...
%!         "epochs = info.best_epoch + 2;", ...
%!         "fit = rnn_train (net, x, target, 'window', 10, 'epochs', epochs, 'resume', file);", ...
%!         "want = rnn_train (net, x, target, 'window', 10, 'epochs', epochs, 'seed', 1);", ...
%!         "say (mat2str (isequal (fit, want)));"}];
%! [out, pid] = begin (code);
%! unwind_protect
%!   assert (interrupt (out, pid, "epoch [1-9]"), "true");
%! unwind_protect_cleanup
%!   finish (out, pid);
%!   unlink (file);
%! end_unwind_protect

%!test # a forecasting model: of the networks that are there; with none of a kind, an interrupt
%! code = {"say = @(varargin) fdisp (stdout, strjoin (varargin, ' '));", ...
%!         "y = 50 + (1:90) + 9 * sin ((1:90) * pi / 6) + cos ((1:90) .^ 2);", ...
%!         "options = {'period', 12, 'repeats', 7, 'seed', 1, 'verbose', true};", ...
%!         "few = \"rnnar (y, options{:}, 'epochs', 200);\"; evalc (few);", ...
%!         "tic (); evalc (few); epochs = ceil (200 * 14 / toc ());   # a fold takes four seconds", ...
%!         "m = rnnar (y, options{:}, 'epochs', epochs);", "[said, id] = lastwarn ();", "there = numel (m.fold);", ...
%!         "all_there = all (isfinite (rnn_forecast (m, 30, 'npaths', 9)));", ...
%!         "say (id, mat2str ([there < 7, cellfun(@numel, m.networks) == there, all_there]));", ...
%!         "say (said);", ...
%!         "unwind_protect", "  rnnar (y, options{:}, 'epochs', 1e6);", ...
%!         "unwind_protect_cleanup", "  say ('cleanup');", "end_unwind_protect", "say ('not here');"};
%! [out, pid] = begin (code);
%! unwind_protect
%!   line = interrupt (out, pid, "network [7-9]/21");   # two of each kind are there
%!   assert (line, "bptt:interrupted [true true true true true]");
%!   assert (regexp (next_line (out), "^the training was interrupted: [0-9]+ of 21 networks", "once"), 1);
%!   assert (interrupt (out, pid, "network 1/21"), "cleanup");
%!   waitpid (pid);
%!   fclear (out);
%!   assert (fgetl (out), -1);
%! unwind_protect_cleanup
%!   finish (out, pid);
%! end_unwind_protect

%!test # a back-test does not go on
%! code = {"say = @(text) fdisp (stdout, text);", "y = 50 + (1:60) + sin ((1:60) .^ 2);", ...
%!         "options = {'initial', 57, 'season', 'none', 'hidden', 2, 'seed', 1, 'step', 1, 'refit', true, ...", ...
%!         "           'verbose', true};", ...
%!         "try", "  rnn_backtest (y, 1, options{:}, 'epochs', 1e6);", "catch problem", ...
%!         "  say (problem.identifier);", "end_try_catch"};
%! [out, pid] = begin (code);
%! unwind_protect
%!   assert (interrupt (out, pid, "network 1/"), "bptt:interrupted");
%! unwind_protect_cleanup
%!   finish (out, pid);
%! end_unwind_protect

%!test # an interrupt elsewhere is what it always was
%! code = [training(), {"rnn_train (net, x, target, 'epochs', 2);", ...
%!         "unwind_protect", "  say ('first');", "  while (true), rnn_forward (net, x); endwhile", ...
%!         "unwind_protect_cleanup", "  say ('cleanup');", "end_unwind_protect", ...
%!         "say ('not here');"}];
%! [out, pid] = begin (code);
%! unwind_protect
%!   assert (interrupt (out, pid, "first"), "cleanup");
%!   waitpid (pid);
%!   fclear (out);
%!   assert (fgetl (out), -1);
%! unwind_protect_cleanup
%!   finish (out, pid);
%! end_unwind_protect
