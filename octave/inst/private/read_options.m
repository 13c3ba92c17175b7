## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## OPTIONS = read_options (OF, OPTIONS, PAIRS): what pairs of a name and a value say in place of the
## fields of the struct OPTIONS, which are those of the function OF.  [] leaves a field as it is.
## Numbers are doubles then: as an integer class they would round what is computed with them.

function options = read_options (of, options, pairs)

  for k = 1:2:numel (pairs)
    name = pairs{k};
    if (! (ischar (name) && isrow (name)))
      error ("bptt:invalidInput", ["options are given as pairs of a name and a value; ", ...
                                   "a name is not a string"]);
    endif
    if (! isfield (options, name))
      error ("bptt:invalidInput", "`%s` is not an option of %s%s", name, of, ...
             say_meant (name, fieldnames (options)));
    endif
    if (k == numel (pairs))
      error ("bptt:invalidInput", "the option `%s` has no value", name);
    endif
    if (! isequal (pairs{k+1}, []))
      options.(name) = pairs{k+1};
      if (isnumeric (pairs{k+1}))
        options.(name) = double (pairs{k+1});
      endif
    endif
  endfor

endfunction
