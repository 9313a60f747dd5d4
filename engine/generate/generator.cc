#include "engine/generate/generator.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/generate/prefix_sharing.h"
#include "engine/generate/sampler.h"
#include "engine/generate/stop_strings.h"
#include "engine/ops/kv_cache.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

// A request that has joined the batch.
struct Active {
  size_t index;  // into requests
  const GenerateRequest* request;
  SequenceState state;
  std::vector<TokenId> history;  // prompt, then generated ids
  bool begun = false;            // what its prompt shares with others is decided
  size_t computed = 0;           // tokens of history whose keys and values are in state
  StopStringFilter stops;
  std::optional<StreamingDecoder> decoder;
  GenerateResult result;
  Clock::time_point joined, last_token;
  size_t step_tokens = 0;             // share of the step under way
  float* logits = nullptr;            // where this step's logits go; nullptr: none wanted
  std::optional<TokenId> drawn = {};  // from them; none: they are not finite
  bool ended = false;

  size_t Generated() const { return history.size() - request->prompt.size(); }
  bool Prefilling() const { return computed < request->prompt.size(); }
};

// One call of Run: the queue, the batch, and the loop over steps.
class BatchRun {
 public:
  BatchRun(const Model& model, const Tokenizer* tokenizer, Workspace& workspace, const GeneratorOptions& options,
           GeneratorTotals& totals, std::span<const GenerateRequest> requests, const Generator::OnDone& on_done,
           const Generator::OnToken& on_token)
      : model_(model),
        tokenizer_(tokenizer),
        workspace_(workspace),
        options_(options),
        totals_(totals),
        requests_(requests),
        on_done_(on_done),
        on_token_(on_token),
        results_(requests.size()),
        vocab_(static_cast<size_t>(model.Config().vocab_size)),
        sharing_(PromptsOf(requests), options.shared_bytes) {
    MarkUnusableIds();
  }

  std::vector<GenerateResult> Run(const std::atomic<bool>* cancel) {
    while (next_ < requests_.size() || !batch_.empty()) {
      if (cancel != nullptr && cancel->load()) {
        CancelRest();
        break;
      }
      Admit();
      if (!batch_.empty()) RunStep();
    }
    return std::move(results_);
  }

 private:
  static std::vector<std::span<const TokenId>> PromptsOf(std::span<const GenerateRequest> requests) {
    std::vector<std::span<const TokenId>> prompts;
    for (const GenerateRequest& request : requests) prompts.emplace_back(request.prompt);
    return prompts;
  }

  void MarkUnusableIds() {
    if (tokenizer_ == nullptr) return;
    for (size_t id = 0; id < vocab_; ++id) {
      const auto token = static_cast<TokenId>(id);
      if (token >= tokenizer_->VocabSize() || !tokenizer_->IsUsable(token)) unusable_.push_back(token);
    }
  }

  // Why a request cannot run; empty: it can.
  std::string Refusal(const GenerateRequest& request) const {
    if (request.prompt.empty()) return "the prompt has no tokens";
    for (const TokenId id : request.prompt) {
      if (id < 0 || static_cast<size_t>(id) >= vocab_)
        return fmt::format("prompt token {} is outside the vocabulary of {}", id, vocab_);
    }
    if (static_cast<int64_t>(request.prompt.size()) >= options_.context) {
      return fmt::format("a prompt of {} tokens leaves no room in a context of {} (--ctx)", request.prompt.size(),
                         options_.context);
    }
    return {};
  }

  void Admit() {
    while (next_ < requests_.size() && batch_.size() < static_cast<size_t>(options_.max_batch)) {
      const size_t index = next_++;
      const GenerateRequest& request = requests_[index];
      GenerateResult result;
      result.error = Refusal(request);
      if (!result.error.empty() || request.options.max_new_tokens <= 0) {
        result.stop = result.error.empty() ? StopReason::kLength : StopReason::kError;
        sharing_.Skip(index);
        Deliver(index, std::move(result));
        continue;
      }
      const auto wanted = static_cast<int64_t>(request.prompt.size()) + request.options.max_new_tokens;
      SequenceState state(model_.Config(), options_.kv_format, std::min(options_.context, wanted));
      Active active{index,
                    &request,
                    std::move(state),
                    request.prompt,
                    false,
                    0,
                    StopStringFilter(request.options.stop_strings),
                    {},
                    {},
                    Clock::now(),
                    {}};
      if (tokenizer_ != nullptr) active.decoder.emplace(*tokenizer_, /*print_special=*/true);
      batch_.push_back(std::make_unique<Active>(std::move(active)));
    }
  }

