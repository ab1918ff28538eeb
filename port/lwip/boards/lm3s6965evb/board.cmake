# Luminary's EK-LM3S6965: Cortex-M3 at 50 MHz, 256 KB of flash, 64 KB of RAM. (The format: cmake/ThimbleBoard.cmake.)
set(THIMBLE_BOARD_CPU -mcpu=cortex-m3 -mthumb)
set(THIMBLE_BOARD_BEARSSL BR_ARMEL_CORTEXM_GCC=1)
set(THIMBLE_BOARD_SOURCES
  board.c uart.c i2c.c adc.c ethernet.c flash.c
  ../cortex-m/startup.c ../cortex-m/fault.c ../cortex-m/clock.c ../cortex-m/console.c ../cortex-m/at24c.c
  ../cortex-m/noise.c ../cortex-m/ethernet.c ../cortex-m/string.c)
set(THIMBLE_BOARD_LINKER_SCRIPT linker.ld)
set(THIMBLE_BOARD_IMAGES thimble-terminal thimble-bot thimble-terminal-passcode thimble-bot-passcode
  thimble-terminal-claim thimble-bot-claim thimble-terminal-call thimble-bot-call)
set(THIMBLE_BOARD_PACK_TEXTS ON)
set(THIMBLE_BOARD_PROVISIONS 0x3c000 0x3d000)

set(THIMBLE_BOARD_QEMU qemu-system-arm -M lm3s6965evb)
set(THIMBLE_BOARD_QEMU_NIC stellaris)
set(THIMBLE_BOARD_QEMU_EEPROM at24c-eeprom,address=0x50)
set(THIMBLE_BOARD_EEPROM_SIZE 4096)
set(THIMBLE_BOARD_QEMU_NOISE 0x20000000)

set(THIMBLE_BOARD_OPENOCD -f board/ek-lm3s6965.cfg)

# The real board has no EEPROM unless one is wired to PB2 and PB3.
option(THIMBLE_LM3S_FLASH_STORAGE "Keep the storage in the LM3S6965's own flash (never run on hardware)" OFF)
if(THIMBLE_LM3S_FLASH_STORAGE)
  add_compile_definitions(THM_LM3S_FLASH_STORAGE=1)
endif()
