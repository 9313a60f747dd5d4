// JSON from model files, read with suspicion: bounded depth and size, no duplicate keys, typed access that names the key.
#ifndef TIDEMARK_ENGINE_WEIGHTS_STRICT_JSON_H_
#define TIDEMARK_ENGINE_WEIGHTS_STRICT_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

using Json = nlohmann::json;

struct JsonLimits {
  size_t depth = 32;
  size_t values = size_t{1} << 21;  // bounds the memory of the tree at a few hundred megabytes
};

// The document's root, which must be an object. Throws Error(place, ...): syntax (with byte position), duplicate key, limits.
Json ParseJsonObject(std::string_view text, const std::string& place, const JsonLimits& limits = {});

// Kind of a value in words: "a string", "an array", ...
std::string JsonKind(const Json& value);

// One object with the place it came from; every access checks the type and names place and key on failure. A key with the value
// null counts as absent. The object must outlive this.
class JsonFields {
 public:
  JsonFields(const Json& object, std::string place);  // throws Error if it is no object

  const std::string& place() const { return place_; }
  std::string PlaceOf(const std::string& key) const { return place_ + ": key " + key; }
  const Json* Find(const std::string& key) const;  // nullptr: absent or null

  std::optional<int64_t> OptionalInt(const std::string& key, int64_t min, int64_t max) const;
  std::optional<double> OptionalFloat(const std::string& key) const;  // any finite number
  std::optional<bool> OptionalBool(const std::string& key) const;
  std::optional<std::string> OptionalString(const std::string& key) const;
  int64_t Int(const std::string& key, int64_t min, int64_t max) const;  // absent: Error
  std::string String(const std::string& key) const;
  // Integers in [min, max], at most max_count of them; absent: nullopt.
  std::optional<std::vector<int64_t>> OptionalInts(const std::string& key, int64_t min, int64_t max, size_t max_count) const;

 private:
  const Json* object_;
  std::string place_;
};

// value as an integer in [min, max]; Error(place, ...) otherwise.
int64_t JsonInt(const Json& value, const std::string& place, int64_t min, int64_t max);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_WEIGHTS_STRICT_JSON_H_
