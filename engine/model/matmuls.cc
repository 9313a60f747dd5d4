#include "engine/model/matmuls.h"

#include <algorithm>
#include <vector>

#include "engine/ops/elementwise.h"

namespace tidemark {
namespace {

constexpr int kGatheredSlot = Workspace::kFirstMatmulSlot, kUpSlot = kGatheredSlot + 1;

bool IsPlain(const MatmulCall& call) { return call.gate == nullptr && call.rows == nullptr; }
bool RunsAsItIs(const MatmulCall& call) { return IsPlain(call) || call.w->backend().RunsFused(call); }

void RunOnBackends(std::span<const MatmulCall> calls, ThreadPool& pool) {
  const auto backend_of = [](const MatmulCall& call) { return &call.w->backend(); };
  const MatmulBackend* first = backend_of(calls.front());
  if (std::all_of(calls.begin(), calls.end(), [&](const MatmulCall& call) { return backend_of(call) == first; })) {
    first->Run(calls, pool);
    return;
  }
  std::vector<MatmulCall> rest(calls.begin(), calls.end());
  while (!rest.empty()) {
    const MatmulBackend* backend = backend_of(rest.front());
    const auto others =
        std::stable_partition(rest.begin(), rest.end(), [&](const MatmulCall& call) { return backend_of(call) == backend; });
    backend->Run({rest.data(), static_cast<size_t>(others - rest.begin())}, pool);
    rest.erase(rest.begin(), others);
  }
}

// gate[r] is to become silu(gate[r]) * up[r]. Neighbours in memory become one pair: each costs a fork and a join.
struct Gated {
  Matrix gate;
  ConstMatrix up;
};
void AddGated(Matrix gate, ConstMatrix up, std::vector<Gated>& list) {
  if (!list.empty()) {
    Gated& last = list.back();
    const bool follows = last.gate.data + last.gate.rows * last.gate.stride == gate.data && last.gate.cols == gate.cols &&
                         last.gate.stride == gate.stride && last.up.data + last.up.rows * last.up.stride == up.data;
    if (follows) {
      last.gate.rows += gate.rows;
      last.up.rows += up.rows;
      return;
    }
  }
  list.push_back({gate, up});
}

void GatherRows(std::span<const MatmulCall> calls, float* buffer, ThreadPool& pool) {
  struct Row {
    const float* from;
    float* to;
    int64_t count;
  };
  std::vector<Row> copies;
  for (const MatmulCall& call : calls) {
    if (call.rows == nullptr || RunsAsItIs(call)) continue;
    for (int64_t i = 0; i < call.m(); ++i, buffer += call.x.cols) copies.push_back({call.XRow(i), buffer, call.x.cols});
  }
  pool.RunRanges(static_cast<int64_t>(copies.size()), 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t c = begin; c < end; ++c) {
      const auto& [from, to, count] = copies[static_cast<size_t>(c)];
      std::copy_n(from, count, to);
    }
  });
}

void RunTakenApart(std::span<const MatmulCall> calls, Workspace& ws, Op role, const OpKernels& ops) {
  int64_t gathered_size = 0, up_size = 0;
  for (const MatmulCall& call : calls) {
    if (RunsAsItIs(call)) continue;
    if (call.rows != nullptr) gathered_size += call.m() * call.x.cols;
    if (call.gate != nullptr) up_size += call.m() * call.y.cols;
  }
  float *gathered = ws.Floats(kGatheredSlot, gathered_size), *up = ws.Floats(kUpSlot, up_size);
  GatherRows(calls, gathered, ws.pool());
  ws.Lap(Op::kGather);
  std::vector<MatmulCall> plain;
  std::vector<Gated> gated;
  for (const MatmulCall& call : calls) {
    if (RunsAsItIs(call)) {
      plain.push_back(call);
      continue;
    }
    ConstMatrix x = call.x;
    if (call.rows != nullptr) {
      x = {gathered, call.m(), call.x.cols, call.x.cols};
      gathered += call.m() * call.x.cols;
    }
    if (call.gate == nullptr) {
      plain.push_back({.w = call.w, .x = x, .y = call.y});
      continue;
    }
    const Matrix other = {up, call.m(), call.y.cols, call.y.cols};
    up += call.m() * call.y.cols;
    plain.push_back({.w = call.gate, .x = x, .y = call.y});
    plain.push_back({.w = call.w, .x = x, .y = other});
    AddGated(call.y, other, gated);
  }
  RunOnBackends(plain, ws.pool());
  ws.Lap(role);
  for (const Gated& pair : gated) SwiGlu(pair.gate, pair.up, ws.pool(), ops);
  ws.Lap(Op::kSwiGlu);
}

}  // namespace

void RunMatmuls(std::span<const MatmulCall> calls, Workspace& workspace, Op role, const OpKernels& ops) {
  if (calls.empty()) return;
  if (std::all_of(calls.begin(), calls.end(), RunsAsItIs)) {
    RunOnBackends(calls, workspace.pool());
    workspace.Lap(role);
  } else {
    RunTakenApart(calls, workspace, role, ops);
  }
}

}  // namespace tidemark
