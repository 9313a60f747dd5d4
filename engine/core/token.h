#ifndef TIDEMARK_ENGINE_CORE_TOKEN_H_
#define TIDEMARK_ENGINE_CORE_TOKEN_H_

#include <cstdint>

namespace tidemark {

using TokenId = int32_t;  // row of the embedding matrix; negative: none

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_TOKEN_H_