  // Whether a sequence can take part in the next step; it waits while another computes what both prompts begin with.
  bool Begin(Active& active) {
    if (active.begun) return true;
    PrefixSharing::Start start = sharing_.Begin(active.index, active.state.capacity());
    if (start.wait) return false;
    active.begun = true;
    if (!start.state) return true;
    active.state = std::move(*start.state);
    active.computed = static_cast<size_t>(active.state.length());
    totals_.shared_tokens += active.state.length();
    return true;
  }

  // Every decoding sequence takes part with one token, so a long prompt never stops the others from decoding for longer than one
  // chunk. Prompts share the chunk budget oldest first: a short one waits for the long one before it, none waits for ever.
  void PlanStep(std::vector<Step>& steps) {
    size_t budget = static_cast<size_t>(std::max(1, options_.prefill_chunk));
    size_t wanted_logits = 0;
    for (const auto& active : batch_) {
      active->step_tokens = 0;
      if (budget == 0 && active->Prefilling()) continue;
      if (!Begin(*active)) continue;
      const size_t left = active->history.size() - active->computed;
      active->step_tokens = left;
      if (active->Prefilling()) {
        const int64_t stop = sharing_.StopAfter(active->index, static_cast<int64_t>(active->computed));
        active->step_tokens = std::min({left, budget, static_cast<size_t>(stop) - active->computed});
        budget -= active->step_tokens;
      }
      if (active->step_tokens == left) ++wanted_logits;
    }
    logits_.resize(wanted_logits * vocab_);
    float* next_logits = logits_.data();
    for (const auto& active : batch_) {
      active->logits = nullptr;
      if (active->step_tokens == 0) continue;
      std::span<float> logits;
      if (active->computed + active->step_tokens == active->history.size()) {
        active->logits = next_logits;
        logits = {next_logits, vocab_};
        next_logits += vocab_;
      }
      steps.push_back({std::span(active->history).subspan(active->computed, active->step_tokens), &active->state, logits});
    }
  }

  void RunStep() {
    std::vector<Step> steps;
    PlanStep(steps);
    const auto begin = Clock::now();
    const double packed = model_.DeferredPackSeconds();
    model_.Forward(steps, workspace_);
    const double packing = model_.DeferredPackSeconds() - packed;
    totals_.pack_seconds += packing;
    int64_t prefill = 0, decode = 0;
    for (const auto& active : batch_) (active->Prefilling() ? prefill : decode) += static_cast<int64_t>(active->step_tokens);
    DrawTokens();
    for (auto& active : batch_) {
      const bool prefilled = active->Prefilling() && active->step_tokens > 0;
      active->computed += active->step_tokens;
      if (prefilled) sharing_.Reached(active->index, active->state);
      active->ended = active->logits != nullptr && !TakeToken(*active);
    }
    CountStep(prefill, decode, Seconds(Clock::now() - begin) - packing);  // drawing is part of a token's time, delivery is not
    for (auto& active : batch_) {
      if (!active->ended) continue;
      Finish(*active);
      active.reset();
    }
    std::erase(batch_, nullptr);
  }

  void CountStep(int64_t prefill, int64_t decode, double seconds) {
    totals_.prefill_tokens += prefill;
    totals_.decode_tokens += decode;
    totals_.prefill_seconds += seconds * static_cast<double>(prefill) / static_cast<double>(prefill + decode);
    totals_.decode_seconds += seconds * static_cast<double>(decode) / static_cast<double>(prefill + decode);
  }

  // The next token of every sequence that has logits; a sequence's draw depends on nothing but itself.
  void DrawTokens() {
    std::vector<Active*> drawing;
    for (const auto& active : batch_) {
      if (active->logits != nullptr) drawing.push_back(active.get());
    }
    workspace_.pool().Run(static_cast<int64_t>(drawing.size()), [&](int64_t i, int) {
      Active& active = *drawing[static_cast<size_t>(i)];
      const std::span<float> logits(active.logits, vocab_);
      for (const TokenId id : unusable_) logits[static_cast<size_t>(id)] = -std::numeric_limits<float>::infinity();
      const GenerateOptions& options = active.request->options;
      const double uniform = UniformAt(options.seed, active.request->stream, active.Generated());
      active.drawn = SampleToken(logits, active.history, options.sampling, uniform);
    });
  }

