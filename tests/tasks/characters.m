## characters.m -- as characters.R.
text = fileread (fullfile (fileparts (mfilename ("fullpath")), "text.txt"));
[kinds, ~, at] = unique (double (text(:)));
n = numel (at) - 1;
x = eye (numel (kinds))(:,at(1:n));
following = at(2:end)';
learnt = 1:n - floor (n / 10);

net = rnn_net (numel (kinds), 64, numel (kinds), "gru", "seed", 1);
net = rnn_train (net, x(:,learnt), following(learnt), "loss", "cross_entropy", ...
                 "window", 40, "stateful", true, "validation", 0.1, "patience", 5, ...
                 "epochs", 40, "learn_rate", 0.005, "seed", 1);
## bits = mean -log2 p of the letter that came; the state comes from all of the text before
p = rnn_predict (net, x, "type", "prob")(sub2ind (size (x), following, 1:n));
p(learnt) = [];
bits = mean (-log2 (p));
printf ("characters: %d letters of %d kinds, %.4f bits a letter\n", n + 1, numel (kinds), bits);
printf ("%d passed, %d failed\n", bits < 2.7, bits >= 2.7);
