# thimble_port_lwip(NAME [DEFINITIONS...]): the port and lwIP 2.1.3 (from THIMBLE_LWIP_DIR) in one library. Both are
# compiled with the definitions, and so is what links to it: they may set THM_LWIP_* (see options/lwipopts.h).
include_guard()

function(thimble_port_lwip name)
  set(dir ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(port dial.c entropy.c kept.c listen.c pcb.c port.c record.c socket.c table.c wait.c)
  set(lwip
    core/def.c core/dns.c core/inet_chksum.c core/init.c core/ip.c core/mem.c core/memp.c core/netif.c core/pbuf.c
    core/stats.c core/tcp.c core/tcp_in.c core/tcp_out.c core/timeouts.c core/udp.c
    core/ipv4/dhcp.c core/ipv4/etharp.c core/ipv4/icmp.c core/ipv4/ip4.c core/ipv4/ip4_addr.c
    netif/ethernet.c)
  list(TRANSFORM port PREPEND ${dir}/)
  list(TRANSFORM lwip PREPEND ${THIMBLE_LWIP_DIR}/src/)

  add_library(${name} STATIC ${port} ${lwip})
  target_compile_definitions(${name} PUBLIC ${ARGN})
  target_include_directories(${name} SYSTEM PUBLIC ${THIMBLE_LWIP_DIR}/src/include)
  target_include_directories(${name} PUBLIC ${dir}/options ${dir}/include)
  target_link_libraries(${name} PUBLIC thimble::core PRIVATE thimble_compile)
  set_source_files_properties(${lwip} PROPERTIES COMPILE_OPTIONS -w)
  # Nobody is told which ports and protocols are not served here: port.c
  set_source_files_properties(${THIMBLE_LWIP_DIR}/src/core/udp.c ${THIMBLE_LWIP_DIR}/src/core/ipv4/ip4.c
    PROPERTIES COMPILE_DEFINITIONS icmp_dest_unreach=thm_lwip_stay_silent)
endfunction()
