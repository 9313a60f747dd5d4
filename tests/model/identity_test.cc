// The result of a step depends on its own sequence alone: the same bits however a sequence is cut into steps, whatever shares
// the batch, on any number of threads, and after Clone and Clear. (naive backend, whose products do not depend on m.)
#include <cmath>
#include <random>

#include "engine/core/error.h"
#include "tests/model/fixture.h"
#include "tests/model/own_backends.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

// One file of each kind: dense with biases and an own head, mixture of experts, K-quants.
const char* const kModels[] = {"lfm2-untied", "lfm2moe-bf16.gguf", "lfm2moe-wide-q4_k.gguf"};

// Sequence `index` of a mixed batch: its tokens, and the logits it has when it runs alone in one step.
struct Sequence {
  Sequence(Loaded& m, size_t index)
      : tokens(PseudoRandomTokens(20 + 13 * index % 70, static_cast<int64_t>(m.vocab), static_cast<uint32_t>(index + 7))),
        state(m.NewState()),
        alone(m.Logits(tokens)),
        together(alone.size(), 0.0f) {}

  std::vector<TokenId> tokens;
  SequenceState state;
  std::vector<float> alone, together;
  size_t done = 0;
};

// Runs all sequences together; each takes a random number of tokens per step, often one (decode), and some pause or end early.
void RunTogether(Loaded& m, std::vector<Sequence>& sequences, uint32_t seed) {
  std::mt19937 random(seed);
  for (bool left = true; left;) {
    std::vector<Step> steps;
    for (Sequence& s : sequences) {
      const size_t rest = s.tokens.size() - s.done;
      if (rest == 0 || random() % 8 == 0) continue;
      const size_t count = random() % 2 == 0 ? 1 : std::min<size_t>(rest, 1 + random() % 30);
      const auto logits = std::span(s.together).subspan(s.done * m.vocab, count * m.vocab);
      steps.push_back({std::span(s.tokens).subspan(s.done, count), &s.state, logits});
      s.done += count;
    }
    m.model->Forward(steps, m.workspace);
    left = std::any_of(sequences.begin(), sequences.end(), [](const Sequence& s) { return s.done < s.tokens.size(); });
  }
}

TEST_CASE("logits do not depend on the chunk size") {
  for (const char* name : kModels) {
    INFO(name);
    Loaded m(Golden(std::string("model/") + name));
    const std::vector<TokenId> tokens = PseudoRandomTokens(200, static_cast<int64_t>(m.vocab));
    const std::vector<float> whole = m.Logits(tokens);
    for (const size_t chunk : {1, 7, 64}) CHECK(m.Logits(tokens, chunk) == whole);
  }
}

TEST_CASE("rounded keys and values change logits a little, and never by the chunk size") {
  size_t rounded = 0;
  for (const char* name : kModels) {
    Loaded m(Golden(std::string("model/") + name), 2);
    const std::vector<TokenId> tokens = PseudoRandomTokens(200, static_cast<int64_t>(m.vocab));
    const std::vector<float> exact = m.Logits(tokens);
    for (const char* format : {"f16", "bf16", "q8_0"}) {
      INFO(name << ", " << format);
      if (m.model->Config().head_dim % FindFormat(format)->block_values != 0) {
        CHECK_THROWS_AS(m.NewState(format), Error);
        continue;
      }
      SequenceState whole_state = m.NewState(format), state = m.NewState(format);
      const std::vector<float> whole = m.Logits(tokens, whole_state, tokens.size());
      CHECK(m.Logits(tokens, state, 7) == whole);
      CHECK(whole != exact);
      ++rounded;
    }
  }
  CHECK(rounded >= 6);
}

TEST_CASE("logits do not depend on the batch") {
  for (const char* name : kModels) {
    Loaded m(Golden(std::string("model/") + name), 2);
    for (const size_t batch : {1, 3, 16}) {
      std::vector<Sequence> sequences;
      for (size_t i = 0; i < batch; ++i) sequences.emplace_back(m, i);
      RunTogether(m, sequences, static_cast<uint32_t>(batch));
      for (size_t i = 0; i < batch; ++i) {
        INFO(name << ", batch " << batch << ", sequence " << i);
        CHECK(sequences[i].together == sequences[i].alone);
        CHECK(sequences[i].state.length() == static_cast<int64_t>(sequences[i].tokens.size()));
      }
    }
  }
}

