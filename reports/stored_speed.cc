#include "reports/stored_speed.h"

#include <algorithm>

#include "embedded/speed_report_schema.h"
#include "engine/core/error.h"
#include "reports/claims.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHint = "name a file that `tidemark speed --out FILE` of this version wrote";
constexpr size_t kMostVariants = 1000, kMostRows = 10'000;
constexpr int64_t kMostTokens = int64_t{1} << 40;
constexpr double kShortest = 1e-9, kLongest = 1e9;  // seconds; they keep every rate and every ratio finite

// A member of an object, with the place it was looked for in for complaints.
class Fields {
 public:
  Fields(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) throw Error(place_, json.type_name(), "an object", kHint);
  }

  const Json* Find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  std::string Text(const char* key) const {
    const Json* value = Find(key);
    if (value == nullptr || !value->is_string()) throw Wrong(key, "a text");
    return value->get<std::string>();
  }
  std::string TextOr(const char* key, const char* absent) const { return Find(key) == nullptr ? absent : Text(key); }

  int64_t Count(const char* key, int64_t least, int64_t most) const {
    const Json* value = Find(key);
    const bool usable = value != nullptr && value->is_number_integer() &&
                        (!value->is_number_unsigned() || value->get<uint64_t>() <= static_cast<uint64_t>(most));
    if (!usable || value->get<int64_t>() < least || value->get<int64_t>() > most)
      throw Wrong(key, fmt::format("a count of {} to {}", least, most));
    return value->get<int64_t>();
  }

  // The comparison refuses NaN, which compares with nothing.
  double Number(const char* key, double least, double most) const {
    const Json* value = Find(key);
    const double number = value != nullptr && value->is_number() ? value->get<double>() : -1;
    if (!(number >= least && number <= most)) throw Wrong(key, fmt::format("a number of {:g} to {:g}", least, most));
    return number;
  }

  const Json& List(const char* key, size_t most) const {
    const Json* value = Find(key);
    if (value == nullptr || !value->is_array() || value->size() > most)
      throw Wrong(key, fmt::format("a list of at most {}", most));
    return *value;
  }

  std::string Place(const char* key, size_t index) const { return fmt::format("{}, {} {}", place_, key, index); }

 private:
  Error Wrong(const char* key, const std::string& expected) const {
    const Json* value = Find(key);
    const std::string found =
        value == nullptr ? "nothing" : Printable(value->dump(-1, ' ', true, Json::error_handler_t::replace), 60);
    return Error(fmt::format("{}, \"{}\"", place_, key), found, expected, kHint);
  }

  const Json& json_;
  std::string place_;
};

StoredSpeedTest ParseTest(const Fields& row, const std::string& place) {
  const Json* json = row.Find("test");
  if (json == nullptr) throw Error(place, "no \"test\"", "what was measured", kHint);
  const Fields fields(*json, place + ", test");
  StoredSpeedTest test;
  test.name = fields.Text("name");
  test.kind = fields.Text("kind");
  if (test.kind != "prefill" && test.kind != "decode" && test.kind != "mixed")
    throw Error(place + ", \"kind\"", Printable(test.kind), "prefill, decode or mixed", kHint);
  test.prompt = fields.Count("prompt", 0, kMostTokens);
  test.generate = fields.Count("generate", 0, kMostTokens);
  test.depth = fields.Count("depth", 0, kMostTokens);
  test.batch = fields.Count("batch", 1, kMostTokens);
  return test;
}

