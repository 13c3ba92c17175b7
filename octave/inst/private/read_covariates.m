## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## XREG = read_covariates (XREG, KNOWN): covariates as a cell array of matrices, one for each series,
## with a row for each step; {} for none.  A vector is one covariate, or a single row where KNOWN,
## the covariates that a model has, are of several.

function xreg = read_covariates (xreg, known)

  if (isequal (xreg, []))
    xreg = {};
  elseif (! iscell (xreg))
    xreg = {xreg};
  endif
  several = nargin > 1 && ! isempty (known) && columns (known{1}) > 1;
  for k = 1:numel (xreg)
    one = xreg{k};
    if (! ((isnumeric (one) || islogical (one)) && isreal (one) && ndims (one) == 2))
      error ("bptt:invalidInput", ...
             "`xreg` is of class `%s` and size %s; expected a real matrix with a row for each step",
             class (one), strjoin (cellstr (num2str (size (one)')), " x "));
    endif
    if (isvector (one) && ! several)
      one = one(:);
    endif
    xreg{k} = double (full (one));
  endfor
  xreg = xreg(:)';

endfunction
