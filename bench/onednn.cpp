/* onednn.cpp -- times oneDNN's recurrent layers; run.R starts it and says how it is spoken to.
 *
 * Usage: onednn THREADS
 * A step is forward_training, then backward with the gradients of the weights, of the input and of
 * the initial state, in float (it has no double). oneDNN does less than rnn_bptt() does: no
 * readout, no loss, weights in its packed format before the clock starts; its gru applies the
 * reset gate before the product. */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dnnl.hpp>
#include <memory>
#include <omp.h>
#include <sstream>
#include <string>
#include <unordered_map>
using namespace dnnl;

static double batch_seconds; // least length of a timed batch: BATCH_SECONDS

static double seconds()
{
  const auto t = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(t).count();
}

struct Step {
  engine cpu{engine::kind::cpu, 0};
  stream queue{cpu};
  primitive forward, backward;
  std::unordered_map<int, memory> in, back; // arguments of the two

  memory filled(const memory::desc &d)
  {
    memory m(d, cpu);
    float *p = static_cast<float *>(m.get_data_handle());
    for (size_t i = 0; i < d.get_size() / sizeof *p; i++)
      p[i] = .01f * static_cast<float>(static_cast<int>(i * 7919 % 17) - 8);
    return m;
  }

  // The arguments that all cells share; f, b: descriptions of the two primitives.
  template <class F, class B>
  void arguments(const F &f, const B &b, const memory::desc &x, const memory::desc &y,
                 const memory::desc &h, const memory::desc &bias)
  {
    in = {{DNNL_ARG_SRC_LAYER, filled(x)},
          {DNNL_ARG_SRC_ITER, filled(h)},
          {DNNL_ARG_WEIGHTS_LAYER, filled(f.weights_layer_desc())},
          {DNNL_ARG_WEIGHTS_ITER, filled(f.weights_iter_desc())},
          {DNNL_ARG_BIAS, filled(bias)},
          {DNNL_ARG_DST_LAYER, filled(y)},
          {DNNL_ARG_DST_ITER, filled(h)},
          {DNNL_ARG_WORKSPACE, filled(f.workspace_desc())}};
    back = in;
    back[DNNL_ARG_WEIGHTS_LAYER] = filled(b.weights_layer_desc());
    back[DNNL_ARG_WEIGHTS_ITER] = filled(b.weights_iter_desc());
    back[DNNL_ARG_DIFF_SRC_LAYER] = filled(x);
    back[DNNL_ARG_DIFF_SRC_ITER] = filled(h);
    back[DNNL_ARG_DIFF_WEIGHTS_LAYER] = filled(b.diff_weights_layer_desc());
    back[DNNL_ARG_DIFF_WEIGHTS_ITER] = filled(b.diff_weights_iter_desc());
    back[DNNL_ARG_DIFF_BIAS] = filled(bias);
    back[DNNL_ARG_DIFF_DST_LAYER] = filled(y);
    back[DNNL_ARG_DIFF_DST_ITER] = filled(h);
  }

  Step(const std::string &cell, memory::dim D, memory::dim H, memory::dim B, memory::dim T)
  {
    using tag = memory::format_tag;
    const memory::dim G = cell == "lstm" ? 4 : cell == "gru" ? 3 : 1;
    const auto desc = [](const memory::dims &dims, tag order) {
      return memory::desc(dims, memory::data_type::f32, order);
    };
    const auto x = desc({T, B, D}, tag::tnc), y = desc({T, B, H}, tag::tnc);
    const auto h = desc({1, 1, B, H}, tag::ldnc), bias = desc({1, 1, G, H}, tag::ldgo);
    const auto w = desc({1, 1, D, G, H}, tag::any), u = desc({1, 1, H, G, H}, tag::any);
    const auto way = rnn_direction::unidirectional_left2right;
    const auto train = prop_kind::forward_training, gradient = prop_kind::backward;
    if (cell == "rnn") {
      const auto tanh = algorithm::eltwise_tanh;
      vanilla_rnn_forward::primitive_desc f({train, tanh, way, x, h, w, u, bias, y, h}, cpu);
      vanilla_rnn_backward::primitive_desc b(
          {gradient, tanh, way, x, h, w, u, bias, y, h, x, h, w, u, bias, y, h}, cpu, f);
      forward = vanilla_rnn_forward(f);
      backward = vanilla_rnn_backward(b);
      arguments(f, b, x, y, h, bias);
    } else if (cell == "gru") {
      gru_forward::primitive_desc f({train, way, x, h, w, u, bias, y, h}, cpu);
      gru_backward::primitive_desc b(
          {gradient, way, x, h, w, u, bias, y, h, x, h, w, u, bias, y, h}, cpu, f);
      forward = gru_forward(f);
      backward = gru_backward(b);
      arguments(f, b, x, y, h, bias);
    } else {
      lstm_forward::primitive_desc f({train, way, x, h, h, w, u, bias, y, h, h}, cpu);
      lstm_backward::primitive_desc b(
          {gradient, way, x, h, h, w, u, bias, y, h, h, x, h, h, w, u, bias, y, h, h}, cpu, f);
      forward = lstm_forward(f);
      backward = lstm_backward(b);
      arguments(f, b, x, y, h, bias);
      in[DNNL_ARG_SRC_ITER_C] = back[DNNL_ARG_SRC_ITER_C] = filled(h);
      in[DNNL_ARG_DST_ITER_C] = back[DNNL_ARG_DST_ITER_C] = filled(h);
      back[DNNL_ARG_DIFF_SRC_ITER_C] = filled(h);
      back[DNNL_ARG_DIFF_DST_ITER_C] = filled(h);
    }
  }

  void run()
  {
    forward.execute(queue, in);
    queue.wait();
    backward.execute(queue, back);
    queue.wait();
  }

  double milliseconds()
  {
    const double start = seconds();
    double taken = 0;
    long calls = 0;
    for (long more = 1; taken < batch_seconds; more *= 2) {
      for (long i = 0; i < more; i++) run();
      calls += more;
      taken = seconds() - start;
    }
    return 1e3 * taken / static_cast<double>(calls);
  }
};

int main(int argc, char **argv)
{
  char line[4096];
  std::string last;
  std::unique_ptr<Step> step;
  const char *batch = getenv("BATCH_SECONDS");
  if (argc != 2 || !batch) {
    fprintf(stderr, "usage: BATCH_SECONDS=... onednn THREADS\n");
    return 2;
  }
  omp_set_num_threads(atoi(argv[1]));
  batch_seconds = atof(batch);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const dnnl_version_t *v = dnnl_version();
  printf("oneDNN %d.%d.%d\n", v->major, v->minor, v->patch);
  while (fgets(line, sizeof line, stdin)) {
    if (*line == '\n') continue;
    std::string call, cell, truncate, lengths;
    memory::dim D = 0, H = 0, B = 0, T = 0;
    std::istringstream(line) >> call >> cell >> D >> H >> B >> T >> truncate >> lengths;
    if (call != "bptt" || truncate != "Inf" || lengths != "-") {
      puts("nan");
      continue;
    }
    if (line != last) {
      last = line;
      step.reset(new Step(cell, D, H, B, T));
      step->run();
    }
    printf("%.6g\n", step->milliseconds());
  }
}
