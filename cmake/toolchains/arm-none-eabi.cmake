# Bare metal on Arm's Cortex-M, by the GNU toolchain: Debian's gcc-arm-none-eabi and libnewlib-arm-none-eabi.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # nothing links without a board's linker script

set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_AR arm-none-eabi-gcc-ar CACHE FILEPATH "Archiver that knows link-time optimisation")
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib CACHE FILEPATH "Its companion")

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
