// Libraries bring thread pools of their own. All parallelism here is ours, so theirs are set to one thread: two pools on the
// same cores slow each other down, and a library's split over its threads would make results depend on their number.
#ifndef TIDEMARK_BACKENDS_LIBRARY_THREADS_H_
#define TIDEMARK_BACKENDS_LIBRARY_THREADS_H_

#include <string>

#include "engine/core/cpu.h"

namespace tidemark {

// Whether an OpenMP runtime is loaded whose thread count can be set.
bool OpenMpIsLoaded();

// Makes OpenMP regions that the calling thread enters run on that thread alone. The setting belongs to the thread, hence is
// repeated in every task that calls a library built on OpenMP; it costs some nanoseconds. Does nothing without OpenMP.
void UseOneOpenMpThread();

// Empty, or why no library runs: instruction sets are hidden (CapIsa), and libraries choose theirs themselves.
std::string WhyNotCapped(const Cpu& cpu);

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_LIBRARY_THREADS_H_
