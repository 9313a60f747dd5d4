// The rows of the filters that work on sequences and dicts; FindFilter searches them.
#ifndef TIDEMARK_ENGINE_CHAT_COLLECTION_FILTERS_H_
#define TIDEMARK_ENGINE_CHAT_COLLECTION_FILTERS_H_

#include <span>

#include "engine/chat/builtins.h"

namespace tidemark::jinja {

std::span<const Builtin> CollectionFilters();

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_COLLECTION_FILTERS_H_
