# The target BearSSL::BearSSL, compiled for a board: without a clock, randomness or CPU features of its own, and
# without other curves than P-256. The linker takes what is used.
include_guard()
include(ThimbleSources)
thimble_source(bearssl)

file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${THIMBLE_BEARSSL_DIR}/src/*.c)
# ECDSA names the parameters of all curves, and has asked whether the implementation supports the one before it looks.
list(FILTER sources EXCLUDE REGEX "/ec_secp(384|521)r1\\.c$")
add_library(bearssl STATIC EXCLUDE_FROM_ALL ${sources})
# Options that make it smaller. Those of P-256 make a handshake 3 % longer; other arithmetic is left alone.
set(small ${sources})
list(FILTER small EXCLUDE REGEX "/src/(ec/ec_p256|hash/sha2|symcipher|int)")
set_source_files_properties(${small} PROPERTIES COMPILE_OPTIONS -freorder-blocks-algorithm=stc)
set_source_files_properties(${THIMBLE_BEARSSL_DIR}/src/ec/ec_p256_m15.c PROPERTIES COMPILE_OPTIONS
  "-fno-thread-jumps;-fno-schedule-insns2;-fno-tree-dominator-opts;-fno-tree-ter;-fno-tree-forwprop;-fira-algorithm=priority")
add_library(BearSSL::BearSSL ALIAS bearssl)
target_compile_features(bearssl PRIVATE c_std_11)
target_compile_definitions(bearssl PRIVATE BR_USE_UNIX_TIME=0 BR_USE_URANDOM=0 BR_USE_GETENTROPY=0 BR_RDRAND=0
  br_secp384r1=br_secp256r1 br_secp521r1=br_secp256r1 BR_LE_UNALIGNED=0 BR_BE_UNALIGNED=0 ${THIMBLE_BOARD_BEARSSL})
target_include_directories(bearssl SYSTEM PUBLIC ${THIMBLE_BEARSSL_DIR}/inc PRIVATE ${THIMBLE_BEARSSL_DIR}/src)
