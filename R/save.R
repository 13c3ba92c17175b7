# Networks in files.

# What is in a file, or the argument as it is when that cannot be had: the core says so.
content <- function(file) {
  named <- is.character(file) && length(file) == 1L && !is.na(file)
  size <- if (named && !dir.exists(file)) file.size(file) else NA
  if (is.na(size)) {
    return(file)
  }
  unreadable <- function(e) file
  tryCatch(readBin(path.expand(file), "raw", size), error = unreadable, warning = unreadable)
}

# Under another name at first, so that a file that cannot be finished leaves the old one. What
# replaces a file has its mode, and is where a link to it leads.
put_content <- function(bytes, file, call = sys.call(-1L)) {
  path <- path.expand(file)
  replaces <- file.exists(path)
  if (replaces) path <- normalizePath(path)
  part <- tempfile("bptt-", dirname(path))
  on.exit(unlink(part))
  failed <- function(e) FALSE
  put <- function() {
    writeBin(bytes, part)
    if (replaces) Sys.chmod(part, file.mode(path), use_umask = FALSE)
    file.rename(part, path)
  }
  if (!tryCatch(put(), error = failed, warning = failed)) {
    said <- paste0("`file` is \"", file, "\"; expected the name of a file that can be written")
    input_error("file", said, call)
  }
  invisible(file)
}

#' Save and load a network
#'
#' `rnn_save()` writes a network to a file, `rnn_load()` reads it again, in R or
#' in Octave, with every bit of it.
#'
#' The file is in the format *safetensors*
#' (<https://github.com/huggingface/safetensors>): a header in JSON, then plain
#' numbers; reading it never runs code. Every parameter is a tensor under its
#' own name, `W_xh` to `b_y`, with its own dims, so that PyTorch and others read
#' them, too:
#' `safetensors.torch.load_file("net.safetensors")["W_hh"]`.
#' The numbers are of type `F64`; parameters that are single in Octave are of
#' type `F32`, which R reads as the same numbers in double. All other fields are
#' in the metadata, together with `bptt`, the version of this layout: `"1"`.
#'
#' To hand a network to PyTorch, Keras or MATLAB under the names that they use,
#' see [rnn_export()].
#'
#' A file that exists is replaced, and only once the new one is complete. The new
#' one has its permissions to read and write; a symbolic link is followed. Fields
#' that [rnn_net()] does not make are not saved.
#'
#' @param net A network made by [rnn_net()].
#' @param file Name of the file; `.safetensors` is usual at its end.
#'   `rnn_load()` also takes the content of a file, a raw vector.
#' @return `rnn_save()`: `file`, invisibly. `rnn_load()`: the network, of class
#'   `rnn_net`.
#' @section Errors:
#' A file that cannot be read or written, that is damaged in any way, was
#' written by others, or holds numbers that are not finite: a `bptt_input_error`
#' (see [bptt-package]).
#' @seealso [rnn_export()], [rnn_net()]
#' @export
#' @examples
#' net <- rnn_net(2, 3, 1, "lstm", seed = 1)
#' file <- tempfile(fileext = ".safetensors")
#' rnn_save(net, file)
#' identical(rnn_load(file), net)
rnn_save <- function(net, file) {
  bytes <- run("rnn_save", arguments())[["bytes"]]
  put_content(bytes, file)
}

#' @rdname rnn_save
#' @export
rnn_load <- function(file) {
  if (!missing(file)) file <- content(file)
  structure(run("rnn_load", arguments())[["net"]], class = "rnn_net")
}

