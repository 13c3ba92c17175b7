// The gateway between Octave and the C core, the only compiled function of the package:
//
//   s = __bptt_mex__ (function, want, name, value, ...)
//
// It turns the named values into the core's trees of values, makes the arrays of the results and
// hands them back as one struct.  It knows no function, no option and no shape: those are the
// core's.  WANT is the number of results the user takes; what comes after them is not made.
//
// It is C++ because Octave's errors and Ctrl-C are C++ exceptions: what a call holds is freed by
// destructors, and an interrupt is kept while the core returns and thrown again afterwards.
// Only the public MEX interface is used.

#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include "mex.h"

#include "bptt.h"

namespace
{
  // Memory that lives as long as one call.  It must not throw into the core, which is C.
  class arena
  {
  public:

    arena () : m_head (nullptr), m_free (nullptr), m_left (0) { }

    arena (const arena&) = delete;
    arena& operator = (const arena&) = delete;

    ~arena ()
    {
      while (m_head)
        {
          block *next = m_head->next;
          std::free (m_head);
          m_head = next;
        }
    }

    // NULL when there is no memory.
    void * try_get (std::size_t n) noexcept
    {
      if (n > SIZE_MAX - 2 * chunk)
        return nullptr;
      n = (n / align + 1) * align;
      if (n > m_left)
        {
          const std::size_t size = (n > chunk ? n : chunk);
          block *b = static_cast<block *> (std::malloc (sizeof (block) + size));
          if (! b)
            return nullptr;
          b->next = m_head;
          m_head = b;
          m_free = reinterpret_cast<char *> (b + 1);
          m_left = size;
        }
      void *p = m_free;
      m_free += n;
      m_left -= n;
      return p;
    }

    template <typename T>
    T * get (std::size_t n)
    {
      if (n > SIZE_MAX / sizeof (T))
        throw std::bad_alloc ();
      void *p = try_get (n * sizeof (T));
      if (! p)
        throw std::bad_alloc ();
      return static_cast<T *> (p);
    }

    const char * copy (const char *s, std::size_t n)
    {
      char *t = get<char> (n + 1);
      std::memcpy (t, s, n);
      t[n] = '\0';
      return t;
    }

  private:

    static const std::size_t align = alignof (std::max_align_t);
    static const std::size_t chunk = 32768;

    struct alignas (std::max_align_t) block { block *next; };

    block *m_head;
    char *m_free;
    std::size_t m_left;
  };

  // The workspace of bptt_run ().  One of up to 256 MB is kept for the next call; a call made while
  // another one runs finds nothing kept and gets its own.
  class workspace
  {
  public:

    explicit workspace (std::size_t n) : m_block (s_kept)
    {
      s_kept = empty ();
      if (m_block.size >= n)
        return;
      std::free (m_block.base);
      m_block = empty ();
      if (n <= SIZE_MAX - align)
        m_block.base = std::malloc (n + align);
      if (m_block.base)
        m_block.size = n;
    }

    workspace (const workspace&) = delete;
    workspace& operator = (const workspace&) = delete;

    ~workspace ()
    {
      if (m_block.size <= limit && m_block.size > s_kept.size)
        std::swap (m_block, s_kept);
      std::free (m_block.base);
    }

    // NULL when there is no memory.
    void * get () const
    {
      if (! m_block.base)
        return nullptr;
      const std::uintptr_t p = reinterpret_cast<std::uintptr_t> (m_block.base);
      return reinterpret_cast<void *> ((p + align - 1) / align * align);
    }

    static void forget ()
    {
      std::free (s_kept.base);
      s_kept = empty ();
    }

  private:

    static const std::size_t align = 64;
    static const std::size_t limit = std::size_t (256) << 20;

    struct block { void *base; std::size_t size; };

    static block empty () { return { nullptr, 0 }; }

    static block s_kept;

    block m_block;
  };

  workspace::block workspace::s_kept = workspace::empty ();

