// Continuous batching on the embedded default model: a request's tokens never depend on its company.
#include "engine/generate/generator.h"

#include <atomic>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "engine/generate/loaded_model.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

// The small random model of the repository on the naive backend.
struct Fixture {
  explicit Fixture(int threads = 2) : pool(threads), loaded(ModelFile(), Options(), pool) {}

  static std::filesystem::path ModelFile() {
    return std::filesystem::path(TIDEMARK_SOURCE_DIR) / "models/tidemark-random/model.gguf";
  }
  static LoadOptions Options() {
    LoadOptions options;
    options.cpu = DetectCpu();
    options.backends = ParseBackendList("naive", options.cpu);
    return options;
  }

  std::vector<GenerateResult> Run(const std::vector<GenerateRequest>& requests, int max_batch = 16, int prefill_chunk = 512,
                                  int64_t context = 512) {
    GeneratorOptions options;
    options.max_batch = max_batch;
    options.prefill_chunk = prefill_chunk;
    options.context = context;
    return Generator(*loaded.model, loaded.tokenizer.get(), pool, options).Run(requests);
  }

  ThreadPool pool;
  LoadedModel loaded;
};

// Prompts of very different lengths, sampled so that one wrong bit shows.
std::vector<GenerateRequest> Requests(const Fixture& fixture, size_t count, int max_new_tokens = 12) {
  std::vector<GenerateRequest> requests(count);
  for (size_t i = 0; i < count; ++i) {
    std::string text;
    for (size_t word = 0; word <= i * i % 23; ++word) text += "The harbour waits for " + std::to_string(i + word) + " letters. ";
    requests[i].prompt = EncodePrompt(fixture.loaded, text, false);
    requests[i].options.max_new_tokens = max_new_tokens;
    requests[i].options.sampling.temperature = 1.0;
    requests[i].options.ignore_eos = true;
    requests[i].options.seed = 5;
    requests[i].stream = i;
  }
  return requests;
}

std::vector<std::vector<TokenId>> Tokens(const std::vector<GenerateResult>& results) {
  std::vector<std::vector<TokenId>> tokens;
  for (const GenerateResult& r : results) tokens.push_back(r.tokens);
  return tokens;
}

TEST_CASE("tokens do not depend on batch size, chunk size or threads") {
  Fixture fixture;
  const auto requests = Requests(fixture, 18);
  const auto expected = Tokens(fixture.Run(requests, 1));
  for (const auto& tokens : expected) REQUIRE(tokens.size() == 12);
  CHECK(expected[0] != expected[1]);
  CHECK(Tokens(fixture.Run(requests, 3)) == expected);
  CHECK(Tokens(fixture.Run(requests, 16, 7)) == expected);
  CHECK(Tokens(fixture.Run(requests, 16, 1)) == expected);
  for (const int threads : {1, 5}) {
    Fixture other(threads);
    CHECK(Tokens(other.Run(requests, 16)) == expected);
  }
}