  // Appends the token that was drawn. false: the sequence has ended and result.stop says why.
  bool TakeToken(Active& active) {
    const GenerateOptions& options = active.request->options;
    const std::optional<TokenId> id = active.drawn;
    if (!id) return Stop(active, StopReason::kError, "the model produced logits that are not finite");
    RecordTime(active);
    if (!options.ignore_eos && IsEos(*id)) return Stop(active, StopReason::kEos);
    if (std::find(options.stop_ids.begin(), options.stop_ids.end(), *id) != options.stop_ids.end())
      return Stop(active, StopReason::kStopId);
    active.history.push_back(*id);
    ShowText(active, *id, active.decoder ? active.decoder->Add(*id) : std::string());
    if (active.stops.hit()) return Stop(active, StopReason::kStopString);
    if (active.Generated() >= static_cast<size_t>(options.max_new_tokens)) return Stop(active, StopReason::kLength);
    if (static_cast<int64_t>(active.history.size()) > active.state.capacity()) return Stop(active, StopReason::kContext);
    return true;
  }

  bool IsEos(TokenId id) const {
    const std::vector<TokenId>& extra = options_.extra_eos_ids;
    return (tokenizer_ != nullptr && tokenizer_->Eos() == id) || std::find(extra.begin(), extra.end(), id) != extra.end();
  }

  static bool Stop(Active& active, StopReason reason, std::string error = {}) {
    active.result.stop = reason;
    active.result.error = std::move(error);
    return false;
  }

  static void RecordTime(Active& active) {
    const auto now = Clock::now();
    if (active.Generated() == 0) {
      active.result.time_to_first_token_seconds = Seconds(now - active.joined);
    } else {
      active.result.inter_token_seconds.push_back(Seconds(now - active.last_token));
    }
    active.last_token = now;
  }

  void ShowText(Active& active, TokenId id, const std::string& piece) {
    const std::string shown = active.stops.Add(piece);
    active.result.text += shown;
    if (on_token_) on_token_(active.index, id, shown);
  }

  void Finish(Active& active) {
    if (active.decoder && !active.stops.hit()) {
      const std::string rest = active.stops.Add(active.decoder->Finish()) + active.stops.Finish();
      active.result.text += rest;
      if (on_token_ && !rest.empty()) on_token_(active.index, -1, rest);
      if (active.stops.hit()) active.result.stop = StopReason::kStopString;
    }
    active.result.tokens.assign(active.history.begin() + static_cast<std::ptrdiff_t>(active.request->prompt.size()),
                                active.history.end());
    Deliver(active.index, std::move(active.result));
  }

  void Deliver(size_t index, GenerateResult result) {
    results_[index] = std::move(result);
    if (on_done_) on_done_(index, results_[index]);
  }

  void CancelRest() {
    for (const auto& active : batch_) {
      active->result.stop = StopReason::kCancelled;
      Finish(*active);
    }
    batch_.clear();
    for (; next_ < requests_.size(); ++next_) {
      GenerateResult result;
      result.stop = StopReason::kCancelled;
      Deliver(next_, std::move(result));
    }
  }

  const Model& model_;
  const Tokenizer* tokenizer_;
  Workspace& workspace_;
  const GeneratorOptions& options_;
  GeneratorTotals& totals_;
  std::span<const GenerateRequest> requests_;
  const Generator::OnDone& on_done_;
  const Generator::OnToken& on_token_;
  std::vector<GenerateResult> results_;
  size_t vocab_;
  PrefixSharing sharing_;
  size_t next_ = 0;  // first request that has not joined
  std::vector<std::unique_ptr<Active>> batch_;
  std::vector<TokenId> unusable_;  // ids without a token string
  std::vector<float> logits_;      // of the sequences that need a token, [wanted, V]
};

}  // namespace

Generator::Generator(const Model& model, const Tokenizer* tokenizer, ThreadPool& pool, GeneratorOptions options)
    : model_(&model), tokenizer_(tokenizer), workspace_(pool), options_(options) {
  if (options_.kv_format == nullptr) options_.kv_format = FindFormat("f32");
  CheckKvFormat(options_.kv_format, model.Config().head_dim);
  TM_CHECK(options_.max_batch >= 1 && options_.context >= 1, "max_batch = {}, context = {}", options_.max_batch,
           options_.context);
}

std::vector<GenerateResult> Generator::Run(std::span<const GenerateRequest> requests, const OnDone& on_done,
                                           const OnToken& on_token, const std::atomic<bool>* cancel) {
  for (const GenerateRequest& request : requests) ValidateSampling(request.options.sampling);
  return BatchRun(*model_, tokenizer_, workspace_, options_, totals_, requests, on_done, on_token).Run(cancel);
}

}  // namespace tidemark
