// gateway.h -- how the functions that are compiled reach the core.
#if ! defined (bptt_gateway_h)
#define bptt_gateway_h

#include <initializer_list>

// Octave's own headers do not pass our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#include <octave/oct.h>
#include <octave/Cell.h>
#include <octave/interpreter.h>
#include <octave/oct-map.h>
#include <octave/pager.h>
#include <octave/ov-usr-fcn.h>
#include <octave/parse.h>
#include <octave/pt-misc.h>
#include <octave/quit.h>
#pragma GCC diagnostic pop

typedef std::initializer_list<const char *> argument_names;

// Calls FUNCTION of the core.  ARGS are first the arguments with NAMES, all of which must be there,
// then pairs of a name and a value.  What comes after the NARGOUT results that the user takes is
// not computed.
octave_value_list gateway (const char *function, const argument_names& names,
                           const octave_value_list& args, int nargout);

// ARGS, which begin with a network and are pairs of a name and a value from the third or fourth on,
// with a seed that rand has drawn if the network has dropout and they give none, so that
// rand ("state", 1) decides.
octave_value_list with_seed (octave_value_list args);

// The threads of calls that do not say how many.
extern int default_threads;

#endif
