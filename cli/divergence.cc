// tidemark divergence: how far the logits of a backend (or of another program, or of other weights) are from reference logits.
#include "evals/divergence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "backends/backends.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/flags.h"
#include "cli/messages.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/generate/loaded_model.h"
#include "evals/logits_file.h"
#include "evals/token_blocks.h"
#include "reports/environment.h"

namespace tidemark::cli {
namespace {

using Json = nlohmann::ordered_json;

struct DivergenceFlags {
  EngineFlags engine;
  std::string text, tokens, against = "auto", against_model, logits_in, beside, logits_out, tokens_out, out;
  int64_t block = 256, chunk = 0;
  bool json = false;
};

// An output takes the place of what stands there; an input among it would be lost.
void CheckOutputs(const DivergenceFlags& flags) {
  using Named = std::pair<const char*, const std::string*>;
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code ignored;
    const auto name = std::filesystem::weakly_canonical(a, ignored);
    return std::filesystem::equivalent(a, b, ignored) || (!name.empty() && name == std::filesystem::weakly_canonical(b, ignored));
  };
  std::vector<Named> taken = {{"--text", &flags.text},           {"--tokens", &flags.tokens},
                              {"--model", &flags.engine.model},  {"--against-model", &flags.against_model},
                              {"--logits-in", &flags.logits_in}, {"--beside", &flags.beside}};
  for (const Named& output :
       {Named{"--tokens-out", &flags.tokens_out}, {"--logits-out", &flags.logits_out}, {"--out", &flags.out}}) {
    if (output.second->empty()) continue;
    for (const Named& other : taken) {
      if (!other.second->empty() && same(*other.second, *output.second))
        throw Error(output.first, fmt::format("{}, the file of {}", *output.second, other.first), "another file");
    }
    taken.push_back(output);
  }
}

// Creates and removes the neighbour that WriteFileAtomically would write: hours of computing should not end at a typing error.
void CheckWritable(const char* flag, const std::string& path) {
  if (path.empty()) return;
  if (std::filesystem::is_directory(path)) throw Error(flag, fmt::format("{}, a directory", path), "a file that can be written");
  const std::string neighbour = fmt::format("{}.{}.tmp", path, getpid());
  const int fd = open(neighbour.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) throw Error(flag, fmt::format("{} ({})", path, std::strerror(errno)), "a file that can be written");
  close(fd);
  unlink(neighbour.c_str());
}

// One side of the comparison that is computed here: a model and what runs it.
class Side {
 public:
  Side(const EngineFlags& flags, int64_t chunk, ThreadPool& pool)
      : path_(ResolveModel(flags.model)),
        kv_(FindFormat(flags.kv_type)),
        chunk_(chunk),
        loaded_(path_.path, MakeLoadOptions(flags, UsableCpu(flags)), pool),
        workspace_(pool) {}

  const LoadedModel& loaded() const { return loaded_; }
  int64_t vocab() const { return loaded_.model->Config().vocab_size; }

  // Logits of every position of a text, [ids, V].
  std::vector<float> Logits(const std::vector<TokenId>& ids, size_t block) {
    const auto v = static_cast<size_t>(vocab());
    std::vector<float> logits(ids.size() * v);
    SequenceState state(loaded_.model->Config(), kv_, static_cast<int64_t>(ids.size()));
    const size_t most = chunk_ > 0 ? static_cast<size_t>(chunk_) : ids.size();
    for (size_t first = 0; first < ids.size(); first += most) {
      const size_t count = std::min(most, ids.size() - first);
      const Step step{std::span(ids).subspan(first, count), &state, std::span(logits).subspan(first * v, count * v)};
      loaded_.model->Forward({&step, 1}, workspace_);
    }
    for (const float logit : logits) {
      if (!std::isfinite(logit))
        throw Error(fmt::format("{}, block {}", path_.name, block), fmt::format("{}", logit), "finite logits");
    }
    return logits;
  }

  // "avx512_int8 (int8) 31, avx512_f32 (exact) 2": how many matrices each backend holds.
  std::string Backends() const {
    std::string text;
    for (const BackendShare& share : loaded_.model->Backends()) {
      text +=
          fmt::format("{}{} ({}) {}", text.empty() ? "" : ", ", share.backend, PrecisionName(share.precision), share.matrices);
    }
    return text;
  }
  Json Describe() const { return {{"model", path_.name}, {"backends", Backends()}, {"kv_type", kv_->name}, {"chunk", chunk_}}; }

