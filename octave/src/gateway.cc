// gateway.cc -- the way from Octave to the C core.  It turns the named values of a call
// into the core's trees of values, makes the arrays of the results and hands them back in the
// core's order.  It knows no function, no option and no shape: those are the core's.
//
// It is an oct-file: a MEX file would have every value wrapped anew, at several times the cost of
// a small network's call.  Octave's errors and Ctrl-C are C++ exceptions: what a call holds is
// freed by destructors, and an interrupt is kept while the core returns and thrown again
// afterwards.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "gateway.h"

#include "bptt.h"

int default_threads = 1;

namespace
{
  // Memory that lives as long as one call; most calls need no more than the first chunk.  It must
  // not throw into the core, which is C.
  class arena
  {
  public:

    arena () : m_head (nullptr), m_free (m_first), m_left (chunk) { }

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

    const char * copy (const std::string& s)
    {
      const std::size_t n = s.size () + 1;
      return static_cast<const char *> (std::memcpy (get<char> (n), s.c_str (), n));
    }

  private:

    static const std::size_t align = alignof (std::max_align_t);
    static const std::size_t chunk = 16384;

    struct alignas (std::max_align_t) block { block *next; };

    alignas (std::max_align_t) char m_first[chunk];
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

  // The core while this file is loaded.
  class loaded_core
  {
  public:

    loaded_core () { bptt_load (); }

    ~loaded_core ()
    {
      bptt_release ();
      workspace::forget ();
    }
  };

  const loaded_core the_core;

  // An array that the core fills, and where.
  struct made_array { const void *data; octave_value value; };

  // What a call holds, and what the core's callbacks know of it.
  struct call_state
  {
    arena memory;
    std::vector<NDArray> doubles;        // arguments whose data the core reads
    std::vector<FloatNDArray> singles;
    std::vector<uint8NDArray> bytes;
    std::vector<made_array> results;     // in the order of their making
    std::vector<std::pair<std::string, octave_value>> functions;   // of the user's, by option
    std::exception_ptr thrown;           // by Octave, while the core runs
    bool interrupted;                    // it was an interrupt
    bool in_line;                        // the terminal's cursor may be behind a line of progress
  };

  void * host_alloc (void *context, std::size_t n)
  {
    return static_cast<call_state *> (context)->memory.try_get (n);
  }

  // Runs CODE of Octave's.  False: it has thrown what is to be thrown again when the core is done.
  template <typename CODE>
  bool guard (call_state& state, const CODE& code) noexcept
  {
    try
      {
        code ();
        return true;
      }
    catch (const octave::interrupt_exception&)
      {
        state.interrupted = true;
        state.thrown = std::current_exception ();
      }
    catch (...)
      {
        state.thrown = std::current_exception ();
      }
    return false;
  }

  int host_poll (void *context)
  {
    return ! guard (*static_cast<call_state *> (context), [] () { OCTAVE_QUIT; });
  }

  octave_value whole_value (const bptt_value& v);

  // Calls the function of OPTION with STATE, a struct.
  int host_report (void *context, const char *option, const bptt_value *state)
  {
    call_state& call = *static_cast<call_state *> (context);
    bool stop = false;
    call.in_line = (call.in_line || ! std::strcmp (option, "progress"));
    const bool done = guard (call, [&] ()
      {
        for (const auto& f : call.functions)
          if (f.first == option)
            {
              const octave_value_list answer
                = octave::feval (f.second, ovl (whole_value (*state)), 0);
              stop = (answer.length () > 0 && answer(0).is_defined ()
                      && (answer(0).islogical () || answer(0).isnumeric ())
                      && answer(0).numel () == 1 && answer(0).double_value () == 1);
            }
      });
    return (done ? stop : 2);
  }

  // ------------------------------------------------------------------------- into the core

  bptt_value other_value (bptt_value v, const char *what)
  {
    v.kind = BPTT_OTHER;
    v.what = what;
    return v;
  }

  void set_dims (bptt_value& v, const octave_value& value)
  {
    const dim_vector dims = value.dims ();
    v.ndim = static_cast<int> (dims.ndims ());
    for (int i = 0; i < v.ndim && i < BPTT_MAX_DIM; i++)
      v.dim[i] = static_cast<std::size_t> (dims(i));
  }