  // What the core's callbacks know of a call.
  struct call_state
  {
    arena memory;
    std::exception_ptr interrupt;
    std::chrono::steady_clock::time_point polled;
  };

  void * host_alloc (void *context, std::size_t n)
  {
    return static_cast<call_state *> (context)->memory.try_get (n);
  }

  // Have the interpreter run a statement: it looks for a pending Ctrl-C and throws if there is
  // one.  That costs as much as a small network's whole call, hence not more often than needed.
  int host_poll (void *context)
  {
    call_state *state = static_cast<call_state *> (context);
    const auto now = std::chrono::steady_clock::now ();
    if (now - state->polled < std::chrono::milliseconds (50))
      return 0;
    state->polled = now;
    try
      {
        mexEvalString ("fflush (stdout);");
      }
    catch (...)
      {
        state->interrupt = std::current_exception ();
        return 1;
      }
    return 0;
  }

  // Octave's own error () and warning (): mexErrMsgIdAndTxt would put the gateway's name in front
  // of the sentence.
  void call_octave (const char *command, const char *id, const char *message)
  {
    mxArray *args[] = { mxCreateString (id), mxCreateString ("%s"), mxCreateString (message) };
    mexCallMATLAB (0, nullptr, 3, args, command);
    for (mxArray *arg : args)
      mxDestroyArray (arg);
  }

  void input_error (const char *message)
  {
    call_octave ("error", "bptt:invalidInput", message);
  }

  // VALUE(index) as subsref gives it.  Unlike the mxGet functions it also reaches what has no MEX
  // form (function handles and objects inside a struct or a cell).
  mxArray * subsref (const mxArray *value, const char *type, mxArray *index)
  {
    const char *keys[] = { "type", "subs" };
    mxArray *args[] = { const_cast<mxArray *> (value), mxCreateStructMatrix (1, 1, 2, keys) };
    mxSetFieldByNumber (args[1], 0, 0, mxCreateString (type));
    mxSetFieldByNumber (args[1], 0, 1, index);
    mxArray *result = nullptr;
    mexCallMATLAB (1, &result, 2, args, "subsref");
    mxDestroyArray (args[1]);
    return result;
  }

  void set_dims (bptt_value& v, const mxArray *value)
  {
    v.ndim = static_cast<int> (mxGetNumberOfDimensions (value));
    const mwSize *dim = mxGetDimensions (value);
    for (int i = 0; i < v.ndim && i < BPTT_MAX_DIM; i++)
      v.dim[i] = static_cast<std::size_t> (dim[i]);
  }

  // One string for each row.
  bptt_value text_value (arena& memory, bptt_value v, const mxArray *value)
  {
    const std::size_t rows = mxGetM (value), length = mxGetN (value);
    const mxChar *source = static_cast<const mxChar *> (mxGetData (value));
    v.kind = BPTT_TEXT;
    v.count = (rows > 0 ? rows : 1);
    const char **text = memory.get<const char *> (v.count);
    char *row = memory.get<char> (length);
    for (std::size_t i = 0; i < v.count; i++)
      {
        const std::size_t n = (rows > 0 ? length : 0);
        for (std::size_t j = 0; j < n; j++)
          row[j] = source[i + j * rows];
        text[i] = memory.copy (row, n);
      }
    v.text = text;
    return v;
  }

  template <typename T>
  double * as_double (arena& memory, const mxArray *value, std::size_t n)
  {
    const T *from = static_cast<const T *> (mxGetData (value));
    double *to = memory.get<double> (n);
    for (std::size_t i = 0; i < n; i++)
      to[i] = static_cast<double> (from[i]);
    return to;
  }

  bptt_value other_value (bptt_value v, const char *what)
  {
    v.kind = BPTT_OTHER;
    v.what = what;
    return v;
  }

