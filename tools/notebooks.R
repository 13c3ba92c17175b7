# notebooks.R -- runs the code of every notebook in notebooks/, without Jupyter: its cells become a
# script for Rscript or Octave, run in a folder of its own beside a copy of demo/. An error in any
# cell is a failure, and so is a notebook without a picture. The last line is "N passed, N failed".
#
#   Rscript tools/notebooks.R FOLDER OCTAVE...   FOLDER is made anew; OCTAVE is a command

folder <- commandArgs(TRUE)[[1]]
octave <- commandArgs(TRUE)[-1]
unlink(folder, recursive = TRUE)
dir.create(folder, recursive = TRUE)
invisible(file.copy("demo", folder, recursive = TRUE))

# As in a notebook a cell ends with the pictures that it has made, and the next begins without.
as_script <- list(
  R = function(cells) {
    c(
      'options(device = function(...) svg(tempfile("picture", getwd(), ".svg")))',
      sprintf('cat("# cell %d\\n")\n%s\ninvisible(graphics.off())', seq_along(cells), cells)
    )
  },
  octave = function(cells) {
    c(
      'graphics_toolkit ("gnuplot"); set (0, "defaultfigurevisible", "off");',
      sprintf(paste(sep = "\n",
        'disp ("# cell %d");', "%s", 'if (! isempty (get (0, "children")))',
        '  print (gcf (), "picture%d.svg", "-S760,320"); close all;', "endif"
      ), seq_along(cells), cells, seq_along(cells))
    )
  }
)
command <- list(R = "Rscript", octave = octave)

# The svg of an empty page has fewer than 4000 bytes, of either.
is_picture <- function(file) file.size(file) >= 4000

run <- function(notebook) {
  book <- jsonlite::fromJSON(notebook, simplifyDataFrame = FALSE)
  code <- Filter(function(cell) cell$cell_type == "code", book$cells)
  cells <- vapply(code, function(cell) paste(cell$source, collapse = ""), "")
  language <- book$metadata$kernelspec$language
  place <- file.path(folder, sub("[.]ipynb$", "", basename(notebook)))
  dir.create(place)
  script <- file.path(normalizePath(place), "cells")
  writeLines(as_script[[language]](cells), script)
  owd <- setwd(place)
  on.exit(setwd(owd))
  status <- system2(command[[language]][1], shQuote(c(command[[language]][-1], script)))
  pictures <- Filter(is_picture, list.files(pattern = "^picture"))
  cat(sprintf(
    "%s: %d pictures, %s\n", notebook, length(pictures),
    if (status == 0) "no error" else paste("exit status", status)
  ))
  status == 0 && length(pictures) > 0
}

ok <- vapply(Sys.glob("notebooks/*.ipynb"), run, NA)
cat(sprintf("%d passed, %d failed\n", sum(ok), sum(!ok)))
quit(status = !length(ok) || !all(ok))
