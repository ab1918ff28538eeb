# Images for boards: what a board's folder states, and how an image is linked from it.
#
# A board is one folder, port/lwip/boards/<board>/, chosen by -DTHIMBLE_BOARD=<board>. Its board.cmake sets (paths
# are relative to the folder; `../cortex-m/startup.c` is fine):
#
#   THIMBLE_BOARD_CPU           flags for compiling and linking: -mcpu=cortex-m3 -mthumb
#   THIMBLE_BOARD_BEARSSL       definitions that BearSSL needs for this CPU: BR_ARMEL_CORTEXM_GCC=1
#   THIMBLE_BOARD_SOURCES       C and assembly of the board; they implement board.h
#   THIMBLE_BOARD_LINKER_SCRIPT handed to the linker by -T; the folder is in the search path of its INCLUDE
#   THIMBLE_BOARD_CONFIG        limits of the core; if left out: apps/firmware/thimble_config.h
#   THIMBLE_BOARD_PACK_TEXTS    ON where flash is scarce and no image is a server: see ThimbleTexts.cmake
#   THIMBLE_BOARD_IMAGES        images that this board builds: thimble-terminal thimble-bot [thimble-server]; where the
#                               limits leave passcodes out, also [thimble-terminal-passcode thimble-bot-passcode];
#                               where they leave THM_ENROLL out, also [thimble-terminal-claim thimble-bot-claim];
#                               where they leave THM_CALLS out, also [thimble-terminal-call thimble-bot-call]
#   THIMBLE_BOARD_PROVISIONS    addresses of the two slots for credential blobs: 0x3e000 0x3f000
#
# for the emulator:
#
#   THIMBLE_BOARD_QEMU          program and machine: qemu-system-arm -M lm3s6965evb
#   THIMBLE_BOARD_QEMU_NIC      model of its network interface: stellaris
#   THIMBLE_BOARD_QEMU_EEPROM   device that keeps the storage: at24c-eeprom,address=0x50
#   THIMBLE_BOARD_EEPROM_SIZE   its bytes: 4096
#   THIMBLE_BOARD_QEMU_NOISE    address at which 64 random bytes lie at start: 0x20000000; left out: none do
#
# and for the real part (leave it out: there are no targets flash and flash-blob):
#
#   THIMBLE_BOARD_OPENOCD       arguments that select probe and target: -f board/ek-lm3s6965.cfg
#
# An image is expected to have the sections .text (with .rodata), .data, .bss and .stack: the footprint counts them.
# A build of a board offers:
#
#   thimble_firmware(NAME SOURCES... [LIBS ...])   NAME.elf, NAME.bin and NAME.map at the top of the build, and a test
#                                                  that nothing of libc but mem* and str* is in it
#   qemu                                           a script: boots an image (its head says how)
#   targets run-qemu, flash, flash-blob, footprint
include_guard()

set(THIMBLE_EC "" CACHE STRING "P-256 arithmetic: m15 or m31; empty: what is constant-time on the board's CPU")
set(THIMBLE_IMAGE thimble-terminal CACHE STRING "Image that run-qemu boots and flash writes")
set(THIMBLE_BLOB "" CACHE FILEPATH "Credentials (thimble-ca board) that run-qemu gives the board and flash-blob writes")
set(THIMBLE_BLOB_SLOT 0 CACHE STRING "Slot that flash-blob writes them to: 0 or 1; the newest valid one counts")

if(NOT CMAKE_CROSSCOMPILING)
  message(FATAL_ERROR "a board needs a cross-compiler: cmake --preset ${THIMBLE_BOARD}, or --toolchain cmake/toolchains/arm-none-eabi.cmake")
endif()
set(THIMBLE_BOARD_DIR ${PROJECT_SOURCE_DIR}/port/lwip/boards/${THIMBLE_BOARD})
if(NOT EXISTS ${THIMBLE_BOARD_DIR}/board.cmake)
  message(FATAL_ERROR "there is no board ${THIMBLE_BOARD}: ${THIMBLE_BOARD_DIR}/board.cmake does not exist")
endif()
set(THIMBLE_BOARD_CONFIG ../../../../apps/firmware/thimble_config.h)
include(${THIMBLE_BOARD_DIR}/board.cmake)
get_filename_component(THIMBLE_BOARD_CONFIG ${THIMBLE_BOARD_CONFIG} ABSOLUTE BASE_DIR ${THIMBLE_BOARD_DIR})
list(TRANSFORM THIMBLE_BOARD_SOURCES PREPEND ${THIMBLE_BOARD_DIR}/)

# --- how everything in an image is compiled --------------------------------------------------------

