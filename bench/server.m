## server.m -- times rnn_bptt () from Octave; run.sh starts it and says how it is spoken to.
1;

function run = problem (setting)
  size = str2double (setting(2:5));
  [d, h, b, t] = num2cell (size){:};
  net = rnn_net (d, h, 1, setting{1}, "seed", 1);
  x = reshape (sin (1 : d * b * t), d, b, t);
  target = reshape (cos (1 : b * t), 1, b, t);
  run = @() call (net, x, target);
endfunction

function call (net, x, target)
  [~, ~, ~] = rnn_bptt (net, x, target);
endfunction

function s = elapsed (run, calls)
  start = tic ();
  for i = 1:calls
    run ();
  endfor
  s = toc (start);
endfunction

seconds = 0.1;  # least length of a timed batch
if (! exist ("rnn_bptt"))
  pkg load bptt
endif
info = bptt_info ();
printf ("Octave %s, bptt %s, %s\n", version (), info.version, info.isa);
fflush (stdout);
setting = "";
while (ischar (line = fgetl (stdin)))
  if (isempty (line))
    continue
  endif
  if (! strcmp (line, setting))
    setting = line;
    run = problem (strsplit (line, " "));
    run ();
    calls = max (1, ceil (seconds / elapsed (run, 1)));
  endif
  printf ("%.6g\n", 1000 * elapsed (run, calls) / calls);
  fflush (stdout);
endwhile