void CheckOwnBackend(const std::filesystem::path& model, const BackendList& list) {
  Loaded reference(model), one(model, 1, list.backends), two(model, 2, list.backends);
  const std::vector<TokenId> tokens = PseudoRandomTokens(list.plain ? 40 : 120, static_cast<int64_t>(reference.vocab));
  const std::vector<float> whole = one.Logits(tokens);
  for (const size_t chunk : list.plain ? std::vector<size_t>{1, 17} : std::vector<size_t>{1, 3, 5, 64})
    CHECK(two.Logits(tokens, chunk) == whole);
  // Packed as they are used, or all after the first pass.
  Loaded later(model, 2, list.backends, true), finished(model, 2, list.backends, true);
  for (int pass = 0; pass < 3; ++pass) {
    CHECK(later.Logits(tokens, pass == 0 ? tokens.size() : 5) == whole);
    CHECK(finished.Logits(tokens) == whole);
    finished.model->FinishPacking(finished.pool);
  }
  std::vector<Sequence> sequences;
  for (size_t i = 0; i < (list.plain ? 3u : 9u); ++i) sequences.emplace_back(two, i);
  RunTogether(two, sequences, 9);
  for (const Sequence& s : sequences) CHECK(s.together == s.alone);
  if (list.precision != Precision::kExact) return;  // rounding_test.cc
  const std::vector<float> exact = reference.Logits(tokens);
  float difference = 0, largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    difference = std::max(difference, std::abs(exact[i] - whole[i]));
    largest = std::max(largest, std::abs(exact[i]));
  }
  INFO("difference " << difference << ", largest logit " << largest);
  CHECK(difference <= 1e-4f * largest);
}

TEST_CASE("own backends: logits depend neither on chunks nor on the batch nor on threads, and exact ones are those of naive") {
  const std::vector<BackendList> lists = OwnBackendLists();
  if (lists.empty()) TM_SKIP("no own backend runs on this machine");
  for (const char* name : kModels) {
    for (const BackendList& list : lists) {
      INFO(name << ", " << list.name);
      CheckOwnBackend(Golden(std::string("model/") + name), list);
    }
  }
}

TEST_CASE("logits do not depend on the number of threads") {
  for (const char* name : kModels) {
    INFO(name);
    std::vector<float> one_thread;
    for (const int threads : {1, 2, 5}) {
      Loaded m(Golden(std::string("model/") + name), threads);
      const std::vector<TokenId> tokens = PseudoRandomTokens(150, static_cast<int64_t>(m.vocab));
      const std::vector<float> logits = m.Logits(tokens, 100);
      if (threads == 1) one_thread = logits;
      CHECK(logits == one_thread);
    }
  }
}

TEST_CASE("a step longer than one pass equals the same tokens in steps") {
  Loaded m(Golden("model/lfm2moe-bf16.gguf"), 2);
  const std::vector<TokenId> tokens = PseudoRandomTokens(2100, static_cast<int64_t>(m.vocab));
  const std::vector<float> whole = m.Logits(tokens);
  CHECK(m.Logits(tokens, 300) == whole);

  // Only the last token's logits asked for, next to another sequence that starts in the middle of a pass.
  SequenceState first = m.NewState("f32", 2100), second = m.NewState();
  std::vector<float> last(m.vocab), other(m.vocab);
  const std::vector<Step> steps = {{tokens, &first, last}, {std::span(tokens).first(40), &second, other}};
  m.model->Forward(steps, m.workspace);
  CHECK(std::equal(last.begin(), last.end(), whole.end() - static_cast<ptrdiff_t>(m.vocab)));
  CHECK(std::equal(other.begin(), other.end(), whole.begin() + static_cast<ptrdiff_t>(39 * m.vocab)));
}

TEST_CASE("logits that nobody asked for change nothing") {
  Loaded m(Golden("model/lfm2moe-bf16.gguf"));
  const std::vector<TokenId> tokens = PseudoRandomTokens(60, static_cast<int64_t>(m.vocab));
  const std::vector<float> whole = m.Logits(tokens);
  SequenceState state = m.NewState();
  std::vector<float> last(m.vocab);
  const Step prefill{std::span(tokens).first(50), &state, {}}, rest{std::span(tokens).subspan(50), &state, last};
  m.model->Forward({&prefill, 1}, m.workspace);
  m.model->Forward({&rest, 1}, m.workspace);
  CHECK(std::equal(last.begin(), last.end(), whole.end() - static_cast<ptrdiff_t>(m.vocab)));
}