  bptt_value number_value (arena& memory, bptt_value v, const mxArray *value)
  {
    v.kind = BPTT_DOUBLE;
    switch (mxGetClassID (value))
      {
      case mxDOUBLE_CLASS:
        v.data = mxGetData (value);
        break;
      case mxSINGLE_CLASS:
        v.kind = BPTT_SINGLE;
        v.data = mxGetData (value);
        break;
      case mxLOGICAL_CLASS:
        v.kind = BPTT_LOGICAL;
        v.data = as_double<mxLogical> (memory, value, v.count);
        break;
      case mxINT8_CLASS:
        v.data = as_double<std::int8_t> (memory, value, v.count);
        break;
      case mxUINT8_CLASS:
        v.data = as_double<std::uint8_t> (memory, value, v.count);
        break;
      case mxINT16_CLASS:
        v.data = as_double<std::int16_t> (memory, value, v.count);
        break;
      case mxUINT16_CLASS:
        v.data = as_double<std::uint16_t> (memory, value, v.count);
        break;
      case mxINT32_CLASS:
        v.data = as_double<std::int32_t> (memory, value, v.count);
        break;
      case mxUINT32_CLASS:
        v.data = as_double<std::uint32_t> (memory, value, v.count);
        break;
      case mxINT64_CLASS:
        v.data = as_double<std::int64_t> (memory, value, v.count);
        break;
      case mxUINT64_CLASS:
        v.data = as_double<std::uint64_t> (memory, value, v.count);
        break;
      default:
        return other_value (v, "an object");
      }
    return v;
  }

  bptt_value any_value (arena& memory, const mxArray *value, const char *name);

  // Whether the mxGet functions reach what is inside a cell or a struct: they throw where that has
  // no MEX form.
  bool can_be_opened (const mxArray *value, std::size_t count)
  {
    try
      {
        if (count > 0)
          mxIsCell (value) ? mxGetCell (value, 0) : mxGetFieldByNumber (value, 0, 0);
      }
    catch (...)
      {
        return false;
      }
    return true;
  }

  // A cell of strings is text, as a character array is.
  bptt_value cell_value (arena& memory, bptt_value v, const mxArray *value)
  {
    const bool open = can_be_opened (value, v.count);
    bool all_text = (v.count > 0);
    set_dims (v, value);   // not before it is opened: Octave 7 would lose the memory of the dims
    v.kind = BPTT_LIST;
    v.what = "a cell array";
    v.item = memory.get<bptt_value> (v.count);
    for (std::size_t i = 0; i < v.count; i++)
      {
        const mxArray *item;
        if (open)
          item = mxGetCell (value, static_cast<mwIndex> (i));
        else
          {
            mxArray *index = mxCreateCellMatrix (1, 1);
            mxSetCell (index, 0, mxCreateDoubleScalar (static_cast<double> (i + 1)));
            item = subsref (value, "{}", index);
          }
        v.item[i] = any_value (memory, item, nullptr);
        all_text = (all_text && v.item[i].kind == BPTT_TEXT && v.item[i].count == 1);
      }
    if (! all_text)
      return v;

    const char **text = memory.get<const char *> (v.count);
    for (std::size_t i = 0; i < v.count; i++)
      text[i] = v.item[i].text[0];
    v.kind = BPTT_TEXT;
    v.what = "a cell array of strings";
    v.text = text;
    v.item = nullptr;
    return v;
  }

  bptt_value struct_value (arena& memory, bptt_value v, const mxArray *value)
  {
    v.count = static_cast<std::size_t> (mxGetNumberOfFields (value));
    const bool open = can_be_opened (value, v.count);
    mxArray *names = nullptr, *arg = const_cast<mxArray *> (value);
    if (! open)
      mexCallMATLAB (1, &names, 1, &arg, "fieldnames");
    v.kind = BPTT_LIST;
    v.what = "a struct";
    v.fields = 1;
    v.item = memory.get<bptt_value> (v.count);
    for (std::size_t i = 0; i < v.count; i++)
      {
        const int k = static_cast<int> (i);
        const char *name = (open ? mxGetFieldNameByNumber (value, k)
                                 : mxArrayToString (mxGetCell (names, k)));
        const mxArray *item = (open ? mxGetFieldByNumber (value, 0, k)
                                    : subsref (value, ".", mxCreateString (name)));
        v.item[i] = any_value (memory, item, memory.copy (name, std::strlen (name)));
      }
    return v;
  }

