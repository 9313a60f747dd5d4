// tidemark generate: one prompt in, text out as it comes.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/flags.h"
#include "cli/messages.h"
#include "cli/route_recording.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/generate/loaded_model.h"

namespace tidemark::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Flags {
  EngineFlags engine;
  GenerateFlags generate;
  std::string prompt, ids_file, chat_file, routes;
  bool raw = false, json = false;
};

// Integers separated by blanks, commas or newlines; brackets of a JSON array
// are accepted.
std::vector<TokenId> ReadIds(const std::string& path) {
  std::string text = ReadFile(path);
  for (char& c : text) {
    if (c == ',' || c == '[' || c == ']') c = ' ';
  }
  std::istringstream in(text);
  std::vector<TokenId> ids;
  std::string word;
  while (in >> word) {
    size_t used = 0;
    long long value = -1;
    try {
      value = std::stoll(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used != word.size() || value < 0 || value > std::numeric_limits<TokenId>::max()) {
      throw Error(path, Printable(word), "token ids: integers >= 0 separated by blanks, commas or newlines");
    }
    ids.push_back(static_cast<TokenId>(value));
  }
  if (ids.empty()) throw Error(path, "no token ids", "at least one");
  return ids;
}

// A JSON array of messages, or an object with "messages" and perhaps "tools".
std::vector<TokenId> ReadChat(const LoadedModel& model, const std::string& path) {
  Json chat;
  try {
    chat = Json::parse(ReadFile(path));
  } catch (const Json::parse_error& e) {
    throw Error(path, fmt::format("something that is not JSON at byte {}", e.byte),
                "a JSON array of {\"role\", \"content\"} or {\"messages\": "
                "[...], \"tools\": [...]}");
  }
  Json messages = chat, tools;
  if (chat.is_object()) {
    messages = chat.value("messages", Json());
    tools = chat.value("tools", Json());
  }
  if (!messages.is_array() || messages.empty()) throw Error(path, "no messages", "a JSON array of {\"role\", \"content\"}");
  return EncodeChat(model, messages, tools);
}

std::vector<TokenId> Prompt(const LoadedModel& model, const Flags& flags) {
  if (!flags.ids_file.empty()) return ReadIds(flags.ids_file);
  if (!flags.chat_file.empty()) return ReadChat(model, flags.chat_file);
  if (flags.raw || !model.chat_template) return EncodePrompt(model, flags.prompt, /*parse_special=*/false);
  return EncodeChat(model, Json::array({{{"role", "user"}, {"content", flags.prompt}}}));
}

Json ResultJson(const GenerateRequest& request, const GenerateResult& result, const Generator& generator) {
  const GeneratorTotals& totals = generator.totals();
  const auto rate = [](int64_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0; };
  Json json;
  json["prompt_ids"] = request.prompt;
  json["ids"] = result.tokens;
  json["text"] = result.text;
  json["stop_reason"] = StopReasonName(result.stop);
  json["prompt_tokens"] = request.prompt.size();
  json["completion_tokens"] = result.tokens.size();
  json["time_to_first_token_seconds"] = result.time_to_first_token_seconds;
  json["prefill_tok_per_s"] = rate(totals.prefill_tokens, totals.prefill_seconds);
  json["decode_tok_per_s"] = rate(totals.decode_tokens, totals.decode_seconds);
  json["deferred_pack_seconds"] = totals.pack_seconds;  // among the first tokens, not in their rates
  return json;
}

int Generate(const Flags& flags) {
  const Cpu cpu = UsableCpu(flags.engine);
  ThreadPool pool(ThreadCount(flags.engine, cpu));
  GenerateRequest request;
  request.options = MakeGenerateOptions(flags.generate);
  const ModelPath path = ResolveModel(flags.engine.model);
  LoadOptions load = MakeLoadOptions(flags.engine, cpu);
  load.defer_packing = true;
  const LoadedModel model(path.path, load, pool);
  request.prompt = Prompt(model, flags);
  RouteRecording routes(flags.routes, model.model.get());
  Generator generator = MakeGenerator(model, pool, MakeGeneratorOptions(flags.engine));
  const bool stream = !flags.json && model.tokenizer != nullptr;
  const auto show = [&](size_t, TokenId, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  const GenerateResult result =
      generator.Run({&request, 1}, {}, stream ? Generator::OnToken(show) : Generator::OnToken(), &CancelFlag()).front();
  if (result.stop == StopReason::kError) throw Error("generate", result.error, "");
  routes.Write();
  const Json json = ResultJson(request, result, generator);
  if (flags.json) {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    if (stream) {
      fmt::print("\n");
    } else {
      fmt::print("{}\n", fmt::join(result.tokens, " "));
    }
    const double packing = generator.totals().pack_seconds;
    Say("[{} prompt + {} generated tokens, stop: {}, prefill {:.1f} tok/s, decode {:.1f} tok/s{}]\n", request.prompt.size(),
        result.tokens.size(), StopReasonName(result.stop), json["prefill_tok_per_s"].get<double>(),
        json["decode_tok_per_s"].get<double>(), packing > 0 ? fmt::format(", {:.2g} s of packing apart", packing) : "");
  }
  return result.stop == StopReason::kCancelled ? kInconclusive : kOk;
}

}  // namespace

void AddGenerate(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("generate", "Continue one prompt");
  AddEngineFlags(*command, flags->engine, /*model_required=*/true);
  AddGenerateFlags(*command, flags->generate);
  CLI::Option_group* input = command->add_option_group("input", "what to continue");
  input->add_option("--prompt,-p", flags->prompt, "text; becomes the user's turn if the model has a chat template");
  input->add_option("--ids", flags->ids_file, "file of token ids, used as they are");
  input->add_option("--chat", flags->chat_file, "JSON file: messages, or {\"messages\", \"tools\"}");
  input->require_option(1);
  command->add_flag("--raw", flags->raw, "continue the text of --prompt without the chat template");
  AddRouteFlag(*command, flags->routes);
  command->add_flag("--json", flags->json, "ids, text, stop reason and rates as JSON");
  command->footer(
      "Example: tidemark generate --model default -p \"List three "
      "rivers.\" --max-new-tokens 64");
  command->callback([flags, &exit_code] { exit_code = Generate(*flags); });
}

}  // namespace tidemark::cli
