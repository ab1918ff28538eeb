# What an image costs: the target `footprint` prints it, and keeps docs/FOOTPRINT.md for the board that this is
# promised of. The tools in footprint/ read the image itself.
include_guard()

set(ram_limit 28672)
set(flash_limit 98304)
set(claim_ram_limit 3072) # what an image "-claim" may take more
set(claim_flash_limit 8192)
set(call_ram_limit 45056) # what a client with a direct session may take
set(call_flash_limit 122880)

# Structures without code: compiled as the image is, but into a real object.
add_library(footprint_contexts OBJECT ${PROJECT_SOURCE_DIR}/cmake/footprint/contexts.c)
target_compile_options(footprint_contexts PRIVATE -fno-lto)
target_include_directories(footprint_contexts PRIVATE ${PROJECT_SOURCE_DIR}/core)
target_link_libraries(footprint_contexts PRIVATE thimble::port_lwip thimble::core thimble_compile)

execute_process(COMMAND ${CMAKE_C_COMPILER} --version OUTPUT_VARIABLE compiler)
string(REGEX REPLACE "\n.*" "" compiler ${compiler})
set(source ${PROJECT_SOURCE_DIR})
set(report ${source}/cmake/footprint/report ${THIMBLE_BOARD} ${compiler} ${CMAKE_READELF} ${PROJECT_BINARY_DIR}
  "BearSSL=${THIMBLE_BEARSSL_DIR}/,lwIP=${THIMBLE_LWIP_DIR}/,core=${source}/core/,core=${THIMBLE_TREE}/core/,port_and_board=${source}/port/,app=${source}/apps/,app=${THIMBLE_TREE}/apps/"
  $<TARGET_OBJECTS:footprint_contexts> ${source}/docs/footprint.measured ${ram_limit} ${flash_limit}
  ${claim_ram_limit} ${claim_flash_limit} ${call_ram_limit} ${call_flash_limit} ${THIMBLE_BOARD_IMAGES})

add_custom_target(footprint
  COMMAND ${report} > ${PROJECT_BINARY_DIR}/FOOTPRINT.md
  COMMAND ${CMAKE_COMMAND} -E cat ${PROJECT_BINARY_DIR}/FOOTPRINT.md
  DEPENDS ${THIMBLE_BOARD_IMAGES} footprint_contexts VERBATIM)
if(THIMBLE_BOARD STREQUAL "lm3s6965evb" AND NOT THIMBLE_EC)
  set(document ${source}/docs/FOOTPRINT.md)
  add_custom_command(TARGET footprint POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_BINARY_DIR}/FOOTPRINT.md ${document})
  add_test(NAME footprint_fresh COMMAND ${source}/cmake/footprint/check ${document} ${report})
  set_tests_properties(footprint_fresh PROPERTIES LABELS board SKIP_RETURN_CODE 77)
endif()
