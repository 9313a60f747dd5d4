// Dequantisation against the reference: golden blocks of the gguf package, whole files of llama.cpp's quantiser, MLX groups.
#include <fmt/format.h>

#include "engine/core/tensor.h"
#include "engine/formats/kernels.h"
#include "tests/formats/golden.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using test::FirstDifference;
using test::GoldenFile;

TEST_CASE("the table: names and ids are unique and every row can dequantise") {
  for (const Format* format : AllFormats()) {
    CHECK(FindFormat(format->name) == format);
    CHECK((format->dequantize != nullptr) != (format->dequantize_split != nullptr));
    CHECK(format->block_values > 0);
    CHECK(format->block_bytes > 0);
    if (format->ggml_type >= 0) {
      CHECK(FindGgmlFormat(format->ggml_type) == format);
    } else {
      CHECK(format->dequantize_split != nullptr);
    }
  }
  CHECK(AllFormats().size() == 16 + 18);
  CHECK(FindFormat("q9_9") == nullptr);
  CHECK(FindGgmlFormat(-1) == nullptr);
  CHECK(FindGgmlFormat(4) == nullptr);  // Q4_2, removed from ggml
  CHECK(FindGgmlFormat(1 << 30) == nullptr);
  CHECK(FindFormat("mlx_q3_g64")->block_bytes == 24);
}

TEST_CASE("golden blocks, sane and adversarial, bit for bit") {
  const GoldenFile golden("blocks");
  size_t formats = 0;
  for (const auto& entry : golden.index) {
    const std::string name = entry.at("format");
    INFO(name);
    const Format* format = FindFormat(name);
    REQUIRE(format != nullptr);
    CHECK(format->ggml_type == entry.at("ggml_type").get<int>());
    const auto src = golden.Bytes(entry.at("src"));
    const auto expected = golden.Values<float>(entry.at("dst"));
    REQUIRE(static_cast<int64_t>(src.size()) == format->Bytes(static_cast<int64_t>(expected.size())));
    std::vector<float> found(expected.size());
    for (const DequantizeKernel& kernel : RunnableKernels()) {
      if (kernel.format != name) continue;
      INFO(kernel.isa);
      kernel.to_float(src.data(), found);
      const size_t at = FirstDifference(found, expected);
      INFO("value " << at << " of block " << at / format->block_values);
      CHECK(at == expected.size());
    }
    format->dequantize(src.data(), found);
    CHECK(FirstDifference(found, expected) == expected.size());
    ++formats;
  }
  CHECK(formats == 15);  // all but f32
}

TEST_CASE("golden MLX groups, with bf16, f16 and f32 scales, bit for bit") {
  const GoldenFile golden("mlx");
  for (const auto& entry : golden.index) {
    const Format* format = FindFormat(entry.at("format").get<std::string>());
    const Format* scale_format = FindFormat(entry.at("scale_format").get<std::string>());
    INFO(entry.at("format") << " " << entry.at("scale_format"));
    REQUIRE(format != nullptr);
    const auto expected = golden.Values<float>(entry.at("dst"));
    const auto quants = golden.Bytes(entry.at("quants"));
    REQUIRE(static_cast<int64_t>(quants.size()) == format->Bytes(static_cast<int64_t>(expected.size())));
    // Through a view, as everybody does: two rows of one group each.
    WeightView view{"w", format, 2, format->block_values, quants.data(), scale_format};
    view.scales = golden.Bytes(entry.at("scales")).data();
    view.biases = golden.Bytes(entry.at("biases")).data();
    std::vector<float> found(expected.size());
    DequantizeRows(view, 0, 2, found.data());
    CHECK(FirstDifference(found, expected) == expected.size());
    view.n = 1;
    view.k = 2 * format->block_values;  // one row of two groups
    DequantizeRows(view, 0, 1, found.data());
    CHECK(FirstDifference(found, expected) == expected.size());
  }
  CHECK(golden.index.size() == 54);
}

TEST_CASE("whole files of every type, as the reference dequantises them") {
  if (!test::SharedData("golden")) TM_SKIP("shared data: golden/tiny-lfm2moe-*.gguf");
  const auto files = nlohmann::json::parse(ReadFile(test::Golden("formats/shared_files.json")));
  std::vector<std::string> seen;
  for (const auto& file : files) {
    const auto path = test::SharedData("golden/" + file.at("file").get<std::string>());
    REQUIRE(path);
    const MappedFile mapped(*path);
    for (const auto& tensor : file.at("tensors")) {
      const std::string name = tensor.at(0), type = tensor.at(1);
      const Format* format = FindFormat(type);
      INFO(path->filename().string() << " " << name << " " << type);
      REQUIRE(format != nullptr);
      const auto offset = tensor.at(2).get<size_t>(), count = tensor.at(3).get<size_t>();
      REQUIRE(offset + static_cast<size_t>(format->Bytes(static_cast<int64_t>(count))) <= mapped.bytes().size());
      std::vector<float> values(count);
      format->dequantize(mapped.bytes().data() + offset, values);
      CHECK(fmt::format("{:016x}", test::HashBits(values)) == tensor.at(4).get<std::string>());
      if (std::find(seen.begin(), seen.end(), type) == seen.end()) seen.push_back(type);
    }
  }
  CHECK(seen.size() == 14);  // all ggml types of the table but f16 and bf16
}

}  // namespace
}  // namespace tidemark