  // One string for each row.
  bptt_value text_value (call_state& state, bptt_value v, const octave_value& value)
  {
    v.what = (v.dim[0] > 1 ? "a character array" : "a string");
    if (v.ndim > 2)
      return other_value (v, "a character array");
    v.kind = BPTT_TEXT;
    v.count = std::max (v.dim[0], std::size_t (1));
    const char **text = state.memory.get<const char *> (v.count);
    v.text = text;
    if (v.count == 1)
      {
        text[0] = state.memory.copy (value.string_value ());
        return v;
      }
    const string_vector rows = value.string_vector_value ();
    for (std::size_t i = 0; i < v.count; i++)
      text[i] = state.memory.copy (rows(static_cast<octave_idx_type> (i)));
    return v;
  }

  // The data are read where Octave has them.  What is stored in another way, as integers or a
  // range, comes as an array made for it, and a number as a copy.
  template <typename ARRAY>
  void * data_of (std::vector<ARRAY>& held, const ARRAY& array)
  {
    held.push_back (array);
    return const_cast<typename ARRAY::element_type *> (array.data ());
  }

  template <typename T>
  T * number_of (arena& memory, T number)
  {
    T *to = memory.get<T> (1);
    *to = number;
    return to;
  }

  bptt_value number_value (call_state& state, bptt_value v, const octave_value& value)
  {
    const bool scalar = value.is_real_scalar ();
    if (value.is_single_type ())
      {
        v.kind = BPTT_SINGLE;
        v.data = (scalar ? number_of (state.memory, value.float_value ())
                         : data_of (state.singles, value.float_array_value ()));
        return v;
      }
    v.kind = (value.islogical () ? BPTT_LOGICAL : BPTT_DOUBLE);
    v.data = (scalar ? number_of (state.memory, value.double_value ())
                     : data_of (state.doubles, value.array_value ()));
    return v;
  }

  bptt_value any_value (call_state& state, const octave_value& value, const char *name);

  // A cell of strings is text, as a character array is.
  bptt_value cell_value (call_state& state, bptt_value v, const octave_value& value)
  {
    const Cell cell = value.cell_value ();
    bool all_text = (v.count > 0);
    v.kind = BPTT_LIST;
    v.what = "a cell array";
    v.item = state.memory.get<bptt_value> (v.count);
    for (std::size_t i = 0; i < v.count; i++)
      {
        v.item[i] = any_value (state, cell(static_cast<octave_idx_type> (i)), nullptr);
        all_text = (all_text && v.item[i].kind == BPTT_TEXT && v.item[i].count == 1);
      }
    if (! all_text)
      return v;

    const char **text = state.memory.get<const char *> (v.count);
    for (std::size_t i = 0; i < v.count; i++)
      text[i] = v.item[i].text[0];
    v.kind = BPTT_TEXT;
    v.what = "a cell array of strings";
    v.text = text;
    v.item = nullptr;
    return v;
  }

  bptt_value struct_value (call_state& state, bptt_value v, const octave_value& value)
  {
    if (v.count != 1)
      return other_value (v, "a struct array");
    const octave_scalar_map map = value.scalar_map_value ();
    v.kind = BPTT_LIST;
    v.what = "a struct";
    v.fields = 1;
    v.count = static_cast<std::size_t> (map.nfields ());
    v.item = state.memory.get<bptt_value> (v.count);
    for (auto field = map.begin (); field != map.end (); field++)
      v.item[map.index (field)]
        = any_value (state, map.contents (field), state.memory.copy (map.key (field)));
    return v;
  }

  bptt_value any_value (call_state& state, const octave_value& value, const char *name)
  {
    bptt_value v = bptt_value ();
    v.name = name;
    v.count = static_cast<std::size_t> (value.numel ());
    if (value.isstruct ())
      return struct_value (state, v, value);

    set_dims (v, value);
    if (value.iscell ())
      return cell_value (state, v, value);
    if (value.is_function_handle ())
      {
        if (name)
          state.functions.push_back ({ name, value });
        return other_value (v, "a function handle");
      }
    if (value.issparse ())
      return other_value (v, "a sparse matrix");
    if (value.is_string ())
      return text_value (state, v, value);
    if (value.iscomplex ())
      return other_value (v, v.count == 1 ? "a complex number" : "a complex array");
    if (value.isnumeric () || value.islogical ())
      return number_value (state, v, value);
    return other_value (v, "an object");
  }

