#include "engine/model/lfm2.h"

#include <algorithm>
#include <vector>

#include "engine/core/error.h"
#include "engine/model/lfm2_weights.h"
#include "engine/model/matmuls.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/experts.h"
#include "engine/ops/rms_norm.h"
#include "engine/ops/rope.h"
#include "engine/ops/router.h"
#include "engine/ops/short_conv.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxRows = 1024;    // tokens that go through the layers together; longer batches are cut
constexpr int64_t kMaxHeadRows = 64;  // rows of logits computed together: 32 MiB at 128,000 tokens

// Scratch buffers of one pass, by what they hold. Blocks of a layer run one after the other and share the later ones.
enum Slot : int { kHidden, kNormed, kRotation, kWide, kQuery, kKey, kValue, kMixed, kScratch, kInner, kLogits };
enum IntSlot : int { kPositions, kChosen };

// The steps of one pass, their rows concatenated: step s owns rows [first_row[s], first_row[s] + tokens).
struct Batch {
  std::span<const Step> steps;
  std::vector<int64_t> first_row;  // [steps]
  int64_t rows = 0;
};

class Lfm2 final : public Model {
 public:
  Lfm2(const ModelConfig& config, WeightPacker& packer, const Cpu& cpu)
      : config_(config),
        w_(LoadLfm2Weights(config, packer)),
        shares_(packer.TakeShares()),
        deferred_(packer.TakeDeferred()),
        deferred_seconds_(packer.DeferredSeconds()),
        inv_freq_(RopeInverseFrequencies(config.head_dim, config.rope_theta)),
        attention_(BestAttentionKernels(cpu, config.head_dim)),
        ops_(BestOpKernels(cpu)) {}

  const ModelConfig& Config() const override { return config_; }
  std::span<const BackendShare> Backends() const override { return shares_; }
  std::string_view AttentionIsa() const override { return attention_.isa; }
  double DeferredPackSeconds() const override { return *deferred_seconds_; }
  void FinishPacking(ThreadPool& pool) const override {
    for (const PackedWeights* w : deferred_) w->Finish(pool);
  }
  void SetRouteRecorder(RouteRecorder recorder) override { recorder_ = std::move(recorder); }
  void Forward(std::span<const Step> steps, Workspace& ws) const override;

 private:
  void ForwardPass(std::span<const Step> steps, Workspace& ws) const;
  Matrix Embed(const Batch& batch, Workspace& ws) const;
  Matrix Rotation(const Batch& batch, Workspace& ws) const;
  void Conv(const Lfm2Conv& w, int64_t conv_index, const Batch& batch, ConstMatrix n, Matrix h, Workspace& ws) const;
  void SelfAttention(const Lfm2Attention& w, int64_t attention_index, const Batch& batch, ConstMatrix rotation, ConstMatrix n,
                     Matrix h, Workspace& ws) const;
  void Mlp(const Lfm2Mlp& w, ConstMatrix n, Matrix h, Workspace& ws) const;
  void Moe(const Lfm2Moe& w, int64_t layer, ConstMatrix n, Matrix h, Workspace& ws) const;
  void Head(const Batch& batch, ConstMatrix h, Workspace& ws) const;

  float eps() const { return static_cast<float>(config_.norm_eps); }

  ModelConfig config_;
  Lfm2Weights w_;
  std::vector<BackendShare> shares_;
  std::vector<const PackedWeights*> deferred_;
  std::shared_ptr<const std::atomic<double>> deferred_seconds_;
  std::vector<float> inv_freq_;  // [d / 2]
  const AttentionKernels& attention_;
  const OpKernels& ops_;
  RouteRecorder recorder_;
};

Matrix Scratch(Workspace& ws, int slot, int64_t rows, int64_t cols) { return {ws.Floats(slot, rows * cols), rows, cols, cols}; }

// m [rows, heads * d] seen as [rows * heads, d]; rows are contiguous.
Matrix ByHead(Matrix m, int64_t d) { return {m.data, m.rows * (m.cols / d), d, d}; }

