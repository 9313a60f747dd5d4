// Reading JSON that others wrote: bounded depth, and an Error with place, found and expected for every surprise.
#ifndef TIDEMARK_ENGINE_TOKENIZER_JSON_ACCESS_H_
#define TIDEMARK_ENGINE_TOKENIZER_JSON_ACCESS_H_

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tidemark {

using Json = nlohmann::json;

// text must hold one JSON object, nested at most 64 deep. place: the file's name. Throws Error: place, byte offset.
Json ParseJson(std::string_view text, const std::string& place);

// A value as it may stand in a message: its JSON text, shortened.
std::string Describe(const Json& value);

// Throws Error if the object has a key that is not in the list.
void ExpectKeys(const Json& object, const std::string& place, std::initializer_list<std::string_view> keys);

// object[key] of that type; throws Error if absent or of another type.
const Json& Expect(const Json& object, const std::string& place, const char* key, Json::value_t type);

// object[key], or the default if absent or null; throws Error if of another type.
bool BoolOr(const Json& object, const std::string& place, const char* key, bool absent);
std::string StringOr(const Json& object, const std::string& place, const char* key, const char* absent);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_JSON_ACCESS_H_
