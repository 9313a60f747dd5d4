// Opens a model from bytes in memory and uses everything it offers: what fuzz targets and mutation tests do with hostile input.
#ifndef TIDEMARK_TESTS_SUPPORT_OPEN_MODEL_H_
#define TIDEMARK_TESTS_SUPPORT_OPEN_MODEL_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/tensor.h"
#include "engine/weights/expected_tensors.h"
#include "engine/weights/inspect.h"
#include "engine/weights/stored_model.h"

namespace tidemark::test {

// Dequantises every row of every matrix, so that a view reaching outside the bytes is seen by a sanitizer or the kernel.
inline void UseWholeModel(StoredModel model) {
  const std::unique_ptr<WeightStore> store = MakeWeightStore(std::move(model), {});
  const InspectReport report = Inspect(*store);
  TM_CHECK(!ToText(report).empty() && !ToJson(report).dump().empty(), "{}", report.container);
  std::vector<float> row;
  for (const ExpectedTensor& tensor : ExpectedTensors(store->Config())) {
    TM_CHECK(store->Has(tensor.name), "{}", tensor.name);
    row.resize(static_cast<size_t>(tensor.k));
    for (int64_t e = tensor.experts == 0 ? -1 : 0; e < tensor.experts; ++e) {
      const WeightView view =
          e < 0 ? store->Get(tensor.name, tensor.n, tensor.k) : store->GetExpert(tensor.name, e, tensor.n, tensor.k);
      for (int64_t r = 0; r < tensor.n; ++r) DequantizeRow(view, r, row);
      if (e < 0) break;
    }
  }
}

// True: it opened and was used. False: Error, with a message of one line. Anything else escapes or crashes.
inline bool TryGguf(std::span<const std::byte> bytes) {
  try {
    UseWholeModel(ReadGgufModel({"mutated.gguf", bytes}));
    return true;
  } catch (const Error& error) {
    TM_CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos, "{}", error.what());
    return false;
  }
}

inline bool TrySafetensors(const HfTexts& texts, std::span<const std::byte> bytes) {
  try {
    const FileBytes file{"model.safetensors", bytes};
    UseWholeModel(ReadSafetensorsModel(texts, {&file, 1}));
    return true;
  } catch (const Error& error) {
    TM_CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos, "{}", error.what());
    return false;
  }
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_SUPPORT_OPEN_MODEL_H_
