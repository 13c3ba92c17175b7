# R's half of make check-torch: every file of this folder, imported and exported again.
#   Rscript export.R FROM TO
library(bptt)
folder <- commandArgs(TRUE)
for (file in list.files(folder[1L], "[.]safetensors$")) {
  activation <- if (startsWith(file, "rnn-relu")) "relu" else "tanh"
  rnn_export(
    rnn_import(file.path(folder[1L], file), activation = activation), file.path(folder[2L], file)
  )
}