TEST_CASE("a clone continues as the original would, and both may diverge") {
  for (const char* name : kModels) {
    INFO(name);
    Loaded m(Golden(std::string("model/") + name));
    const int64_t vocab = static_cast<int64_t>(m.vocab);
    const std::vector<TokenId> start = PseudoRandomTokens(70, vocab, 1), left = PseudoRandomTokens(50, vocab, 2),
                               right = PseudoRandomTokens(50, vocab, 3);
    SequenceState original = m.NewState();
    m.Logits(start, original, 1000);
    SequenceState clone = original.Clone();
    CHECK(clone.length() == 70);
    // Alternating single tokens would show memory that both still shared.
    std::vector<float> left_logits, right_logits;
    for (size_t i = 0; i < left.size(); ++i) {
      const std::vector<float> a = m.Logits(std::span(left).subspan(i, 1), original, 1);
      const std::vector<float> b = m.Logits(std::span(right).subspan(i, 1), clone, 1);
      left_logits.insert(left_logits.end(), a.begin(), a.end());
      right_logits.insert(right_logits.end(), b.begin(), b.end());
    }
    const auto tail = [&](std::vector<TokenId> tokens, const std::vector<TokenId>& more) {
      tokens.insert(tokens.end(), more.begin(), more.end());
      const std::vector<float> all = m.Logits(tokens);
      return std::vector<float>(all.begin() + static_cast<ptrdiff_t>(70 * m.vocab), all.end());
    };
    CHECK(left_logits == tail(start, left));
    CHECK(right_logits == tail(start, right));

    // Back to a mark, over what was written behind it; the mark serves more than once.
    SequenceState again = m.NewState();
    m.Logits(start, again, 1000);
    const SequenceState::Mark mark = again.SetMark();
    for (const auto* more : {&left, &right, &left}) {
      CHECK(m.Logits(*more, again, 1000) == tail(start, *more));
      again.Rewind(mark);
      CHECK(again.length() == 70);
    }

    original.Clear();
    CHECK(m.Logits(right, original, 1000) == m.Logits(right));
  }
}

TEST_CASE("an f16 KV cache stays close to f32, and both may share a batch") {
  // Keys and values rounded to 11 bits: relative 2^-12 on average per value. The golden models have one attention layer whose
  // output is a third of the residual; 2e-3 of the largest logit is ten times what was measured (1.8e-4).
  Loaded m(Golden("model/lfm2moe-bf16.gguf"));
  const std::vector<TokenId> tokens = PseudoRandomTokens(200, static_cast<int64_t>(m.vocab));
  const std::vector<float> exact = m.Logits(tokens);
  SequenceState half = m.NewState("f16"), full = m.NewState("f32");
  std::vector<float> rounded(exact.size()), beside(exact.size());
  const std::vector<Step> steps = {{tokens, &half, rounded}, {tokens, &full, beside}};
  m.model->Forward(steps, m.workspace);
  CHECK(beside == exact);
  CHECK(half.Bytes() < full.Bytes());
  float difference = 0, largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    difference = std::max(difference, std::abs(exact[i] - rounded[i]));
    largest = std::max(largest, std::abs(exact[i]));
  }
  INFO("difference " << difference << ", largest logit " << largest);
  CHECK(difference > 0);
  CHECK(difference <= 2e-3f * largest);

  SequenceState again = m.NewState("f16");
  CHECK(m.Logits(tokens, again, 7) == rounded);
}

TEST_CASE("the route recorder sees k experts of every token at every MoE layer") {
  Loaded m(Golden("model/lfm2moe-bf16.gguf"));
  std::vector<int64_t> layers;
  std::vector<int32_t> experts;
  m.model->SetRouteRecorder([&](int64_t layer, std::span<const int32_t> chosen) {
    layers.push_back(layer);
    experts.insert(experts.end(), chosen.begin(), chosen.end());
  });
  m.Logits(PseudoRandomTokens(30, static_cast<int64_t>(m.vocab)));
  CHECK(layers == std::vector<int64_t>{1, 2});
  REQUIRE(experts.size() == 2 * 30 * 2);
  for (size_t i = 0; i < experts.size(); i += 2) {
    CHECK(experts[i] != experts[i + 1]);
    CHECK(std::min(experts[i], experts[i + 1]) >= 0);
    CHECK(std::max(experts[i], experts[i + 1]) < 6);
  }
}

}  // namespace
}  // namespace tidemark::test
