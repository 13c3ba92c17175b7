## Copyright (C) 2026 bptt developers
## SPDX-License-Identifier: MIT

## lines = plot_training (info): draw what rnn_train tells of a training into the current
## figure.  A column for each network: its lines for loss, validation loss, learning rate and
## norm of the gradient; NaN: none.

function lines = plot_training (info)

  histories = info.history;
  if (! iscell (histories))
    histories = {histories};
  endif
  if (! any (cellfun (@(h) numel (h.epoch), histories)))
    error ("bptt:invalidInput", ...
           "`info` is of a training without a whole epoch; there is nothing to draw");
  endif

  names = {"loss", "validation_loss", "learn_rate", "grad_norm"};
  colors = get (gcf (), "defaultaxescolororder")([1, 2, 1, 1],:);
  lines = NaN (4, numel (histories));

  curves = axes_for ({2, 2, [1, 2]}, histories, names(1:2));
  for k = 1:2
    lines(k,:) = draw (curves, histories, names{k}, colors(k,:));
  endfor
  ylabel (curves, "loss");   # the axes below say what x is
  shown = lines([1, 2],1);
  texts = {"loss", "validation loss"};
  if (numel (histories) == 1 && ! isnan (shown(2)))
    shown(3) = mark_best (curves, histories{1}, info.best_epoch, colors(2,:));
    texts{3} = sprintf ("best, epoch %d", info.best_epoch);
  endif
  there = ! isnan (shown);
  legend (curves, shown(there), texts(there), "location", "northoutside", ...
          "orientation", "horizontal");
  legend (curves, "boxoff");

  rates = axes_for ({2, 2, 3}, {}, {});
  lines(3,:) = draw (rates, histories, names{3}, colors(3,:));
  label (rates, "learning rate");
  set (rates, "ylim", [0, 1.05 * max(get (rates, "ylim"))]);   # no line on the frame

  norms = axes_for ({2, 2, 4}, histories, names(4));
  lines(4,:) = draw (norms, histories, names{4}, colors(4,:));
  label (norms, "norm of the gradient");
  if (isfinite (info.clip_norm))
    ends = get (norms, "xlim");
    plot (norms, ends, info.clip_norm([1, 1]), "k--");
    set (norms, "xlim", ends);
    text (norms, ends(2), info.clip_norm, "clipped above ", ...
          "horizontalalignment", "right", "verticalalignment", "bottom");
  endif

endfunction

## Axes with a logarithmic axis where what is to be drawn is above 0.
function ax = axes_for (place, histories, names)

  ax = subplot (place{:});
  cla (ax, "reset");
  set (ax, "box", "on");
  hold (ax, "on");
  numbers = cellfun (@(h) cell2mat (cellfun (@(name) h.(name), names, "UniformOutput", false)),
                     histories, "UniformOutput", false);
  numbers = vertcat (numbers{:});
  if (! isempty (numbers) && all (numbers(! isnan (numbers)) > 0))
    set (ax, "yscale", "log");
  endif

endfunction

## Several networks have thin lines.
function lines = draw (ax, histories, name, color)

  count = numel (histories);
  width = 1.5;
  if (count > 1)
    width = 0.5;
  endif
  lines = NaN (1, count);
  for k = 1:count
    history = histories{k};
    if (any (! isnan (history.(name))))
      style = "-";
      if (numel (history.epoch) == 1)
        style = ".";   # a line of one point is not seen
      endif
      lines(k) = plot (ax, history.epoch, history.(name), style, "color", color, ...
                       "linewidth", width);
    endif
  endfor

endfunction

function line = mark_best (ax, history, epoch, color)

  line = plot (ax, epoch, history.validation_loss(epoch), "o", "color", color, ...
               "linewidth", 1.5);

endfunction

function label (ax, what)

  xlabel (ax, "epoch");
  ylabel (ax, what);

endfunction
