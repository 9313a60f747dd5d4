// Quantisers: bit for bit the reference's for the legacy types, at least as accurate as the reference's for K-types.
#include <cmath>
#include <limits>
#include <random>

#include "engine/core/format.h"
#include "tests/formats/golden.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

std::vector<std::byte> Quantized(const Format& format, std::span<const float> values) {
  std::vector<std::byte> bytes(static_cast<size_t>(format.Bytes(static_cast<int64_t>(values.size()))));
  format.quantize(values, bytes.data());
  return bytes;
}

// The tensors of a small GGUF file of the shared data: {name, type, offset, values, hash}.
nlohmann::json TensorsOf(const std::string& file) {
  for (const auto& entry : nlohmann::json::parse(ReadFile(test::Golden("formats/shared_files.json")))) {
    if (entry.at("file") == file) return entry.at("tensors");
  }
  return {};
}

TEST_CASE("quantised golden blocks equal the reference's bytes") {
  const test::GoldenFile golden("quantize");
  const auto values = golden.Values<float>(golden.index.at("src"));
  for (const auto& entry : golden.index.at("formats")) {
    const Format* format = FindFormat(entry.at("format").get<std::string>());
    INFO(format->name);
    const auto expected = golden.Bytes(entry.at("dst"));
    const auto found = Quantized(*format, values);
    REQUIRE(found.size() == expected.size());
    size_t wrong = 0;
    for (size_t i = 0; i < found.size(); ++i) wrong += found[i] != expected[i];
    CHECK(wrong == 0);
  }
}

TEST_CASE("a whole model quantises to the bytes of llama.cpp's quantiser") {
  if (!test::SharedData("golden")) TM_SKIP("shared data: golden/tiny-lfm2moe-*.gguf");
  const MappedFile source(*test::SharedData("golden/tiny-lfm2moe-f32.gguf"));
  const auto source_tensors = TensorsOf("tiny-lfm2moe-f32.gguf");
  for (const std::string type : {"q8_0", "q4_0", "q4_1", "q5_0", "q5_1"}) {
    const Format* format = FindFormat(type);
    const MappedFile reference(*test::SharedData("golden/tiny-lfm2moe-" + type + ".gguf"));
    size_t compared = 0, wrong = 0;
    for (const auto& tensor : TensorsOf("tiny-lfm2moe-" + type + ".gguf")) {
      if (tensor.at(1) != type) continue;
      const auto from =
          std::find_if(source_tensors.begin(), source_tensors.end(), [&](const auto& t) { return t.at(0) == tensor.at(0); });
      REQUIRE(from != source_tensors.end());
      std::vector<float> values(from->at(3).template get<size_t>());
      FindFormat("f32")->dequantize(source.bytes().data() + from->at(2).template get<size_t>(), values);
      const auto found = Quantized(*format, values);
      const std::byte* expected = reference.bytes().data() + tensor.at(2).get<size_t>();
      for (size_t i = 0; i < found.size(); ++i) wrong += found[i] != expected[i];
      compared += found.size();
    }
    INFO(type << ": " << wrong << " of " << compared << " bytes differ");
    CHECK(compared > 1000000);
    CHECK(wrong == 0);
  }
}

