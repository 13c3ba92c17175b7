# Training: the call of the core's loop, and showing how far it is.

#' @export
rnn_train <- function(net, x, target, ..., lengths = NULL, format = NULL,
                      loss = "mse", delta = 1, levels = c(0.1, 0.5, 0.9),
                      class_weights = NULL, weights = NULL, reduction = "mean",
                      optimizer = "adam", learn_rate = NULL, momentum = 0, nesterov = FALSE,
                      beta1 = 0.9, beta2 = 0.999, alpha = 0.99, epsilon = NULL,
                      weight_decay = 0, lbfgs_pairs = 10,
                      schedule = "constant", schedule_epochs = 10, schedule_factor = 0.1,
                      warmup = 0, clip_norm = 1, clip_value = Inf, noise = 0, average = FALSE,
                      batch_size = 32, shuffle = TRUE, window = NULL, stride = 1,
                      stateful = FALSE, truncate = Inf,
                      validation = NULL, validation_by = NULL,
                      epochs = 100, patience = Inf, max_time = Inf, callback = NULL,
                      checkpoint = NULL, checkpoint_every = 1, checkpoint_minutes = Inf,
                      resume = NULL, repeats = 1, init = "glorot",
                      recurrent_init = "orthogonal", forget_bias = 1, chrono = NULL,
                      memory = "store", precision = "double", seed = NULL,
                      threads = getOption("bptt.threads", 1), verbose = interactive()) {
  args <- arguments(...)
  args["verbose"] <- NULL
  fit <- run("rnn_train", args)
  fit
}
