#include "evals/models/chat_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "evals/reasoning.h"
#include "reports/json_text.h"

namespace tidemark {
namespace {

using Json = nlohmann::json;

// Deeper than any reply; a value of a million brackets would cost fifty times its size in memory.
constexpr int kMaxDepth = 64;

// The JSON object, or error says why not.
Json ParseObject(std::string_view text, std::string& error) {
  Json json;
  if (!IsValidUtf8(text)) {
    error = "the reply is not valid UTF-8: " + std::string(text);
  } else if (JsonDepth(text) > kMaxDepth) {
    error = "the reply's JSON is nested too deeply";
  } else {
    json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) error = "the reply is not a JSON object: " + std::string(text);
  }
  return json;
}

const Json* Find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::string TextAt(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

std::optional<int64_t> CountAt(const Json& object, const char* key) {
  const Json* value = Find(object, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  const uint64_t count = value->get<uint64_t>();
  if (count > (uint64_t{1} << 40)) return std::nullopt;
  return static_cast<int64_t>(count);
}

// The words of {"message": ...}, {"detail": ...} or plain text.
std::string Words(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  for (const char* key : {"message", "detail", "type"}) {
    const std::string text = TextAt(error, key);
    if (!text.empty()) return text;
  }
  return error.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// model, fingerprint, usage; an error object.
void AddCommon(const Json& json, ChatReply& reply) {
  if (const Json* error = Find(json, "error")) {
    reply.error = "the server reports an error: " + Words(*error);
    return;
  }
  if (std::string model = TextAt(json, "model"); !model.empty()) reply.model = std::move(model);
  if (std::string print = TextAt(json, "system_fingerprint"); !print.empty()) reply.fingerprint = std::move(print);
  if (const Json* usage = Find(json, "usage")) {
    // Some servers send running counts with every chunk: the last ones hold.
    if (const auto count = CountAt(*usage, "prompt_tokens")) reply.prompt_tokens = count;
    if (const auto count = CountAt(*usage, "completion_tokens")) reply.completion_tokens = count;
  }
}

// stop_reason is vLLM's: the stop string that matched, a token id, or null for the model's own end.
void AddFinish(const Json& choice, ChatReply& reply) {
  const Json* finish = Find(choice, "finish_reason");
  if (finish == nullptr) return;
  const std::string name = finish->is_string() ? finish->get<std::string>() : finish->dump();
  if (!reply.finish_reason.empty() && reply.finish_reason != name) {
    reply.error = "two finish reasons: \"" + reply.finish_reason + "\" and \"" + name + "\"";
    return;
  }
  reply.finish_reason = name;
  const Json* detail = Find(choice, "stop_reason");
  if (name == "stop" || name == "eos_token" || name == "eos") {
    const bool known = detail != nullptr && name == "stop";
    reply.stop = known && detail->is_string()           ? StopReason::kStopString
                 : known && detail->is_number_integer() ? StopReason::kStopId
                                                        : StopReason::kEos;
  } else if (name == "length") {
    reply.stop = StopReason::kLength;
  } else if (name == "content_filter") {
    reply.error = "the server's content filter withheld the answer";
  } else {
    reply.error = "finish_reason \"" + name + "\" instead of an answer";
  }
}

// Appends the field's text if there is any. True: there was.
bool AddText(const Json& object, const char* key, std::string& to, ChatReply& reply) {
  const Json* value = Find(object, key);
  if (value == nullptr) return false;
  if (!value->is_string()) {
    reply.error = fmt::format("\"{}\" is not a text but: {}", key, value->dump());
    return false;
  }
  const std::string& text = value->get_ref<const std::string&>();
  to += text;
  return !text.empty();
}

// message or delta. Both names of the reasoning may stand side by side with the same text: the first one counts.
bool AddMessage(const Json& message, ChatReply& reply) {
  bool text = AddText(message, "reasoning_content", reply.reasoning, reply);
  if (!text && reply.error.empty()) text = AddText(message, "reasoning", reply.reasoning, reply);
  if (reply.error.empty()) text = AddText(message, "content", reply.content, reply) || text;
  return text;
}

const Json* OnlyChoice(const Json& json, ChatReply& reply) {
  const Json* choices = Find(json, "choices");
  if (choices == nullptr || !choices->is_array()) {
    reply.error = "no \"choices\" in the reply: " + json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return nullptr;
  }
  if (choices->size() > 1) reply.error = fmt::format("{} choices instead of one", choices->size());
  return choices->size() == 1 ? &(*choices)[0] : nullptr;
}

}  // namespace

std::string ChatReply::Text() const {
  if (reasoning.empty()) return content;
  const ReasoningMarkers markers;
  return markers.open + reasoning + (content.empty() ? "" : markers.close + content);
}

bool AddChunk(std::string_view text, ChatReply& reply) {
  const Json json = ParseObject(text, reply.error);
  if (!reply.error.empty()) return false;
  AddCommon(json, reply);
  if (!reply.error.empty()) return false;
  if (Find(json, "choices") == nullptr && Find(json, "usage") != nullptr) return false;
  const Json* choice = OnlyChoice(json, reply);
  if (choice == nullptr) return false;
  const Json* delta = Find(*choice, "delta");
  const bool finished = !reply.finish_reason.empty();
  if (delta == nullptr && Find(*choice, "finish_reason") == nullptr && !finished) {
    reply.error = "a chunk without \"delta\": " + json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return false;
  }
  const bool has_text = delta != nullptr && AddMessage(*delta, reply);
  if (!reply.error.empty()) return false;
  if (has_text && finished) {
    reply.error = "text after finish_reason";
    return false;
  }
  AddFinish(*choice, reply);
  reply.pieces += has_text ? 1 : 0;
  return has_text;
}

void AddWhole(std::string_view text, ChatReply& reply) {
  const Json json = ParseObject(text, reply.error);
  if (!reply.error.empty()) return;
  AddCommon(json, reply);
  if (!reply.error.empty()) return;
  const Json* choice = OnlyChoice(json, reply);
  if (choice == nullptr) {
    if (reply.error.empty()) reply.error = "an empty list of choices";
    return;
  }
  const Json* message = Find(*choice, "message");
  if (message == nullptr || !message->is_object() || !message->contains("content")) {
    reply.error = "a choice without message.content: " + choice->dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  AddMessage(*message, reply);
  if (reply.error.empty()) AddFinish(*choice, reply);
  if (reply.error.empty() && reply.finish_reason.empty()) reply.error = "a reply without a finish_reason";
}

void EndStream(bool done, ChatReply& reply) {
  if (!reply.error.empty() || !reply.finish_reason.empty()) return;
  reply.error = done ? "the server ended the stream early: [DONE] without a finish_reason"
                     : "the stream ended early: neither a finish_reason nor [DONE] came";
}

std::string ErrorText(std::string_view body) {
  if (IsValidUtf8(body) && JsonDepth(body) <= kMaxDepth) {
    const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (json.is_object()) {
      const Json* error = Find(json, "error");
      return Words(error != nullptr ? *error : json);
    }
  }
  return std::string(body);
}

}  // namespace tidemark