// Sum of squared differences of the tensors of `type`: first ours, then the reference's, each against the original.
struct Errors {
  double ours = 0, reference = 0, signal = 0;
};
Errors QuantizationErrors(const std::string& type) {
  const MappedFile source(*test::SharedData("golden/tiny-lfm2moe-f32.gguf"));
  const MappedFile reference(*test::SharedData("golden/tiny-lfm2moe-" + type + ".gguf"));
  const auto source_tensors = TensorsOf("tiny-lfm2moe-f32.gguf");
  const Format* format = FindFormat(type);
  Errors errors;
  for (const auto& tensor : TensorsOf("tiny-lfm2moe-" + type + ".gguf")) {
    if (tensor.at(1) != type) continue;
    const auto from =
        std::find_if(source_tensors.begin(), source_tensors.end(), [&](const auto& t) { return t.at(0) == tensor.at(0); });
    const auto count = from->at(3).template get<size_t>();
    std::vector<float> values(count), ours(count), theirs(count);
    FindFormat("f32")->dequantize(source.bytes().data() + from->at(2).template get<size_t>(), values);
    format->dequantize(Quantized(*format, values).data(), ours);
    format->dequantize(reference.bytes().data() + tensor.at(2).get<size_t>(), theirs);
    for (size_t i = 0; i < count; ++i) {
      errors.ours += std::pow(static_cast<double>(ours[i]) - values[i], 2);
      errors.reference += std::pow(static_cast<double>(theirs[i]) - values[i], 2);
      errors.signal += std::pow(static_cast<double>(values[i]), 2);
    }
  }
  return errors;
}

TEST_CASE("K-quantisers err no more than the reference's") {
  if (!test::SharedData("golden")) TM_SKIP("shared data: golden/tiny-lfm2moe-*.gguf");
  for (const std::string type : {"q4_k", "q5_k", "q6_k"}) {
    const Errors errors = QuantizationErrors(type);
    INFO(type << ": squared error relative to the reference's " << errors.ours / errors.reference << ", to the signal "
              << errors.ours / errors.signal);
    CHECK(errors.signal > 0);
    CHECK(errors.ours <= 1.01 * errors.reference);
  }
}

TEST_CASE("K-quantisers: error bounds on random rows of many sizes") {
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal;
  struct Bound {
    const char* type;
    double relative;  // squared error over signal; a normal row: (range / levels)^2 / 12, with some slack
  };
  for (const Bound bound : {Bound{"q4_k", 0.008}, Bound{"q5_k", 0.002}, Bound{"q6_k", 0.0006}}) {
    const Format* format = FindFormat(bound.type);
    for (const float size : {1e-5f, 1e-3f, 1.0f, 300.0f}) {
      std::vector<float> values(64 * 256), back(values.size());
      for (float& v : values) v = normal(random) * size;
      format->dequantize(Quantized(*format, values).data(), back);
      double error = 0, signal = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        error += std::pow(static_cast<double>(back[i]) - values[i], 2);
        signal += std::pow(static_cast<double>(values[i]), 2);
      }
      INFO(bound.type << " size " << size << ": " << error / signal);
      // At 1e-5 the scales fall below the smallest half: no worse than zeros is all that can be asked.
      CHECK(error <= (size < 1e-4f ? 1.0 : bound.relative) * signal);
    }
  }
}

TEST_CASE("quantising anything is defined, and zeros stay zeros") {
  std::mt19937_64 random(3);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float odd[] = {0.0f, -0.0f, kInfinity, -kInfinity, std::nanf(""), 1e-45f, -1e-40f, 3.4e38f, -3.4e38f, 1.0f};
  for (const Format* format : AllFormats()) {
    if (format->quantize == nullptr) continue;
    INFO(format->name);
    std::vector<float> values(64 * 256);
    for (float& v : values) v = odd[random() % std::size(odd)];
    std::vector<std::byte> bytes = Quantized(*format, values);
    format->dequantize(bytes.data(), values);
    for (float& v : values) v = 0;
    bytes = Quantized(*format, values);
    std::fill(values.begin(), values.end(), 1.0f);
    format->dequantize(bytes.data(), values);
    CHECK(std::all_of(values.begin(), values.end(), [](float v) { return v == 0; }));
  }
}

TEST_CASE("floats survive quantising and dequantising when the format can hold them") {
  std::vector<float> values(512);
  for (size_t i = 0; i < values.size(); ++i) values[i] = (static_cast<float>(i) - 256) / 64;
  for (const char* name : {"f32", "f16"}) {
    std::vector<float> back(values.size());
    FindFormat(name)->dequantize(Quantized(*FindFormat(name), values).data(), back);
    CHECK(back == values);
  }
}

}  // namespace
}  // namespace tidemark
