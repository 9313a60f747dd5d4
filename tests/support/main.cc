// Catch2 2.x wants its main defined once; 3.x brings a library with it.
#ifdef TIDEMARK_CATCH_MAIN
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
