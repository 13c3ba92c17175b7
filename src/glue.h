/* glue.h -- what init.c registers and glue.c defines. */
#ifndef BPTT_GLUE_H
#define BPTT_GLUE_H
#define R_NO_REMAP
#include <R.h>
#include <Rinternals.h>

/* list(results, condition) of a call of the core: `function` is a string, `args` a named list.
 * `condition` is NULL, an error (then `results` is NULL) or a warning. */
SEXP bptt_R_call(SEXP function, SEXP args, SEXP want);

/* Makes what is kept between calls, and gives it back: called from .onUnload(), since R looks for
 * an R_unload_bptt() among dynamic symbols only, which it is told not to use. */
void bptt_R_load(void);
SEXP bptt_R_unload(void);

#endif
