## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## TEXT = numbers_of (STATE): the loss and its like, those that there are by now.

function text = numbers_of (state)

  text = "";
  between = ":";
  for what = {"loss", "validation_loss", "grad_norm", "clipped"; ...
              "loss %.3g", "valid %.3g", "gradient %.2g", "clipped %.0f%%"; ...
              1, 1, 1, 100}
    number = state.(what{1}) * what{3};
    if (! isnan (number))
      text = sprintf (["%s%s ", what{2}], text, between, number);
      between = ",";
    endif
  endfor

endfunction
