#include "engine/tokenizer/pipeline_json.h"

#include <limits>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {
namespace {

// The stages of a section: none if null, several if it is a Sequence (list_key holds them), else one.
std::vector<const Json*> Stages(const Json& root, const char* section, const char* list_key) {
  const auto value = root.find(section);
  if (value == root.end() || value->is_null()) return {};
  const std::string place = std::string("tokenizer.json ") + section;
  if (!value->is_object()) throw Error(place, Describe(*value), "an object or null");
  if (StringOr(*value, place, "type", "") != "Sequence") return {&*value};
  std::vector<const Json*> stages;
  for (const Json& stage : Expect(*value, place, list_key, Json::value_t::array)) {
    if (!stage.is_object()) throw Error(place, Describe(stage), "an object");
    stages.push_back(&stage);
  }
  return stages;
}

std::string TypeOf(const Json& stage, const std::string& place) { return StringOr(stage, place, "type", ""); }

bool ReadNormalizer(const Json& root) {
  const std::string place = "tokenizer.json normalizer";
  const auto stages = Stages(root, "normalizer", "normalizers");
  for (const Json* stage : stages) {
    if (TypeOf(*stage, place) != "NFC") throw Error(place, Describe(*stage), "null or NFC");
  }
  return !stages.empty();
}

// {"type": "Split", "pattern": {"Regex": ...}}: the matches become words. Removed and inverted says the same as Isolated, because
// the known expressions match all text.
const PreTokenizer* ReadSplit(const Json& stage) {
  const std::string place = "tokenizer.json pre_tokenizer Split";
  ExpectKeys(stage, place, {"type", "pattern", "behavior", "invert"});
  const Json& pattern = Expect(stage, place, "pattern", Json::value_t::object);
  const std::string regex = Expect(pattern, place + ".pattern", "Regex", Json::value_t::string).get<std::string>();
  const PreTokenizer* split = FindPreTokenizerByPattern(regex);
  if (split == nullptr) {
    throw Error(place + ".pattern", "\"" + Printable(regex, 400) + "\"", "the expression of GPT-2, Llama 3 / LFM2 or Qwen 2");
  }
  const std::string behavior = StringOr(stage, place, "behavior", "");
  const bool invert = BoolOr(stage, place, "invert", false);
  if (!(behavior == "Isolated" && !invert) && !(behavior == "Removed" && invert)) {
    throw Error(place + ".behavior", fmt::format("\"{}\", invert {}", Printable(behavior), invert), "\"Isolated\", not inverted");
  }
  return split;
}

void ReadPreTokenizer(const Json& root, Pipeline& pipeline) {
  const std::string place = "tokenizer.json pre_tokenizer";
  const auto stages = Stages(root, "pre_tokenizer", "pretokenizers");
  const bool has_split = stages.size() == 2 && TypeOf(*stages[0], place) == "Split";
  if (stages.size() != (has_split ? 2 : 1) || TypeOf(*stages.back(), place) != "ByteLevel") {
    const auto section = root.find("pre_tokenizer");
    throw Error(place, section == root.end() ? "nothing" : Describe(*section), "ByteLevel, or Split then ByteLevel");
  }
  const Json& byte_level = *stages.back();
  ExpectKeys(byte_level, place, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  const bool use_regex = BoolOr(byte_level, place, "use_regex", true);
  pipeline.add_prefix_space = BoolOr(byte_level, place, "add_prefix_space", true);
  if (has_split) {
    pipeline.split = ReadSplit(*stages[0]);
    if (use_regex) throw Error(place + ".use_regex", "true", "false", "after a Split the words would be split twice");
    if (pipeline.add_prefix_space)
      throw Error(place + ".add_prefix_space", "true", "false", "after a Split every word would get a space");
  } else {
    pipeline.split = use_regex ? &Gpt2PreTokenizer() : nullptr;
  }
}

void ReadTemplate(const Json& stage, Pipeline& pipeline) {
  const std::string place = "tokenizer.json post_processor TemplateProcessing";
  pipeline.has_template = true;
  const Json& single = Expect(stage, place, "single", Json::value_t::array);
  if (single.empty() || !single[0].is_object() || !single[0].contains("SpecialToken")) return;
  const std::string name =
      Expect(Expect(single[0], place, "SpecialToken", Json::value_t::object), place, "id", Json::value_t::string)
          .get<std::string>();
  const Json& known = Expect(stage, place, "special_tokens", Json::value_t::object);
  const Json& ids = Expect(Expect(known, place, name.c_str(), Json::value_t::object), place, "ids", Json::value_t::array);
  constexpr auto kMaxId = static_cast<uint64_t>(std::numeric_limits<TokenId>::max());
  if (ids.size() != 1 || !ids[0].is_number_unsigned() || ids[0].get<uint64_t>() > kMaxId) {
    throw Error(place + ".special_tokens", Describe(ids), "one token id");
  }
  pipeline.template_bos = ids[0].get<TokenId>();
}

void ReadPostProcessor(const Json& root, Pipeline& pipeline) {
  const std::string place = "tokenizer.json post_processor";
  for (const Json* stage : Stages(root, "post_processor", "processors")) {
    const std::string type = TypeOf(*stage, place);
    if (type == "TemplateProcessing") {
      ReadTemplate(*stage, pipeline);
    } else if (type != "ByteLevel") {  // ByteLevel only moves offsets, which nobody asks for here
      throw Error(place, Describe(*stage), "TemplateProcessing or ByteLevel");
    }
  }
}

void ReadDecoder(const Json& root) {
  const std::string place = "tokenizer.json decoder";
  const auto stages = Stages(root, "decoder", "decoders");
  if (stages.size() != 1 || TypeOf(*stages[0], place) != "ByteLevel") {
    throw Error(place, root.contains("decoder") ? Describe(root["decoder"]) : "nothing", "ByteLevel");
  }
}

}  // namespace

Pipeline ReadPipeline(const Json& root) {
  Pipeline pipeline;
  pipeline.nfc = ReadNormalizer(root);
  ReadPreTokenizer(root, pipeline);
  ReadPostProcessor(root, pipeline);
  ReadDecoder(root);
  return pipeline;
}

}  // namespace tidemark