  // Whether an option takes the content of a file: elsewhere uint8 are numbers.
  bool takes_bytes (const char *name)
  {
    std::size_t count;
    const bptt_option *row = bptt_option_table (&count);
    return std::any_of (row, row + count, [name] (const bptt_option& r)
      { return ! std::strcmp (r.type, "bytes") && ! std::strcmp (r.name, name); });
  }

  bptt_value bytes_value (call_state& state, const octave_value& value, const char *name)
  {
    bptt_value v = bptt_value ();
    v.kind = BPTT_BYTES;
    v.name = name;
    v.what = "an array of bytes";
    v.count = static_cast<std::size_t> (value.numel ());
    set_dims (v, value);
    v.data = data_of (state.bytes, value.uint8_array_value ());
    return v;
  }

  bool is_option (const char *name)
  {
    std::size_t count;
    const bptt_option *row = bptt_option_table (&count);
    return std::any_of (row, row + count, [name] (const bptt_option& r)
      { return ! std::strcmp (r.name, name); });
  }

  [[noreturn]] void fail_without_value (const char *option)
  {
    error_with_id ("bptt:invalidInput", "the option `%.100s` has no value", option);
  }

  // An argument: as any value, but [] says that it is not given.
  bptt_value argument_value (call_state& state, const octave_value& value, const char *name)
  {
    if (value.is_uint8_type () && takes_bytes (name))
      return bytes_value (state, value, name);
    bptt_value v = any_value (state, value, name);
    // A string alone stands where the target would.
    if (v.kind == BPTT_TEXT && v.count == 1 && ! std::strcmp (name, "target")
        && is_option (v.text[0]))
      fail_without_value (v.text[0]);
    if (v.kind == BPTT_DOUBLE && v.ndim == 2 && v.dim[0] == 0 && v.dim[1] == 0)
      {
        v.kind = BPTT_NULL;
        v.what = "empty (0 x 0)";
      }
    return v;
  }

  // The arguments: first those with NAMES, then names and values in turn.
  bptt_value arguments (call_state& state, const argument_names& names,
                        const octave_value_list& args)
  {
    const octave_idx_type n = args.length ();
    octave_idx_type i = 0;
    bptt_value list = bptt_value ();
    list.kind = BPTT_LIST;
    list.item = state.memory.get<bptt_value> (static_cast<std::size_t> (n));
    for (const char *name : names)
      list.item[list.count++] = argument_value (state, args(i++), name);
    for (; i < n; i += 2)
      {
        const bptt_value name = any_value (state, args(i), nullptr);
        if (name.kind != BPTT_TEXT || name.count != 1)
          error_with_id ("bptt:invalidInput", "options are given as pairs of a name and a value; "
                         "a name is not a string");
        if (i + 1 == n)
          fail_without_value (name.text[0]);
        list.item[list.count++] = argument_value (state, args(i + 1), name.text[0]);
      }
    return list;
  }

  // ------------------------------------------------------------------------- out of it

  template <typename ARRAY>
  void * new_array (call_state& state, const dim_vector& dims)
  {
    ARRAY array (dims);
    void *data = array.fortran_vec ();
    state.results.push_back ({ data, array });
    return data;
  }

  dim_vector dims_of (const bptt_value& v)
  {
    dim_vector dims (1, 1);
    dims.resize (std::max (v.ndim, 2), 1);
    for (int i = 0; i < v.ndim; i++)
      dims(i) = static_cast<octave_idx_type> (v.dim[i]);
    return dims;
  }

