#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "loop.h"
#include "protocol.h"

static const struct protocol *find_protocol(const char *name)
{
    static const struct protocol *const all[] = {&protocol_thimble, &protocol_mqtt,
                                                 &protocol_mqtt_kept, &protocol_irc};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    die("no protocol %s: thimble, mqtt, mqtt-kept or irc", name);
}

static const char *field(char **text)
{
    const char *value = strsep(text, ",");

    if (value == NULL || *value == '\0')
        die("a server is LABEL,PROTOCOL,PORT,PID,TLS");
    return value;
}

void server_parse(struct server *s, char *text)
{
    s->label = field(&text);
    s->protocol = find_protocol(field(&text));
    s->port = (uint16_t)strtoul(field(&text), NULL, 10);
    s->pid = (pid_t)strtol(field(&text), NULL, 10);
    s->tls_version = strcmp(field(&text), "1.3") == 0 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (clock_getcpuclockid(s->pid, &s->clock) != 0)
        die("%s: no process %ld", s->label, (long)s->pid);
    s->tls = client_tls(s);
}

double server_cpu_us(const struct server *s)
{
    struct timespec t;

    if (clock_gettime(s->clock, &t) != 0)
        die("%s has ended", s->label);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double server_memory_kb(const struct server *s)
{
    char path[64], line[128];
    double kb = 0;

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)s->pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("%s: cannot read %s", s->label, path);
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "Pss: %lf", &kb) == 1)
            break;
    }
    fclose(f);
    return kb;
}

void server_check(const struct server *s)
{
    if (kill(s->pid, 0) != 0)
        die("%s has ended", s->label);
}
