// The AMX backends over tiles in plain C++ (tiles.h): the same kernels on any machine with their AVX-512, for tests. Slow.
#ifndef TIDEMARK_BACKENDS_PLAIN_TILES_H_
#define TIDEMARK_BACKENDS_PLAIN_TILES_H_

#include <string>

#include "engine/core/matmul.h"

namespace tidemark {

const MatmulBackend* AmxBf16OnPlainTiles();  // nullptr where the compiler does not target x86-64
const MatmulBackend* AmxInt8OnPlainTiles();

// Empty: the machine has what the kernels need; with plain tiles everything but the tiles themselves.
std::string WhyNoTiles(const Cpu& cpu, bool needs_amx);

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_PLAIN_TILES_H_