 private:
  ModelPath path_;
  const Format* kv_;
  int64_t chunk_;
  LoadedModel loaded_;
  Workspace workspace_;
};

std::vector<TokenBlock> ReadBlocks(const DivergenceFlags& flags, const Side& reference) {
  if (!flags.tokens.empty()) return ParseTokenBlocks(ReadFile(flags.tokens), flags.tokens, reference.vocab());
  const Tokenizer* tokenizer = reference.loaded().tokenizer.get();
  if (tokenizer == nullptr) throw Error(flags.text, "a text, for a model without a tokenizer", "--tokens");
  std::vector<TokenId> ids = tokenizer->Encode(ReadFile(flags.text), /*parse_special=*/false);
  const std::optional<TokenId> bos = tokenizer->Bos();
  const std::vector<TokenBlock> blocks = CutIntoBlocks(ids, bos, static_cast<size_t>(flags.block));
  if (blocks.empty()) throw Error(flags.text, fmt::format("{} tokens", ids.size()), "a text with a next token to predict");
  return blocks;
}

// Logits that another program computed for the same blocks.
class StoredLogits {
 public:
  explicit StoredLogits(const std::string& path) : file_(path), reader_(file_.bytes(), path) {}

  int64_t vocab() const { return reader_.vocab(); }
  std::string Path() const { return file_.path().string(); }
  std::string Name() const { return file_.path().filename().string(); }
  std::vector<float> Logits(size_t block) const { return reader_.Logits(block); }

  void CheckBlocks(const std::vector<TokenBlock>& blocks) const {
    if (reader_.blocks() != blocks.size()) {
      throw Error(Path(), fmt::format("{} blocks", reader_.blocks()), fmt::format("{}, as in the tokens", blocks.size()));
    }
    for (size_t b = 0; b < blocks.size(); ++b) {
      if (reader_.Ids(b) != blocks[b].ids)
        throw Error(fmt::format("{}, block {}", Path(), b), "other tokens", "those of --tokens");
    }
  }

 private:
  MappedFile file_;
  LogitsReader reader_;
};

// Where the tested logits come from: a file, or a second side.
class Tested {
 public:
  Tested(const DivergenceFlags& flags, ThreadPool& pool) {
    if (flags.logits_in.empty()) {
      side_.emplace(flags.engine, flags.chunk, pool);
    } else {
      stored_.emplace(flags.logits_in);
    }
  }
  int64_t vocab() const { return side_ ? side_->vocab() : stored_->vocab(); }
  std::string Name() const { return side_ ? side_->Backends() : stored_->Name(); }
  Json Describe() const { return side_ ? side_->Describe() : Json{{"logits", stored_->Path()}}; }
  const std::optional<StoredLogits>& stored() const { return stored_; }
  std::vector<float> Logits(const std::vector<TokenId>& ids, size_t block) {
    return side_ ? side_->Logits(ids, block) : stored_->Logits(block);
  }

 private:
  std::optional<Side> side_;
  std::optional<StoredLogits> stored_;
};

struct Result {
  DivergenceSummary tested;
  std::optional<DivergenceSummary> beside;
  std::optional<KlDifference> difference;  // of the tested side's KL and the other's
  bool interrupted = false;                // then of the blocks before it
};

// A KL of about 0.001 or less is written with an exponent.
std::string Nats(double kl) { return kl != 0 && std::abs(kl) < 2e-3 ? fmt::format("{:.3e}", kl) : fmt::format("{:.5f}", kl); }

std::string Text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("{} to {}", Nats(interval->low), Nats(interval->high)) : "one block";
}

std::string Row(const std::string& tested, const std::string& reference, const DivergenceSummary& s) {
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {:.3f} % | {:.3f} to {:.3f} | {:.4f} | {:.5f} |", tested,
                     reference, s.positions, s.blocks, Nats(s.mean_kl), Text(s.mean_kl_interval), Nats(s.p99_kl), Nats(s.max_kl),
                     100 * s.agreement, 100 * s.agreement_interval.low, 100 * s.agreement_interval.high, s.tested_perplexity,
                     s.tested_perplexity / s.reference_perplexity);
}