  // Makes what the numbers go into.  A single number waits in the call's memory: as an array
  // Octave would turn it into a scalar at once.
  void make_arrays (call_state& state, bptt_value& v)
  {
    if (v.kind == BPTT_LIST)
      for (std::size_t i = 0; i < v.count; i++)
        make_arrays (state, v.item[i]);
    if (v.kind == BPTT_LIST || v.kind == BPTT_TEXT || v.kind == BPTT_NULL
        || v.kind == BPTT_LOGICAL)
      return;
    if (v.kind == BPTT_BYTES)
      {
        const dim_vector column (static_cast<octave_idx_type> (v.count), 1);
        v.data = new_array<uint8NDArray> (state, column);
        return;
      }
    if (v.count == 1)
      {
        v.data = state.memory.get<double> (1);
        return;
      }
    v.data = (v.kind == BPTT_SINGLE ? new_array<FloatNDArray> (state, dims_of (v))
                                    : new_array<NDArray> (state, dims_of (v)));
  }

  octave_value text_of (const bptt_value& v)
  {
    if (v.count == 1)
      return v.text[0];
    Cell cell (static_cast<octave_idx_type> (v.count), 1);
    for (std::size_t i = 0; i < v.count; i++)
      cell(static_cast<octave_idx_type> (i)) = v.text[i];
    return cell;
  }

  // A value of which READ makes the arrays: a cell array or a struct of what it makes of the items.
  template <typename READ>
  octave_value value_of (const bptt_value& v, const READ& read)
  {
    switch (v.kind)
      {
      case BPTT_NULL:
        return Matrix ();
      case BPTT_TEXT:
        return text_of (v);
      case BPTT_LOGICAL:
        return *static_cast<const double *> (v.data) != 0;
      case BPTT_LIST:
        break;
      default:
        return read (v);
      }
    if (v.count > 0 && v.item[0].name)
      {
        octave_scalar_map map;
        for (std::size_t i = 0; i < v.count; i++)
          map.setfield (v.item[i].name, value_of (v.item[i], read));
        return map;
      }
    Cell cell (v.ndim == 2 ? static_cast<octave_idx_type> (v.dim[0]) : 1,
               static_cast<octave_idx_type> (v.ndim == 2 ? v.dim[1] : v.count));
    for (std::size_t i = 0; i < v.count; i++)
      cell(static_cast<octave_idx_type> (i)) = value_of (v.item[i], read);
    return cell;
  }

  // A copy of a value that the core shows: its arrays are double.
  octave_value whole_value (const bptt_value& v)
  {
    return value_of (v, [] (const bptt_value& part) -> octave_value
      {
        NDArray array (dims_of (part));
        std::copy_n (static_cast<const double *> (part.data), part.count, array.fortran_vec ());
        return array;
      });
  }

  // The results as values of Octave.  Their arrays were made in the same order; some may have
  // become shorter, or be left out.
  class result_reader
  {
  public:

    explicit result_reader (const call_state& state)
      : m_next (state.results.begin ()), m_end (state.results.end ())
    { }

    octave_value read (const bptt_value& v)
    {
      return value_of (v, [this] (const bptt_value& part) { return read_array (part); });
    }

  private:

    octave_value read_array (const bptt_value& v)
    {
      const auto made = std::find_if (m_next, m_end, [&v] (const made_array& a)
        { return a.data == v.data; });
      if (made == m_end)   // a single number
        return (v.kind == BPTT_SINGLE ? octave_value (*static_cast<float *> (v.data))
                                      : octave_value (*static_cast<double *> (v.data)));
      m_next = made + 1;
      if (static_cast<std::size_t> (made->value.numel ()) == v.count)
        return made->value;
      octave_value shorter = made->value;
      return shorter.resize (dims_of (v));
    }

    std::vector<made_array>::const_iterator m_next, m_end;
  };

  // ------------------------------------------------------------------------- a call

  [[noreturn]] void fail (bptt_status status, const bptt_error& error)
  {
    error_with_id (status == BPTT_ENOMEM ? "bptt:outOfMemory" : "bptt:invalidInput", "%s",
                   error.message);
  }

