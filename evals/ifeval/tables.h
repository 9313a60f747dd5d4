// The two models the checkers need, built from tables embedded in the program.
#ifndef TIDEMARK_EVALS_IFEVAL_TABLES_H_
#define TIDEMARK_EVALS_IFEVAL_TABLES_H_

#include "evals/ifeval/language_detector.h"
#include "evals/ifeval/punkt.h"

namespace tidemark {

struct IfevalTables {
  LanguageDetector languages;
  Punkt punkt;
};

// Built on first use from the embedded bytes (some milliseconds), const from then on; safe from several threads.
const IfevalTables& EmbeddedIfevalTables();

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_TABLES_H_