#' Networks of PyTorch, Keras and MATLAB
#'
#' `rnn_export()` writes the parameters of a network to a safetensors file under
#' the names, in the shapes and in the order of gates of other software.
#' `rnn_import()` makes a network of such a file.
#'
#' With D inputs, H units, O outputs, and G = 1 (rnn), 3 (gru) or 4 (lstm) gates,
#' a file holds these tensors (in the first layer; names of further ones below):
#'
#' * `"torch"`: `torch.nn.RNN`, `GRU`, `LSTM` have `weight_ih_l0` GH x D,
#'   `weight_hh_l0` GH x H, `bias_ih_l0` GH and `bias_hh_l0` GH; `torch.nn.Linear`
#'   has `weight` O x H and `bias` O.
#' * `"keras"`: `SimpleRNN`, `GRU`, `LSTM` have `kernel` D x GH,
#'   `recurrent_kernel` H x GH and `bias` GH (`GRU` with `reset_after`: 2 x GH);
#'   `Dense` has `kernel` H x O and `bias` O.
#' * `"matlab"`: `gruLayer`, `lstmLayer`, `bilstmLayer` have `InputWeights` GH x D,
#'   `RecurrentWeights` GH x H and `Bias` GH (`gruLayer` with `ResetGateMode`
#'   `"recurrent-bias-after-multiplication"`: 2GH), `bilstmLayer` twice the rows,
#'   forward on top; `fullyConnectedLayer` has `Weights` O x H and `Bias` O.
#'
#' The gates are stacked as here (i, f, g, o and r, z, n), but in the `GRU` of
#' Keras: z, r, n. In all of them, as here, z is the share of the old state.
#' Where there are two biases, one of the input and one recurrent, an import adds
#' them, but for the one that the reset gate multiplies (`b_hn`). A file without
#' biases has them 0.
#'
#' @section Export:
#' Names begin with `rnn.` and `fc.` (PyTorch, where layers of different sizes are
#' in modules of their own, `rnn1.`, `rnn2.`, ...), with `lstm/lstm_cell/`,
#' `lstm_1/lstm_cell/`, ... and `dense/`, in both directions
#' `bidirectional/forward_lstm/lstm_cell/` (Keras), with `lstm_1/`, `lstm_2/`,
#' ... and `fc/` (MATLAB). So in PyTorch,
#'
#' ```
#' class Net(torch.nn.Module):
#'     def __init__(self):
#'         super().__init__()
#'         self.rnn = torch.nn.LSTM(D, H)
#'         self.fc = torch.nn.Linear(H, O)
#' net = Net().double()
#' net.load_state_dict(safetensors.torch.load_file("net.safetensors"))
#' ```
#'
#' Numbers are in double (`F64`). What is no parameter (`activation`, `reset`,
#' `output_mode` and `dropout`) is in the metadata of the file, where
#' `rnn_import()` finds it; the other software does not read it there.
#'
#' PyTorch has no activations but `"tanh"` and `"relu"`, and no GRU that resets
#' before the product; MATLAB has no layer of cell `"rnn"`, and no `"gru"` in
#' both directions: an error.
#'
#' @section Import:
#' All tensors must be parts of recurrent layers of one kind or of one readout,
#' the only layer without recurrent weights. Names may begin with anything, but
#' those of the layers differ in numbers alone, and are in their order: `lstm_2`
#' before `lstm_10`. In Keras, names are the last pieces of a variable's `path`.
#' Numbers of the types `F64`, `F32`, `F16` and `BF16` are read, and are double in
#' the network.
#'
#' Two things are computed differently elsewhere: with `output_mode = "last"` in
#' both directions, the reverse direction of Keras and of MATLAB gives its state
#' at the first step; and gates with other functions than the logistic one and
#' tanh, which Keras and MATLAB can be told to use, are not known here.
#'
#' @inheritParams rnn_save
#' @param naming Whose names: `"torch"`, `"keras"` or `"matlab"`. `NULL` in
#'   `rnn_import()`: those that the file has.
#' @param ... Not used: what follows must be named in full.
#' @param activation,output_mode,dropout As in [rnn_net()]: activation `"tanh"`,
#'   `"relu"`, `"sigmoid"` or `"identity"`, outputs in `"sequence"` or at the
#'   `"last"` step, dropout from 0 to below 1. `NULL`: what `rnn_export()` has
#'   written into the file; in one of others, which does not say, `"tanh"`,
#'   `"sequence"` and 0.
#' @param reset Whether cell `"gru"` resets `"after"` or `"before"` the product.
#'   `NULL`: what `rnn_export()` has written, else what the biases in the file show
#'   (PyTorch and Keras always do), else `"after"`.
#' @return `rnn_export()`: `file`, invisibly. `rnn_import()`: the network, of class
#'   `rnn_net`.
#' @section Errors:
#' A file that cannot be read or written, or that is damaged in any way; tensors
#' that are missing, of the wrong dims, not finite, or of no use; a network that
#' the other software does not have: a `bptt_input_error` (see [bptt-package]).
#' @references
#' PyTorch documentation, *torch.nn.RNN*, *torch.nn.GRU*, *torch.nn.LSTM*.
#'
#' Keras 3 API documentation, *SimpleRNN layer*, *GRU layer*, *LSTM layer*.
#'
#' MATLAB Deep Learning Toolbox documentation, *lstmLayer*, *bilstmLayer*,
#' *gruLayer*.
#' @seealso [rnn_save()] for files that R and Octave alone are to read
#' @export
#' @examples
#' net <- rnn_net(2, 3, 1, "gru", seed = 1)
#' file <- tempfile(fileext = ".safetensors")
#' rnn_export(net, file, "keras")
#' same <- rnn_import(file)
#' all.equal(same, net)
#'
#' # For torch.nn.GRU, and for a gruLayer
#' rnn_export(net, file, "torch")
#' rnn_export(net, file, "matlab")
#' rnn_import(file, "matlab", output_mode = "last")
#'
#' # The activation, which the file of another would not say
#' relu <- rnn_net(2, 3, 1, activation = "relu", init = "he", seed = 1)
#' rnn_export(relu, file)
#' rnn_import(file, activation = "relu")
rnn_export <- function(net, file, naming = "torch") {
  bytes <- run("rnn_export", arguments())[["bytes"]]
  put_content(bytes, file)
}

#' @rdname rnn_export
#' @export
rnn_import <- function(file, naming = NULL, ..., activation = NULL, output_mode = NULL,
                       dropout = NULL, reset = NULL) {
  if (!missing(file)) file <- content(file)
  structure(run("rnn_import", arguments(...))[["net"]], class = "rnn_net")
}