// Prompts of several kinds: three questions after the same examples, each asked four times; one prompt that is the beginning of
// others; one that shares nothing; two that cannot run.
std::vector<GenerateRequest> RelatedRequests(size_t vocabulary) {
  const auto ids = [&](size_t count, size_t salt) {
    std::vector<TokenId> tokens;
    for (size_t i = 0; i < count; ++i) tokens.push_back(static_cast<TokenId>((i * i * 7 + salt * 131 + i) % vocabulary));
    return tokens;
  };
  const auto joined = [](std::vector<TokenId> a, const std::vector<TokenId>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const std::vector<TokenId> examples = ids(150, 1);
  std::vector<std::vector<TokenId>> prompts;
  for (size_t repeat = 0; repeat < 4; ++repeat) {
    for (size_t question = 0; question < 3; ++question) prompts.push_back(joined(examples, ids(70 + 9 * question, 2 + question)));
  }
  prompts.push_back(examples);
  prompts.push_back(ids(90, 9));
  prompts.push_back(joined(examples, ids(600, 3)));              // longer than the context
  prompts.push_back({static_cast<TokenId>(vocabulary + 1), 2});  // no such token
  std::vector<GenerateRequest> requests(prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) {
    requests[i].prompt = prompts[i];
    requests[i].options.max_new_tokens = 5;
    requests[i].options.sampling.temperature = 1.0;
    requests[i].options.ignore_eos = true;
    requests[i].stream = i;
  }
  return requests;
}

TEST_CASE("what several prompts begin with is computed once, and changes nothing") {
  Fixture fixture;
  const auto requests = RelatedRequests(fixture.loaded.tokenizer->VocabSize());
  const auto run = [&](int64_t shared_bytes, int max_batch, int prefill_chunk, GeneratorTotals& totals) {
    GeneratorOptions options;
    options.max_batch = max_batch;
    options.prefill_chunk = prefill_chunk;
    options.context = 512;
    options.shared_bytes = shared_bytes;
    Generator generator(*fixture.loaded.model, fixture.loaded.tokenizer.get(), fixture.pool, options);
    auto tokens = Tokens(generator.Run(requests));
    totals = generator.totals();
    return tokens;
  };
  GeneratorTotals totals;
  const auto expected = run(0, 1, 512, totals);
  CHECK(totals.shared_tokens == 0);
  const int64_t all = totals.prefill_tokens;
  for (const int max_batch : {1, 3, 16}) {
    for (const int chunk : {7, 512}) {
      CAPTURE(max_batch, chunk);
      CHECK(run(int64_t{1} << 30, max_batch, chunk, totals) == expected);
      // Of each question all but the last token, thrice; two questions and the examples alone begin with what the first computed
      // of the examples (149: the prompt that is nothing else keeps its last token).
      CHECK(totals.shared_tokens == 3 * (219 + 228 + 237) + 3 * 149);
      CHECK(totals.prefill_tokens == all - totals.shared_tokens);
    }
  }
  // Room for no state, and for only some of them.
  for (const int64_t bytes : {int64_t{1}, int64_t{100000}, int64_t{400000}}) {
    CHECK(run(bytes, 16, 512, totals) == expected);
    CHECK(totals.prefill_tokens == all - totals.shared_tokens);
  }
}

TEST_CASE("a run with shared prompts can be cancelled at any step") {
  Fixture fixture;
  const auto requests = RelatedRequests(fixture.loaded.tokenizer->VocabSize());
  for (const int after : {1, 4, 9}) {
    Generator generator(*fixture.loaded.model, fixture.loaded.tokenizer.get(), fixture.pool,
                        {.max_batch = 5, .prefill_chunk = 40});
    std::atomic<bool> cancel{false};
    int done = 0;
    const auto results = generator.Run(
        requests, [&](size_t, const GenerateResult&) { cancel = ++done >= after; }, {}, &cancel);
    CHECK(results.size() == requests.size());
    CHECK(done == static_cast<int>(requests.size()));
  }
}

TEST_CASE("another seed or stream gives another text, the same ones the same") {
  Fixture fixture;
  auto requests = Requests(fixture, 1);
  const auto first = Tokens(fixture.Run(requests));
  CHECK(Tokens(fixture.Run(requests)) == first);
  requests[0].stream = 99;
  CHECK(Tokens(fixture.Run(requests)) != first);
  requests[0].stream = 0;
  requests[0].options.seed = 6;
  CHECK(Tokens(fixture.Run(requests)) != first);
}

TEST_CASE("greedy decoding takes the argmax of the last position") {
  Fixture fixture;
  auto requests = Requests(fixture, 2, 5);
  for (auto& r : requests) r.options.sampling.temperature = 0;
  const auto results = fixture.Run(requests);
  Workspace workspace(fixture.pool);
  const auto vocab = static_cast<size_t>(fixture.loaded.model->Config().vocab_size);
  std::vector<TokenId> history = requests[1].prompt;
  for (const TokenId token : results[1].tokens) {
    SequenceState state(fixture.loaded.model->Config(), FindFormat("f32"), 512);
    std::vector<float> logits(vocab);
    const Step step{history, &state, logits};
    fixture.loaded.model->Forward({&step, 1}, workspace);
    size_t best = 0;
    for (size_t id = 0; id < vocab; ++id) {
      if (fixture.loaded.tokenizer->IsUsable(static_cast<TokenId>(id)) && logits[id] > logits[best]) best = id;
    }
    CHECK(token == static_cast<TokenId>(best));
    history.push_back(token);
  }
}

TEST_CASE("every way to stop is named") {
  Fixture fixture;
  auto requests = Requests(fixture, 6, 20);
  const auto free_run = fixture.Run(requests);
  CHECK(free_run[0].stop == StopReason::kLength);

  requests[0].options.stop_ids = {free_run[0].tokens[4]};
  requests[1].options.stop_strings = {fixture.loaded.tokenizer->TokenBytes(free_run[1].tokens[3], true)};
  requests[2].prompt.assign(600, 5);
  requests[3].prompt = {1'000'000};
  requests[4].prompt.clear();
  requests[5].options.max_new_tokens = 0;
  const auto results = fixture.Run(requests);
  CHECK(results[0].stop == StopReason::kStopId);
  CHECK(results[0].tokens.size() <= 4);
  CHECK(results[1].stop == StopReason::kStopString);
  CHECK(results[1].text.find(requests[1].options.stop_strings[0]) == std::string::npos);
  for (const size_t broken : {2, 3, 4}) {
    CHECK(results[broken].stop == StopReason::kError);
    CHECK_FALSE(results[broken].error.empty());
  }
  CHECK(results[5].stop == StopReason::kLength);
  CHECK(results[5].tokens.empty());
}

TEST_CASE("the context bounds a sequence") {
  Fixture fixture;
  auto requests = Requests(fixture, 1, 1000);
  const auto context = static_cast<int64_t>(requests[0].prompt.size()) + 10;
  const auto result = fixture.Run(requests, 1, 512, context).front();
  CHECK(result.stop == StopReason::kContext);
  CHECK(result.tokens.size() == 11);  // the last one is drawn from the last position and needs no room of its own
}

TEST_CASE("what is streamed is what is returned") {
  Fixture fixture;
  const auto requests = Requests(fixture, 5, 30);
  std::vector<std::string> streamed(requests.size());
  std::vector<int> done(requests.size(), 0);
  GeneratorOptions options;
  options.max_batch = 2;
  Generator generator(*fixture.loaded.model, fixture.loaded.tokenizer.get(), fixture.pool, options);
  const auto results = generator.Run(
      requests, [&](size_t i, const GenerateResult&) { ++done[i]; },
      [&](size_t i, TokenId, std::string_view text) { streamed[i] += text; });
  for (size_t i = 0; i < results.size(); ++i) {
    CHECK(streamed[i] == results[i].text);
    CHECK(results[i].inter_token_seconds.size() + 1 == results[i].tokens.size());
  }
  CHECK(done == std::vector<int>(requests.size(), 1));
  CHECK(generator.totals().decode_tokens == 5 * 29);
  CHECK(generator.totals().prefill_seconds > 0);
}

TEST_CASE("cancelling keeps what is finished") {
  Fixture fixture;
  const auto requests = Requests(fixture, 4, 8);
  std::atomic<bool> cancel{false};
  GeneratorOptions options;
  options.max_batch = 1;
  Generator generator(*fixture.loaded.model, fixture.loaded.tokenizer.get(), fixture.pool, options);
  const auto results = generator.Run(
      requests, [&](size_t i, const GenerateResult&) { cancel = cancel || i == 1; }, {}, &cancel);
  CHECK(results[1].stop == StopReason::kLength);
  CHECK(results[2].stop == StopReason::kCancelled);
  CHECK(results[3].stop == StopReason::kCancelled);
}

}  // namespace
}  // namespace tidemark
