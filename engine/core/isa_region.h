// Marked regions of code for one instruction set in a baseline build (the idea: simdjson HACKING.md, Highway
// HWY_PUSH_ATTRIBUTES).
//
//   #include <immintrin.h>          // every standard header before the region: its inline functions must stay baseline
//   TM_REGION_AVX2
//   ... functions, templates, lambdas: all may use AVX2, FMA and F16C ...
//   TM_REGION_END
//
// Code inside is called only after Cpu said that the machine can run it (Cpu::RunsAvx2 and its like, one for each region).
// TM_HAVE_X86 guards whole files.
#ifndef TIDEMARK_ENGINE_CORE_ISA_REGION_H_
#define TIDEMARK_ENGINE_CORE_ISA_REGION_H_

#if defined(__x86_64__)
#define TM_HAVE_X86 1
#else
#define TM_HAVE_X86 0
#endif

#define TM_REGION_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define TM_REGION_BEGIN(isa) TM_REGION_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define TM_REGION_END _Pragma("clang attribute pop")
#else
// GCC 12 takes the deliberately undefined registers of its own AVX-512 header for mistakes of the caller (GCC bug 105593).
#define TM_REGION_BEGIN(isa)                                                                   \
  _Pragma("GCC push_options") TM_REGION_PRAGMA(GCC target(isa)) _Pragma("GCC diagnostic push") \
      _Pragma("GCC diagnostic ignored \"-Wuninitialized\"") _Pragma("GCC diagnostic ignored \"-Wmaybe-uninitialized\"")
#define TM_REGION_END _Pragma("GCC diagnostic pop") _Pragma("GCC pop_options")
#endif

#define TM_REGION_AVX2 TM_REGION_BEGIN("avx2,fma,f16c")
// The server baseline.
#define TM_REGION_AVX512 TM_REGION_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")

#define TM_REGION_AVX512_VNNI TM_REGION_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")
#define TM_REGION_AVX512_BF16 TM_REGION_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16")
// Whatever has tiles has all the rest.
#define TM_REGION_AMX \
  TM_REGION_BEGIN("avx2,fma,f16c,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni,avx512bf16,amx-tile,amx-int8,amx-bf16")

#endif  // TIDEMARK_ENGINE_CORE_ISA_REGION_H_