void PrintMarkdown(const std::string& tested, const std::string& reference, const std::string& beside, const Result& result) {
  std::string names =
      "| tested | against | positions | blocks | mean KL (nats) | 95 % interval | 99th percentile | largest | same top "
      "token | 95 % interval | perplexity | ratio |";
  std::string rows = Row(tested, reference, result.tested);
  if (result.beside) {
    names += fmt::format(" KL less that of {} | 95 % interval, paired |", beside);
    rows += fmt::format(" {} | {} |\n{} | |", Nats(result.difference->mean), Text(result.difference->interval),
                        Row(beside, reference, *result.beside));
  }
  std::string line = "|";
  for (int64_t columns = std::count(names.begin(), names.end(), '|') - 1; columns > 0; --columns) line += "---|";
  fmt::print("{}\n{}\n{}\n", names, line, rows);
}

// Absent: interrupted before a position was done.
std::optional<Result> Measure(const std::vector<TokenBlock>& blocks, Side& reference, Tested& tested,
                              const std::optional<StoredLogits>& beside, LogitsWriter* writer) {
  const std::atomic<bool>& cancelled = CancelFlag();
  DivergenceTally tally, other;
  const auto v = static_cast<size_t>(reference.vocab());
  size_t positions = 0, b = 0;
  for (; b < blocks.size() && !cancelled; ++b) {
    const TokenBlock& block = blocks[b];
    const std::vector<float> p = reference.Logits(block.ids, b), q = tested.Logits(block.ids, b);
    if (writer != nullptr) writer->Add(block.ids, q);
    const auto add = [&](const std::vector<float>& logits, DivergenceTally& to) {
      to.BeginBlock();
      for (size_t i = block.first_target; i < block.ids.size(); ++i) {
        const size_t row = (i - 1) * v;
        to.Add(Diverge(std::span(p).subspan(row, v), std::span(logits).subspan(row, v), block.ids[i]));
      }
    };
    add(q, tally);
    if (beside) add(beside->Logits(b), other);
    positions += block.ids.size() - block.first_target;
  }
  if (positions == 0 && b < blocks.size()) return std::nullopt;
  Result result{tally.Summary(), std::nullopt, std::nullopt, b < blocks.size()};
  if (beside) {
    result.beside = other.Summary();
    result.difference = tally.Minus(other);
  }
  return result;
}

Json Report(const DivergenceFlags& flags, const Side& reference, const Tested& tested, size_t blocks, const Result& result) {
  Json json = {{"text", flags.tokens.empty() ? flags.text : flags.tokens},
               {"tested", tested.Describe()},
               {"reference", reference.Describe()},
               {"interrupted", result.interrupted},
               {"blocks_asked", blocks}};
  json.update(ToJson(result.tested));
  if (result.beside) {
    const KlDifference& d = *result.difference;
    json["beside"] = {{"logits", flags.beside}};
    json["beside"].update(ToJson(*result.beside));
    json["kl_less_beside"] = {{"mean", d.mean},
                              {"interval", d.interval ? Json::array({d.interval->low, d.interval->high}) : Json()}};
  }
  json["environment"] = CollectEnvironment(UsableCpu(flags.engine));
  return json;
}

// Both take part in one sum over the vocabulary.
void CheckStored(const StoredLogits& stored, int64_t vocab, const std::vector<TokenBlock>& blocks) {
  if (stored.vocab() != vocab) {
    throw Error(stored.Path(), fmt::format("{} logits per position", stored.vocab()), fmt::format("{}", vocab),
                "both sides need the same vocabulary");
  }
  stored.CheckBlocks(blocks);
}

