# waves.R -- classes of sequences: noisy sine waves and square waves of unequal lengths.
#
# Usage: Rscript waves.R ; waves.m does the same in Octave, to the same numbers.
library(bptt)

# Numbers from 0 to 1, the same in R and in Octave.
scrambled <- function(i) (sin(i) * 1e4) %% 1

wave <- function(i) {
  steps <- 20 + floor(60 * scrambled(i + 0.1))
  period <- 8 + 12 * scrambled(i + 0.2)
  y <- sin(2 * pi * (seq_len(steps) / period + scrambled(i + 0.3)))
  if (i %% 2 == 0) y <- sign(y)
  y + 1.4 * (scrambled(1000 * i + seq_len(steps)) - 0.5)
}
waves <- lapply(1:600, wave)
class <- 1 + (1:600 %% 2 == 0)
learnt <- 1:400
net <- rnn_net(1, 16, 2, "lstm", output_mode = "last", seed = 1)
fit <- rnn_train(net, waves[learnt], class[learnt],
  loss = "cross_entropy", validation = 0.2, epochs = 40, schedule = "cosine", seed = 1
)
found <- predict(fit, waves[-learnt], type = "class")
scores <- rnn_metrics(class[-learnt], found, type = "class")
cat(sprintf(
  "waves: accuracy %.4f, recall %.4f %.4f, F1 %.4f %.4f\n", scores$accuracy,
  scores$recall[1], scores$recall[2], scores$f1[1], scores$f1[2]
))
cat(if (scores$accuracy > 0.95) "1 passed, 0 failed\n" else "0 passed, 1 failed\n")