// h + Op(RMS(h)), then h + FF(RMS(h)), layer by layer; embedding_norm and the head at the end.
void Lfm2::ForwardPass(std::span<const Step> steps, Workspace& ws) const {
  Batch batch{steps, {}, 0};
  for (const Step& step : steps) {
    step.state->Reserve(step.state->length() + static_cast<int64_t>(step.tokens.size()));
    batch.first_row.push_back(batch.rows);
    batch.rows += static_cast<int64_t>(step.tokens.size());
  }
  ws.StartTimer();
  const Matrix h = Embed(batch, ws);
  ws.Lap(Op::kEmbed);
  const Matrix n = Scratch(ws, kNormed, h.rows, h.cols);
  const Matrix rotation = Rotation(batch, ws);
  ws.Lap(Op::kRotation);
  int64_t conv_index = 0, attention_index = 0;
  for (size_t i = 0; i < w_.layers.size(); ++i) {
    const Lfm2Layer& layer = w_.layers[i];
    RmsNorm(h, layer.operator_norm, eps(), n, ws.pool(), ops_);
    ws.Lap(Op::kNorm);
    if (layer.conv) {
      Conv(*layer.conv, conv_index++, batch, n, h, ws);
    } else {
      SelfAttention(*layer.attention, attention_index++, batch, rotation, n, h, ws);
    }
    RmsNorm(h, layer.ffn_norm, eps(), n, ws.pool(), ops_);
    ws.Lap(Op::kNorm);
    if (layer.moe) {
      Moe(*layer.moe, static_cast<int64_t>(i), n, h, ws);
    } else {
      Mlp(*layer.mlp, n, h, ws);
    }
  }
  for (const Step& step : steps) step.state->Advance(static_cast<int64_t>(step.tokens.size()));
  Head(batch, h, ws);
}

// h = rows of the embedding matrix, without scale or norm.
Matrix Lfm2::Embed(const Batch& batch, Workspace& ws) const {
  const Matrix h = Scratch(ws, kHidden, batch.rows, config_.hidden_size);
  std::vector<TokenId> tokens;
  for (const Step& step : batch.steps) tokens.insert(tokens.end(), step.tokens.begin(), step.tokens.end());
  ws.pool().RunRanges(batch.rows, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) DequantizeRow(w_.embed_tokens, tokens[static_cast<size_t>(r)], h.Row(r));
  });
  return h;
}

Matrix Lfm2::Rotation(const Batch& batch, Workspace& ws) const {
  std::vector<int32_t>& positions = ws.Ints(kPositions);
  positions.clear();
  for (const Step& step : batch.steps) {
    for (size_t i = 0; i < step.tokens.size(); ++i)
      positions.push_back(static_cast<int32_t>(step.state->length() + static_cast<int64_t>(i)));
  }
  const Matrix rotation = Scratch(ws, kRotation, batch.rows, config_.head_dim);
  RopeRotation(positions, inv_freq_, rotation, ws.pool());
  return rotation;
}

// h += W_out (C * conv(B * x)), (B, C, x) = W_in n
void Lfm2::Conv(const Lfm2Conv& w, int64_t conv_index, const Batch& batch, ConstMatrix n, Matrix h, Workspace& ws) const {
  const Matrix bcx = Scratch(ws, kWide, h.rows, 3 * h.cols);
  const Matrix y = Scratch(ws, kMixed, h.rows, h.cols);
  const Matrix out = Scratch(ws, kQuery, h.rows, h.cols);
  RunMatmuls({{w.in_proj.get(), n, bcx}}, ws, Op::kConvIn, ops_);
  AddBias(w.in_proj_bias, bcx, ws.pool(), ops_);
  ws.Lap(Op::kResidual);
  std::vector<ShortConvStep> conv_steps;
  for (size_t s = 0; s < batch.steps.size(); ++s) {
    const Step& step = batch.steps[s];
    conv_steps.push_back({batch.first_row[s], static_cast<int64_t>(step.tokens.size()), step.state->ConvWindow(conv_index)});
  }
  ShortConv(bcx, conv_steps, w.kernel, w.bias, y, ws.pool(), ops_);
  ws.Lap(Op::kShortConv);
  RunMatmuls({{w.out_proj.get(), y, out}}, ws, Op::kConvOut, ops_);
  AddBias(w.out_proj_bias, out, ws.pool(), ops_);
  Add(out, h, ws.pool(), ops_);
  ws.Lap(Op::kResidual);
}

