# Sources of the libraries that are compiled for a board: from Debian's source packages, of which nothing is kept
# in this repository. They are fetched when a build is configured that needs them, once for all build directories.
#
#   thimble_source(bearssl)   sets THIMBLE_BEARSSL_DIR, unless it was given by -D
#   thimble_source(lwip)      sets THIMBLE_LWIP_DIR, likewise
include_guard()

set(THIMBLE_SOURCES_DIR ${PROJECT_SOURCE_DIR}/build-sources CACHE PATH "Where fetched sources are kept")
set(THIMBLE_BEARSSL_DIR "" CACHE PATH "Source of BearSSL 0.6, instead of Debian's")
set(THIMBLE_LWIP_DIR "" CACHE PATH "Source of lwIP 2.1.3, instead of Debian's")

set(bearssl_version 0.6+dfsg.1-3)
set(bearssl_sha256 102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004)
set(bearssl_file inc/bearssl.h) # that is there in every source of it
set(lwip_version 2.1.3+dfsg1-2)
set(lwip_sha256 0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24)
set(lwip_file src/include/lwip/tcp.h)

# Downloads, checks and unpacks a source package to DIR.
function(thimble_fetch name dir)
  set(version ${${name}_version})
  string(REGEX REPLACE "-[^-]*$" "" upstream ${version})
  set(tarball ${THIMBLE_SOURCES_DIR}/debian/${name}_${upstream}.orig.tar.xz)
  if(NOT EXISTS ${tarball})
    message(STATUS "Fetching the source of ${name} ${version}")
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/cmake/debian-source ${name} ${version}
      ${THIMBLE_SOURCES_DIR}/debian RESULT_VARIABLE failed OUTPUT_VARIABLE log ERROR_VARIABLE log)
    if(failed)
      string(TOUPPER ${name} upper)
      message(STATUS "${log}")
      message(FATAL_ERROR "no source of ${name} ${version}: go on line on a Debian that has it, or unpack "
        "${name}_${upstream}.orig.tar.xz yourself and give -DTHIMBLE_${upper}_DIR=")
    endif()
  endif()
  file(SHA256 ${tarball} sha256)
  if(NOT sha256 STREQUAL ${name}_sha256)
    file(REMOVE ${tarball})
    message(FATAL_ERROR "${tarball} is not the one that was expected (SHA-256 ${sha256}); it was removed")
  endif()
  file(REMOVE_RECURSE ${dir} ${dir}.new)
  file(ARCHIVE_EXTRACT INPUT ${tarball} DESTINATION ${dir}.new)
  file(GLOB top ${dir}.new/*) # the one folder in it
  file(RENAME ${top} ${dir})
  file(REMOVE_RECURSE ${dir}.new)
endfunction()

function(thimble_source name)
  string(TOUPPER ${name} upper)
  set(variable THIMBLE_${upper}_DIR)
  if(${variable})
    if(NOT EXISTS ${${variable}}/${${name}_file})
      message(FATAL_ERROR "${variable}: ${${variable}} is no source of ${name}: it has no ${${name}_file}")
    endif()
    return()
  endif()
  set(dir ${THIMBLE_SOURCES_DIR}/${name}-${${name}_version})
  file(MAKE_DIRECTORY ${THIMBLE_SOURCES_DIR})
  file(LOCK ${THIMBLE_SOURCES_DIR}/lock GUARD FUNCTION TIMEOUT 600) # another build may be at it
  if(NOT EXISTS ${dir}/${${name}_file})
    thimble_fetch(${name} ${dir})
  endif()
  set(${variable} ${dir} PARENT_SCOPE)
endfunction()
