## waves.m -- as waves.R.
1;
function y = wave (i)
  ## Numbers from 0 to 1, the same in R and in Octave.
  scrambled = @(i) mod (sin (i) * 1e4, 1);
  steps = 20 + floor (60 * scrambled (i + 0.1));
  period = 8 + 12 * scrambled (i + 0.2);
  y = sin (2 * pi * ((1:steps) / period + scrambled (i + 0.3)));
  if (mod (i, 2) == 0)
    y = sign (y);
  endif
  y += 1.4 * (scrambled (1000 * i + (1:steps)) - 0.5);
endfunction

waves = arrayfun (@wave, 1:600, "UniformOutput", false);
class = 1 + (mod (1:600, 2) == 0);
net = rnn_net (1, 16, 2, "lstm", "output_mode", "last", "seed", 1);
net = rnn_train (net, waves(1:400), class(1:400), "loss", "cross_entropy", ...
                 "validation", 0.2, "epochs", 40, "schedule", "cosine", "seed", 1);
found = rnn_predict (net, waves(401:600), "type", "class");
scores = rnn_metrics (class(401:600), found, "type", "class");
printf ("waves: accuracy %.4f, recall %.4f %.4f, F1 %.4f %.4f\n", ...
        scores.accuracy, scores.recall, scores.f1);
printf ("%d passed, %d failed\n", scores.accuracy > 0.95, scores.accuracy <= 0.95);