  octave_value_list run (const char *function, const argument_names& names,
                         const octave_value_list& args, int want, bool warns = true)
  {
    call_state state = call_state ();
    state.doubles.reserve (16);   // without moving what is in it, for most calls
    state.results.reserve (16);
    const bptt_value list = arguments (state, names, args);
    const bptt_host host = { BPTT_OCTAVE, want, host_alloc, host_poll, default_threads,
                             host_report, &state };
    bptt_error error = bptt_error ();
    bptt_call *call = bptt_prepare (&host, function, &list, &error);
    if (! call)
      fail (error.status, error);

    bptt_value& outputs = *bptt_outputs (call);
    if (static_cast<std::size_t> (want) > outputs.count)
      error_with_id ("Octave:invalid-fun-call", "%s: function called with too many outputs",
                     function);
    make_arrays (state, outputs);
    const std::size_t size = bptt_workspace (call);
    const workspace work (size);
    if (! work.get () && size > 0)
      error_with_id ("bptt:outOfMemory", "out of memory: %zu bytes could not be had", size);
    const bptt_status status = bptt_run (call, work.get (), &error);
    const char *sentence = (status == BPTT_OK ? bptt_warning (call) : nullptr);
    if (state.in_line && (state.thrown || status != BPTT_OK || sentence))
      octave_stdout << std::endl;
    if (state.thrown && ! (state.interrupted && bptt_keeps (call)))
      std::rethrow_exception (state.thrown);
    if (status != BPTT_OK)
      fail (status, error);
    if (state.interrupted)
      octave_interrupt_state = 0;   // it ends here
    if (sentence && warns)
      warning_with_id ((std::string ("bptt:") + bptt_warning_kind (call)).c_str (), "%s",
                       sentence);

    octave_value_list results;
    results.resize (static_cast<octave_idx_type> (outputs.count));
    result_reader reader (state);
    for (std::size_t i = 0; i < outputs.count; i++)
      results(static_cast<octave_idx_type> (i)) = reader.read (outputs.item[i]);
    return results;
  }

  // ------------------------------------------------------------------------- a loss function

  // Where in pairs of a name and a value, from FIRST on, the value of NAME is; -1: nowhere.
  octave_idx_type find_value (const octave_value_list& args, octave_idx_type first,
                              const char *name)
  {
    for (octave_idx_type i = first; i + 1 < args.length (); i += 2)
      if (args(i).is_string () && args(i).string_value () == name)
        return i + 1;
    return -1;
  }

  // Whether a loss that is a function is turned into its value and gradient here.  rnn_gradcheck
  // calls it itself, rnn_train takes none.
  bool takes_function (const char *function)
  {
    return std::strcmp (function, "rnn_gradcheck") && std::strcmp (function, "rnn_train");
  }

  // Where the option loss has a function; -1: nowhere.
  octave_idx_type find_loss (const octave_value_list& args, octave_idx_type first)
  {
    for (octave_idx_type i = first; i + 1 < args.length (); i += 2)
      if (args(i + 1).is_function_handle () && find_value (args, i, "loss") == i + 1)
        return i + 1;
    return -1;
  }

  // All arguments as pairs.
  octave_value_list as_pairs (const argument_names& names, const octave_value_list& args)
  {
    octave_value_list pairs;
    octave_idx_type i = 0;
    for (const char *name : names)
      pairs.append (ovl (name, args(i++)));
    return pairs.append (args.slice (i, args.length () - i));
  }

  // Calls LOSS for two results, and says so where it has only one.
  octave_value_list loss_and_gradient (const octave_value& loss, const octave_value_list& args)
  {
    try
      {
        return octave::feval (loss, args, 2);
      }
    catch (const octave::execution_exception& e)
      {
        if (e.message ().find ("called with too many outputs") == std::string::npos)
          throw;
        error_with_id ("bptt:invalidInput", "the function `loss` does not return two values, "
                       "[loss, dy]: %.200s", e.message ().c_str ());
      }
  }

  // A function with fewer arguments would fail when it is called, and not say why.
  void check_loss (const octave_value& loss)
  {
    octave_user_function *function
      = dynamic_cast<octave_user_function *> (loss.function_value (true));
    if (! function || function->takes_varargs ())
      return;
    const octave::tree_parameter_list *list = function->parameter_list ();
    const std::size_t count = (list ? list->length () : 0);
    if (count < 2)
      error_with_id ("bptt:invalidInput", "`loss` is a function of %zu argument%s; expected a "
                     "function of (y, target)", count, count == 1 ? "" : "s");
  }

