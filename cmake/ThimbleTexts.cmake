# Where the core and the firmware of a board are compiled from: THIMBLE_TREE. Where the board's folder says
# THIMBLE_BOARD_PACK_TEXTS, that is a copy in the build directory in which the texts for people are packed.
include_guard()

set(THIMBLE_TREE ${PROJECT_SOURCE_DIR})
if(NOT THIMBLE_BOARD_PACK_TEXTS)
  return()
endif()

set(THIMBLE_TREE ${PROJECT_BINARY_DIR}/packed)
file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/*.[ch] ${PROJECT_SOURCE_DIR}/core/CMakeLists.txt
  ${PROJECT_SOURCE_DIR}/apps/firmware/*.[ch] ${PROJECT_SOURCE_DIR}/apps/firmware/CMakeLists.txt)
# What only the images "-claim" say, or those with direct sessions, is packed by the pairs of what all do.
set(guests "/apps/firmware/claim[.]c$|/core/client/direct[a-z_]*[.][ch]$")
set(last ${files})
list(FILTER last INCLUDE REGEX ${guests})
list(FILTER files EXCLUDE REGEX ${guests})
list(APPEND files ${last})
set(pack ${PROJECT_SOURCE_DIR}/cmake/pack-texts)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pack} ${files})
execute_process(COMMAND ${pack} -v from=${PROJECT_SOURCE_DIR} -v to=${THIMBLE_TREE} -v guests=${guests} ${files}
  OUTPUT_VARIABLE packed OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
message(STATUS "Packing texts: ${packed}")
add_compile_definitions(THM_PACKED_TEXTS=1)
include_directories(${THIMBLE_TREE})
