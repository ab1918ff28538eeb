# Finds jsmn, a header-only JSON tokeniser: the target jsmn::jsmn.
find_path(jsmn_INCLUDE_DIR jsmn.h)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(jsmn
  REQUIRED_VARS jsmn_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libjsmn-dev, or give jsmn_INCLUDE_DIR")
if(jsmn_FOUND AND NOT TARGET jsmn::jsmn)
  add_library(jsmn::jsmn INTERFACE IMPORTED)
  set_target_properties(jsmn::jsmn PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${jsmn_INCLUDE_DIR})
endif()
mark_as_advanced(jsmn_INCLUDE_DIR)
