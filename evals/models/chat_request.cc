#include "evals/models/chat_request.h"

#include <curl/curl.h>

#include <memory>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kForm = "openai:URL#MODEL, such as openai:http://127.0.0.1:8080/v1#name";

// Larger than any vocabulary. Servers disagree how "off" is spelt: 0 is an error to SGLang, -1 to llama-cpp-python.
constexpr int kTopKOff = 1 << 30;

// One part of a parsed URL; absent: "".
std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  const std::string copy = text;
  curl_free(text);
  return copy;
}

bool IsVersion(std::string_view segment) {
  return segment.size() >= 2 && segment[0] == 'v' && segment[1] >= '0' && segment[1] <= '9';
}

std::string NormalPath(std::string path) {
  const auto drop = [&path](std::string_view suffix) {
    if (path.ends_with(suffix)) path.resize(path.size() - suffix.size());
  };
  const auto drop_slashes = [&] {
    while (path.ends_with('/')) path.pop_back();
  };
  drop_slashes();
  drop("/chat/completions");
  drop_slashes();
  bool versioned = false;
  for (size_t at = path.find('/'); at != path.npos; at = path.find('/', at + 1)) {
    versioned = versioned || IsVersion(std::string_view(path).substr(at + 1));
  }
  return versioned ? path : path + "/v1";
}

void AddPenalty(Json& json, const SamplingOptions& s, bool all) {
  if (!all && s.repetition_penalty == 1) return;
  json["repetition_penalty"] = s.repetition_penalty;
  json["repeat_penalty"] = s.repetition_penalty;
  if (s.repetition_penalty != 1) json["repeat_last_n"] = s.penalty_window;
}

}  // namespace

Endpoint ParseEndpoint(const std::string& text) {
  const size_t hash = text.find('#');
  Endpoint endpoint;
  if (hash != text.npos) endpoint.model = text.substr(hash + 1);
  if (hash != text.npos && endpoint.model.empty())
    throw Error("--model", "no name after #", kForm, "for example openai:http://127.0.0.1:8080/v1#NAME");
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  TM_CHECK(url != nullptr, "curl_url failed");
  // Without a scheme the parser would take "host:8080" for scheme and path, and the user would read of a strange scheme.
  if (curl_url_set(url.get(), CURLUPART_URL, text.substr(0, hash).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    throw Error("--model", "no URL after openai:", kForm, "for example openai:http://127.0.0.1:8080/v1#NAME");
  }
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") throw Error("--model", "the scheme " + Printable(scheme), "http or https", kForm);
  if (!Part(url.get(), CURLUPART_USER).empty() || !Part(url.get(), CURLUPART_PASSWORD).empty()) {
    throw Error("--model", "a user or password in the URL", "a URL without secrets",
                "put a key into an environment variable: see --api-key-env");
  }
  if (!Part(url.get(), CURLUPART_QUERY).empty()) {
    throw Error("--model", "a query (?...) in the URL", "a URL without secrets",
                "put a key into an environment variable: see --api-key-env");
  }
  const std::string port = Part(url.get(), CURLUPART_PORT);
  endpoint.base = scheme + "://" + Part(url.get(), CURLUPART_HOST) + (port.empty() ? "" : ":" + port) +
                  NormalPath(Part(url.get(), CURLUPART_PATH));
  return endpoint;
}

int64_t EndpointSeed(const Request& request) {
  const uint64_t seed = request.options.seed, id = StableHash(request.id);
  const auto half = [](uint64_t v, int which) { return static_cast<uint32_t>(v >> (32 * which)); };
  const uint32_t base = Philox4x32({half(seed, 0), half(seed, 1), half(id, 0), half(id, 1)}, {0, 0})[0];
  return static_cast<int64_t>((base + static_cast<uint32_t>(request.repeat)) & 0x7fffffffu);
}

Json ChatRequestJson(const Request& request, const std::string& model, const EndpointOptions& options) {
  const GenerateOptions& o = request.options;
  const SamplingOptions& s = o.sampling;
  if (!o.stop_ids.empty()) throw Error("--stop-id", "token ids", "stop strings", "an endpoint takes --stop alone");
  const bool extended = s.top_k != 0 || s.min_p != 0 || s.repetition_penalty != 1 || o.ignore_eos;
  if (options.extension_fields == ExtensionFields::kNone && extended) {
    throw Error("--extension-fields", "none", "changed or all",
                "top_k, min_p, the repetition penalty and ignore_eos need fields beyond OpenAI's");
  }
  Json json;
  json["model"] = model;
  json["messages"] = Json::array();
  for (const Message& m : request.messages) json["messages"].push_back({{"role", m.role}, {"content", m.content}});
  json[options.max_tokens_field] = o.max_new_tokens;
  json["temperature"] = s.temperature;
  json["top_p"] = s.top_p;
  if (s.temperature > 0) json["seed"] = EndpointSeed(request);
  if (!o.stop_strings.empty()) json["stop"] = o.stop_strings;
  if (options.extension_fields != ExtensionFields::kNone) {
    const bool all = options.extension_fields == ExtensionFields::kAll;
    const bool filters = all && s.temperature > 0;  // the most likely token passes every filter
    if (filters || s.top_k != 0) json["top_k"] = s.top_k != 0 ? s.top_k : kTopKOff;
    if (filters || s.min_p != 0) json["min_p"] = s.min_p;
    AddPenalty(json, s, all);
    if (o.ignore_eos) json["ignore_eos"] = true;
  }
  json["stream"] = options.stream;
  if (options.stream) json["stream_options"] = {{"include_usage", true}};
  return json;
}

}  // namespace tidemark
