## characters.m -- as characters.R.
text = fileread (fullfile (fileparts (mfilename ("fullpath")), "text.txt"));
[kinds, ~, at] = unique (double (text(:)));
n = numel (at) - 1;
x = eye (numel (kinds))(:,at(1:n));
net = rnn_net (numel (kinds), 64, numel (kinds), "gru", "seed", 1);
[net, info] = rnn_train (net, x, at(2:end)', "loss", "cross_entropy", ...
                         "window", 40, "stateful", true, "validation", 0.1, ...
                         "epochs", 40, "learn_rate", 0.005, ...
                         "schedule", "cosine", "seed", 1);
bits = min (info.history.validation_loss) / log (2);
printf ("characters: %d letters of %d kinds, %.4f bits a letter\n", n + 1, numel (kinds), bits);
printf ("%d passed, %d failed\n", bits < 2.7, bits >= 2.7);
