## The objects that the rows of table.txt speak of; setup.R makes the same.

net = rnn_net (3, 4, 2, "gru", "seed", 1);
lstm = rnn_net (3, 4, 2, "lstm", "seed", 1);
deep = rnn_net (3, [4, 3], 2, "lstm", "bidirectional", true, "seed", 1);
last = rnn_net (3, 4, 2, "gru", "output_mode", "last", "seed", 1);
x = reshape (sin (1:30), 3, 2, 5);      # features x batch x time
target = reshape (cos (1:20), 2, 2, 5);
classes = repmat ([1; 2], 1, 5);        # batch x time
series = reshape (sin (1:15), 5, 3)';   # one series, in Octave features x time
state = struct ("h", zeros (4, 2));
[~, deep_state] = rnn_forward (deep, x);
[~, grad] = rnn_bptt (net, x, target);
theta = rnn_pack (net);
sparse = speye (3);

## A field of a struct or a parameter of a net, set or taken away, and an element replaced; the
## original stays as it is.
field = @(s, name, value) setfield (s, name, value);
without = @(s, name) rmfield (s, name);
put = @(net, name, value) setfield (net, "param", name, value);
drop = @(net, name) setfield (net, "param", rmfield (net.param, name));
replace = @(a, i, value) subsasgn (a, substruct ("()", {i}), value);
