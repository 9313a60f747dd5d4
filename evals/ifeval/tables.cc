#include "evals/ifeval/tables.h"

#include "embedded/ifeval_langdetect.h"
#include "embedded/ifeval_punkt.h"

namespace tidemark {

const IfevalTables& EmbeddedIfevalTables() {
  static const IfevalTables tables{LanguageDetector(embedded::ifeval_langdetect()), Punkt(embedded::ifeval_punkt())};
  return tables;
}

}  // namespace tidemark
