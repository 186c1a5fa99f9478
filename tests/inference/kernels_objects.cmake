# An object made for wider instructions than the baseline must not offer the linker anything but its
# table: a function that other objects also define would be taken from any of them, and could bring
# those instructions to a CPU without them.
# Arguments: -DNM= the nm tool, -DARCHIVE= libinference.a, -DTABLES= file:table;...
execute_process(COMMAND ${NM} -C --defined-only ${ARCHIVE} OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
foreach(entry IN LISTS TABLES)
  string(REPLACE ":" ";" entry "${entry}")
  list(GET entry 0 file)
  list(GET entry 1 table)
  string(REGEX MATCH "(^|\n)${file}\\.cc\\.o:\n([^:]|::)*" object "${symbols}")
  if(NOT object MATCHES "[DR] inference::${table}")
    message(FATAL_ERROR "${file}.cc.o with its table was not found in ${ARCHIVE}")
  endif()
  string(REGEX MATCHALL "[0-9a-f]+ [A-ZuvwV] [^\n]*" shared "${object}")
  list(FILTER shared EXCLUDE REGEX "inference::${table}$|DW\\.ref\\.")
  if(shared)
    message(FATAL_ERROR "${file}.cc.o defines what other objects may be given: ${shared}")
  endif()
endforeach()