  bptt_value any_value (arena& memory, const mxArray *value, const char *name)
  {
    bptt_value v = bptt_value ();
    v.name = name;
    v.count = mxGetNumberOfElements (value);
    if (mxIsCell (value))
      return cell_value (memory, v, value);
    if (mxIsStruct (value))
      return (v.count == 1 ? struct_value (memory, v, value) : other_value (v, "a struct array"));

    set_dims (v, value);
    if (mxIsFunctionHandle (value))
      return other_value (v, "a function handle");
    if (mxIsSparse (value))
      return other_value (v, "a sparse matrix");
    if (mxIsChar (value))
      {
        v.what = (mxGetM (value) > 1 ? "a character array" : "a string");
        return (v.ndim > 2 ? other_value (v, "a character array")
                           : text_value (memory, v, value));
      }
    if (mxIsComplex (value))
      return other_value (v, v.count == 1 ? "a complex number" : "a complex array");
    return number_value (memory, v, value);
  }

  // An argument: as any value, but [] says that it is not given.
  bptt_value argument_value (arena& memory, const mxArray *value, const char *name)
  {
    bptt_value v = any_value (memory, value, name);
    if (v.kind == BPTT_DOUBLE && v.ndim == 2 && v.dim[0] == 0 && v.dim[1] == 0)
      {
        v.kind = BPTT_NULL;
        v.what = "empty (0 x 0)";
      }
    return v;
  }

  mxArray * result_array (arena& memory, bptt_value& v);

  mxArray * result_numbers (bptt_value& v)
  {
    mwSize dim[BPTT_MAX_DIM < 2 ? 2 : BPTT_MAX_DIM] = { 1, 1 };
    for (int i = 0; i < v.ndim; i++)
      dim[i] = static_cast<mwSize> (v.dim[i]);
    mxArray *a = mxCreateUninitNumericArray (v.ndim < 2 ? 2 : v.ndim, dim,
                                             v.kind == BPTT_SINGLE ? mxSINGLE_CLASS
                                                                   : mxDOUBLE_CLASS,
                                             mxREAL);
    v.data = mxGetData (a);
    return a;
  }

  mxArray * result_text (const bptt_value& v)
  {
    if (v.count == 1)
      return mxCreateString (v.text[0]);
    mxArray *a = mxCreateCellMatrix (static_cast<mwSize> (v.count), 1);
    for (std::size_t i = 0; i < v.count; i++)
      mxSetCell (a, static_cast<mwIndex> (i), mxCreateString (v.text[i]));
    return a;
  }

  mxArray * result_cell (arena& memory, bptt_value& v)
  {
    mxArray *a = mxCreateCellMatrix (v.ndim == 2 ? static_cast<mwSize> (v.dim[0]) : 1,
                                     static_cast<mwSize> (v.ndim == 2 ? v.dim[1] : v.count));
    for (std::size_t i = 0; i < v.count; i++)
      mxSetCell (a, static_cast<mwIndex> (i), result_array (memory, v.item[i]));
    return a;
  }

  mxArray * result_struct (arena& memory, bptt_value& v)
  {
    const char **keys = memory.get<const char *> (v.count);
    for (std::size_t i = 0; i < v.count; i++)
      keys[i] = v.item[i].name;
    const int n = static_cast<int> (v.count);
    mxArray *a = mxCreateStructMatrix (1, 1, n, keys);
    for (int i = 0; i < n; i++)
      mxSetFieldByNumber (a, 0, i, result_array (memory, v.item[i]));
    return a;
  }

