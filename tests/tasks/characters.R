# characters.R -- a model of a text, letter by letter: the next letter is to be told from those
# before. Of the text, the last tenth is the judge's: what comes before is trained with, and a part
# of that tells when to stop.
#
# Usage: Rscript characters.R ; characters.m does the same in Octave, to the same numbers.
library(bptt)
file <- file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "text.txt")
text <- readChar(file, file.size(file))
code <- utf8ToInt(text)
kinds <- sort(unique(code))
at <- match(code, kinds)
n <- length(at) - 1
x <- diag(length(kinds))[at[seq_len(n)], ]
following <- at[-1]
learnt <- seq_len(n - floor(n / 10))

net <- rnn_net(length(kinds), 64, length(kinds), "gru", seed = 1)
fit <- rnn_train(net, x[learnt, ], following[learnt],
  loss = "cross_entropy", window = 40, stateful = TRUE, validation = 0.1, patience = 5,
  epochs = 40, learn_rate = 0.005, seed = 1
)
# bits = mean -log2 p of the letter that came; the state comes from all of the text before
p <- predict(fit, x, type = "prob")[cbind(seq_len(n), following)]
bits <- mean(-log2(p[-learnt]))
cat(sprintf("characters: %d letters of %d kinds, %.4f bits a letter\n", n + 1, length(kinds), bits))
cat(if (bits < 2.7) "1 passed, 0 failed\n" else "0 passed, 1 failed\n")
