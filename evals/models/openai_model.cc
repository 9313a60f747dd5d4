#include "evals/models/openai_model.h"

#include <algorithm>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "evals/models/chat_attempt.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownBytes = 240;    // of a server's words in an error
constexpr size_t kMaxNames = 8;        // distinct models or fingerprints a report lists
constexpr double kPollSeconds = 0.05;  // how late Ctrl-C may be noticed
constexpr size_t kMaxListBytes = 1 << 20;

HttpClock::time_point In(double seconds) {
  return HttpClock::now() + std::chrono::duration_cast<HttpClock::duration>(std::chrono::duration<double>(seconds));
}

void Remember(std::set<std::string>& names, std::string name) {
  if (!name.empty() && names.size() < kMaxNames) names.insert(std::move(name));
}

std::string_view Name(ExtensionFields fields) {
  return fields == ExtensionFields::kAll ? "all" : fields == ExtensionFields::kNone ? "none" : "changed";
}

// The ids of {"data": [{"id": ...}, ...]}; nullopt: it is something else.
std::optional<std::vector<std::string>> ModelIds(const std::string& body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_array()) return std::nullopt;
  std::vector<std::string> ids;
  for (const auto& row : json["data"]) {
    if (row.is_object() && row.contains("id") && row["id"].is_string()) ids.push_back(row["id"]);
  }
  return ids;
}

}  // namespace

// A place for one request at a time: from its first attempt to its answer.
struct OpenAiModel::Slot {
  const Request* request = nullptr;  // nullptr: free
  size_t index = 0;
  std::string body;
  int attempt = 0;                                 // attempts begun
  HttpClock::time_point ready = {};                // when the next may begin
  std::unique_ptr<ChatAttempt> running = nullptr;  // nullptr: it waits
};

OpenAiModel::OpenAiModel(const std::string& spec, const ModelOptions& options)
    : endpoint_(ParseEndpoint(spec)),
      options_(options.endpoint),
      key_(ApiKey::FromEnvironment(options.endpoint.api_key_env)),
      concurrency_(options.endpoint.concurrency > 0 ? options.endpoint.concurrency : options.generator.max_batch) {
  if (endpoint_.model.empty()) endpoint_.model = AskForModel();
}

HttpOptions OpenAiModel::MakeHttpOptions() const {
  HttpOptions http;
  http.headers = {"Content-Type: application/json", "Accept: application/json, text/event-stream"};
  if (!key_.empty()) http.headers.push_back(key_.Header());
  http.ca_file = options_.ca_file;
  http.connections = concurrency_;
  return http;
}

std::string OpenAiModel::Clean(std::string text) const { return Printable(key_.Scrub(std::move(text)), kShownBytes); }

std::string OpenAiModel::AskForModel() const {
  HttpPool pool(MakeHttpOptions());
  HttpExchange exchange;
  std::string body;
  exchange.url = endpoint_.base + "/models";
  exchange.limits = {options_.connect_seconds, 0, 0, 2 * options_.connect_seconds};
  exchange.on_body = [&](std::string_view bytes) {
    body += bytes.substr(0, kMaxListBytes - body.size());
    return body.size() < kMaxListBytes;
  };
  pool.Start(exchange);
  while (pool.Wait(1).empty()) continue;
  const std::string hint = "name the model after the URL: openai:" + endpoint_.base + "#MODEL";
  if (exchange.failure != HttpFailure::kNone) throw Error(exchange.url, Clean(exchange.error), "a list of models", hint);
  if (exchange.status != 200) {
    const std::string words = body.empty() ? "" : ": " + Clean(ErrorText(body));
    throw Error(exchange.url, fmt::format("HTTP {}{}", exchange.status, words), "a list of models", hint);
  }
  const auto ids = ModelIds(body);
  if (!ids) throw Error(exchange.url, Clean(body), "a list of models", hint);
  if (ids->size() == 1 && key_.Scrub(ids->front()) == ids->front()) return ids->front();
  std::string list;
  for (const std::string& id : *ids) list += (list.empty() ? "" : ", ") + Clean(id);
  throw Error(exchange.url, fmt::format("{} models{}{}", ids->size(), list.empty() ? "" : ": ", list), "exactly one", hint);
}

