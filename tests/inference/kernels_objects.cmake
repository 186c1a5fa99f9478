# The object made for AVX2 must not offer the linker anything but its table: a function that other
# objects also define would be taken from any of them, and could bring AVX to a CPU without it.
# Arguments: -DNM= the nm tool, -DARCHIVE= libinference.a
execute_process(COMMAND ${NM} -C --defined-only ${ARCHIVE} OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "avx2\\.cc\\.o:\n([^:]|::)*" object "${symbols}")
if(NOT object MATCHES "D inference::kAvx2Kernels")
  message(FATAL_ERROR "avx2.cc.o with its table was not found in ${ARCHIVE}")
endif()
string(REGEX MATCHALL "[0-9a-f]+ [A-ZuvwV] [^\n]*" shared "${object}")
list(FILTER shared EXCLUDE REGEX "inference::kAvx2Kernels$|DW\\.ref\\.")
if(shared)
  message(FATAL_ERROR "avx2.cc.o defines what other objects may be given: ${shared}")
endif()
