## PyTorch's networks compute what they compute in PyTorch, and come back from a file.

%!test
%! folder = fullfile (fileparts (fileparts (which ("read_golden"))), "files");
%! cases = read_golden (fullfile (folder, "torch.txt"));
%! assert (numel (cases) >= 10);
%! for k = 1:numel (cases)
%!   c = cases{k};
%!   net = rnn_import (fullfile (folder, [c.name ".safetensors"]), "torch",
%!                     "activation", c.set.activation);
%!   y = rnn_forward (net, c.x);
%!   assert (max (abs (y(:) - c.y(:))) < 1e-12);
%! endfor
