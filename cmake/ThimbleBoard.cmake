# Images for boards: what a board's folder states, and how an image is linked from it.
#
# A board is one folder, port/lwip/boards/<board>/, chosen by -DTHIMBLE_BOARD=<board>. Its board.cmake sets (paths
# are relative to the folder; `../cortex-m/startup.c` is fine):
#
#   THIMBLE_BOARD_CPU           flags for compiling and linking: -mcpu=cortex-m3 -mthumb
#   THIMBLE_BOARD_EC            P-256 arithmetic that is constant-time on this CPU: m15 or m31
#   THIMBLE_BOARD_BEARSSL       definitions that BearSSL needs for this CPU: BR_ARMEL_CORTEXM_GCC=1
#   THIMBLE_BOARD_SOURCES       C and assembly of the board; they implement board.h
#   THIMBLE_BOARD_LINKER_SCRIPT handed to the linker by -T; the folder is in the search path of its INCLUDE
#   THIMBLE_BOARD_IMAGES        images that this board builds: thimble-terminal thimble-bot [thimble-server]
#   THIMBLE_BOARD_PROVISIONS    addresses of the two slots for credential blobs: 0x3e000 0x3f000
#
# for the emulator (leave THIMBLE_BOARD_QEMU out if there is none):
#
#   THIMBLE_BOARD_QEMU          program and machine: qemu-system-arm -M lm3s6965evb
#   THIMBLE_BOARD_QEMU_NIC      model of its network interface: stellaris
#   THIMBLE_BOARD_QEMU_EEPROM   device that keeps the storage: at24c-eeprom,address=0x50
#   THIMBLE_BOARD_EEPROM_SIZE   its bytes: 4096
#   THIMBLE_BOARD_QEMU_NOISE    address at which 64 random bytes lie at start: 0x20000000; leave out: none
#
# and for the real part:
#
#   THIMBLE_BOARD_OPENOCD       arguments that select probe and target: -f board/ek-lm3s6965.cfg
#
# The image is expected to have the sections .text (with .rodata), .data, .bss and .stack: the footprint counts them.
# A build of a board offers:
#
#   thimble_firmware(NAME SOURCES... [LIBS ...])   NAME.elf, NAME.bin and NAME.map at the top of the build
#   qemu                                           a script: boots an image (see its usage)
#   targets run-qemu, flash, flash-blob, footprint
include_guard()

set(THIMBLE_BOARD_DIR ${PROJECT_SOURCE_DIR}/port/lwip/boards/${THIMBLE_BOARD})
if(NOT EXISTS ${THIMBLE_BOARD_DIR}/board.cmake)
  message(FATAL_ERROR "there is no board ${THIMBLE_BOARD}: ${THIMBLE_BOARD_DIR}/board.cmake does not exist")
endif()
include(${THIMBLE_BOARD_DIR}/board.cmake)
