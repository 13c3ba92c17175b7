// __bptt_interactive__.cc -- whether somebody is at the keyboard, which no function of Octave's
// tells.
//
// Copyright (C) 2026 bptt developers
// SPDX-License-Identifier: MIT

// PKG_ADD: autoload ("__bptt_interactive__", "__bptt__.oct");
// PKG_DEL: autoload ("__bptt_interactive__", "__bptt__.oct", "remove");

#include "gateway.h"

DEFMETHOD_DLD (__bptt_interactive__, interp, , , "")
{
  return ovl (interp.interactive ());
}
