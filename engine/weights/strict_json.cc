#include "engine/weights/strict_json.h"

#include <cmath>
#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

// Builds the tree event by event, so that a limit stops the work as soon as it is passed.
class TreeBuilder : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(const std::string& place, const JsonLimits& limits) : place_(place), limits_(limits) {}

  Json Take() { return std::move(root_); }

  bool null() override { return Add(nullptr) != nullptr; }
  bool boolean(bool value) override { return Add(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return Add(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return Add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return Add(value) != nullptr; }
  bool string(string_t& value) override { return Add(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(Json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(Json::array()); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) throw Error(place_ + ": key " + Printable(name), "the key twice", "unique keys");
    key_ = std::move(name);
    return true;
  }

  bool parse_error(size_t position, const std::string& last_token, const Json::exception&) override {
    throw Error(place_, fmt::format("'{}' at byte {}", Printable(last_token, 40), position), "well-formed JSON");
  }

 private:
  Json* Add(Json value) {
    if (++values_ > limits_.values) throw Error(place_, "a huge JSON document", fmt::format("at most {} values", limits_.values));
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  bool Open(Json empty) {
    if (open_.size() >= limits_.depth) throw Error(place_, "deeply nested JSON", fmt::format("at most {} levels", limits_.depth));
    open_.push_back(Add(std::move(empty)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const std::string& place_;
  const JsonLimits& limits_;
  Json root_;
  std::vector<Json*> open_;  // stays valid: a parent does not grow while a child is open
  std::string key_;
  size_t values_ = 0;
};

std::string Shown(const Json& value) {
  if (value.is_structured()) return JsonKind(value);
  return Printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
}

}  // namespace

std::string JsonKind(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

Json ParseJsonObject(std::string_view text, const std::string& place, const JsonLimits& limits) {
  TreeBuilder builder(place, limits);
  Json::sax_parse(text, &builder);
  Json root = builder.Take();
  if (!root.is_object()) throw Error(place, JsonKind(root), "a JSON object");
  return root;
}

int64_t JsonInt(const Json& value, const std::string& place, int64_t min, int64_t max) {
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= INT64_MAX : value.is_number_integer();
  if (!fits || value.get<int64_t>() < min || value.get<int64_t>() > max) {
    throw Error(place, Shown(value), fmt::format("an integer from {} to {}", min, max));
  }
  return value.get<int64_t>();
}

JsonFields::JsonFields(const Json& object, std::string place) : object_(&object), place_(std::move(place)) {
  if (!object.is_object()) throw Error(place_, JsonKind(object), "an object");
}

const Json* JsonFields::Find(const std::string& key) const {
  const auto it = object_->find(key);
  return it == object_->end() || it->is_null() ? nullptr : &*it;
}

std::optional<int64_t> JsonFields::OptionalInt(const std::string& key, int64_t min, int64_t max) const {
  const Json* value = Find(key);
  return value == nullptr ? std::nullopt : std::optional<int64_t>(JsonInt(*value, PlaceOf(key), min, max));
}

std::optional<double> JsonFields::OptionalFloat(const std::string& key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number() || !std::isfinite(value->get<double>())) throw Error(PlaceOf(key), Shown(*value), "a finite number");
  return value->get<double>();
}

std::optional<bool> JsonFields::OptionalBool(const std::string& key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) throw Error(PlaceOf(key), Shown(*value), "true or false");
  return value->get<bool>();
}

std::optional<std::string> JsonFields::OptionalString(const std::string& key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) throw Error(PlaceOf(key), Shown(*value), "a string");
  return value->get<std::string>();
}

int64_t JsonFields::Int(const std::string& key, int64_t min, int64_t max) const {
  const auto value = OptionalInt(key, min, max);
  if (!value) throw Error(PlaceOf(key), "no such key", fmt::format("an integer from {} to {}", min, max));
  return *value;
}

std::string JsonFields::String(const std::string& key) const {
  auto value = OptionalString(key);
  if (!value) throw Error(PlaceOf(key), "no such key", "a string");
  return *std::move(value);
}

std::optional<std::vector<int64_t>> JsonFields::OptionalInts(const std::string& key, int64_t min, int64_t max,
                                                             size_t max_count) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) throw Error(PlaceOf(key), Shown(*value), "an array of integers");
  if (value->size() > max_count)
    throw Error(PlaceOf(key), fmt::format("{} elements", value->size()), fmt::format("at most {}", max_count));
  std::vector<int64_t> numbers;
  for (const Json& element : *value) numbers.push_back(JsonInt(element, PlaceOf(key), min, max));
  return numbers;
}

}  // namespace tidemark
