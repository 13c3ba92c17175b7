/* init.c -- loading and unloading of the shared library: tells R what it can call. */
#include "bptt.h"
#include "glue.h"
#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>

/* By way of the one type that may be cast to any other function's without a warning. */
static const R_CallMethodDef calls[] = {
    {"bptt_R_call", (DL_FUNC)(void (*)(void))bptt_R_call, 3},
    {"bptt_R_unload", (DL_FUNC)(void (*)(void))bptt_R_unload, 0},
    {NULL, NULL, 0},
};

void attribute_visible R_init_bptt(DllInfo *dll)
{
  R_registerRoutines(dll, NULL, calls, NULL, NULL);
  R_useDynamicSymbols(dll, FALSE);
  R_forceSymbols(dll, TRUE);
  bptt_load();
  bptt_R_load();
}
