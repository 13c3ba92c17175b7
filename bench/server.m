## server.m -- times bptt from Octave; run.R starts it and says how it is spoken to.
##
## Usage: octave-cli server.m double|single THREADS
1;

## What the calls of a setting take.
function p = problem (setting, precision)
  number = str2double (setting);
  [d, h, b, t] = num2cell (number(3:6)){:};
  p.call = setting{1};
  p.net = rnn_net (d, h, 1, setting{2}, "seed", 1);
  if (strcmp (p.call, "deep"))
    p.net = rnn_net (d, [h, h], 1, setting{2}, "bidirectional", true, "seed", 1);
  endif
  p.x = feval (precision, reshape (sin (1 : d * b * t), d, b, t));
  p.target = feval (precision, reshape (cos (1 : b * t), 1, b, t));
  p.options = {};
  if (isfinite (number(7)))
    p.options = {"truncate", number(7)};
  endif
  if (! strcmp (setting{8}, "-"))
    p.options = [p.options, {"lengths", str2double(strsplit (setting{8}, ","))}];
  endif
  [~, p.state] = rnn_forward (p.net, p.x);
endfunction

## One loop for each call: nothing but the call is timed.
function run (p, calls)
  net = p.net;
  x = p.x;
  target = p.target;
  options = p.options;
  state = p.state;
  switch (p.call)
    case {"bptt", "deep"}
      for i = 1:calls
        [~, ~, ~] = rnn_bptt (net, x, target, options{:});
      endfor
    case "forward"
      for i = 1:calls
        [~, ~, ~] = rnn_forward (net, x);
      endfor
    case "predict"
      for i = 1:calls
        y = rnn_predict (net, x);
      endfor
    case "carry"
      for i = 1:calls
        [~, ~, ~] = rnn_forward (net, x, "state", state);
      endfor
  endswitch
endfunction

function ms = milliseconds (p)
  seconds = str2double (getenv ("BATCH_SECONDS"));  # least length of a timed batch
  start = tic ();
  taken = calls = 0;
  more = 1;
  while (taken < seconds)
    run (p, more);
    calls += more;
    more *= 2;
    taken = toc (start);
  endwhile
  ms = 1000 * taken / calls;
endfunction

if (! exist ("rnn_bptt"))
  pkg load bptt
endif
bptt_threads (str2double (argv (){end}));
info = bptt_info ();
printf ("Octave %s, bptt %s, %s\n", version (), info.version, info.isa);
fflush (stdout);
last = "";
while (ischar (line = fgetl (stdin)))
  if (isempty (line))
    continue
  endif
  setting = strsplit (line, " ");
  if (! any (strcmp (setting{1}, {"bptt", "deep", "forward", "predict", "carry"})))
    puts ("nan\n");
  else
    if (! strcmp (line, last))
      last = line;
      p = problem (setting, argv (){end-1});
      run (p, 1);
    endif
    printf ("%.6g\n", milliseconds (p));
  endif
  fflush (stdout);
endwhile