enable_language(ASM)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE MinSizeRel) # -Os
endif()
# Debug information does not reach the flash; the footprint reads from it where a symbol comes from.
add_compile_options(${THIMBLE_BOARD_CPU} -g -flto -ffunction-sections -fdata-sections -fno-unwind-tables
  -fno-asynchronous-unwind-tables)
add_compile_definitions("THM_CONFIG_FILE=\"${THIMBLE_BOARD_CONFIG}\"")
if(THIMBLE_EC)
  add_compile_definitions(THM_SLOW_MULTIPLY=$<STREQUAL:${THIMBLE_EC},m15>)
endif()

include(ThimbleBearSSL)
# What -Os leaves on although it makes these images larger, found by trying each option. Not for all of BearSSL: a
# handshake would take 4 % longer.
add_compile_options(-fno-thread-jumps -fno-schedule-insns2 -fno-tree-dominator-opts -fno-if-conversion
  -fno-ssa-phiopt -fno-tree-tail-merge -fno-move-loop-invariants -fno-tree-loop-im -fno-tree-loop-ivcanon
  -fno-tree-loop-distribute-patterns -fno-tree-scev-cprop -fno-tree-copy-prop -fno-tree-bit-ccp -fno-ipa-cp
  -fno-section-anchors -fno-optimize-sibling-calls -freorder-blocks-algorithm=stc -fira-algorithm=priority
  -mbranch-cost=4)
include(ThimbleSources)
thimble_source(lwip)

# --- images ----------------------------------------------------------------------------------------

# Objects, not an archive: nothing but the linker script names the vectors.
add_library(thimble_board OBJECT ${THIMBLE_BOARD_SOURCES})
target_include_directories(thimble_board PUBLIC ${THIMBLE_BOARD_DIR})
target_link_libraries(thimble_board PRIVATE thimble::port_lwip thimble_compile)

function(thimble_firmware name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  set(elf ${PROJECT_BINARY_DIR}/${name}.elf)
  set_target_properties(${name} PROPERTIES SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
    LINK_DEPENDS ${THIMBLE_BOARD_DIR}/${THIMBLE_BOARD_LINKER_SCRIPT})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} thimble_board thimble::port_lwip thimble::core thimble_compile)
  # newlib's small variant, of which only mem* and str* are used; no start files and no system calls.
  # The linker sees the calls of the whole image: the bound of the stack is read from what it writes.
  target_link_options(${name} PRIVATE ${THIMBLE_BOARD_CPU} -Os -g -flto -flto-partition=one -nostartfiles --specs=nano.specs
    -T ${THIMBLE_BOARD_LINKER_SCRIPT} -L ${THIMBLE_BOARD_DIR} -Wl,--gc-sections -Wl,--fatal-warnings
    -Wl,-Map=${PROJECT_BINARY_DIR}/${name}.map -fstack-usage -fcallgraph-info=su -dumpdir ${PROJECT_BINARY_DIR}/${name}.)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} -O binary ${elf} ${PROJECT_BINARY_DIR}/${name}.bin)
  add_test(NAME ${name}_symbols COMMAND ${PROJECT_SOURCE_DIR}/cmake/check-image ${CMAKE_NM} ${elf})
  set_tests_properties(${name}_symbols PROPERTIES LABELS board)
endfunction()

# --- what one does with them -----------------------------------------------------------------------

string(JOIN " " QEMU_MACHINE ${THIMBLE_BOARD_QEMU})
configure_file(${PROJECT_SOURCE_DIR}/cmake/qemu.in ${PROJECT_BINARY_DIR}/qemu @ONLY
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
add_custom_target(run-qemu
  COMMAND ./qemu --eeprom eeprom.bin "$<$<BOOL:${THIMBLE_BLOB}>:--blob;${THIMBLE_BLOB}>" ${THIMBLE_IMAGE}.elf
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} DEPENDS ${THIMBLE_IMAGE} USES_TERMINAL COMMAND_EXPAND_LISTS)

if(DEFINED THIMBLE_BOARD_OPENOCD)
  list(GET THIMBLE_BOARD_PROVISIONS ${THIMBLE_BLOB_SLOT} blob_address)
  add_custom_target(flash
    COMMAND openocd ${THIMBLE_BOARD_OPENOCD} -c "program ${THIMBLE_IMAGE}.elf verify reset exit"
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR} DEPENDS ${THIMBLE_IMAGE} USES_TERMINAL VERBATIM)
  add_custom_target(flash-blob
    COMMAND openocd ${THIMBLE_BOARD_OPENOCD} -c "program {${THIMBLE_BLOB}} ${blob_address} verify reset exit"
    USES_TERMINAL VERBATIM)
endif()
