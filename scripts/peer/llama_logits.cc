// Logits of given tokens, and files in llama.cpp's own quantisation, for `tidemark divergence`.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "llama_session.h"

namespace peer {
namespace {

std::vector<std::vector<int32_t>> ReadTokens(const std::string& path, int vocabulary) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + ": cannot be read");
  std::vector<std::vector<int32_t>> blocks;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::vector<int32_t> block;
    for (std::string word; words >> word;) {
      if (word == "|") continue;  // where the counted part begins: of no matter here
      char* end = nullptr;
      const long id = std::strtol(word.c_str(), &end, 10);
      if (*end != 0 || id < 0 || id >= vocabulary)
        throw std::runtime_error(path + ": " + word + " is not a token id of this vocabulary");
      block.push_back(static_cast<int32_t>(id));
    }
    if (!block.empty()) blocks.push_back(block);
  }
  if (blocks.empty()) throw std::runtime_error(path + ": no token ids");
  return blocks;
}

}  // namespace

// The format is described in evals/logits_file.h, whose reader is in Tidemark.
void DumpLogits(const Api& api, llama_model* model, int vocabulary, const Options& o) {
  const auto blocks = ReadTokens(o.tokens, vocabulary);
  size_t longest = 0;
  for (const auto& block : blocks) longest = std::max(longest, block.size());
  std::ofstream out(o.logits_out, std::ios::binary);
  const auto write = [&](const void* data, size_t bytes) {
    out.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  };
  const uint32_t header[2] = {static_cast<uint32_t>(vocabulary), static_cast<uint32_t>(blocks.size())};
  write("TMLOGIT1", 8);
  write(header, sizeof header);
  Context context(api, model, o, static_cast<int>(longest), 1);
  for (const auto& block : blocks) {
    context.Clear();
    const auto length = static_cast<uint32_t>(block.size());
    write(&length, sizeof length);
    write(block.data(), block.size() * sizeof(int32_t));
    Batch batch(api, kMicroBatch);
    for (size_t done = 0; done < block.size();) {
      const size_t count = std::min<size_t>(kMicroBatch, block.size() - done);
      batch.Clear();
      for (size_t i = 0; i < count; ++i) batch.Add(block[done + i], static_cast<int>(done + i), 0, true);
      batch.Decode(context.get());
      for (size_t i = 0; i < count; ++i)
        write(api.llama_get_logits_ith(context.get(), static_cast<int32_t>(i)), sizeof(float) * static_cast<size_t>(vocabulary));
      done += count;
    }
  }
  out.flush();
  if (!out) throw std::runtime_error(o.logits_out + ": cannot be written");
}

void QuantizeModel(const Api& api, const Options& o) {
  // As llama.cpp mixes them, or ("pure") every matrix alike, embedding and output included.
  static const std::map<std::string, std::pair<llama_ftype, ggml_type>> kTypes = {
      {"q4_0", {LLAMA_FTYPE_MOSTLY_Q4_0, GGML_TYPE_Q4_0}},     {"q8_0", {LLAMA_FTYPE_MOSTLY_Q8_0, GGML_TYPE_Q8_0}},
      {"q4_k", {LLAMA_FTYPE_MOSTLY_Q4_K_S, GGML_TYPE_Q4_K}},   {"q5_k", {LLAMA_FTYPE_MOSTLY_Q5_K_S, GGML_TYPE_Q5_K}},
      {"q6_k", {LLAMA_FTYPE_MOSTLY_Q6_K, GGML_TYPE_Q6_K}},     {"q4_k_m", {LLAMA_FTYPE_MOSTLY_Q4_K_M, GGML_TYPE_COUNT}},
      {"q5_k_m", {LLAMA_FTYPE_MOSTLY_Q5_K_M, GGML_TYPE_COUNT}}};
  const auto found = kTypes.find(o.quantize);
  if (found == kTypes.end())
    throw std::runtime_error("--quantize " + o.quantize + ": expected q4_0, q8_0, q4_k, q5_k, q6_k, q4_k_m or q5_k_m");
  llama_model_quantize_params params = api.llama_model_quantize_default_params();
  params.nthread = o.threads;
  params.ftype = found->second.first;
  params.allow_requantize = true;
  params.pure = found->second.second != GGML_TYPE_COUNT;
  if (params.pure) params.output_tensor_type = params.token_embedding_type = found->second.second;
  if (api.llama_model_quantize(o.model.c_str(), o.out.c_str(), &params) != 0)
    throw std::runtime_error(o.model + ": llama.cpp could not quantise it");
}

}  // namespace peer
