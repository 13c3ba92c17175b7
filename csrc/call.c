/* call.c -- the door: finds who handles a function and keeps the call together. */
#include "call.h"
#include <stdint.h>
#include <string.h>

static const handler *find_handler(const char *function)
{
  const handler *tables[] = {forward_handlers, ensemble_handlers, gradient_handlers, check_handlers,
                             flow_handlers,    metrics_handlers,  train_handlers,    rnnar_handlers,
                             param_handlers,   file_handlers};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    for (const handler *h = tables[i]; h->function; h++) {
      if (strcmp(h->function, function) == 0) return h;
    }
  }
  return NULL;
}

bptt_call *bptt_prepare(const bptt_host *host, const char *function, const bptt_value *args,
                        bptt_error *error)
{
  static const bptt_value no_args = {.kind = BPTT_LIST};
  door d = {*host, function, error};
  const handler *h = find_handler(function);
  *error = (bptt_error){.status = BPTT_OK};
  if (d.host.want < 1) d.host.want = 1; /* the first result is always made */
  if (!h) {
    fail(error, "function", "%s is not a function of bptt", say_name(function).s);
    return NULL;
  }
  bptt_call *call = door_alloc(&d, 1, sizeof *call);
  if (!call) return NULL;
  call->d = d;
  call->handler = h;
  if (!options_read(&d, args ? args : &no_args, &call->option) || !h->prepare(call)) return NULL;
  return call;
}

bptt_value *bptt_outputs(bptt_call *call)
{
  return &call->result;
}

size_t bptt_workspace(const bptt_call *call)
{
  return call->workspace;
}

bptt_status bptt_run(bptt_call *call, void *workspace, bptt_error *error)
{
  *error = (bptt_error){.status = BPTT_OK};
  call->d.error = error;
  bptt_status status = call->handler->run(call, workspace);
  return status == BPTT_EINTERRUPT ? fail_interrupt(error) : status;
}

const char *bptt_warning(const bptt_call *call)
{
  return call->warning.s[0] ? call->warning.s : NULL;
}

const char *bptt_warning_kind(const bptt_call *call)
{
  return call->warning_kind ? call->warning_kind : "nonFinite";
}

int bptt_keeps(const bptt_call *call)
{
  return call->keeps;
}

const bptt_value *call_given(const bptt_call *call, option_id row)
{
  return call->option.at[row].given;
}

const char *call_name(const bptt_call *call, option_id row)
{
  return call->option.at[row].name;
}

bool call_reserve(bptt_call *call, ptrdiff_t count, size_t size, size_t *offset)
{
  size_t bytes;
  if (__builtin_mul_overflow((size_t)count, size, &bytes)) bytes = SIZE_MAX;
  return call_reserve_bytes(call, bytes, offset);
}

bool call_reserve_bytes(bptt_call *call, size_t bytes, size_t *offset)
{
  enum { ALIGNED = 64 };
  size_t end;
  *offset = call->workspace;
  if (__builtin_add_overflow(call->workspace, bytes, &end) || end > PTRDIFF_MAX - ALIGNED) {
    return fail(call->d.error, "x", "`x` needs more memory than can be counted");
  }
  call->workspace = (end + ALIGNED - 1) / ALIGNED * ALIGNED;
  return true;
}
