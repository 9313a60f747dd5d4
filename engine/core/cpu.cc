#include "engine/core/cpu.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <string_view>

#include "engine/core/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tidemark {
namespace {

#if defined(__x86_64__)

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers CpuId(uint32_t leaf, uint32_t subleaf = 0) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
  return r;
}

bool Bit(uint32_t word, int bit) { return (word >> bit & 1) != 0; }

// Register sets that the operating system saves on a context switch (XCR0). Needs OSXSAVE.
uint64_t SavedState() {
  if (!Bit(CpuId(1).ecx, 27)) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

// Linux hands out AMX tile data only on request (Documentation/arch/x86/xstate.rst).
bool RequestTileData() {
  constexpr long kArchReqXcompPerm = 0x1023;
  constexpr long kXfeatureTileData = 18;
  return syscall(SYS_arch_prctl, kArchReqXcompPerm, kXfeatureTileData) == 0;
}

void DetectFeatures(Cpu& cpu) {
  const Registers leaf1 = CpuId(1), leaf7 = CpuId(7), leaf7_1 = CpuId(7, 1);
  const uint64_t saved = SavedState();
  const bool ymm = (saved & 0x6) == 0x6;
  const bool zmm = (saved & 0xE6) == 0xE6;
  const bool tiles = (saved & 0x60000) == 0x60000;
  cpu.sse4_2 = Bit(leaf1.ecx, 20);
  cpu.fma = ymm && Bit(leaf1.ecx, 12);
  cpu.f16c = ymm && Bit(leaf1.ecx, 29);
  cpu.avx2 = ymm && Bit(leaf7.ebx, 5);
  cpu.avx_vnni = ymm && Bit(leaf7_1.eax, 4);
  cpu.avx512 = zmm && Bit(leaf7.ebx, 16) && Bit(leaf7.ebx, 17) && Bit(leaf7.ebx, 28) && Bit(leaf7.ebx, 30) && Bit(leaf7.ebx, 31);
  cpu.avx512_vbmi = cpu.avx512 && Bit(leaf7.ecx, 1);
  cpu.avx512_vnni = cpu.avx512 && Bit(leaf7.ecx, 11);
  cpu.avx512_bf16 = cpu.avx512 && Bit(leaf7_1.eax, 5);
  cpu.avx512_fp16 = cpu.avx512 && Bit(leaf7.edx, 23);
  cpu.amx_tile = tiles && Bit(leaf7.edx, 24) && RequestTileData();
  cpu.amx_bf16 = cpu.amx_tile && Bit(leaf7.edx, 22);
  cpu.amx_int8 = cpu.amx_tile && Bit(leaf7.edx, 25);
}

void DetectNames(Cpu& cpu) {
  const Registers leaf0 = CpuId(0);
  std::array<char, 12> vendor;
  std::memcpy(vendor.data(), &leaf0.ebx, 4);
  std::memcpy(vendor.data() + 4, &leaf0.edx, 4);
  std::memcpy(vendor.data() + 8, &leaf0.ecx, 4);
  cpu.vendor.assign(vendor.data(), vendor.size());
  if (CpuId(0x80000000).eax < 0x80000004) return;
  std::array<Registers, 3> brand;
  for (uint32_t i = 0; i < 3; ++i) brand[i] = CpuId(0x80000002 + i);
  const std::string_view text(reinterpret_cast<const char*>(brand.data()), sizeof brand);
  cpu.brand = text.substr(0, text.find('\0'));
  cpu.brand.erase(cpu.brand.find_last_not_of(' ') + 1);
}

#else

void DetectFeatures(Cpu&) {}
void DetectNames(Cpu& cpu) { cpu.brand = cpu.vendor = "unknown"; }

#endif

std::string ReadLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// Cache sizes as the kernel lists them for CPU 0; vendors' CPUID leaves differ, this listing does not.
void DetectCaches(Cpu& cpu) {
  for (int i = 0; i < 8; ++i) {
    const std::string dir = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
    const std::string level = ReadLine(dir + "level"), type = ReadLine(dir + "type"), size = ReadLine(dir + "size");
    if (level.empty() || type == "Instruction" || size.empty()) continue;
    const int64_t unit = size.back() == 'K' ? 1024 : size.back() == 'M' ? 1024 * 1024 : 1;
    const int64_t bytes = std::strtoll(size.c_str(), nullptr, 10) * unit;
    if (level == "1") cpu.l1d_bytes = bytes;
    if (level == "2") cpu.l2_bytes = bytes;
    if (level == "3") cpu.l3_bytes = bytes;
  }
}

}  // namespace

std::vector<std::string> Cpu::Features() const {
  const std::array<std::pair<bool, const char*>, 13> all = {{{sse4_2, "sse4_2"},
                                                             {avx2, "avx2"},
                                                             {fma, "fma"},
                                                             {f16c, "f16c"},
                                                             {avx_vnni, "avx_vnni"},
                                                             {avx512, "avx512"},
                                                             {avx512_vnni, "avx512_vnni"},
                                                             {avx512_vbmi, "avx512_vbmi"},
                                                             {avx512_bf16, "avx512_bf16"},
                                                             {avx512_fp16, "avx512_fp16"},
                                                             {amx_tile, "amx_tile"},
                                                             {amx_int8, "amx_int8"},
                                                             {amx_bf16, "amx_bf16"}}};
  std::vector<std::string> names;
  for (const auto& [present, name] : all) {
    if (present) names.emplace_back(name);
  }
  return names;
}

void CapIsa(std::string_view level, Cpu& cpu) {
  TM_CHECK(level == "avx2" || level == "avx512" || level == "amx", "level {}", level);
  cpu.isa_cap = level;
  if (level == "amx") return;
  cpu.amx_tile = cpu.amx_int8 = cpu.amx_bf16 = false;
  if (level == "avx512") return;
  cpu.avx512 = cpu.avx512_vnni = cpu.avx512_vbmi = cpu.avx512_bf16 = cpu.avx512_fp16 = cpu.avx_vnni = false;
}

Cpu DetectCpu() {
  Cpu cpu;
  DetectFeatures(cpu);
  DetectNames(cpu);
  DetectCaches(cpu);
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpu.logical_cpus = CPU_COUNT(&set);
  return cpu;
}

}  // namespace tidemark
