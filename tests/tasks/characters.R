# characters.R -- a model of a text, letter by letter: the next letter is to be told from those
# before. The last tenth of the text is not trained with.
#
# Usage: Rscript characters.R ; characters.m does the same in Octave, to the same numbers.
library(bptt)
file <- file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "text.txt")
text <- readChar(file, file.size(file))
code <- utf8ToInt(text)
letters_used <- sort(unique(code))
at <- match(code, letters_used)
n <- length(at) - 1
x <- diag(length(letters_used))[at[seq_len(n)], ]
net <- rnn_net(length(letters_used), 64, length(letters_used), "gru", seed = 1)
fit <- rnn_train(net, x, at[-1],
  loss = "cross_entropy", window = 40, stateful = TRUE, validation = 0.1, epochs = 40,
  learn_rate = 0.005, schedule = "cosine", seed = 1
)
bits <- min(fit$history$validation_loss) / log(2)
cat(sprintf("characters: %d letters of %d kinds, %.4f bits a letter\n", n + 1, length(letters_used), bits))
cat(if (bits < 2.7) "1 passed, 0 failed\n" else "0 passed, 1 failed\n")
