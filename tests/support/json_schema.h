// A validator for the part of JSON Schema 2020-12 that reports/schema.json uses. A keyword it does not know is a complaint, so
// the schema cannot silently promise something that no test checks.
#ifndef TIDEMARK_TESTS_SUPPORT_JSON_SCHEMA_H_
#define TIDEMARK_TESTS_SUPPORT_JSON_SCHEMA_H_

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace tidemark::test {

class SchemaValidator {
 public:
  explicit SchemaValidator(nlohmann::json schema) : root_(std::move(schema)) {}

  // Complaints, each with the place; empty: valid.
  std::vector<std::string> Validate(const nlohmann::json& value) const {
    std::vector<std::string> complaints;
    Check(root_, value, "", complaints);
    return complaints;
  }

 private:
  using Json = nlohmann::json;
  using Complaints = std::vector<std::string>;

  static bool HasType(const Json& value, const std::string& type) {
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == value.type_name();
  }

  void Check(const Json& schema, const Json& value, const std::string& at, Complaints& out) const {
    static const std::set<std::string> annotations = {"$schema", "$id", "$defs", "title", "description"};
    const auto complain = [&](const std::string& what) { out.push_back(at + ": " + what + ": " + value.dump().substr(0, 80)); };
    for (const auto& [keyword, rule] : schema.items()) {
      if (annotations.count(keyword) != 0) continue;
      if (keyword == "$ref") {
        Check(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), value, at, out);
      } else if (keyword == "type") {
        const Json types = rule.is_array() ? rule : Json::array({rule});
        bool ok = false;
        for (const auto& type : types) ok = ok || HasType(value, type.get<std::string>());
        if (!ok) complain("not of type " + rule.dump());
      } else if (keyword == "const") {
        if (value != rule) complain("not " + rule.dump());
      } else if (keyword == "enum") {
        if (std::find(rule.begin(), rule.end(), value) == rule.end()) complain("not one of " + rule.dump());
      } else if (keyword == "minimum") {
        if (value.is_number() && value.get<double>() < rule.get<double>()) complain("below " + rule.dump());
      } else if (keyword == "minLength") {
        if (value.is_string() && value.get_ref<const std::string&>().size() < rule.get<size_t>()) complain("too short");
      } else if (keyword == "pattern") {
        if (value.is_string() && !std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()))) {
          complain("does not match " + rule.dump());
        }
      } else if (keyword == "maxItems") {
        if (value.is_array() && value.size() > rule.get<size_t>()) complain("too many items");
      } else if (keyword == "minItems") {
        if (value.is_array() && value.size() < rule.get<size_t>()) complain("too few items");
      } else if (keyword == "items") {
        for (size_t i = 0; value.is_array() && i < value.size(); ++i) Check(rule, value[i], at + "/" + std::to_string(i), out);
      } else if (keyword == "required") {
        for (const auto& name : rule) {
          if (value.is_object() && !value.contains(name.get<std::string>())) complain("lacks " + name.dump());
        }
      } else if (keyword == "properties" || keyword == "additionalProperties") {
        CheckMembers(schema, keyword, value, at, out);
      } else {
        out.push_back(at + ": the validator does not know keyword " + keyword);
      }
    }
  }

  void CheckMembers(const Json& schema, const std::string& keyword, const Json& value, const std::string& at,
                    Complaints& out) const {
    if (!value.is_object()) return;
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, member] : value.items()) {
      const bool listed = properties.contains(name);
      if (keyword == "properties") {
        if (listed) Check(properties[name], member, at + "/" + name, out);
      } else if (!listed) {
        const Json& rule = schema["additionalProperties"];
        if (rule.is_object()) Check(rule, member, at + "/" + name, out);
        if (rule == false) out.push_back(at + ": unexpected member " + name);
      }
    }
  }

  nlohmann::json root_;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_SUPPORT_JSON_SCHEMA_H_