double OpenAiModel::WaitBefore(int attempt, double retry_after, uint64_t stream) const {
  const double doubled = options_.backoff_seconds * static_cast<double>(uint64_t{1} << std::min(attempt - 1, 40));
  // Jitter also beside Retry-After: all requests were told the same time.
  const double jitter = UniformAt(/*seed=*/0x7e7219, stream, static_cast<uint64_t>(attempt));
  const double wait = retry_after > 0 ? retry_after + options_.backoff_seconds * jitter : doubled * (0.5 + 0.5 * jitter);
  return std::min(wait, options_.max_retry_wait_seconds);
}

void OpenAiModel::StartAttempt(Slot& slot, HttpPool& pool) {
  ++attempts_;
  retries_ += slot.attempt > 0 ? 1 : 0;
  ++slot.attempt;
  slot.running = std::make_unique<ChatAttempt>(endpoint_.base, slot.body, options_);
  pool.Start(slot.running->exchange());
}

// Puts the next request into a free slot and starts it. False: none is left.
bool OpenAiModel::Fill(Slot& slot, HttpPool& pool, std::span<const Request> requests, size_t& next,
                       std::vector<Completion>& completions, const OnDone& on_done) {
  for (; next < requests.size(); ++next) {
    slot = Slot{&requests[next], next, {}};
    try {
      const Json json = ChatRequestJson(requests[next], endpoint_.model, options_);
      for (const auto& [field, unused] : json.items()) fields_sent_.insert(field);
      slot.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    } catch (const Error& e) {
      Completion& completion = completions[next];
      completion.stop = StopReason::kError;
      completion.error = e.what();
      if (on_done) on_done(completion);
      continue;
    }
    ++next;
    StartAttempt(slot, pool);
    return true;
  }
  slot = Slot{};
  return false;
}

void OpenAiModel::TakeReply(const ChatAttempt& attempt, Completion& completion) {
  const ChatReply& reply = attempt.reply();
  completion.text = key_.Scrub(reply.Text());
  completion.reasoning_open = options_.reasoning_open && reply.reasoning.empty();
  completion.prompt_tokens = reply.prompt_tokens.value_or(0);
  completion.completion_tokens = reply.completion_tokens.value_or(reply.pieces);
  ++(reply.completion_tokens ? counted_by_server_ : counted_here_);
  tokens_ += completion.completion_tokens;
  completion.stop = reply.stop;
  completion.time_to_first_token_seconds = attempt.TimeToFirstText();
  completion.inter_token_seconds = attempt.gaps();
  Remember(server_models_, Clean(reply.model));
  Remember(fingerprints_, Clean(reply.fingerprint));
}

// True: the request has its answer or its error; false: it waits for another attempt.
bool OpenAiModel::EndAttempt(Slot& slot, Completion& completion) {
  ChatAttempt& attempt = *slot.running;
  attempt.Conclude();
  if (attempt.error().empty()) {
    completion.error.clear();
    TakeReply(attempt, completion);
  } else if (attempt.Retryable() && slot.attempt < options_.attempts) {
    const uint64_t stream = StableHash(slot.request->id) + static_cast<uint64_t>(slot.request->repeat);
    slot.ready = In(WaitBefore(slot.attempt, attempt.exchange().retry_after_seconds, stream));
    slot.running.reset();
    return false;
  } else {
    completion.stop = StopReason::kError;
    completion.error = Clean(attempt.error());
    const int status = attempt.exchange().status;
    if ((status == 400 || status == 422) && options_.extension_fields != ExtensionFields::kNone) {
      completion.error += " (if it refuses a field it does not know: --extension-fields changed or none)";
    }
    if (slot.attempt > 1) completion.error += fmt::format(" ({} attempts)", slot.attempt);
  }
  return true;
}

