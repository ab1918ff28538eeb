/* Uses the core and the port as an installed library: a server in memory of its own. */
#include <stdio.h>
#include <stdlib.h>

#include <thimble/client.h>
#include <thimble/port_posix.h>
#include <thimble/server.h>

int main(void)
{
    const struct thm_port_posix_config config = {.max_sockets = 4};
    const struct thm_ram_store_config ram = {.blocks = 4, .streams = 4, .senders = 4, .seed = 1};
    struct thm_port_posix port;
    struct thm_server_config server_config = {0};
    struct thm_server *server;

    if (thm_port_posix_init(&port, &config) != THM_OK)
        return 1;
    size_t store_size = thm_ram_store_size(&ram);
    if (thm_ram_store_init(&server_config.store, calloc(1, store_size), store_size, &ram) != THM_OK)
        return 2;
    thm_server_config_default(&server_config, 2);
    server_config.port = &port.port;
    server_config.name = "consumer";
    size_t size = thm_server_size(&server_config, NULL, 0);
    int code = thm_server_init(&server, calloc(1, size), size, &server_config);
    printf("thimble %s: %s; a client needs %zu bytes\n", THM_VERSION, thm_error_text(code),
           thm_client_tls_size());
    thm_port_posix_destroy(&port);
    return code == THM_OK ? 0 : 3;
}
