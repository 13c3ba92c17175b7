function [net, info] = rnn_train (net, x, varargin)
  [net, info] = __bptt__ ("rnn_train", "net", net, "x", x, name_target (varargin){:});
endfunction
