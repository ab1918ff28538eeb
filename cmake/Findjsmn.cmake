# Finds jsmn, a header-only JSON tokeniser: the target jsmn::jsmn.
if(CMAKE_CROSSCOMPILING) # nothing else of this machine's headers may come along
  find_file(jsmn_HEADER jsmn.h PATHS /usr/local/include /usr/include)
  if(jsmn_HEADER)
    configure_file(${jsmn_HEADER} ${PROJECT_BINARY_DIR}/include/jsmn.h COPYONLY)
    set(jsmn_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)
  endif()
else()
  find_path(jsmn_INCLUDE_DIR jsmn.h)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(jsmn
  REQUIRED_VARS jsmn_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libjsmn-dev, or give jsmn_INCLUDE_DIR")
if(jsmn_FOUND AND NOT TARGET jsmn::jsmn)
  add_library(jsmn::jsmn INTERFACE IMPORTED)
  set_target_properties(jsmn::jsmn PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${jsmn_INCLUDE_DIR})
endif()
mark_as_advanced(jsmn_INCLUDE_DIR jsmn_HEADER)
