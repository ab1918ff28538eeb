# Arm's MPS2 with the AN385 image: Cortex-M3 at 25 MHz, 4 MB for code and 4 MB of RAM. (The format:
# cmake/ThimbleBoard.cmake.) A real one takes no probe's word: name the .bin in images.txt on its SD card, at address 0,
# and the blob of credentials at 0x3fc000.
set(THIMBLE_BOARD_CPU -mcpu=cortex-m3 -mthumb)
set(THIMBLE_BOARD_BEARSSL BR_ARMEL_CORTEXM_GCC=1)
set(THIMBLE_BOARD_SOURCES
  board.c uart.c i2c.c ethernet.c
  ../cortex-m/startup.c ../cortex-m/fault.c ../cortex-m/clock.c ../cortex-m/console.c ../cortex-m/at24c.c
  ../cortex-m/noise.c ../cortex-m/ethernet.c ../cortex-m/string.c)
set(THIMBLE_BOARD_LINKER_SCRIPT linker.ld)
set(THIMBLE_BOARD_CONFIG ../../../../apps/firmware/server_config.h)
set(THIMBLE_BOARD_IMAGES thimble-terminal thimble-bot thimble-server)
set(THIMBLE_BOARD_PROVISIONS 0x3fc000 0x3fd000)

set(THIMBLE_BOARD_QEMU qemu-system-arm -M mps2-an385)
set(THIMBLE_BOARD_QEMU_NIC lan9118)
set(THIMBLE_BOARD_QEMU_EEPROM at24c-eeprom,address=0x50)
set(THIMBLE_BOARD_EEPROM_SIZE 4096)
set(THIMBLE_BOARD_QEMU_NOISE 0x20000000)