int Divergence(const DivergenceFlags& flags) {
  CheckOutputs(flags);
  CheckWritable("--tokens-out", flags.tokens_out);
  CheckWritable("--logits-out", flags.logits_out);
  CheckWritable("--out", flags.out);
  ThreadPool pool(ThreadCount(flags.engine, UsableCpu(flags.engine)));
  EngineFlags exact = flags.engine;
  exact.backend = flags.against;
  exact.precision = "exact";
  exact.kv_type = "f32";
  if (!flags.against_model.empty()) exact.model = flags.against_model;
  Side reference(exact, /*chunk=*/0, pool);
  const std::vector<TokenBlock> blocks = ReadBlocks(flags, reference);
  if (!flags.tokens_out.empty()) WriteFileAtomically(flags.tokens_out, FormatTokenBlocks(blocks));
  Tested tested(flags, pool);
  std::optional<StoredLogits> beside;
  if (!flags.beside.empty()) beside.emplace(flags.beside);
  for (const std::optional<StoredLogits>* stored : {&tested.stored(), &std::as_const(beside)}) {
    if (*stored) CheckStored(**stored, reference.vocab(), blocks);
  }
  if (tested.vocab() != reference.vocab()) {
    throw Error("--against-model", fmt::format("{} logits per position", reference.vocab()), fmt::format("{}", tested.vocab()),
                "both sides need the same vocabulary");
  }
  CancelFlag();  // before there is something to clean up
  std::optional<LogitsWriter> writer;
  if (!flags.logits_out.empty()) writer.emplace(flags.logits_out, tested.vocab(), blocks.size());
  const std::optional<Result> result = Measure(blocks, reference, tested, beside, writer ? &*writer : nullptr);
  if (!result) {
    Say("interrupted before the first of {} blocks was done\n", blocks.size());
    return kInconclusive;
  }
  const std::string text =
      Report(flags, reference, tested, blocks.size(), *result).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (flags.json) {
    fmt::print("{}", text);
  } else {
    PrintMarkdown(tested.Name(), reference.Backends(), beside ? beside->Name() : "", *result);
    if (result->interrupted) fmt::print("\nInterrupted: {} of {} blocks.\n", result->tested.blocks, blocks.size());
  }
  std::fflush(stdout);  // the result is out even if a file cannot be written
  if (writer && !result->interrupted) writer->Finish();
  if (!flags.out.empty()) WriteFileAtomically(flags.out, text);
  if (result->interrupted) {
    Say("interrupted: {} of {} blocks{}\n", result->tested.blocks, blocks.size(),
        writer ? "; the logits of a part are not kept" : "");
    return kInconclusive;
  }
  return kOk;
}

}  // namespace

void AddDivergence(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<DivergenceFlags>();
  CLI::App* command =
      app.add_subcommand("divergence", "How far logits are from exact ones: KL divergence, same top token, perplexity");
  AddEngineFlags(*command, flags->engine, /*model_required=*/true);
  // A block is a sequence of its own length, and they run one by one.
  for (const char* unused : {"--ctx", "--batch"}) command->remove_option(command->get_option(unused));
  CLI::Option_group* input = command->add_option_group("text", "what the logits are of");
  input->add_option("--text", flags->text, "plain text, cut into blocks")->check(CLI::ExistingFile);
  input->add_option("--tokens", flags->tokens, "token ids, a block per line; after a bar | what counts")
      ->check(CLI::ExistingFile);
  input->require_option(1);
  command->add_option("--block", flags->block, "tokens of a block of --text, BOS included")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 20))
      ->capture_default_str();
  command->add_option("--chunk", flags->chunk, "tokens per step of the tested side: 1 decodes; 0: whole blocks")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 20))
      ->capture_default_str();
  command->add_option("--against", flags->against, "backends of the reference, with keys and values in f32; auto: the exact ones")
      ->capture_default_str();
  command->add_option("--against-model", flags->against_model, "weights of the reference; absent: the same file");
  CLI::Option* stored =
      command->add_option("--logits-in", flags->logits_in, "take the tested logits from this file (format: evals/logits_file.h)")
          ->check(CLI::ExistingFile);
  for (const char* computes : {"--backend", "--precision", "--kv-type", "--chunk"})
    stored->excludes(command->get_option(computes));
  command->add_option("--beside", flags->beside, "a second set of tested logits, from a file; the difference of the KL is paired")
      ->check(CLI::ExistingFile);
  command->add_option("--logits-out", flags->logits_out, "write the tested logits to this file, once all are there");
  command->add_option("--tokens-out", flags->tokens_out, "write the blocks to this file, for --tokens of another program");
  command->add_option("--out", flags->out, "also write the result to this JSON file");
  command->add_flag("--json", flags->json, "print the result as JSON instead of Markdown");
  command->footer("Example: tidemark divergence --model model.gguf --text book.txt --backend avx512_int8");
  command->callback([flags, &exit_code] { exit_code = Divergence(*flags); });
}

}  // namespace tidemark::cli
