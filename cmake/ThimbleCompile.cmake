# How thimble's own code is compiled; never forced on code that only links to it.
add_library(thimble_compile INTERFACE)
target_compile_features(thimble_compile INTERFACE c_std_11)
target_compile_options(thimble_compile INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wundef -Wstrict-prototypes -Werror)

set(THIMBLE_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them")
if(THIMBLE_SANITIZE)
  target_compile_options(thimble_compile INTERFACE
    -fsanitize=${THIMBLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(thimble_compile INTERFACE -fsanitize=${THIMBLE_SANITIZE})
endif()
