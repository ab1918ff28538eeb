# Finds BearSSL 0.6: the target BearSSL::BearSSL. Debian's package has neither a .pc file nor a
# CMake package. The static library is preferred: only what is used gets linked.
find_path(BearSSL_INCLUDE_DIR bearssl.h PATH_SUFFIXES bearssl)
find_library(BearSSL_LIBRARY NAMES libbearssl.a bearssl)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BearSSL
  REQUIRED_VARS BearSSL_LIBRARY BearSSL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libbearssl-dev, or give BearSSL_LIBRARY and BearSSL_INCLUDE_DIR")
if(BearSSL_FOUND AND NOT TARGET BearSSL::BearSSL)
  add_library(BearSSL::BearSSL UNKNOWN IMPORTED)
  set_target_properties(BearSSL::BearSSL PROPERTIES
    IMPORTED_LOCATION ${BearSSL_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${BearSSL_INCLUDE_DIR})
endif()
mark_as_advanced(BearSSL_INCLUDE_DIR BearSSL_LIBRARY)