std::vector<Completion> OpenAiModel::Complete(std::span<const Request> requests, const OnDone& on_done,
                                              const std::atomic<bool>* cancel) {
  std::vector<Completion> completions(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    completions[i].id = requests[i].id;
    completions[i].repeat = requests[i].repeat;
    completions[i].stop = StopReason::kCancelled;  // until it is something else
  }
  std::vector<Slot> slots(std::min(static_cast<size_t>(concurrency_), requests.size()));
  HttpPool pool(MakeHttpOptions());  // after the slots: it lets go of their exchanges first
  const auto begin = HttpClock::now();
  size_t next = 0;
  for (Slot& slot : slots) Fill(slot, pool, requests, next, completions, on_done);
  const auto busy = [&] { return std::any_of(slots.begin(), slots.end(), [](const Slot& s) { return s.request != nullptr; }); };
  while (busy() && !(cancel != nullptr && cancel->load())) {
    double wait = kPollSeconds;
    for (Slot& slot : slots) {
      if (slot.request == nullptr || slot.running != nullptr) continue;
      const double left = std::chrono::duration<double>(slot.ready - HttpClock::now()).count();
      if (left <= 0) StartAttempt(slot, pool);
      wait = std::clamp(left, 0.0, wait);
    }
    for (const HttpExchange* ended : pool.Wait(wait)) {
      const auto slot =
          std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return s.running && &s.running->exchange() == ended; });
      TM_CHECK(slot != slots.end(), "an exchange that nobody started ended");
      Completion& completion = completions[slot->index];
      if (!EndAttempt(*slot, completion)) continue;
      if (on_done) on_done(completion);
      Fill(*slot, pool, requests, next, completions, on_done);
    }
  }
  seconds_ += std::chrono::duration<double>(HttpClock::now() - begin).count();
  return completions;
}

Json OpenAiModel::Identity() const {
  const Json described = Describe();
  Json json;
  for (const char* key : {"adapter", "model", "extension_fields", "max_tokens_field", "reasoning_open"}) {
    json[key] = described.at(key);
  }
  return json;
}

Json OpenAiModel::Describe() const {
  Json json;
  json["adapter"] = "openai";
  json["url"] = endpoint_.base;
  json["model"] = endpoint_.model;
  json["server_models"] = server_models_;
  json["system_fingerprints"] = fingerprints_;
  json["sampling"] =
      "on the server, with its own chat template, filter order and random numbers; what fields_sent does not name has the "
      "server's default";
  json["fields_sent"] = fields_sent_;
  json["extension_fields"] = Name(options_.extension_fields);
  json["max_tokens_field"] = options_.max_tokens_field;
  json["stream"] = options_.stream;
  json["reasoning_open"] = options_.reasoning_open;
  json["concurrency"] = concurrency_;
  json["timeouts_seconds"] = {{"connect", options_.connect_seconds},
                              {"first_byte", options_.first_byte_seconds},
                              {"idle", options_.idle_seconds},
                              {"total", options_.total_seconds}};
  json["attempts"] = options_.attempts;
  json["backoff_seconds"] = options_.backoff_seconds;
  json["max_retry_wait_seconds"] = options_.max_retry_wait_seconds;
  json["max_reply_bytes"] = options_.max_reply_bytes;
  json["tls"] = endpoint_.base.starts_with("https") ? "verified" : "none";
  json["api_key_variable"] = key_.empty() ? Json(nullptr) : Json(key_.variable());
  json["token_counts"] = {{"by_server", counted_by_server_}, {"pieces_counted_here", counted_here_}};
  return json;
}

Json OpenAiModel::Timings() const {
  Json json = {{"requests", attempts_}, {"retries", retries_}, {"client_tokens", tokens_}};
  if (seconds_ > 0) json["client_tok_per_s"] = static_cast<double>(tokens_) / seconds_;
  return json;
}

}  // namespace tidemark