StoredSpeedVariant ParseVariant(const Json& json, const std::string& place) {
  const Fields fields(json, place);
  StoredSpeedVariant variant;
  variant.label = fields.Text("label");
  variant.backend = fields.Text("backend");
  variant.precision = fields.Text("precision");
  variant.isa = fields.TextOr("isa", "");
  variant.kv_type = fields.Text("kv_type");
  variant.threads = fields.Count("threads", 1, 1 << 20);
  variant.peak_resident_bytes = static_cast<double>(fields.Count("peak_resident_bytes", 0, int64_t{1} << 60));
  for (const Json& share : fields.List("weights", kMostVariants)) {
    const Fields one(share, place + ", weights");
    variant.computed_by +=
        fmt::format("{}{} {}", variant.computed_by.empty() ? "" : " + ", one.Text("backend"), one.Text("precision"));
  }
  for (const Json& load : fields.List("loads", kMostSpeedSamples)) {
    const double seconds = Fields(load, place + ", loads").Number("load_to_first_token_seconds", 0, kLongest);
    variant.defers_packing = variant.defers_packing || load.contains("deferred_pack_seconds");
    if (seconds >= kShortest) variant.load_to_first_token_seconds.push_back(seconds);
  }
  return variant;
}

StoredSpeedRow ParseRow(const Json& json, const std::vector<StoredSpeedVariant>& variants, const std::string& place) {
  const Fields fields(json, place);
  StoredSpeedRow row;
  row.test = ParseTest(fields, place);
  const std::string label = fields.Text("variant");
  const auto variant = std::find_if(variants.begin(), variants.end(), [&](const auto& v) { return v.label == label; });
  if (variant == variants.end()) throw Error(place + ", \"variant\"", Printable(label), "the label of a variant", kHint);
  row.variant = static_cast<size_t>(variant - variants.begin());
  for (const Json& sample : fields.List("samples", kMostSpeedSamples)) {
    const Fields one(sample, place + ", samples");
    const double seconds = one.Number("seconds", kShortest, kLongest);
    const auto prefill = static_cast<double>(one.Count("prefill_tokens", 0, kMostTokens));
    const auto decode = static_cast<double>(one.Count("decode_tokens", 0, kMostTokens));
    const double first_token = one.Number("time_to_first_token_seconds", 0, kLongest);
    if (prefill > 0) row.prefill_tok_per_s.push_back(prefill / seconds);
    if (decode > 0) row.decode_tok_per_s.push_back(decode / seconds);
    if (first_token >= kShortest) row.time_to_first_token_seconds.push_back(first_token);
  }
  return row;
}

}  // namespace

StoredSpeed ParseSpeedReport(const Json& report, const std::string& place) {
  CheckSpeedReport(report, place);
  const Fields fields(report, place);
  StoredSpeed speed;
  speed.model = *fields.Find("model");
  speed.environment = *fields.Find("environment");
  if (const Json* settings = fields.Find("settings")) speed.settings = *settings;
  const Json& variants = fields.List("variants", kMostVariants);
  for (size_t i = 0; i < variants.size(); ++i) {
    StoredSpeedVariant variant = ParseVariant(variants[i], fields.Place("variant", i));
    for (const StoredSpeedVariant& other : speed.variants) {
      if (other.label == variant.label)
        throw Error(fields.Place("variant", i), "label " + Printable(variant.label) + " twice", "labels that differ", kHint);
    }
    speed.variants.push_back(std::move(variant));
  }
  const Json& rows = fields.List("rows", kMostRows);
  for (size_t i = 0; i < rows.size(); ++i) {
    StoredSpeedRow row = ParseRow(rows[i], speed.variants, fields.Place("row", i));
    for (const StoredSpeedRow& other : speed.rows) {
      if (other.variant == row.variant && other.test.SameAs(row.test))
        throw Error(fields.Place("row", i), Printable(row.test.name) + " twice", "each test of a variant once", kHint);
    }
    speed.rows.push_back(std::move(row));
  }
  if (fields.Find("notes") != nullptr) {
    for (const Json& note : fields.List("notes", kMostRows)) {
      if (!note.is_string()) throw Error(place + ", \"notes\"", note.type_name(), "texts", kHint);
      speed.notes.push_back(note.get<std::string>());
    }
  }
  for (const char* key : {"sustained", "ledgers"}) speed.long_runs |= fields.Find(key) != nullptr && !fields.Find(key)->empty();
  return speed;
}

std::string_view SpeedReportSchema() { return embedded::speed_report_schema(); }

}  // namespace tidemark
