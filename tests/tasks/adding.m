## adding.m -- as adding.R; the steps and the cells are in the environment: STEPS, CELLS.
steps = str2double (getenv ("STEPS"));

## Numbers from 0 to 1, the same in R and in Octave.
scrambled = @(i) mod (sin (i) * 1e4, 1);

## n sequences, those after the first FROM: x is features x batch x time.
function [x, target] = sequences (from, n, steps, scrambled)
  i = from + (1:n)';
  first = 1 + floor (steps / 2 * scrambled (2 * i + 0.25));
  second = floor (steps / 2) + 1 + floor (steps / 2 * scrambled (2 * i + 0.75));
  value = reshape (scrambled (from * steps + (1:n*steps)), n, steps);
  marked = zeros (n, steps);
  marked(sub2ind ([n, steps], (1:n)', first)) = 1;
  marked(sub2ind ([n, steps], (1:n)', second)) = 1;
  x = permute (cat (3, value, marked), [3, 1, 2]);
  target = sum (value .* marked, 2)';
endfunction

[x, target] = sequences (0, 4096, steps, scrambled);
[fresh, wanted] = sequences (4096, 1000, steps, scrambled);
passed = failed = 0;
for cell = strsplit (getenv ("CELLS"))
  net = rnn_net (2, 32, 1, cell{1}, "output_mode", "last", "chrono", steps, "seed", 1);
  net = rnn_train (net, single (x), target, "epochs", 12, "learn_rate", 0.01, ...
                   "schedule", "one_cycle", "seed", 1);
  mse = mean ((rnn_predict (net, fresh) - wanted) .^ 2);
  printf ("adding, %d steps, %s: MSE %.6f\n", steps, cell{1}, mse);
  if (mse < 0.001)
    passed++;
  else
    failed++;
  endif
endfor
printf ("%d passed, %d failed\n", passed, failed);
