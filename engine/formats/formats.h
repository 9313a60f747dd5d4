// The objects that the files of this folder define, for the table in formats.cc. Everybody else asks FindFormat.
#ifndef TIDEMARK_ENGINE_FORMATS_FORMATS_H_
#define TIDEMARK_ENGINE_FORMATS_FORMATS_H_

#include "engine/formats/kernels.h"

namespace tidemark {

extern const FormatEntry kF32, kF16, kBf16;                  // f32.cc, f16.cc, bf16.cc
extern const FormatEntry kQ8_0;                              // q8_0.cc
extern const FormatEntry kQ4_0, kQ4_1;                       // q4_0.cc
extern const FormatEntry kQ5_0, kQ5_1;                       // q5_0.cc
extern const FormatEntry kQ2_K, kQ3_K, kQ4_K, kQ5_K, kQ6_K;  // q2_k.cc ... q6_k.cc
extern const FormatEntry kIq4Nl, kIq4Xs, kMxfp4;             // iq4_nl.cc, iq4_xs.cc, mxfp4.cc
extern const FormatEntry kMlxAffine[18];                     // mlx_affine.cc

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_FORMATS_H_