  // The array of a result; where its numbers go to is noted in V.
  mxArray * result_array (arena& memory, bptt_value& v)
  {
    switch (v.kind)
      {
      case BPTT_NULL:
        return mxCreateDoubleMatrix (0, 0, mxREAL);
      case BPTT_TEXT:
        return result_text (v);
      case BPTT_LIST:
        return (v.count > 0 && ! v.item[0].name ? result_cell (memory, v)
                                                : result_struct (memory, v));
      default:
        return result_numbers (v);
      }
  }

  void memory_error (std::size_t n)
  {
    char message[128];
    std::snprintf (message, sizeof message, "out of memory: %zu bytes could not be had", n);
    call_octave ("error", "bptt:outOfMemory", message);
  }

  void fail (const call_state& state, bptt_status status, const bptt_error& error)
  {
    if (status == BPTT_EINTERRUPT && state.interrupt)
      std::rethrow_exception (state.interrupt);
    call_octave ("error",
                 status == BPTT_ENOMEM ? "bptt:outOfMemory" : "bptt:invalidInput",
                 error.message);
  }

  // The arguments: names and values in turn.
  bptt_value arguments (arena& memory, int n, const mxArray *args[])
  {
    bptt_value list = bptt_value ();
    list.kind = BPTT_LIST;
    list.count = static_cast<std::size_t> ((n + 1) / 2);
    list.item = memory.get<bptt_value> (list.count);
    for (int i = 0; i < n; i += 2)
      {
        const bptt_value name = any_value (memory, args[i], nullptr);
        if (name.kind != BPTT_TEXT || name.count != 1)
          input_error ("options are given as pairs of a name and a value; "
                       "a name is not a string");
        if (i + 1 == n)
          {
            char message[256];
            std::snprintf (message, sizeof message, "the option `%.100s` has no value",
                           name.text[0]);
            input_error (message);
          }
        list.item[i / 2] = argument_value (memory, args[i + 1], name.text[0]);
      }
    return list;
  }

  mxArray * run (const char *function, int want, int n, const mxArray *args[])
  {
    call_state state;
    state.polled = std::chrono::steady_clock::now ();
    const bptt_value list = arguments (state.memory, n, args);
    const bptt_host host = { BPTT_OCTAVE, want, host_alloc, host_poll, 1, &state };
    bptt_error error = bptt_error ();
    bptt_call *call = bptt_prepare (&host, function, &list, &error);
    if (! call)
      fail (state, error.status, error);

    mxArray *result = result_array (state.memory, *bptt_outputs (call));
    const std::size_t size = bptt_workspace (call);
    const workspace work (size);
    if (! work.get () && size > 0)
      memory_error (size);
    const bptt_status status = bptt_run (call, work.get (), &error);
    if (status != BPTT_OK)
      fail (state, status, error);

    if (const char *sentence = bptt_warning (call))
      call_octave ("warning", "bptt:nonFinite", sentence);
    return result;
  }
}

void mexFunction (int, mxArray *plhs[], int nrhs, const mxArray *prhs[])
{
  static bool loaded = false;
  if (! loaded)
    {
      bptt_load ();
      mexAtExit (workspace::forget);
      loaded = true;
    }

  char function[64];
  if (nrhs < 2 || mxGetString (prhs[0], function, sizeof function) != 0 || ! mxIsNumeric (prhs[1]))
    input_error ("__bptt_mex__ takes the name of a function, the number of results wanted, "
                 "and pairs of a name and a value");
  const double n = mxGetScalar (prhs[1]);
  const int want = (n < 1 ? 1 : n < INT_MAX ? static_cast<int> (n) : INT_MAX);

  bool memory_is_out = false;
  try
    {
      plhs[0] = run (function, want, nrhs - 2, prhs + 2);
    }
  catch (const std::bad_alloc&)
    {
      memory_is_out = true;
    }
  if (memory_is_out)
    call_octave ("error", "bptt:outOfMemory", "out of memory");
}