// h += W_o attention(rope(norm(W_q n)), rope(norm(W_k n)), W_v n)
void Lfm2::SelfAttention(const Lfm2Attention& w, int64_t attention_index, const Batch& batch, ConstMatrix rotation, ConstMatrix n,
                         Matrix h, Workspace& ws) const {
  const int64_t d = config_.head_dim;
  const Matrix q = Scratch(ws, kQuery, h.rows, config_.num_attention_heads * d);
  const Matrix k = Scratch(ws, kKey, h.rows, config_.num_key_value_heads * d);
  const Matrix v = Scratch(ws, kValue, h.rows, config_.num_key_value_heads * d);
  RunMatmuls({{w.q_proj.get(), n, q}, {w.k_proj.get(), n, k}, {w.v_proj.get(), n, v}}, ws, Op::kAttentionQkv, ops_);
  RmsNorm(ByHead(q, d), w.q_layernorm, eps(), ByHead(q, d), ws.pool(), ops_);
  RmsNorm(ByHead(k, d), w.k_layernorm, eps(), ByHead(k, d), ws.pool(), ops_);
  ws.Lap(Op::kNorm);
  Rope(q, rotation, ws.pool(), ops_);
  Rope(k, rotation, ws.pool(), ops_);
  ws.Lap(Op::kRope);

  // Steps of one batch may keep their caches in different formats; each format is one call.
  const Matrix mixed = Scratch(ws, kMixed, h.rows, q.cols);
  std::vector<const Format*> formats;
  for (const Step& step : batch.steps) {
    if (std::find(formats.begin(), formats.end(), step.state->kv_format()) == formats.end())
      formats.push_back(step.state->kv_format());
  }
  for (const Format* format : formats) {
    const AttentionShape shape{config_.num_attention_heads, config_.num_key_value_heads, d, format};
    std::vector<AttentionStep> attention_steps;
    for (size_t s = 0; s < batch.steps.size(); ++s) {
      SequenceState& state = *batch.steps[s].state;
      if (state.kv_format() != format) continue;
      const int64_t first = batch.first_row[s], rows = static_cast<int64_t>(batch.steps[s].tokens.size());
      attention_steps.push_back({first, rows, state.length(), state.Keys(attention_index), state.Values(attention_index)});
    }
    StoreKv(k, v, attention_steps, shape, ws.pool());
    ws.Lap(Op::kStoreKv);
    Attention(q, attention_steps, shape, mixed, ws.Floats(kScratch, AttentionScratch(attention_steps, shape, ws.pool().size())),
              ws.pool(), &attention_);
    ws.Lap(Op::kAttention);
  }
  const Matrix out = Scratch(ws, kWide, h.rows, h.cols);
  RunMatmuls({{w.out_proj.get(), mixed, out}}, ws, Op::kAttentionOut, ops_);
  Add(out, h, ws.pool(), ops_);
  ws.Lap(Op::kResidual);
}

// h += W_2 (silu(W_1 n) * W_3 n)
void Lfm2::Mlp(const Lfm2Mlp& w, ConstMatrix n, Matrix h, Workspace& ws) const {
  const Matrix inner = Scratch(ws, kInner, h.rows, config_.intermediate_size);
  const Matrix out = Scratch(ws, kWide, h.rows, h.cols);
  RunMatmuls({{.w = w.w3.get(), .x = n, .y = inner, .gate = w.w1.get()}}, ws, Op::kDenseGateUp, ops_);
  RunMatmuls({{.w = w.w2.get(), .x = inner, .y = out}}, ws, Op::kDenseDown, ops_);
  Add(out, h, ws.pool(), ops_);
  ws.Lap(Op::kResidual);
}

// h += sum over the k chosen experts of weight * W_2 (silu(W_1 n) * W_3 n), experts in ascending order
void Lfm2::Moe(const Lfm2Moe& w, int64_t layer, ConstMatrix n, Matrix h, Workspace& ws) const {
  const int64_t k = config_.num_experts_per_tok, width = config_.moe_intermediate_size, slots = h.rows * k;
  const ConstMatrix router{w.gate.data(), config_.num_experts, h.cols, h.cols};
  const Matrix scores = Scratch(ws, kScratch, h.rows, config_.num_experts);
  const Matrix weights = Scratch(ws, kValue, h.rows, k);
  std::vector<int32_t>& chosen = ws.Ints(kChosen);
  chosen.resize(static_cast<size_t>(slots));
  RouterScores(n, router, scores, ws.pool(), ops_);
  const RouterOptions options{k, config_.norm_topk_prob, static_cast<float>(config_.routed_scaling_factor)};
  SelectExperts(scores, w.expert_bias, options, chosen, weights, ws.pool());
  if (recorder_) recorder_(layer, chosen);

  const ExpertPlan plan = PlanExperts(chosen, {weights.data, static_cast<size_t>(slots)}, k, config_.num_experts);
  ws.Lap(Op::kRouting);
  const Matrix inner = Scratch(ws, kInner, slots, width);
  const Matrix out = Scratch(ws, kWide, slots, h.cols);
  std::vector<MatmulCall> gated, down;
  for (const auto& [expert, first, count] : plan.ranges) {
    const Lfm2Mlp& mlp = w.experts[static_cast<size_t>(expert)];
    const int32_t* rows = plan.slot_token.data() + first;
    gated.push_back({.w = mlp.w3.get(), .x = n, .y = RowRange(inner, first, count), .gate = mlp.w1.get(), .rows = rows});
    down.push_back({.w = mlp.w2.get(), .x = RowRange(inner, first, count), .y = RowRange(out, first, count)});
  }
  RunMatmuls(gated, ws, Op::kExpertGateUp, ops_);
  RunMatmuls(down, ws, Op::kExpertDown, ops_);
  ScatterAddRows(out, plan, h, ws.pool(), ops_);
  ws.Lap(Op::kScatter);
}