  // Lists are what call_loss() passes; a user's own would be taken for one.
  void refuse_list (const octave_value_list& args, octave_idx_type first)
  {
    const octave_idx_type at = find_value (args, first, "loss");
    if (at >= 0 && (args(at).isstruct () || (args(at).iscell () && ! args(at).iscellstr ())))
      error_with_id ("bptt:invalidInput", "`loss` is a %s; expected the name of a loss, or a "
                     "function handle", args(at).isstruct () ? "struct" : "cell array");
  }

  // What the function LOSS returns for the outputs and the target: a struct.
  octave_value call_loss (const octave_value& loss, const octave_value& y,
                          const octave_value& target)
  {
    check_loss (loss);
    const octave_value_list returned = loss_and_gradient (loss, ovl (y, target));
    octave_scalar_map map;
    if (returned.length () > 0)
      map.setfield ("loss", returned(0));
    if (returned.length () > 1 && returned(1).is_defined ())
      map.setfield ("dy", returned(1));
    return map;
  }

  // Runs FUNCTION with a loss that is a function: the core gets what it returns for the outputs,
  // and no target.  What is not finite in the outputs, the function's loss will show.
  octave_value_list run_with_loss (const char *function, octave_value_list pairs, int want)
  {
    octave_value_list forward;
    for (const char *name : { "net", "x", "state", "lengths", "format", "seed", "threads" })
      {
        const octave_idx_type at = find_value (pairs, 0, name);
        if (at >= 0)
          forward.append (ovl (name, pairs(at)));
      }
    const octave_value y = run ("rnn_forward", {}, forward, 1, false)(0);
    const octave_idx_type loss = find_loss (pairs, 0), target = find_value (pairs, 0, "target");
    pairs(loss) = call_loss (pairs(loss), y, target < 0 ? octave_value (Matrix ()) : pairs(target));
    if (target >= 0)
      pairs(target) = Matrix ();
    return run (function, {}, pairs, want);
  }
}

octave_value_list gateway (const char *function, const argument_names& names,
                           const octave_value_list& args, int nargout)
{
  if (args.length () < static_cast<octave_idx_type> (names.size ()))
    print_usage ();
  try
    {
      const int want = std::max (nargout, 1);
      const octave_idx_type options = static_cast<octave_idx_type> (names.size ());
      refuse_list (args, options);
      const bool calls = (find_loss (args, options) >= 0 && takes_function (function));
      return (calls ? run_with_loss (function, as_pairs (names, args), want)
                    : run (function, names, args, want));
    }
  catch (const std::bad_alloc&)
    {
      error_with_id ("bptt:outOfMemory", "out of memory");
    }
}

// What is no network the core will speak of.
static bool has_dropout (const octave_value& net)
{
  if (! net.isstruct () || net.numel () != 1)
    return false;
  const octave_value dropout = net.scalar_map_value ().getfield ("dropout");
  return dropout.is_defined () && dropout.is_real_scalar () && dropout.double_value () > 0;
}

static octave_value random_seed ()
{
  return std::floor (octave::feval ("rand")(0).double_value () * 2147483647) + 1;
}

octave_value_list with_seed (octave_value_list args)
{
  const octave_idx_type n = args.length ();
  const octave_idx_type first = (n > 2 && ! args(2).is_string () ? 3 : 2);
  if (n < 2 || (n - first) % 2 || ! has_dropout (args(0)))
    return args;
  for (octave_idx_type i = first; i < n; i += 2)
    if (args(i).is_string () && args(i).string_value () == "seed")
      {
        if (args(i + 1).isempty ())
          args(i + 1) = random_seed ();
        return args;
      }
  return args.append (ovl ("seed", random_seed ()));
}

// For functions that are m-files: RESULTS = __bptt__ (FUNCTION, NAME, VALUE, ...).
DEFUN_DLD (__bptt__, args, nargout, "")
{
  if (args.length () < 1 || ! args(0).is_string ())
    error_with_id ("bptt:invalidInput", "__bptt__ takes the name of a function and pairs of a "
                   "name and a value");
  return gateway (args(0).string_value ().c_str (), {}, args.slice (1, args.length () - 1),
                  nargout);
}