// logits = W_head RMS(h ; embedding_norm), for the rows asked for and no others.
void Lfm2::Head(const Batch& batch, ConstMatrix h, Workspace& ws) const {
  const int64_t vocab = config_.vocab_size;
  struct Wanted {
    int64_t row;
    float* logits;
  };
  std::vector<Wanted> wanted;
  for (size_t s = 0; s < batch.steps.size(); ++s) {
    const Step& step = batch.steps[s];
    const int64_t end = batch.first_row[s] + static_cast<int64_t>(step.tokens.size());
    const int64_t count = static_cast<int64_t>(step.logits.size()) / vocab;
    for (int64_t i = 0; i < count; ++i) wanted.push_back({end - count + i, step.logits.data() + i * vocab});
  }
  for (size_t first = 0; first < wanted.size(); first += kMaxHeadRows) {
    const std::span<const Wanted> block = std::span(wanted).subspan(first, std::min<size_t>(kMaxHeadRows, wanted.size() - first));
    const int64_t rows = static_cast<int64_t>(block.size());
    const Matrix n = Scratch(ws, kNormed, rows, h.cols);
    // Straight to where the caller wants them if that is one matrix, as with the generator and `speed`: copying 32 rows takes a
    // tenth of the product's time.
    const auto parts = [&](const Wanted& a, const Wanted& b) { return b.logits != a.logits + vocab; };
    const bool one_matrix = std::adjacent_find(block.begin(), block.end(), parts) == block.end();
    const Matrix logits = one_matrix ? Matrix{block.front().logits, rows, vocab, vocab} : Scratch(ws, kLogits, rows, vocab);
    for (int64_t r = 0; r < rows; ++r) {
      const std::span<const float> row = h.Row(block[static_cast<size_t>(r)].row);
      std::copy(row.begin(), row.end(), n.Row(r).begin());
    }
    RmsNorm(n, w_.embedding_norm, eps(), n, ws.pool(), ops_);
    ws.Lap(Op::kNorm);
    RunMatmuls({{w_.lm_head.get(), n, logits}}, ws, Op::kHead, ops_);
    if (!one_matrix) {
      ws.pool().Run(rows,
                    [&](int64_t r, int) { std::copy_n(logits.Row(r).data(), vocab, block[static_cast<size_t>(r)].logits); });
    }
    ws.Lap(Op::kHead);
  }
}

// The part [first, first + count) of a step's tokens. Logits of the last token alone go with the last part.
Step PartOf(const Step& step, size_t first, size_t count, size_t vocab) {
  Step part{step.tokens.subspan(first, count), step.state, {}};
  if (step.logits.size() == vocab && first + count == step.tokens.size()) {
    part.logits = step.logits;
  } else if (step.logits.size() > vocab) {
    part.logits = step.logits.subspan(first * vocab, count * vocab);
  }
  return part;
}

void Lfm2::Forward(std::span<const Step> steps, Workspace& ws) const {
  const size_t vocab = static_cast<size_t>(config_.vocab_size);
  for (const Step& step : steps) {
    TM_CHECK(step.state != nullptr && !step.tokens.empty(), "{} tokens", step.tokens.size());
    TM_CHECK(step.logits.empty() || step.logits.size() == vocab || step.logits.size() == step.tokens.size() * vocab,
             "room for {} logits, {} tokens, V = {}", step.logits.size(), step.tokens.size(), vocab);
    for (const TokenId token : step.tokens) TM_CHECK(token >= 0 && token < config_.vocab_size, "token {}, V = {}", token, vocab);
  }
  // Passes of at most kMaxRows rows bound the activations; a step that does not fit goes on in the next pass.
  std::vector<Step> pass;
  size_t room = kMaxRows;
  for (const Step& step : steps) {
    for (size_t first = 0; first < step.tokens.size();) {
      const size_t count = std::min(room, step.tokens.size() - first);
      pass.push_back(PartOf(step, first, count, vocab));
      first += count;
      room -= count;
      if (room == 0) {
        ForwardPass(pass, ws);
        pass.clear();
        room = kMaxRows;
      }
    }
  }
  if (!pass.empty()) ForwardPass(pass, ws);
}

}  // namespace

std::unique_ptr<Model> LoadLfm2(const WeightStore& store, const LoadOptions& options, ThreadPool& pool) {
  WeightPacker packer(store, options, pool);
  return std::make_unique<Lfm2>(store.Config(), packer, options.cpu);
}

}  // namespace tidemark
